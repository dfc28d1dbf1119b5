"""Reports of an operation: the document on a made-up cohort, odd data, and the exact counts of the
Internet Research Agency's posts.
"""

import csv
import json
from pathlib import Path

import pytest

from benchmarks.study.operation import page
from botbench.core.errors import UserError


def test_the_document_of_a_made_up_cohort(asked, tmp_path):
    found = asked(
        events={"2020-05-02": "Vote"},
        missing={"accounts": 2, "why": "nobody kept them"},
        groups=[{"by": "column", "column": "extra.part", "name": "part"}],
    )
    document = found.document("x")
    first = document["ranking"][0]
    assert {k: first[k] for k in ("day", "kind", "item", "posts", "rank")} == {
        "day": "2020-05-01",
        "kind": "hashtag",
        "item": "vote",
        "posts": 4,
        "rank": 1,
    }
    assert {r["kind"] for r in document["ranking"]} == {"hashtag", "domain", "link", "mention"}
    assert (
        document["rates"] == []
        and document["groups"] == []
        and document["network"].endswith("network.graphml")
    )
    assert (document["accounts"], document["posts"], document["simulated"]) == (4, 7, True)
    assert found.ranking.headline.item == "vote" and found.ranking.headline.day == "2020-05-02"
    assert found.leads[0][1] == "The posts of 2 accounts are missing: nobody kept them."
    written = page.write(found, tmp_path / "out")
    assert (
        json.loads((tmp_path / "out" / "study.json").read_text())["ranking"] == document["ranking"]
    )
    for link in _links(written.read_text(encoding="utf-8")):
        with (tmp_path / "out" / link).open(newline="", encoding="utf-8") as handle:
            assert len(next(csv.reader(handle))) > 1
    by_part = next(p for p in found.pieces if p.name == "categories")
    assert {row[0]: row[2] for row in by_part.rows} == {"red": 5, "blue": 2}
    assert "SIMULATED" in written.read_text(encoding="utf-8")


def test_the_same_from_python(cohort, tmp_path):
    import botbench

    file = tmp_path / "campaign.yaml"
    file.write_text("{name: made-up, kind: operation, dataset: made-up}")
    workspace = botbench.open(cohort.home)
    found = workspace.operation(file, tmp_path / "out")
    assert found.frame()["item"][0] == "vote" and "most used hashtag" in repr(found)
    assert "most used hashtag" in found._repr_html_() and "SIMULATED" in found._repr_html_().upper()
    assert Path(found.report).is_file() and Path(found.network).is_file()
    with pytest.raises(UserError, match="kind: operation"):
        workspace.study(file)


def _links(html):
    return [part.split('"')[0] for part in html.split('href="') if part.startswith("figures/")]


def test_the_posterior_of_members_is_the_claims_own_confidence(asked):
    found = asked(
        cohort={"claimant": "nobody"},
        events={"2020-05-01": "river"},
    )
    robustness = found.ranking.robustness["2020-05-01", "river"]
    # without ann nobody writes #river that day, and ben's #vote is left
    assert (robustness.by_posterior.median, robustness.by_posterior.high) == (2, 2)


@pytest.mark.parametrize(
    ("posts", "sentences"),
    [
        (
            [
                ("ann", "", "#a"),
                ("ben", "2020-05-01 10:00:03", ""),
                *[("ben", "2020-05-01 10:00:05", "#a")] * 3,
            ],
            (
                "1 of 5 posts have no time",
                "1 of 5 posts have no text",
                "2 of 5 posts repeat another",
                "The event Later (2021-01-01) is outside the posts",
            ),
        ),
        (
            [("ann", "2020-05-01 10:00:00", "words")],
            ("Every time is a whole minute", "The cohort is one account", "nothing is ranked"),
        ),
        (
            [("ann", "", "#a"), ("ben", "", "#a")],
            ("No post has a time", "1 event cannot be placed"),
        ),
    ],
)
def test_odd_data_gets_a_sentence(asked, tmp_path, posts, sentences):
    found = asked(posts, events={"2021-01-01": "Later"})
    html = page.write(found, tmp_path / "out").read_text(encoding="utf-8")
    said = " ".join(found.notes) + html
    assert [s for s in sentences if s not in said] == []


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"cohort": {"claimant": "somebody"}}, "no account in the campaign"),
        ({"window": {"from": "2019-01-01", "to": "2019-02-01"}}, "No account of made-up belongs"),
        (
            {"window": {"from": "2019-01-01", "to": "2019-02-01"}, "accounts": "all"},
            "posted nothing in the window",
        ),
        ({"settings": {"operation": {"tops": 3}}}, "settings.operation"),
        ({"settings": {"operation": {"top": 0}}}, "expected a whole number from 1"),
        ({"settings": {"operation": {"of": ["hashtags"]}}}, "hashtag"),
        ({"events": {"soon": "x"}}, "events"),
        ({"missing": {"accounts": 0}}, "missing.accounts"),
        ({"cohort": {"claimant": "nobody", "posterior": "no.csv"}}, "There is no file"),
    ],
)
def test_what_cannot_be_reported_is_refused_in_a_sentence(asked, fields, sentence):
    with pytest.raises(UserError, match=sentence):
        asked(**fields)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("account_id,p\nann,7\n", "not numbers from 0 to 1"), ("a,b\n1,2\n", "no column account_id")],
)
def test_a_posterior_that_is_no_probability_is_refused(asked, tmp_path, text, sentence):
    (tmp_path / "sure.csv").write_text(text)
    with pytest.raises(UserError, match=sentence):
        asked(cohort={"claimant": "nobody", "posterior": "sure.csv"})


LONG = "the mayor walked over the river and back again before lunch"


def test_a_post_that_is_known_by_its_words_is_counted_from_narrow_to_wide(asked):
    """By hand: 2 reposts letter for letter, 1 more with a link, 2 more that say RT, 1 that copies,
    1 that is cut; another text is passed on once.
    """
    when = "2020-05-01 10:00:0"
    found = asked(
        [
            ("bob", f"{when}0", LONG),
            ("ann", f"{when}1", LONG, "repost"),
            ("ben", f"{when}2", LONG, "repost"),
            ("cem", f"{when}3", f"{LONG} https://t.co/x", "repost"),
            ("dan", f"{when}4", f"RT @bob: {LONG}"),
            ("dan", f"{when}5", f"RT Eve: {LONG}!"),
            ("eve", f"{when}6", f"RT @bob: {LONG[:50]}"),
            ("eve", f"{when}7", "RT @bob: another text that somebody once passed on"),
        ]
    )
    table = next(p for p in found.pieces if p.name == "post-words")
    assert [row[1:] for row in table.rows] == [(2, 2), (3, 3), (5, 4), (6, 5), (7, 6)]
    said = next(s for s in found.sections if s.name == "spread").answer.blocks[0].text
    assert "5 times by 4 accounts" in said and "credit 2 names" in said
    assert "stand here before that" in said
    credited = next(p for p in found.pieces if p.name == "amplified-by-words")
    assert credited.rows[0][:3] == ("bob", 3, 2)


@pytest.fixture(scope="module")
def agency(ira, tmp_path_factory):
    """The shipped campaign's hashtags, with few draws of what no test reads."""
    from benchmarks.study.campaign.load import load
    from benchmarks.study.operation import members, rank_rows
    from benchmarks.study.study import Study

    file = Path(__file__).parents[4] / "datasets/ira-2017-summer/operation.yaml"
    campaign = load(file)
    study = Study.open(ira, campaign)
    found = members.read(study)
    settings = rank_rows.Settings(of=("hashtag",))
    return found, rank_rows.rank(found, settings, campaign.events)


@pytest.mark.data
def test_the_ranks_of_charlottesville_are_exact(agency):
    _, ranking = agency
    rows = {r.day: r for r in ranking.rows if r.item == "charlottesville"}
    told = [(rows[d].rank, rows[d].posts) for d in ("2017-08-12", "2017-08-13", "2017-08-14")]
    assert told == [(5, 241), (2, 369), (5, 139)]
    assert (rows["2017-08-13"].low, rows["2017-08-13"].high) == (1, 5)
    assert ranking.headline == rows["2017-08-13"]
    carried = ranking.robustness["2017-08-13", "charlottesville"]
    assert (len(carried.carried_by), carried.carried, carried.up, carried.down) == (4, 81, 90, 70)
    assert carried.with_missing.median > 2


@pytest.mark.data
def test_the_story_page_says_the_same(agency):
    _, ranking = agency
    page = (Path(__file__).parents[4] / "docs/story.md").read_text(encoding="utf-8")
    for day in ("2017-08-12", "2017-08-13", "2017-08-14"):
        row = next(r for r in ranking.rows if (r.day, r.item) == (day, "charlottesville"))
        assert f"number {row.rank} on {day} with {row.posts} posts" in page
    assert [f"### S{i}. " in page for i in range(1, 9)] == [True] * 8


@pytest.mark.data
def test_the_account_days_over_90_posts_are_exact(agency):
    from benchmarks.study.operation import activity

    found, _ = agency
    rates = activity.rates(found)
    assert (len(rates), len({a for a, _, _ in rates}), rates[0][2]) == (530, 69, 1070)
    assert (found.size, len(found.ids), int(found.posts.sum())) == (606, 606, 261_463)
