"""The pages of an operation and of one account in a real Chromium: strangers' texts run nothing,
nothing leaves the page, it fits a phone, and the report prints on five pages.
"""

import re

import pytest

from benchmarks.study.account import page as account_page
from benchmarks.study.operation import page

pytestmark = pytest.mark.chromium


@pytest.fixture
def written(asked, hostile_texts, tmp_path):
    texts = hostile_texts(longest=150)
    found = asked(
        title=texts[0] + texts[7],
        events={"2020-05-02": texts[0], "2020-05-01": texts[16]},
        missing={"accounts": 1, "why": texts[0]},
        groups=[{"by": "column", "column": "extra.part", "name": texts[16]}],
    )
    return page.write(found, tmp_path / "out")


@pytest.mark.parametrize("width", [1280, 390])
def test_texts_of_strangers_run_nothing_in_the_report(written, looked_at, width):
    shown = looked_at(written, width)
    assert "<script>window.__pwn=1" in shown and "If the list of accounts is wrong" in shown


def test_the_report_prints_on_five_pages(written, chromium, tmp_path):
    tab = chromium.new_page()
    tab.goto(written.as_uri())
    tab.pdf(path=str(tmp_path / "report.pdf"), prefer_css_page_size=True)
    tab.close()
    pages = len(re.findall(rb"/Type\s*/Page[^s]", (tmp_path / "report.pdf").read_bytes()))
    assert 1 <= pages <= 5


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_of_one_account_fits_and_asks_for_nothing(cohort, looked_at, tmp_path, width):
    written = account_page.write(account_page.read(cohort, "ann"), tmp_path / "page")
    assert "Nothing on this page is a verdict" in looked_at(written, width)
