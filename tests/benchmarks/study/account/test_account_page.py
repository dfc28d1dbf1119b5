"""The evidence page of one account: numbers by hand, claims named as claims, wrong ids."""

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
