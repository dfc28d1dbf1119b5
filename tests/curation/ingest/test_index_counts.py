"""Every data set pulled gives exactly the figures of the data index, through what `pull --json`
prints, and its card's; and validation finds exactly what the card says it finds."""

import re

import pytest

from curation.ingest import cards
from curation.ingest.pull import pull
from curation.store.store import Store
from curation.validation import run

pytestmark = pytest.mark.data

AGREED = {"dataset": 0}

# Folder, accounts, posts, {kind: {answer: claims}}, {kind: {answer: accounts with that answer
# alone}}, conflicts, unprofiled.
INDEX = {
    "caverlee-2011": (
        "caverlee-2011",
        41_455,
        192_921,
        {"dataset": {"bot": 22_223, "human": 19_276}},
        {"dataset": {"bot": 22_179, "human": 19_232}},
        {"dataset": 44},
        0,
    ),
    "cresci-rtbust-2019": (
        "cresci-rtbust-2019",
        693,
        0,
        {"dataset": {"bot": 391, "human": 368}},
        None,
        AGREED,
        66,
    ),
    "cresci-2015-e13-int-users": (
        "cresci-2015-e13-int-users",
        2818,
        0,
        {"dataset": {"bot": 1337, "human": 1481}},
        None,
        AGREED,
        0,
    ),
    "cresci-2015-timelines": (
        "cresci-2015-timelines",
        5301,
        859_170,
        {"dataset": {"bot": 3351, "human": 1950}},
        None,
        AGREED,
        0,
    ),
    "cresci-2017-users": (
        "cresci-2017-users",
        8386,
        0,
        {"dataset": {"bot": 4912, "human": 3474}},
        None,
        AGREED,
        0,
    ),
    "botwiki-2019": ("botwiki-2019", 698, 0, {"dataset": {"bot": 704}}, None, AGREED, 6),
    "verified-2019": ("verified-2019", 1987, 0, {"dataset": {"human": 2000}}, None, AGREED, 13),
    "varol-2017": (
        "varol-gilani-ids",
        2573,
        0,
        {"dataset": {"bot": 826, "human": 1747}},
        None,
        AGREED,
        0,
    ),
    "gilani-2017": (
        "varol-gilani-ids",
        2633,
        0,
        {"dataset": {"bot": 1130, "human": 1522}},
        {"dataset": {"bot": 1111, "human": 1503}},
        {"dataset": 19},
        0,
    ),
    "bot-or-not-30": (
        "bot-or-not-2026",
        275,
        7528,
        {"dataset": {"bot": 66, "human": 209}},
        None,
        AGREED,
        0,
    ),
    "bot-or-not-31": (
        "bot-or-not-2026",
        171,
        4643,
        {"dataset": {"bot": 27, "human": 144}},
        None,
        AGREED,
        0,
    ),
    "vk-2021": (
        "vk-2021",
        8705,
        0,
        {"dataset": {"bot": 2461, "human": 6521}},
        {"dataset": {"bot": 2192, "human": 6513}},
        AGREED,
        0,
    ),
    "vk-2021-answers": (
        "vk-2021",
        2160,
        0,
        {"person": {"bot": 1350, "human": 1084, "cannot tell": 443}},
        {"person": {"bot": 841, "human": 790, "cannot tell": 259}},
        {"person": 270},
        0,
    ),
    "twibot22-experts": (
        "twibot22-annotation",
        1000,
        0,
        {
            "dataset": {"bot": 105, "human": 881},
            "person": {"bot": 655, "human": 4309, "cannot tell": 225},
        },
        {
            "dataset": {"bot": 105, "human": 881},
            "person": {"bot": 6, "human": 632, "cannot tell": 11},
        },
        {"dataset": 0, "person": 351},
        0,
    ),
    "twibot22-study-20": (
        "twibot22-annotation",
        500,
        0,
        {"person": {"bot": 241, "human": 1075, "cannot tell": 184}},
        {"person": {"bot": 13, "human": 264, "cannot tell": 52}},
        {"person": 171},
        0,
    ),
    "twibot22-study-22": (
        "twibot22-annotation",
        500,
        0,
        {"person": {"bot": 237, "human": 1199, "cannot tell": 64}},
        {"person": {"bot": 13, "human": 300, "cannot tell": 16}},
        {"person": 171},
        0,
    ),
    "instagram-fake-spammer": (
        "instagram-fake-spammer",
        696,
        0,
        {"dataset": {"bot": 348, "human": 348}},
        None,
        AGREED,
        0,
    ),
    "weibo-pybotfinder-ids": (
        "weibo-pybotfinder-ids",
        10_031,
        0,
        {"dataset": {"bot": 4994, "human": 5091}},
        {"dataset": {"bot": 4994, "human": 5037}},
        AGREED,
        0,
    ),
    "twibot-20-sample": ("twibot-20-sample", 100, 17_372, {}, {}, {}, 0),
    "ira-2017-summer": (
        "ira-2017-summer",
        2856,
        261_463,
        {"platform": {"organisation": 2856}},
        None,
        {"platform": 0},
        0,
    ),
}

ANSWERS_OF_POSTS = (
    "SELECT c.answer, count(*) FROM posts p JOIN claims c USING (dataset, account_id) GROUP BY 1"
)

# What else the index says: data set -> [(query over its accounts, posts, claims, edges; rows
# expected)].
MORE = {
    "ira-2017-summer": [
        (
            "SELECT claimant, made_at::DATE::VARCHAR, count(*), count(*) FILTER"
            " (attributes['in_congress_2017'] = '1') FROM claims GROUP BY ALL ORDER BY 2",
            [("Twitter", "2018-06-18", 2854, 1922), ("Twitter", None, 2, 0)],
        ),
        (
            "SELECT kind, count(*) FROM posts WHERE kind <> 'original' GROUP BY 1 ORDER BY 1",
            [("quote", 10_632), ("repost", 27_211)],
        ),
        ("SELECT count(DISTINCT account_id), count(*) FROM posts", [(606, 261_463)]),
        ("SELECT count(*) FROM accounts WHERE observed_at IS NOT NULL", [(110_879,)]),
        (
            "SELECT count(*), count(DISTINCT account_id), max(n) FROM (SELECT account_id, count(*) AS n"
            " FROM posts GROUP BY account_id, created_at::DATE HAVING count(*) > 90)",
            [(530, 69, 1070)],
        ),
        (
            "SELECT extra['account_category'], count(*) FROM accounts WHERE observed_at IS NULL"
            " GROUP BY 1 ORDER BY 2 DESC LIMIT 3",
            [("NonEnglish", 1474), ("RightTroll", 633), ("LeftTroll", 234)],
        ),
        (
            "SELECT lower(h), count(DISTINCT post_id) FROM (SELECT post_id, unnest(hashtags) AS h FROM"
            " posts WHERE created_at::DATE = '2017-08-12') GROUP BY 1 ORDER BY 2 DESC LIMIT 5",
            [("maga", 532), ("mar", 370), ("top", 323), ("topl", 299), ("charlottesville", 241)],
        ),
    ],
    "caverlee-2011": [
        ("SELECT count(*) FROM accounts", [(41_499,)]),
        ("SELECT count(DISTINCT account_id) FROM posts", [(39_956,)]),
        (
            (
                "SELECT answer, count(DISTINCT account_id) FROM claims ANTI JOIN posts USING"
                " (account_id) GROUP BY 1 ORDER BY 1"
            ),
            [("bot", 1494), ("human", 5)],
        ),
        (
            (
                "SELECT split_part(split_part(post_id, '/', -2), '/', 1), count(*) FROM posts GROUP"
                " BY 1 ORDER BY 1"
            ),
            [("bots", 97_510), ("users", 95_411)],
        ),
        (
            (
                "SELECT max(n) FROM (SELECT count(*) AS n FROM posts GROUP BY split_part(post_id,"
                " ':', 1))"
            ),
            [(5,)],
        ),
    ],
    "cresci-rtbust-2019": [
        (
            (
                "SELECT answer, count(*) FROM claims SEMI JOIN accounts USING (account_id) GROUP BY"
                " 1 ORDER BY 1"
            ),
            [("bot", 353), ("human", 340)],
        ),
        ("SELECT count(*) FROM accounts WHERE bio = ''", [(293,)]),
    ],
    "cresci-2015-e13-int-users": [
        (
            "SELECT attributes['group'], answer, count(*) FROM claims GROUP BY ALL ORDER BY 1",
            [("E13", "human", 1481), ("INT", "bot", 1337)],
        ),
        (
            "SELECT count(*) FROM accounts WHERE extra['profile_banner_url'] IS NULL",
            [(496 + 1335,)],
        ),
        ("SELECT count(*) FROM accounts WHERE verified IS NULL", [(0,)]),
    ],
    "cresci-2015-timelines": [
        (ANSWERS_OF_POSTS + " ORDER BY 1", [("bot", 196_027), ("human", 663_143)]),
        (
            (
                "SELECT answer, count(DISTINCT account_id) FROM claims SEMI JOIN posts USING"
                " (account_id) GROUP BY 1 ORDER BY 1"
            ),
            [("bot", 3351 - 149), ("human", 493 - 1)],
        ),
    ],
    "cresci-2017-users": [
        (
            "SELECT attributes['group'], count(*) FROM claims GROUP BY 1 ORDER BY 1",
            [
                ("geniune_accounts", 3474),
                ("social_spambots_1", 991),
                ("social_spambots_2", 3457),
                ("social_spambots_3", 464),
            ],
        ),
        (
            (
                "SELECT count(*) FILTER (extra['test_set_1'] = '1'), count(*) FILTER"
                " (extra['test_set_2'] = '1') FROM accounts"
            ),
            [(1991, 954)],
        ),
        # The local time of Rome in `timestamp` is the same moment as created_at, so it is how
        # crawled_at must be read too.
        (
            (
                "SELECT count(*) FROM accounts WHERE created_at = timezone('Europe/Rome',"
                " extra['timestamp']::TIMESTAMP)"
            ),
            [(8386,)],
        ),
        ("SELECT min(observed_at)::VARCHAR FROM accounts", [("2014-04-19 12:46:19+00",)]),
    ],
    "bot-or-not-30": [
        (ANSWERS_OF_POSTS + " ORDER BY 1", [("bot", 2479), ("human", 7528 - 2479)]),
        (
            (
                "SELECT count(*), count(DISTINCT account_id) FROM posts "
                "WHERE created_at NOT BETWEEN '2024-03-16 00:00:00Z' AND '2024-03-18 00:00:00Z'"
            ),
            [(840, 12)],
        ),
    ],
    "bot-or-not-31": [
        (ANSWERS_OF_POSTS + " ORDER BY 1", [("bot", 1005), ("human", 4643 - 1005)]),
        (
            (
                "SELECT min(created_at) >= '2024-03-16 00:00:00Z', max(created_at) < '2024-03-18"
                " 00:00:00Z' FROM posts"
            ),
            [(True, True)],
        ),
    ],
    "vk-2021": [
        (
            (
                "SELECT count(*) FROM (SELECT account_id FROM claims WHERE answer = 'bot' GROUP BY"
                " 1 HAVING count(*) > 1)"
            ),
            [(231,)],
        ),
        (
            (
                "SELECT count(*) FROM (SELECT account_id FROM claims WHERE answer = 'human' GROUP"
                " BY 1 HAVING count(*) > 1)"
            ),
            [(8,)],
        ),
    ],
    "vk-2021-answers": [
        (
            (
                "SELECT count(DISTINCT claimant), count(DISTINCT account_id), count(made_at) FROM"
                " claims"
            ),
            [(62, 2160, 2877)],
        ),
        (
            "SELECT attributes['truth'], count(*) FROM claims GROUP BY 1 ORDER BY 1",
            [("BOT", 1821), ("USER", 1056)],
        ),
    ],
    "twibot22-experts": [
        (
            (
                "SELECT count(DISTINCT claimant), count(DISTINCT account_id) FROM claims WHERE"
                " claimant_kind = 'person'"
            ),
            [(18, 1000)],
        ),
        ("SELECT count(DISTINCT account_id) FROM claims WHERE claimant_kind = 'dataset'", [(986,)]),
    ],
    "twibot22-study-20": [
        (
            "SELECT count(*), count(DISTINCT claimant), count(DISTINCT account_id) FROM claims",
            [(1500, 6, 500)],
        )
    ],
    "twibot22-study-22": [
        (
            "SELECT count(*), count(DISTINCT claimant), count(DISTINCT account_id) FROM claims",
            [(1500, 6, 500)],
        )
    ],
    "instagram-fake-spammer": [
        (
            "SELECT attributes['part'], count(*) FROM claims GROUP BY 1 ORDER BY 1",
            [("test", 120), ("train", 576)],
        ),
        (
            (
                "SELECT answer, count(DISTINCT (followers, following, posts_total, protected,"
                " default_avatar, extra)::VARCHAR) FROM claims JOIN accounts USING (account_id)"
                " GROUP BY 1 ORDER BY 1"
            ),
            [("bot", 345), ("human", 347)],
        ),
    ],
    "weibo-pybotfinder-ids": [
        (
            "SELECT attributes['kind'], count(*) FROM claims GROUP BY 1 ORDER BY 1",
            [
                ("bot", 4994),
                ("government", 597),
                ("human", 2782),
                ("influencer", 931),
                ("media", 781),
            ],
        ),
        (
            "SELECT count(*) FROM (SELECT account_id FROM claims GROUP BY 1 HAVING count(*) > 1)",
            [(54,)],
        ),
    ],
    "twibot-20-sample": [
        ("SELECT count(DISTINCT account_id), count(created_at) FROM posts", [(99, 0)]),
        (
            "SELECT kind, count(*), count(DISTINCT (source_id, target_id)) FROM edges GROUP BY 1",
            [("follows", 1139, 1139)],
        ),
        (
            (
                "SELECT count(*) FROM accounts WHERE ends_with(handle, ' ') OR handle = 'None' OR"
                " url = 'None'"
            ),
            [(0,)],
        ),
    ],
}


@pytest.fixture(scope="module")
def pulled(shared_data, tmp_path_factory):
    """Pulls each data set once for this file: its document and, over its rows, a way to ask."""
    with Store(tmp_path_factory.mktemp("index") / "store") as store:

        def pull_one(name):
            document = pull(store, cards.load(name), shared_data / INDEX[name][0]).document()
            for table in ("accounts", "posts", "claims", "edges"):
                rows = f"FROM {store.relation(table)} WHERE dataset = '{name}'"
                store.connection.execute(f"CREATE OR REPLACE TEMP VIEW {table} AS {rows}")
            return document, lambda query: store.connection.execute(query).fetchall()

        pull_one.store = store
        yield pull_one


@pytest.mark.parametrize("name", INDEX)
def test_pull_gives_the_figures_of_the_index(pulled, name):
    _, accounts, posts, claims, answers, conflicts, unprofiled = INDEX[name]
    document, ask = pulled(name)
    told = {
        key: document[key]
        for key in ("accounts", "posts", "claims", "answers", "conflicts", "unprofiled")
    }
    assert told == {
        "accounts": accounts,
        "posts": posts,
        "claims": claims,
        "answers": claims if answers is None else answers,
        "conflicts": conflicts,
        "unprofiled": unprofiled,
    }
    assert {t: c["quarantined"] for t, c in document["tables"].items()} == dict.fromkeys(
        document["tables"], 0
    )
    for query, rows in MORE.get(name, ()):
        assert ask(query) == rows, query


COUNTED = re.compile(r"^([\d,]+) rows?(?: of ([\d,]+) accounts?)?\b")


@pytest.mark.parametrize("name", INDEX)
def test_validation_finds_what_the_card_lists_and_breaks_nothing(pulled, name):
    """Rule by rule, with the rows and accounts that the card gives; before any consensus, which is
    not the data set's.
    """
    pulled(name)
    found = run.validate(pulled.store, name)
    listed = {
        rule: COUNTED.match(said)
        for rule, said in run.known_issues(cards.load(name).document).items()
    }
    assert all(listed.values()), (
        f"counts first: {[rule for rule, counts in listed.items() if not counts]}"
    )
    assert {
        f"{f.table}.{f.rule.name}": (f.rows, f.accounts)
        for s in found.suites
        for f in (*s.warnings, *s.failures)
    } == {
        rule: tuple(int((n or "0").replace(",", "")) for n in counts.groups())
        for rule, counts in listed.items()
    }
    assert found.success and not any(s.errors for s in found.suites)


@pytest.mark.parametrize("name", INDEX)
def test_cards_expect_the_figures_of_the_index(name):
    """The same figures stand on the card, for whoever reads only that."""
    _, accounts, posts, claims, answers, conflicts, unprofiled = INDEX[name]
    expected = cards.load(name).expected
    told = [expected[key] for key in ("accounts", "posts", "claims", "unprofiled")]
    assert told == [accounts, posts, claims, unprofiled]
    if claims:
        assert expected["answers"] == (claims if answers is None else answers)
        assert expected["conflicts"] == conflicts


def test_every_card_with_files_is_in_the_index():
    assert {c.id for c in cards.all_cards().values() if not c.simulated} == set(INDEX)


def test_the_same_pull_again_changes_nothing(pulled):
    first, _ = pulled("gilani-2017")
    again, _ = pulled("gilani-2017")
    assert again == first | {"unchanged": True}
