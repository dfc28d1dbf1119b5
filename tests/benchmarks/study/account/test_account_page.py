"""The evidence page of one account: numbers by hand, claims named as claims, wrong ids."""

import dataclasses
import datetime as dt

import pytest

from benchmarks.study.account import page
from botbench.core.errors import UserError


@pytest.fixture(scope="module")
def busiest(made):
    from curation.store.store import Store

    with Store(made[0] / "store") as store:
        return store.connection.execute(
            "SELECT account_id, count(*) FROM lake.main.posts GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1"
        ).fetchone()


def test_the_page_from_the_command_line(cli, made, busiest, tmp_path):
    account, posts = busiest
    told = cli.json(
        *("study", "one-account", account, "--out", tmp_path / "page"),
        BOTBENCH_STORE=str(made[0] / "store"),
    )
    assert (told["account"], told["posts"], told["dataset"]) == (account, posts, "tiny-campaign")
    assert told["simulated"] and told["most_in_a_day"] >= told["days_over"]["90"]
    assert {c["who"] for c in told["tables"]["claims"]} == {"simulator"}
    html = (tmp_path / "page" / "report.html").read_text(encoding="utf-8")
    assert "SIMULATED" in html and 'class="ac"' in html and "no number here proves" in html
    assert (tmp_path / "page" / "study.json").is_file()


def test_the_same_account_gives_the_same_bytes(opened, busiest, tmp_path):
    found = page.read(opened, busiest[0])
    one, two = (
        page.write(found, tmp_path / name, dt.date(2020, 1, 1)).read_bytes() for name in "ab"
    )
    assert one == two and found.first <= found.last and len(found.days) == 4


def test_counts_are_whole_and_a_day_that_never_was_is_said_so(opened, busiest, tmp_path):
    """A median of 0 posts is 0, not .000; "over 90 on 0 days" is "never over 90"."""
    found = page.read(opened, busiest[0])
    quiet = dataclasses.replace(found, days=(0, 0, 0, 0), most=3)
    assert quiet.lead.endswith(": at most 3 on a day, never over 90.")
    busy = dataclasses.replace(found, days=(2, 1, 1, 0), most=100)
    assert busy.lead.endswith(": at most 100 on a day, and over 90 on 1 day.")
    [rate] = [b for b in found.blocks if getattr(b, "name", "").endswith("-rate")]
    assert not any(isinstance(n, float) and n == int(n) for _, n in rate.rows)
    html = page.write(found, tmp_path / "p", dt.date(2020, 1, 1)).read_text(encoding="utf-8")
    assert ">.000<" not in html


@pytest.mark.chromium
def test_the_card_on_the_page_is_laid_out_as_for_annotators(chromium, opened, busiest, tmp_path):
    """The report's rules for sections are not the card's: headings stand on their content."""
    file = page.write(page.read(opened, busiest[0]), tmp_path / "p", dt.date(2020, 1, 1))
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    tab = context.new_page()
    tab.goto(file.as_uri())
    shown = tab.eval_on_selector_all(".ac section", "s => s.map(e => getComputedStyle(e).display)")
    assert shown and set(shown) == {"block"}
    gap = "s => s.map(e => e.querySelector('ol').getBoundingClientRect().top - e.querySelector('.ac-h').getBoundingClientRect().bottom)"
    assert max(tab.eval_on_selector_all(".ac section:has(ol)", gap)) < 8
    context.close()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"account": "nobody"}, "There is no account in the store"),
        ({"account": "nobody", "dataset": "tiny-campaign"}, "There is no account of tiny-campaign"),
        ({"account": "nobody", "dataset": "tiny"}, "tiny-campaign"),
    ],
)
def test_an_unknown_account_is_refused_with_the_closest(opened, given, sentence):
    with pytest.raises(UserError, match=sentence):
        page.read(opened, **given)
