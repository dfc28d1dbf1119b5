"""A claim is retracted only by its own claimant: through every entrance, and wherever claims are
read (an old store or release may hold a retraction by somebody else).
"""

import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest

from benchmarks.leaderboard.site import release_facts
from benchmarks.study.data import frame
from botbench.core.errors import UserError
from curation.annotation.assignment import adjudication, answers, batches, gold, seats
from curation.annotation.assignment.pseudonyms import Pseudonyms
from curation.annotation.label_studio import diff, sync_run
from curation.annotation.label_studio.parse import Reader
from curation.annotation.monitoring import status
from curation.annotation.scheme.scheme import Scheme
from curation.annotation.scheme.store_schemes import SchemeBook
from curation.labels import agreement_report, annotator_quality, claims, conflicts
from curation.labels.consensus.explain import explain
from curation.release.publish import tables, tiers
from curation.release.release import Release
from curation.sampling import designs
from curation.sampling.draw import sample
from curation.store import identity, schema
from curation.store.retractions import MESSAGE, standing_claims
from curation.store.store import Store
from curation.validation import views
from tests.curation.labels import voting
from tests.curation.labels.voting import NOON, claim

BATCH = "b0123456789abcde"
SCHEME = Scheme.load()
ADJUDICATED, GOLD = [("role", "adjudicator")], [("part", "gold")]


def said():
    """Answers of people and a data set, for every place that reads claims."""
    return [
        claim("a", "ana", "bot", 1, batch_id=BATCH, kinds=["spam"]),
        claim("a", "ben", "human", 2, batch_id=BATCH),
        claim("b", "ana", "bot", 3, batch_id=BATCH, attributes=GOLD),
        claim("b", "ben", "bot", 4, batch_id=BATCH, kinds=["political"]),
        claim("b", "zoe", "bot", 5, attributes=ADJUDICATED),
        claim("c", "ana", "report", 6, batch_id=BATCH),
        claim("c", "zoe", "human", 7, attributes=ADJUDICATED),
        claim("b", "the set", "human", kind="dataset"),
    ]


def make(store):
    """The data set `d` with a batch that asks two people for each of three accounts."""
    store.append(
        {
            "accounts": schema.rows(
                "accounts",
                [
                    {
                        "dataset": "d",
                        "account_id": a,
                        "observed_at": NOON,
                        "platform": "twitter",
                        "handle": f"handle_{a}",
                        "pull_id": "p",
                    }
                    for a in "abc"
                ],
            ),
            "batches": schema.rows(
                "batches",
                [
                    {
                        "batch_id": BATCH,
                        "dataset": "d",
                        "design": "uniform(n=3)",
                        "seed": 0,
                        "population": 3,
                        "size": 3,
                        "copies": 2,
                        "drawn_from": 1,
                        "made_at": NOON,
                    }
                ],
            ),
            "assignments": schema.rows(
                "assignments",
                [
                    {
                        "batch_id": BATCH,
                        "account_id": a,
                        "copy": copy,
                        "inclusion_probability": 1.0,
                    }
                    for a in "abc"
                    for copy in (1, 2)
                ],
            ),
        },
        "t",
        "made",
    )


def foreign(store, ids):
    """Mallory's retractions of these claims, as a store has them that was made before."""
    there = store.arrow("SELECT claim_id, account_id FROM lake.main.claims").to_pylist()
    account = {r["claim_id"]: r["account_id"] for r in there}
    rows = schema.rows("claims", [claim(account[i], "mallory", None, 9, retracts=i) for i in ids])
    rows = identity.with_claim_ids(store.connection, rows)
    store.connection.register("foreign_rows", rows)
    store.connection.execute("INSERT INTO lake.main.claims BY NAME FROM foreign_rows")
    store.connection.unregister("foreign_rows")
    return rows["claim_id"].to_pylist()


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """Three stores that were told the same: as it is, with every answer retracted by mallory, and
    with every answer retracted by whoever gave it.
    """
    made = {}
    for name in ("as it is", "foreign", "own"):
        store = made[name] = Store(tmp_path_factory.mktemp("stores") / "store")
        make(store)
        ids = voting.say(store, *said())
        if name == "foreign":
            foreign(store, ids)
        if name == "own":
            voting.say(
                store,
                *(
                    claim(c["account_id"], c["claimant"], None, 9, c["claimant_kind"], retracts=i)
                    for c, i in zip(said(), ids, strict=True)
                ),
            )
    yield made
    for store in made.values():
        store.close()


def frozen(store):
    """A release whose claims are the store's."""
    folder = store.home / "frozen"
    folder.mkdir(exist_ok=True)
    pq.write_table(
        store.arrow("FROM lake.main.claims ORDER BY claim_id"), folder / "claims.parquet"
    )
    pq.write_table(
        store.arrow("SELECT 'd' AS dataset, 'a' AS account_id, 'bot' AS label"),
        folder / "labels.parquet",
    )
    return Release(
        folder, {"name": "r", "version": 1, "dataset": "d", "content_hash": "x", "platform": "t"}
    )


def published(store, table):
    builder = tables.Builder(frozen(store), tiers.load("research"), "secret", store.home)
    return store.arrow(builder.query(store.connection, table)).to_pylist()


def cohort(store):
    who = SimpleNamespace(file=None, claimant="ana", claimant_kind=None, answer="bot", kind=None)
    campaign = SimpleNamespace(cohort=who, dataset="d")
    asked = SimpleNamespace(campaign=campaign, store=store, version=store.head())
    return sorted(store.arrow(f"FROM {frame.cohort(asked)}")["account_id"].to_pylist())


def validated(store):
    with views.pinned(store, "d", store.head()) as checked:
        return store.connection.execute(
            f"SELECT claimant, account_id, answer FROM {checked}.standing ORDER BY ALL"
        ).fetchall()


def suspects(store):
    drawn = sample(store, "d", designs.parse("rare-kinds(n=2)"), again=True)
    return [(s.name, s.population) for s in drawn.strata]


def batch(store):
    return batches.find(store, BATCH)


READERS = {
    "consensus": lambda s: voting.labels(s, SCHEME),
    "explain": lambda s: [
        (v["claimant"], v["fate"])
        for v in explain(s, "d", "a", SCHEME)["votes"]
        if v["claimant"] != "mallory"
    ],
    "claims": lambda s: [
        (c["claimant"], c["fate"])
        for c in claims.history(s, "a")["claims"]
        if c["claimant"] != "mallory"
    ],
    "conflicts": lambda s: conflicts.conflicts(s, SCHEME, groups=False),
    "agreement": lambda s: agreement_report.report(s, "d", SCHEME)["counted"],
    "quality": lambda s: [
        (r["annotator"], r["answers"])
        for r in annotator_quality.quality(s, "d", SCHEME)["annotators"]
    ],
    "answers": lambda s: list(answers.standing_answers(s, batch(s))),
    "reported accounts": lambda s: seats.take_out(s, batch(s), ["report"]),
    "disputed accounts": lambda s: adjudication.waiting(
        s, adjudication.votes(s, [BATCH], SCHEME), SCHEME
    ),
    "gold": lambda s: gold.feedback(s, batch(s), SCHEME),
    "status": lambda s: status.status(
        s, [{"id": 1, "botbench": {"mark": "m", "batch": BATCH, "part": ""}}], SCHEME
    )["all"],
    "designs": suspects,
    "cohort": cohort,
    "validation": validated,
    "published votes": lambda s: published(s, "votes"),
    "published agreement": lambda s: published(s, "agreement"),
    "pages": lambda s: release_facts.claims(frozen(s)),
    "kinds": lambda s: release_facts.kinds(frozen(s)).to_pylist(),
}


@pytest.mark.parametrize("reader", READERS)
def test_a_foreign_retraction_changes_nothing_and_an_own_one_does(stores, reader):
    def read(name):
        try:
            return READERS[reader](stores[name])
        except UserError as error:  # where nothing is left, some say so
            return type(error)

    assert read("foreign") == read("as it is") != read("own")


# -- the entrances


@pytest.fixture
def asked(store):
    make(store)
    return store


def standing(store):
    return store.connection.execute(
        "SELECT account_id, claimant, answer FROM"
        f" {standing_claims(store.relation('claims'))} ORDER BY ALL"
    ).fetchall()


def test_append_sets_a_foreign_retraction_aside_with_its_reason(asked):
    (mine,) = voting.say(asked, claim("a", "ana", "bot", 1))
    (stolen,) = voting.say(asked, claim("a", "mallory", "human", 2, retracts=mine))
    voting.say(asked, claim("a", "ana", None, 3, kind="model", retracts=mine))
    assert standing(asked) == [("a", "ana", "bot")]
    assert asked.scalar("SELECT count(*) FROM lake.main.claims") == 1
    aside = asked.arrow("FROM lake.main.retractions_set_aside ORDER BY message").to_pylist()
    assert [(r["reason"], r["retracts"], r["message"]) for r in aside] == [
        (
            "foreign_retraction",
            mine,
            f"{who} retracts a claim of ana (person); a claimant retracts only its own claims",
        )
        for who in ("ana (model)", "mallory (person)")
    ]
    assert json.loads(aside[1]["raw"])["answer"] == "human" and aside[1]["claim_id"] == stolen
    head = asked.head()
    voting.say(asked, claim("a", "mallory", "human", 2, retracts=mine))
    assert asked.head() == head, "the same again is nothing new"


def test_an_own_retraction_and_one_of_the_superseding_pull_are_kept(asked):
    marked = [("retracted_by", "superseding pull")]
    old, gone = voting.say(
        asked,
        claim("a", "ana", "bot", 1),
        claim("b", "the set", "bot", kind="dataset", pull_id="p1"),
    )
    other = claim("b", "the set, corrected", None, kind="dataset", attributes=marked)
    voting.say(
        asked,
        claim("a", "ana", None, 2, retracts=old),
        {**other, "pull_id": "p2", "retracts": gone},
        {**other, "pull_id": "p2", "retracts": old, "account_id": "a"},  # which no pull brought
    )
    assert standing(asked) == []
    assert asked.scalar("SELECT count(*) FROM lake.main.retractions_set_aside") == 1


def test_a_pull_quarantines_a_foreign_retraction(written, store):
    (mine,) = voting.say(store, claim("7", "ana", "bot", 1, kind="person"))
    text = f"id,who,label,back,mark\n7,mallory,human,{mine},superseding pull\n8,ana,bot,{mine},\n"
    columns = {
        "account_id": "id",
        "claimant": "who",
        "claimant_kind": {"value": "person"},
        "answer": "label",
        "retracts": "back",
    }
    claims_ = {**columns, "attributes": {"retracted_by": "mark"}}
    pulled = written({"v.csv": text.encode()}, {"claims": claims_}).pull(store)
    assert pulled.tables["claims"] == {"read": 2, "kept": 1, "duplicate": 0, "quarantined": 1}
    assert [q[:3] for q in written.quarantine(store)] == [
        ("claims", "v.csv:1", "foreign_retraction")
    ]
    assert store.scalar("SELECT message FROM lake.main.quarantine") == MESSAGE
    assert ("7", "mallory", "human") not in standing(store)


class LabelStudio:
    """Annotations of one server and what a sync of them does."""

    def __init__(self, store):
        self.store = store
        self.people = Pseudonyms(store.home)
        rows = batches.parts(store, batches.find(store)).to_pylist()
        self.key = {r["account_id"]: r["key"] for r in rows}["a"]

    def task(self, answer, at, by, editor):
        item = {"from_name": "answer", "to_name": "card", "type": "choices"}
        annotation = {
            "id": 1,
            "unique_id": "u-1",
            "completed_by": {"email": by},
            "updated_by": {"email": editor},
            "was_cancelled": answer is None,
            "result": [{**item, "value": {"choices": [answer]}}] if answer else [],
            "updated_at": datetime(2026, 1, 1, 0, 0, at, tzinfo=UTC).isoformat(),
        }
        meta = {"batch": BATCH, "project": "m1", "scheme": SCHEME.version}
        data = {"account_key": self.key}
        return {"id": 1, "data": data, "meta": meta, "annotations": [annotation]}

    def sync(self, *said):
        logged_before = diff.logged_annotations(self.store)
        reader = Reader(SchemeBook(self.store.home), self.people, {}, SCHEME)
        seen = reader.read([self.task(*said)])
        return sync_run.store_annotations(
            self.store, "server", seen, logged_before, projects=["m1"]
        )

    def standing(self):
        return [answer for _, who, answer in standing(self.store) if who == self.ana]

    @property
    def ana(self):
        return self.people.pseudonym("ana@x.org")


@pytest.mark.parametrize(
    ("answer", "by", "editor"),
    [
        pytest.param("human", "ana@x.org", "mallory@x.org", id="another person edits it"),
        pytest.param("human", "mallory@x.org", "mallory@x.org", id="it is said to be another's"),
        pytest.param(None, "ana@x.org", "mallory@x.org", id="another person skips it"),
        pytest.param("robot", "ana@x.org", "mallory@x.org", id="another person spoils it"),
    ],
)
def test_a_sync_rejects_what_another_person_made_of_an_answer(asked, answer, by, editor):
    studio = LabelStudio(asked)
    assert studio.sync("bot", 1, "ana@x.org", "ana@x.org").claims_added == 1
    synced = studio.sync(answer, 2, by, editor)
    assert (synced.claims_added, synced.claims_retracted) == (0, 0)
    mallory = studio.people.pseudonym("mallory@x.org")
    assert [r["reason"] for r in synced.rejected] == [
        f"{mallory} changed the answer of {studio.ana}, which only {studio.ana} can retract: it"
        " stands"
    ]
    assert studio.standing() == ["bot"]
    again = studio.sync(answer, 2, by, editor)
    assert (again.version, again.rejected) == (None, synced.rejected)
    # Only she herself answers again.
    assert studio.sync("organisation", 3, "ana@x.org", "ana@x.org").claims_retracted == 1
    assert studio.standing() == ["organisation"]


def test_an_export_file_retracts_nothing_of_others(asked, tmp_path):
    studio = LabelStudio(asked)
    studio.sync("bot", 1, "ana@x.org", "ana@x.org")
    file = tmp_path / "export.json"
    file.write_text(json.dumps([studio.task("human", 2, "mallory@x.org", "mallory@x.org")]))
    synced = sync_run.sync_file(asked, file)
    assert (synced.claims_added, synced.claims_retracted, len(synced.rejected)) == (0, 0, 1)
    assert studio.standing() == ["bot"]


def test_an_adjudicators_or_gold_answer_retracts_nothing_of_others(asked):
    """They come as annotations of their own: the person's answer stands beside them."""
    (mine,) = voting.say(asked, claim("a", "ana", "bot", 1, batch_id=BATCH))
    for part, who in (("adjudication", "zoe"), ("gold", "gil")):
        (_,) = voting.say(
            asked,
            claim("a", who, "human", 2, retracts=mine, attributes=[("part", part)]),
        )
    assert standing(asked) == [("a", "ana", "bot")]


def test_a_migration_lists_what_an_old_store_has_kept(place, old_stores):
    old_stores.make(place, without=["retractions_set_aside"])
    from curation.store import connection as lake

    connection = lake.connect(lake.locate(place))
    connection.execute(
        "INSERT INTO lake.main.claims BY NAME SELECT 'c3' AS claim_id, 'd' AS dataset, '1' AS"
        " account_id, 'mallory' AS claimant, 'person' AS claimant_kind, 'c1' AS retracts UNION ALL"
        " SELECT 'c4', 'd', '2', 'ada', 'person', 'c2'"
    )
    connection.close()
    with Store(place, create=False) as store:
        assert store.arrow("FROM lake.main.claims").num_rows == 4, "no row goes"
        aside = store.arrow("FROM lake.main.retractions_set_aside").to_pylist()
        assert [(r["claim_id"], r["retracts"], r["raw"]) for r in aside] == [("c3", "c1", None)]
        assert aside[0]["message"].startswith("mallory (person) retracts a claim of ada (person)")
        for at in (None, store.head() - 1):
            kept = standing_claims(store.relation("claims", at))
            assert store.arrow(f"FROM {kept}")["claim_id"].to_pylist() == ["c1"]
        assert "retractions_set_aside" in store.versions()[-1].message
