"""Each rule finds the rows planted for it and no others, and Great Expectations agrees with the
rule's own SQL.
"""

import json
from datetime import UTC, datetime, timedelta

import pytest

from botbench.core.hashing import canonical_json
from curation.annotation.scheme.scheme import Scheme
from curation.annotation.scheme.store_schemes import SchemeBook
from curation.store import schema
from curation.store.identity import with_claim_ids
from curation.store.rules import suites
from curation.validation import record, run, views

DAY = timedelta(days=1)
MADE, SEEN, READ = (
    datetime(2012, 1, 1, tzinfo=UTC),
    datetime(2019, 6, 1, tzinfo=UTC),
    datetime(2020, 1, 1, tzinfo=UTC),
)
CARD = {
    "id": "good",
    "title": "Good",
    "label": {"meaning": "m"},
    "window": {"start": "2019-01-01", "end": "2019-05-31"},
}
IDS = [f"a{i:02}" for i in range(40)]


def records():
    """A data set in which everything holds: 40 accounts (20 bots), two posts each, claims, a batch,
    a consensus, a split.
    """
    pull = {
        "pull_id": "p",
        "dataset": "good",
        "card": canonical_json(CARD),
        "reader_version": "1",
        "started_at": READ,
        "finished_at": READ,
    }
    return {
        "pulls": [pull],
        "ledger": [
            {
                "pull_id": "p",
                "table_name": "accounts",
                "read": 41,
                "kept": 40,
                "duplicate": 1,
                "quarantined": 0,
            }
        ],
        "accounts": [
            {
                "dataset": "good",
                "account_id": a,
                "observed_at": SEEN,
                "platform": "twitter",
                "handle": f"h{a}",
                "bio": "b",
                "created_at": MADE,
                "followers": i,
                "following": 1,
                "pull_id": "p",
            }
            for i, a in enumerate(IDS)
        ],
        "posts": [
            {
                "dataset": "good",
                "post_id": f"{a}-{n}",
                "account_id": a,
                "created_at": SEEN - 2 * DAY,
                "text": "to #Rome",
                "hashtags": ["rome"],
                "kind": "original",
                "likes": 1,
                "pull_id": "p",
            }
            for a in IDS
            for n in (1, 2)
        ],
        "edges": [
            {
                "dataset": "good",
                "source_id": "a00",
                "target_id": "a01",
                "kind": "follows",
                "weight": 1.0,
            }
        ],
        "claims": [
            {
                "dataset": "good",
                "claim_id": "",
                "account_id": a,
                "claimant": "authors",
                "claimant_kind": "dataset",
                "answer": "bot" if i < 20 else "human",
                "made_at": SEEN,
                "evidence_at": SEEN,
                "attributes": {"part": "train"},
            }
            for i, a in enumerate(IDS)
        ],
        "batches": [
            {
                "batch_id": "b",
                "dataset": "good",
                "design": "uniform(n=2)",
                "seed": 0,
                "population": 40,
                "size": 2,
                "copies": 1,
                "drawn_from": 2,
            }
        ],
        "assignments": [
            {"batch_id": "b", "account_id": a, "copy": 1, "inclusion_probability": 0.05}
            for a in IDS[:2]
        ],
        "labels": [
            {
                "consensus_id": "k",
                "dataset": "good",
                "account_id": a,
                "label": "bot" if i < 20 else "human",
                "p_bot": 0.9 if i < 20 else 0.1,
                "n_claims": 1,
                "status": "agreed",
                "method": "majority",
            }
            for i, a in enumerate(IDS)
        ],
        "splits": [
            {
                "split_id": "r@1/stratified(seed=0)",
                "dataset": "good",
                "account_id": a,
                "part": "train" if i % 2 else "test",
            }
            for i, a in enumerate(IDS)
        ],
    }


def fill(store):
    tables = {name: schema.rows(name, rows) for name, rows in records().items()}
    store.append(
        {**tables, "claims": with_claim_ids(store.connection, tables["claims"])},
        None,
        "a good data set",
    )


@pytest.fixture
def planted(store):
    """The good data set as plain tables that can be spoiled: planted("SQL", ...) runs SQL and
    returns {suite.rule: accounts}.
    """
    fill(store)
    cursor = store.connection.cursor()
    cursor.execute("SET TimeZone = 'UTC'")
    with views.pinned(store, "good", store.head()) as good:
        cursor.execute("CREATE SCHEMA memory.planted")
        cursor.execute("USE memory.planted")
        for name, query in views._views(store, "good", store.head(), None).items():
            if name in schema.TABLES:
                cursor.execute(f"CREATE TABLE {name} AS FROM {good}.{name}")
            else:
                cursor.execute(f"CREATE VIEW {name} AS {query}")

    def broken(*statements):
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("DROP TABLE IF EXISTS found")
        cursor.execute(record.FOUND)
        verdicts = run._verdicts(store, "memory.planted", list(suites()))
        found = {}
        for suite in suites():
            for rule in suite.rules:
                finding = run._finding(cursor, suite, rule, None)
                # The verdict is Great Expectations', the rows are our SQL's: they must never
                # disagree.
                assert verdicts[suite.table][rule.name] is (finding.rows == 0), rule.name
                if finding.rows:
                    found[f"{suite.table}.{rule.name}"] = sorted(
                        h.account or "-" for h in finding.hits
                    )
        return found

    return broken


def test_nothing_is_found_in_a_good_data_set(planted):
    assert planted() == {}


def test_accounts_and_posts(planted):
    account = "UPDATE accounts SET {} WHERE account_id = '{}'".format
    post = "UPDATE posts SET {} WHERE post_id = '{}-1'".format
    assert planted(
        account("handle = NULL", "a01"),
        "INSERT INTO accounts FROM accounts WHERE account_id = 'a01'",
        account("followers = -1", "a02"),
        account("status = 'vanished'", "a03"),
        account("platform = NULL", "a04"),
        account("created_at = observed_at + INTERVAL 1 DAY", "a05"),
        account("created_at = TIMESTAMPTZ '2006-03-20 23:59:59+00'", "a06"),
        account("observed_at = TIMESTAMPTZ '2020-01-02 00:00:00+00'", "a07"),
        account("bio = chr(65533)", "a08"),
        account("handle = 'HA10'", "a09"),
        account("created_at = TIMESTAMPTZ '2006-03-21 00:00:00+00'", "a11"),
        "INSERT INTO accounts BY NAME SELECT 'good' AS dataset, id AS account_id, 'twitter' AS"
        " platform FROM (VALUES ('1.23E+17'), ('123.0'), (' '), ('2147483648')) v(id)",
        post("account_id = 'stranger'", "a20"),
        post("created_at = TIMESTAMPTZ '2005-01-01 00:00:00+00'", "a21"),
        post("created_at = TIMESTAMPTZ '2020-01-01 00:00:01+00'", "a22"),
        post("created_at = TIMESTAMPTZ '2011-12-31 00:00:00+00'", "a23"),
        post("hashtags = ['#rome']", "a24"),
        post("hashtags = ['paris']", "a25"),
        post("text = chr(65533) || ' #rome'", "a26"),
        post("kind = 'rant'", "a27"),
        post("likes = -3", "a28"),
        post("ref_post_id = '1.2e+18'", "a29"),
        post("created_at = TIMESTAMPTZ '2019-05-31 23:59:59.999999+00'", "a30"),
        post("created_at = NULL", "a31"),
        post("hashtags = ['paris'], kind = 'repost'", "a32"),
        post("ref_account_id = ''", "a33"),
        "INSERT INTO posts FROM posts WHERE post_id = 'a34-1'",
    ) == {
        "accounts.key-unique": ["a01"],
        "accounts.followers-in-range": ["a02"],
        "accounts.status-known-word": ["a03"],
        "accounts.platform-required": ["a04"],
        "accounts.made-before-seen": ["a05"],
        "accounts.made-in-platform-life": ["a06"],
        "accounts.not-from-the-future": ["a07"],
        "accounts.text-readable": ["a08"],
        "accounts.handle-of-one-account": ["a09", "a10"],
        "accounts.account_id-is-text": ["1.23E+17", "123.0"],
        "accounts.account_id-not-blank": [" "],
        "accounts.id-not-saturated": ["2147483648"],
        "posts.author-known": ["stranger"],
        "posts.written-in-platform-life": ["a21"],
        "posts.not-from-the-future": ["a22"],
        "posts.written-after-account-made": ["a05", "a21", "a23"],
        "posts.inside-window": ["a21", "a22", "a23"],
        "posts.hashtags-plain": ["a24"],
        "posts.hashtags-in-text": ["a25"],
        "posts.text-readable": ["a26"],
        "posts.kind-known-word": ["a27"],
        "posts.likes-in-range": ["a28"],
        "posts.ref_post_id-is-text": ["a29"],
        "posts.ref_account_id-not-blank": ["a33"],
        "posts.key-unique": ["a34"],
    }


def test_claims_and_consensus(planted):
    def claim(change, account):
        # The id follows the content, but where the rule is about that.
        return f"UPDATE claims SET {change} WHERE account_id = '{account}'"

    other = "INSERT INTO claims BY NAME SELECT * REPLACE ({}) FROM claims WHERE account_id = '{}'".format
    found = planted(
        claim("answer = NULL", "a01"),
        claim("answer = 'alien'", "a02"),
        claim("retracts = 'nothing'", "a03"),
        claim("retracts = (SELECT claim_id FROM claims WHERE account_id = 'a05')", "a04"),
        claim("made_at = evidence_at - INTERVAL 1 SECOND", "a06"),
        claim("made_at = TIMESTAMPTZ '2021-01-01 00:00:00+00', pull_id = 'p'", "a07"),
        claim("batch_id = 'nowhere'", "a08"),
        claim("claim_id = 'made up'", "a09"),
        claim("account_id = 'ghost'", "a10"),
        other("'human' AS answer, 'second' AS claim_id, 'second' AS content_id", "a11"),
        claim("kinds = ['spam']", "a20"),
        claim("attributes = MAP {'part': 'dev'}", "a13"),
        claim("confidence = 1.5", "a14"),
        claim("lead_time_s = -1", "a15"),
        claim("lead_time_s = 'nan'::DOUBLE", "a16"),
        claim("claimant_kind = 'oracle'", "a17"),
        claim(f"scheme_version = '{Scheme.load().version}', reasons = ['looks']", "a18"),
        claim(f"scheme_version = '{Scheme.load().version}', kinds = ['spam']", "a19"),
        claim("scheme_version = '9+ffffffff', kinds = ['unheard of']", "a12"),
        "DELETE FROM labels WHERE account_id = 'a21'",
        "UPDATE labels SET status = 'disputed' WHERE account_id = 'a22'",
        "UPDATE labels SET n_claims = 0 WHERE account_id = 'a23'",
        "UPDATE labels SET p_bot = 0.8 WHERE account_id = 'a24'",
        "UPDATE labels SET p_bot = 1.1 WHERE account_id = 'a00'",
        "UPDATE labels SET label = 'cyborg' WHERE account_id = 'a26'",
    )
    assert found == {
        "claims.answers-or-retracts": ["a01"],
        "claims.answer-in-scheme": ["a02"],
        "claims.retracts-a-claim": ["a03"],
        "claims.retracts-its-own": ["a04"],
        "claims.said-after-seen": ["a06"],
        "claims.not-from-the-future": ["a07"],
        "claims.batch-exists": ["a08"],
        "claims.id-is-content": ["a09"],
        "claims.account-observed": ["ghost"],
        "claims.one-answer-each": ["a11"],
        "claims.kinds-only-of-bots": ["a20"],
        "claims.part-known-word": ["a13"],
        "claims.confidence-in-range": ["a14"],
        "claims.lead_time_s-in-range": ["a15", "a16"],
        "claims.claimant_kind-known-word": ["a17"],
        "claims.codes-in-scheme": ["a18"],
        "claims.scheme-known": ["a12"],
        "labels.covers-the-claims": ["a21", "ghost"],
        "labels.settled-where-labelled": ["a22"],
        "labels.votes-counted": ["a23"],
        "labels.probability-agrees": ["a24"],
        "labels.p_bot-in-range": ["a00"],
        "labels.label-known-word": ["a26"],
        "labels.account-claimed": ["a10"],
    }


def test_claims_are_checked_by_the_scheme_they_were_made_under(store):
    """`alien` is a word of one scheme, `report` of the default one, `bot` of both; each word in the
    wrong place is found.
    """
    document = json.loads(Scheme.load().to_json())
    document["answers"]["alien"] = document["answers"].pop("report") | {
        "label": "human",
        "report": False,
        "kinds": True,
    }
    own = Scheme.of(document)
    SchemeBook(store.home).keep(own)
    said = [
        ("a01", "alien", own),
        ("a02", "report", own),
        ("a03", "bot", own),
        ("a04", "alien", Scheme.load()),
        ("a05", "report", Scheme.load()),
        ("a06", "alien", None),
    ]
    tables = {name: schema.rows(name, rows) for name, rows in records().items() if name != "claims"}
    claims = schema.rows(
        "claims",
        [
            {
                "dataset": "good",
                "claim_id": "",
                "account_id": a,
                "claimant": "somebody",
                "claimant_kind": "person",
                "answer": word,
                "scheme_version": scheme and scheme.version,
                "kinds": ["spam"],
            }
            for a, word, scheme in said
        ],
    )
    store.append(
        {**tables, "claims": with_claim_ids(store.connection, claims)},
        None,
        "claims under two schemes",
    )
    [suite] = [s for s in suites() if s.table == "claims"]
    cursor = store.connection.cursor()
    asked = ("answer-in-scheme", "codes-in-scheme", "kinds-only-of-bots", "scheme-known")
    with views.pinned(store, "good", store.head()) as schema_:
        cursor.execute(f"USE {schema_}")
        cursor.execute(record.FOUND)
        found = {
            rule.name: sorted(h.account for h in run._finding(cursor, suite, rule, None).hits)
            for rule in suite.rules
            if rule.name in asked
        }
        labels = cursor.execute("SELECT account_id, label FROM standing ORDER BY ALL").fetchall()
    assert found == {
        "answer-in-scheme": ["a02", "a04", "a06"],
        "codes-in-scheme": [],
        "scheme-known": [],
        "kinds-only-of-bots": ["a02", "a04", "a05", "a06"],
    }
    assert labels == [
        ("a01", "human"),
        ("a02", None),
        ("a03", "bot"),
        ("a04", None),
        ("a05", None),
        ("a06", None),
    ]


def test_the_rest(planted):
    found = planted(
        "UPDATE ledger SET duplicate = 0",
        "INSERT INTO quarantine VALUES ('p', 'accounts', 'f:1', 'float_id', 'm', 'r')",
        "INSERT INTO edges BY NAME SELECT 'good' AS dataset, 'x' AS source_id, 'y' AS target_id,"
        " 'follows' AS kind",
        "INSERT INTO edges BY NAME SELECT 'good' AS dataset, 'a03' AS source_id, 'a03' AS"
        " target_id, 'follows' AS kind",
        "INSERT INTO edges BY NAME SELECT 'good' AS dataset, 'a04' AS source_id, 'elsewhere' AS"
        " target_id, 'follows' AS kind",
        "INSERT INTO edges BY NAME SELECT 'good' AS dataset, 'a05' AS source_id, 'a06' AS"
        " target_id, 'follows' AS kind, -1.0 AS weight",
        "UPDATE batches SET population = 1",
        "INSERT INTO assignments (batch_id, account_id, copy, inclusion_probability, part) VALUES"
        " ('gone', 'a07', 1, 0.5, NULL), ('b', 'nobody', 1, 0.5, NULL), ('b', 'a08', 2, 0.5, NULL),"
        " ('b', 'a09', 1, 0.0, NULL), ('b', 'a10', 1, 1.5, NULL), ('b', 'a11', 1, NULL, 'sample'),"
        " ('b', 'a12', 1, 0.5, 'gold')",
        "INSERT INTO splits VALUES ('r@1/stratified(seed=0)', 'good', 'a12', 'train', false),"
        " ('r@1/stratified(seed=0)', 'good', 'who', 'train', false), ('r@1/stratified(seed=0)',"
        " 'good', 'a13', 'dev', false)",
        # a14 is in test, a15 in train: made equal, they are a group on both sides.
        "UPDATE accounts SET followers = 14 WHERE account_id = 'a15'",
        "INSERT INTO splits SELECT 'official', dataset, account_id, part, true FROM splits WHERE"
        " account_id IN ('a14', 'a15')",
        "INSERT INTO splits SELECT 'stratified(seed=1)', dataset, account_id, part, true FROM"
        " splits WHERE account_id IN ('a14', 'a15') AND split_id = 'official'",
        "ALTER TABLE accounts ALTER followers TYPE DOUBLE",
        "ALTER TABLE batches DROP design",
        "ALTER TABLE batches ADD COLUMN design BIGINT DEFAULT 3",
    )
    assert found == {
        "pulls.nothing-lost": ["-"],
        "pulls.quarantine-counted": ["-"],
        "pulls.nothing-quarantined": ["-"],
        "edges.an-end-known": ["x"],
        "edges.not-to-itself": ["a03"],
        "edges.weight-in-range": ["a05"],
        "batches.not-more-than-there-are": ["-"],
        "batches.assigned-in-full": ["-"],
        "batches.probabilities-sum": ["-"],
        "assignments.batch-exists": ["a07"],
        "assignments.account-known": ["nobody"],
        "assignments.copy-asked-for": ["a08"],
        "assignments.probability-positive": ["a09"],
        "assignments.sample-has-probability": ["a11", "a12"],
        "assignments.inclusion_probability-in-range": ["a10"],
        "splits.one-part-each": ["a12", "a13"],
        "splits.account-known": ["who"],
        "splits.part-known-word": ["a13"],
        "splits.key-unique": ["a12", "a13"],
        "splits.groups-apart": ["a14", "a15"],
        "splits.groups-apart-since": ["a12", "a13", "a14", "a15"],
        "accounts.columns-typed": ["-"],
        "batches.columns-typed": ["-"],
    }


def test_values_that_hold_rows_of_their_file(planted):
    """Told by the pull; a pull that a corrected card superseded says nothing any more."""
    noted = "UPDATE pulls SET notes = MAP {'rows_in_values': '1 row of a.csv holds lines'}"
    assert planted(noted) == {"pulls.no-rows-in-values": ["-"]}
    superseding = (
        "INSERT INTO pulls BY NAME SELECT * REPLACE ('q' AS pull_id, ['p'] AS supersedes, NULL AS"
        " notes) FROM pulls"
    )
    assert "pulls.no-rows-in-values" not in planted(superseding)


def test_inclusion_probabilities_sum_right(planted):
    # The fixture's batch: 2 of 40, 1 / .05 + 1 / .05 = 40. Here 2 of 40 in two strata, and 2 drawn
    # independently.
    strata = "MAP {'h': '{\"population\": 10}', 'k': '{\"population\": 30}'}"
    batch = (
        "INSERT INTO batches BY NAME SELECT * REPLACE ({}) FROM batches WHERE batch_id = 'b'".format
    )
    drawn = (
        "INSERT INTO assignments BY NAME SELECT '{}' AS batch_id, '{}' AS account_id, 1 AS copy, {}"
        " AS stratum, {} AS inclusion_probability"
    ).format
    assert planted(
        batch(f"'right' AS batch_id, {strata} AS strata"),
        drawn("right", "a02", "'h'", 0.1),
        drawn("right", "a03", "'k'", "1 / 30.0"),
        batch(f"'wrong' AS batch_id, {strata} AS strata"),
        drawn("wrong", "a02", "'h'", 0.05),
        drawn("wrong", "a03", "'k'", 0.05),
        # 1 / .2 + 1 / .1 = 15 of 40, standard error sqrt(.8 / .04 + .9 / .01) = 10.5: chance.
        batch("'chance' AS batch_id, 'independent' AS joint"),
        drawn("chance", "a04", "NULL", 0.2),
        drawn("chance", "a05", "NULL", 0.1),
        # 2 of 40, and no chance in it.
        batch("'sure' AS batch_id, 'independent' AS joint"),
        drawn("sure", "a04", "NULL", 1.0),
        drawn("sure", "a05", "NULL", 1.0),
        # Training needs none.
        batch("'train' AS batch_id, 'training' AS purpose"),
        drawn("train", "a06", "NULL", "NULL") + ", 'training' AS part",
        drawn("train", "a07", "NULL", "NULL") + ", 'training' AS part",
    ) == {"batches.probabilities-sum": ["-"], "batches.probabilities-sum-on-average": ["-"]}


def test_gold_and_coverage(planted):
    said = (
        "INSERT INTO claims BY NAME SELECT * REPLACE ('{who}' AS claimant, 'person' AS"
        " claimant_kind, '{who}' || claim_id AS claim_id, '{who}' || claim_id AS content_id,"
        " {answer} AS answer, {batch} AS batch_id) FROM claims WHERE claimant = 'authors' AND"
        " account_id {accounts}"
    ).format
    wrong = "CASE answer WHEN 'bot' THEN 'human' ELSE 'bot' END"
    assert planted(
        "UPDATE labels SET status = 'adjudicated' WHERE account_id < 'a20'",
        # 9 of 20 right: the upper end of Wilson's interval is .659. 2 of 3 are too few to judge
        # anybody by.
        said(who="ada", answer="answer", batch="NULL", accounts="< 'a09'"),
        said(who="ada", answer=wrong, batch="NULL", accounts="BETWEEN 'a09' AND 'a19'"),
        said(who="bo", answer="answer", batch="NULL", accounts="< 'a02'"),
        said(who="bo", answer=wrong, batch="NULL", accounts="= 'a02'"),
        said(who="cy", answer="answer", batch="'b'", accounts="= 'a01'"),
        "DELETE FROM labels WHERE account_id = 'a01'",
    ) == {
        "claims.gold-passed": ["-"],
        "batches.consensus-covers-batch": ["a01"],
        "labels.covers-the-claims": ["a01"],
    }


def test_texts_decoded_twice(planted):
    assert planted(
        "UPDATE accounts SET bio = 'caf' || chr(195) || chr(169) WHERE account_id = 'a01'",
        "UPDATE accounts SET bio = 'café, NÃO, naïve’s' WHERE account_id = 'a02'",
        "UPDATE posts SET text = 'it' || chr(226) || chr(8364) || chr(8482) || 's #rome' WHERE"
        " post_id = 'a03-1'",
    ) == {"accounts.text-decoded-once": ["a01"], "posts.text-decoded-once": ["a03"]}


def test_releases(planted):
    release = (
        "INSERT INTO releases BY NAME SELECT '{}' AS name, {} AS version, 'good' AS dataset, {} AS"
        " snapshot_id, repeat('{}', 64) AS content_hash, 'k' AS consensus_id, '{}' AS suite_result,"
        " {} AS accepted"
    ).format
    assert (
        planted(
            release("r", 1, 2, "a", "passed", "NULL"),
            release("r", 2, 2, "b", "failed and accepted", "'known'"),
        )
        == {}
    )
    assert planted(release("q", 2, 999, "x", "failed and accepted", "' '")) == {
        "releases.hash-is-sha256": ["-"],
        "releases.numbered-without-gaps": ["-"],
        "releases.frozen-from-a-version": ["-"],
        "releases.accepted-with-a-reason": ["-"],
    }


def test_one_class_and_one_profile(planted):
    assert planted(
        "UPDATE claims SET answer = 'bot', claim_id = 'c' || account_id, content_id = 'c' ||"
        " account_id",
        "UPDATE labels SET label = 'bot', p_bot = 0.9",
        "UPDATE accounts SET followers = 7 WHERE account_id < 'a05'",
        "UPDATE accounts SET platform = 'x' WHERE account_id = 'a09'",
        "DELETE FROM splits",
    ) == {
        "claims.both-classes": ["-"],
        "labels.both-classes": ["-"],
        "accounts.not-all-alike": ["-"],
        "accounts.one-platform": ["-"],
    }


def test_what_is_known_of_one_class_only_is_said(planted):
    assert (
        planted(
            "UPDATE accounts SET lang = 'it' WHERE account_id < 'a12'",  # 12 of 20 bots, no human
            "UPDATE accounts SET location = 'x' WHERE account_id < 'a05'",  # 5 of 20: a quarter is not more than a quarter
            "DELETE FROM posts WHERE account_id >= 'a34'",  # 14 of 20 humans still have posts
        )
        == {"accounts.known-of-both-classes": ["-"], "posts.known-of-both-classes": ["-"]}
    )


def test_a_small_class_is_said(planted):
    changed = "CASE WHEN account_id < 'a02' THEN 'bot' ELSE 'human' END"
    assert planted(
        f"UPDATE claims SET answer = {changed}, claim_id = 'c' || account_id, content_id = 'c' ||"
        " account_id",
        "DELETE FROM claims WHERE account_id = 'a01'",
        "DELETE FROM labels WHERE account_id = 'a01'",
    ) == {"claims.class-balance": ["-"]}
