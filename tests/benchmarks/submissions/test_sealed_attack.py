"""An attack on a sealed release: nothing that goes out tells a label that was kept back.

The attacker has everything that goes out, all profiles, and even every label but one. He makes the
whole store again for both labels of that one, and looks for what differs in what went out.
"""

import hashlib
import json
import secrets
import shutil
from types import SimpleNamespace

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer.testing
import yaml

from benchmarks.submissions import entries, folder, sealed
from botbench.commands import main
from botbench.core.errors import UserError
from curation.release import acceptance, splits
from curation.release import release as releases
from curation.release.release import Release

N = 60
LABELS = {f"7{i:05d}": "bot" if i % 3 == 0 else "human" for i in range(N)}
PARTS = {a: "test" if i % 4 == 0 else "train" for i, a in enumerate(LABELS)}
LABELS_OF = {"bot": "1", "human": "0"}
PUBLIC = "sealed/made/1/public"


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Run a command in this process: command(home, *words) is all it says, errors included."""
    monkeypatch.chdir(tmp_path)
    # What validation finds is not what these tests are about; Great Expectations is slow to load.
    passed = SimpleNamespace(success=True, failed=(), summary=lambda: {"success": True})
    monkeypatch.setattr(acceptance, "before_release", lambda *_: passed)
    monkeypatch.setattr(acceptance, "report_path", lambda *_: "reports/none.html")

    def run(home, *words):
        done = typer.testing.CliRunner().invoke(
            main.build(), ["--store", str(home), *map(str, words)]
        )
        return f"{done.output}\n{done.stderr}\n{done.exception or ''}"

    return run


def world(command, place, labels, *, official=True):
    """A store made by commands: pulled, labelled and released as `made@1`; its folder."""
    place.mkdir()
    rows = [
        f"{a},{'' if not official else PARTS[a]},{LABELS_OF[label]},{10 + int(a) % 7},name{a}\n"
        for a, label in labels.items()
    ]
    (place / "made.csv").write_text("id,part,is_bot,followers,handle\n" + "".join(rows))
    options = {
        "accounts": {"account_id": "id", "followers": "followers", "handle": "handle"},
        "claims": {
            "account_id": "id",
            "answer": {"column": "is_bot", "codes": {"1": "bot", "0": "human"}},
            "attributes": {"part": "part"} if official else {},
        },
    }
    card = {
        "id": "made",
        "title": "Simulated accounts for a test",
        "platform": "twitter",
        "licence": "CC0-1.0",
        "citation": "none",
        "simulated": True,
        "sources": [{"file": "made.csv"}],
        "label": {"meaning": "as made", "claimant": "the test", "claimant_kind": "dataset"},
        "reads": [{"format": "tabular", "options": options}],
    }
    (place / "card.yaml").write_text(yaml.safe_dump(card))
    for words in (
        ("pull", place / "card.yaml", "--from", place),
        ("consensus", "made"),
        ("release", "made", "--dataset", "made", "--accept", "a test"),
    ):
        command(place / "store", *words)
    return place / "store"


def identifiers(home):
    """Every id and hash that this store gives, which an attacker who makes it again gets too."""
    release = releases.load(home, "made@1")
    found = {release.content_hash, str(release.info["consensus_id"])}
    found |= set(release.info["files"].values())
    claims = pq.read_table(release.file("claims"))
    found |= {*claims["claim_id"].to_pylist(), *claims["pull_id"].to_pylist()}
    return {short for value in found for short in (value, value[:16], value[:12])}


def published(command, home, tmp_path, official):
    """All that goes out of a sealed release as one text: files, decoded tables, and outputs."""
    texts = [command(home, "submit", "seal", "made", "--json")]
    public = home / PUBLIC
    ids = folder.read(public).wanted()["account_id"].to_pylist()
    p = tmp_path / "p.csv"
    p.write_text("account_id,p_bot\n" + "".join(f"{a},{0.2 + int(a) % 5 / 10}\n" for a in ids))
    facts = "--detector ours --detector-version 1 --author A --code none --licence MIT --hardware x"
    commands = [
        (
            *("submit", "prepare", "--release", public, "--predictions", p, "--out", "mine"),
            *facts.split(),
            *("--about", "Looks at ids only.", "--seconds", "1", "--threshold", ".5"),
        ),
        ("submit", "check", "mine", "--release", public, "--json"),
        ("submit", "check", "mine", "--release", "made", "--json"),
        ("submit", "score", "mine", "--release", "made", "--json"),
        ("submit", "history", "--json"),
        ("publish", "made", "--tier", "public", "--out", "out/public", "--json"),
        ("publish", "made", "--tier", "research", "--out", "out/research", "--json"),
    ]
    if official:
        command(home, "bench", suite(tmp_path), "--no-mlflow", "-j", "1")
        commands += [
            ("submit", "accept", "mine", "--release", "made"),
            ("leaderboard", "--out", "out/board", "--resamples", "200", "--json"),
            ("leaderboard", "--site", "out/site", "--resamples", "200"),
            ("predict", "one-question-tree", home.parent / "made.csv", "--save", "out/model"),
        ]
    texts += [command(home, *words) for words in commands]
    for root in (public, tmp_path / "mine", tmp_path / "out"):
        for file in sorted(f for f in root.rglob("*") if f.is_file()):
            texts.append(file.read_bytes().decode("latin-1"))
            texts.append(hashlib.sha256(file.read_bytes()).hexdigest())
            if file.suffix == ".parquet":
                texts.append(str(pq.read_table(file).to_pylist()))
                texts.append(str(pq.read_metadata(file).metadata))
    return "\n".join(texts)


def suite(tmp_path):
    file = tmp_path / "suite.yaml"
    file.write_text(
        "name: s\nreleases: [made]\ndetectors: [constant, one-question-tree]\n"
        "protocols: [official-split]\n"
    )
    return file


@pytest.mark.parametrize("official", [True, False], ids=["official", "blind"])
def test_who_knows_all_labels_but_one_finds_nothing_of_that_one(command, tmp_path, official):
    home = world(command, tmp_path / "true", LABELS, official=official)
    out = published(command, home, tmp_path, official)
    test = folder.read(home / PUBLIC).wanted()["account_id"].to_pylist()
    assert len(test) >= 9 and '"score"' in out
    victim = test[-1]
    other = LABELS | {victim: "human" if LABELS[victim] == "bot" else "bot"}
    wrong = world(command, tmp_path / "guess", other, official=official)
    telling = identifiers(home) - identifiers(wrong)
    assert len(telling) >= 12  # the guess changes ids and hashes, so each of them would tell
    assert {t for t in telling if t in out} == set()
    # Counts of classes do not go out either, and no other document does.
    info = json.loads((home / PUBLIC / "release.json").read_text())
    assert not {"bots", "humans", "evidence", "left_out", "validation", "rewritten"} & set(info)
    assert [set(s) for s in info["splits"]] == [{"split_id", "train", "validation", "test"}]
    assert not (tmp_path / "out").exists()


def turned(release, ids, into):
    """The same release with the labels of `ids` turned round, as another world would have it."""
    shutil.copytree(release.path, into)
    for table, column in (("labels", "label"), ("claims", "answer")):
        file = into / f"{table}.parquet"
        rows = pq.read_table(file)
        turn = {"bot": "human", "human": "bot"}
        values = [
            turn[v] if a in ids else v
            for a, v in zip(rows["account_id"].to_pylist(), rows[column].to_pylist(), strict=True)
        ]
        place = rows.column_names.index(column)
        rows = rows.set_column(place, rows.schema.field(column), [pa.array(values, pa.string())])
        for name in {"consensus_id", "claim_id"} & set(rows.column_names):
            field = rows.schema.field(name)
            other = [hashlib.sha256(str(v).encode()).hexdigest() for v in values]
            other = [other[0]] * len(other) if name == "consensus_id" else other
            rows = rows.set_column(
                rows.column_names.index(name), field, [pa.array(other, pa.string())]
            )
        pq.write_table(rows, file)
    return Release(into, release.info | {"content_hash": "f" * 64, "bots": 1, "files": {}})


def test_public_files_are_the_same_bytes_whatever_the_sealed_labels_are(
    make, home, tmp_path, monkeypatch
):
    """With one salt, two worlds that differ in every sealed label differ in three hashes only."""
    one = make("toy", bots=60, humans=60, official=True, posts=2)
    monkeypatch.setattr(secrets, "token_hex", lambda n: "5a" * n)
    terms = {"split": "official", "part": "test", "answers": 3, "step": 0.01}
    sealed.seal(home, one, **terms)
    test = set(folder.read(home / "sealed/toy/1/public").wanted()["account_id"].to_pylist())
    sealed.seal(tmp_path / "other", turned(one, test, tmp_path / "turned"), **terms)
    here, there = home / "sealed/toy/1/public", tmp_path / "other/sealed/toy/1/public"
    names = sorted(p.name for p in here.iterdir())
    assert names == sorted(p.name for p in there.iterdir()) and len(names) == 8
    for name in ("accounts", "posts", "edges", "splits", "claims"):
        assert (here / f"{name}.parquet").read_bytes() == (there / f"{name}.parquet").read_bytes()
    both = [pq.read_table(p / "labels.parquet") for p in (here, there)]
    assert both[0].drop(["consensus_id"]).equals(both[1].drop(["consensus_id"]))
    salted = {"content_hash", "commitment", "files"}
    for name in ("release.json", "sealed.json"):
        a, b = (json.loads((p / name).read_text()) for p in (here, there))
        assert {k: v for k, v in a.items() if k not in salted} == {
            k: v for k, v in b.items() if k not in salted
        }
        assert a["content_hash"] != b["content_hash"]


def test_salted_hashes_by_hand(make, home, tmp_path):
    """HMAC-SHA256 written out (RFC 2104), and checked by who has the salt."""
    release = make("toy", bots=60, humans=60, official=True)
    public = sealed.seal(home, release, split="official", part="test", answers=3, step=0.01)
    salt = json.loads((home / "sealed/toy/1/secret.json").read_text())["salt"]
    key = salt.encode().ljust(64, b"\0")
    inner = hashlib.sha256(
        bytes(b ^ 0x36 for b in key) + f"content hash\n{release.content_hash}".encode()
    ).digest()
    by_hand = hashlib.sha256(bytes(b ^ 0x5C for b in key) + inner).hexdigest()
    assert public["content_hash"] == by_hand != release.content_hash
    opened = sealed.open_seal(home, "toy@1", tmp_path / "opened")
    assert sealed.verify(home / "sealed/toy/1/public", opened)
    told = json.loads((opened / "opened.json").read_text())
    assert told["content_hash"] == release.content_hash
    (opened / "opened.json").write_text(json.dumps(told | {"content_hash": "0" * 64}))
    assert not sealed.verify(home / "sealed/toy/1/public", opened)


def test_a_split_drawn_by_label_is_not_sealed_and_the_blind_one_does_not_look_at_labels(make, home):
    release = make("toy", bots=60, humans=60)
    with pytest.raises(UserError, match="it is drawn by label, so an account's part can tell"):
        sealed.seal(home, release, split="stratified(seed=0)", part="test", answers=3, step=0.01)
    assert not (home / "sealed").exists()
    public = sealed.seal(home, release, split="blind(seed=3)", part="test", answers=3, step=0.01)
    rows = pq.read_table(home / "sealed/toy/1/public/splits.parquet").to_pylist()
    cuts = [(0.6, "train"), (0.8, "validation"), (1.0, "test")]
    for row in rows:
        draw = hashlib.sha256(f"blind 3|{row['account_id']}".encode()).hexdigest()
        part = next(p for end, p in cuts if int(draw[:16], 16) / 2**64 < end)
        assert (row["split_id"], row["part"]) == ("blind(seed=3)", part)
    assert public["accounts"] == sum(r["part"] == "test" for r in rows) and len(rows) == 120


def test_near_the_cut_a_stratified_part_tells_the_label_and_a_blind_one_does_not():
    """Forty accounts; one label after the other is turned round, and parts are compared."""
    names = [f"a{i}" for i in range(40)]
    connection = duckdb.connect()

    def parts(query, labels):
        rows = pa.table({"account_id": names, "label": labels, "group": names})
        connection.register("members", rows)
        return {a: p for a, p, _ in connection.execute(f"FROM {query}").fetchall()}

    drawn, blind = splits.stratified("members", 0), splits.blind("members", 0)
    one = ["bot", "human"] * 20
    told = 0
    for i in range(12):
        other = [*one[:i], "human" if one[i] == "bot" else "bot", *one[i + 1 :]]
        told += parts(drawn, one) != parts(drawn, other)
        assert parts(blind, one) == parts(blind, other)
    assert told > 0
    assert set(parts(blind, one).values()) == {"train", "validation", "test"}
    connection.close()


def test_a_score_of_other_labels_takes_the_same_path_and_says_the_same_words(make, home, tmp_path):
    """The same predictions against labels turned round: the value differs, the form does not."""
    release = make("toy", bots=60, humans=60, official=True)
    sealed.seal(home, release, split="official", part="test", answers=3, step=0.01)
    ids = folder.read(home / "sealed/toy/1/public").wanted()["account_id"].to_pylist()
    table = pa.table({"account_id": ids, "p_bot": [0.1 + 0.8 * (i % 2) for i in range(len(ids))]})
    labels = sealed.secret(home, "toy@1")[1]
    turn = {"bot": "human", "human": "bot"}
    other = labels.set_column(
        2, "label", [pa.array([turn[v] for v in labels["label"].to_pylist()])]
    )
    one, two = (entries._balanced_accuracy(table, t, 0.5) for t in (labels, other))
    assert one + two == pytest.approx(1)
