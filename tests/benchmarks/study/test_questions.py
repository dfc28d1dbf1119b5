"""Ranking, one post, one account, coordination: figures counted again by hand on a small simulated
campaign.
"""

import numpy as np
import pytest

from benchmarks.study.questions import Overview, ranking
from botbench.core.errors import UserError


def table(found, name):
    return next(b for b in found.blocks if getattr(b, "name", "") == name)


@pytest.fixture
def ask(opened, campaign):
    """ask(question, store=None, **fields): one question's answer on the small campaign."""
    from benchmarks.study.campaign import load as campaigns
    from benchmarks.study.questions import QUESTIONS
    from benchmarks.study.study import Study

    def asked(name, store=None, **fields):
        chosen = campaigns.load(campaign(**fields))
        return QUESTIONS.get(name).ask(Study.open(store or opened, chosen))

    return asked


def test_ranks_and_their_intervals_by_hand():
    """Two items from the same accounts 5 to 1 never change places; one account's burst makes a rank
    that does not hold.
    """
    steady = np.array([[5.0, 1.0]] * 50)
    assert [v.tolist() for v in ranking.intervals(steady, 200, 0)] == [[1, 2], [1, 2], [1, 2]]
    burst = np.zeros((50, 2))
    burst[0, 0], burst[:, 1] = 60, 1
    ranks, low, high = ranking.intervals(burst, 400, 0)
    assert ranks.tolist() == [1, 2] and (low[0], high[0]) == (1, 2)
    assert ranking.intervals(np.array([[1.0, 1.0]]), 50, 0)[0].tolist() == [1, 1]


def test_the_cohorts_hashtags_day_by_day(ask, opened):
    answer = ask(
        "ranking",
        cohort={"answer": "bot"},
        settings={"ranking": {"top": 3, "of": ["hashtags"], "draws": 50}},
    )
    found = table(answer, "ranking-hashtags")
    day, rank, low, high, item, mine, part, _ = found.rows[0]
    by_hand = opened.connection.execute(
        """
        WITH bots AS (SELECT DISTINCT account_id FROM lake.main.claims WHERE answer = 'bot')
        SELECT lower(tag), count(*) FILTER (account_id IN (FROM bots)) AS mine, count(*) FROM (
            SELECT account_id, created_at, unnest(hashtags) AS tag FROM lake.main.posts)
        WHERE strftime(created_at, '%Y-%m-%d') = ? GROUP BY 1 ORDER BY mine DESC, 1""",
        [day],
    ).fetchall()
    assert (rank, item, mine) == (1, by_hand[0][0], by_hand[0][1]) and low <= rank <= high
    assert part == pytest.approx(by_hand[0][1] / by_hand[0][2])
    days = sorted({r[0] for r in found.rows})
    later = [r for r in found.rows if r[0] == days[1]]
    before = {r[4]: r[1] for r in found.rows if r[0] == days[0]}
    assert all(r[7] == (before[r[4]] - r[1] if r[4] in before else None) for r in later)


def test_what_the_cohort_posted_most_is_counted_over_the_window(ask, opened):
    answer = ask(
        "ranking",
        cohort={"answer": "bot"},
        settings={"ranking": {"of": ["hashtags"], "draws": 5}},
    )
    most = next(b for b in answer.blocks if isinstance(b, Overview)).rows
    by_hand = opened.connection.execute(
        """
        WITH bots AS (SELECT DISTINCT account_id FROM lake.main.claims WHERE answer = 'bot'),
        tags AS (SELECT DISTINCT post_id, account_id, lower(unnest(hashtags)) AS tag
                 FROM lake.main.posts)
        SELECT tag, count(*) FILTER (account_id IN (FROM bots)) AS mine, count(*)
        FROM tags GROUP BY 1 ORDER BY mine DESC, 1 LIMIT 3"""
    ).fetchall()
    assert [(item, n) for _, item, n, _ in most] == [(tag, n) for tag, n, _ in by_hand]
    assert most[0][3] == pytest.approx(by_hand[0][1] / by_hand[0][2])
    assert f"The hashtag it posted most is {by_hand[0][0]}." in answer.lead


def test_without_a_cohort_nothing_is_ranked(ask):
    assert ask("ranking").blocks == []
    assert "no account" in ask("ranking", cohort={"answer": "organisation"}).blocks[0].text
    with pytest.raises(UserError, match="hashtags"):
        ask("ranking", cohort={"answer": "bot"}, settings={"ranking": {"of": ["hashtag"]}})


def most_reposted(store):
    return store.connection.execute(
        "SELECT ref_post_id, count(*), count(DISTINCT account_id) FROM lake.main.posts WHERE kind ="
        " 'repost' AND ref_post_id IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1"
    ).fetchone()


def test_who_spread_one_post(ask, opened):
    post, n, accounts = most_reposted(opened)
    answer = ask("one-post", settings={"one-post": {"post": post}})
    assert (
        f"reposted {n:,} times" in answer.blocks[0].text
        and f"by {accounts:,} accounts" in answer.blocks[0].text
    )
    assert (
        sum(r[1] for r in table(answer, "post-ages").rows)
        == n
        == sum(r[1] for r in table(answer, "post-speed").rows)
    )
    for e in answer.estimates:
        assert e.low <= e.value <= e.high
    assert answer.estimates or answer.refused
    assert table(answer, "post-curve").rows[-1][1] == n
    with pytest.raises(UserError, match="nobody in the campaign reposted"):
        ask("one-post", settings={"one-post": {"post": "nonsense"}})


def test_the_evidence_on_one_account(ask, opened):
    account, n = opened.connection.execute(
        "SELECT account_id, count(*) FROM lake.main.posts GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1"
    ).fetchone()
    answer = ask("one-account", settings={"one-account": {"accounts": [account]}})
    rate = dict(
        table(
            answer, next(b.name for b in answer.blocks if getattr(b, "name", "").endswith("-rate"))
        ).rows
    )
    days = opened.connection.execute(
        "SELECT max(n) FROM (SELECT count(*) AS n FROM lake.main.posts WHERE account_id = ? "
        "GROUP BY created_at::DATE)",
        [account],
    ).fetchone()[0]
    assert rate["posts on the worst day"] == days
    hours = next(b for b in answer.blocks if getattr(b, "name", "").endswith("-hours"))
    assert sum(r[2] for r in hours.rows) == n
    claims = next(b for b in answer.blocks if getattr(b, "name", "").endswith("-claims"))
    assert {r[2] for r in claims.rows} == {"simulator"}
    assert ask("one-account").blocks == []
    with pytest.raises(UserError, match="no account of the campaign"):
        ask("one-account", settings={"one-account": {"accounts": ["nobody"]}})


def test_coordination_says_what_it_did(ask):
    answer = ask("coordination", settings={"coordination": {"window": 30}})
    assert "within 30 seconds" in answer.blocks[0].text
    with pytest.raises(UserError, match="repost"):
        ask("coordination", settings={"coordination": {"of": ["retweet"]}})


def test_the_network_is_written_beside_the_report(study, campaign, tmp_path):
    """With codes, from the campaign's groups; the document tells of the files."""
    import igraph
    import pyarrow.parquet as pq

    from benchmarks.study.report import report

    path = campaign(
        questions=["coordination"],
        groups=["language"],
        settings={"coordination": {"codes": "language", "window": 600, "of": ["repost", "rhythm"]}},
    )
    found, before = study(path)
    page = report.write(found, tmp_path / "out")
    document = found.document(str(page))
    assert "network" not in before and document["network"].startswith(str(tmp_path / "out"))
    graph = igraph.Graph.Read_GraphML(document["network"])
    ties = pq.read_table(tmp_path / "out" / "network-ties.parquet")
    assert graph.ecount() == ties.num_rows and "agreement" in document
    assert graph.vcount() == sum(len(g["accounts"]) for g in document["groups"])


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"codes": "side"}, "codes.*Known: language"),
        ({"window": 0}, "window must be a number above 0"),
        ({"rate": 2}, "rate must be a number above 0 and at most 1"),
        ({"of": "repost"}, "of must be a list"),
        ({"windows": 60}, "window"),
    ],
)
def test_wrong_settings_of_coordination_are_told(ask, settings, says):
    with pytest.raises(UserError, match=says):
        ask("coordination", groups=["language"], settings={"coordination": settings})
