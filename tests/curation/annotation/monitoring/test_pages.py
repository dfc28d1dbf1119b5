"""The pages of status, quality and feedback in a real Chromium: who needs a talk stands first, what
few answers cannot say is said, and rows lead to cards.
"""

import pyarrow as pa
import pytest

from curation.annotation.card.card import cards
from curation.annotation.monitoring import feedback_page, status_page
from curation.annotation.monitoring.status import sentences
from curation.annotation.scheme.scheme import Scheme
from curation.labels import annotator_pages
from tests.curation.annotation.conftest import DATASET

pytestmark = pytest.mark.chromium
PERSON = {
    "assigned": 12,
    "done": 10,
    "skipped": 0,
    "rejected": 0,
    "median_seconds": 30.0,
    "gold_seen": 10,
    "gold_right": 9,
    "gold_low": 0.6,
    "gold_high": 0.98,
    "review": False,
    "hurried": None,
}
FAST = "Half of the answers took at most 1 s: too short to read a card."


def status(**changed):
    people = {
        "ana": PERSON,
        "ben": {**PERSON, "median_seconds": 1.0, "hurried": FAST},
        "cem": {**PERSON, "gold_right": 2, "gold_low": 0.06, "gold_high": 0.51, "review": True},
        "dia": {**PERSON, "gold_seen": 3, "gold_right": 3},
    }
    agreement = {"alpha": 0.7, "low": 0.2, "high": 0.9, "percent": 80.0, "pairs": 9}
    return {
        "all": {**PERSON, "expected_end": None},
        "simulated": ["made-up"],
        "simulated_annotators": [],
        "set_aside_for_review": ["cem"],
        "agreement": {**agreement, "accounts": 6, "few": True},
        "waiting_for_adjudication": 1,
        "annotators": people,
        "projects": [{"batch": "b0123", "part": "ana", "assigned": 12, "done": 10}],
        **changed,
    }


def test_the_status_names_who_needs_a_talk_and_judges_no_few(spotless, tmp_path):
    file = tmp_path / "status.html"
    file.write_text(status_page.page(status()), encoding="utf-8")
    tab = spotless(file)
    assert tab.locator(".simulated").inner_text().startswith("SIMULATED The accounts of made-up")
    assert tab.locator(".t").inner_text().count("6 accounts: too few to judge") == 1
    rows = tab.locator("table").first.locator("tbody tr").all_inner_texts()
    assert [r.split()[0] for r in rows] == ["ben", "cem", "ana", "dia"]
    assert "too fast" in rows[0] and "review" in rows[1] and "too few to judge" in rows[3]
    assert "To talk to first: ben, cem." in tab.inner_text("main")
    assert ".70" not in tab.inner_text("main"), "no alpha of six accounts"


def test_an_alpha_without_an_interval_says_so():
    """Where one answer is rare there is none: no lone dash in brackets."""
    bare = {**status()["agreement"], "accounts": 9, "few": False, "low": None, "high": None}
    page = status_page.page(status(agreement=bare))
    assert "(no interval)" in page and "(–)" not in page


def test_enough_accounts_have_their_alpha():
    enough = {**status()["agreement"], "accounts": 8, "few": False}
    said = " ".join(sentences(status(agreement=enough)))
    assert "alpha .70 (.20 to .90)" in said and "too few" not in said
    assert "6 accounts with several answers, under 8: too few" in " ".join(sentences(status()))
    assert f"ben: {FAST}" in said


def test_quality_says_simulated_and_who_comes_first(spotless, tmp_path):
    share = {"value": 0.5, "low": 0.2, "high": 0.8, "n": 12}
    person = {
        "answers": 12,
        "accounts": 12,
        "cannot_tell": 0.0,
        "says_bot": 0.5,
        "sensitivity": share,
        "specificity": {**share, "n": 3},
        "seconds": {"n": 12, "median": 4.0, "low": 3.0, "high": 5.0},
        "warnings": [],
    }
    people = [
        {**person, "annotator": "simulated-0"},
        {**person, "annotator": "simulated-1", "warnings": [FAST]},
    ]
    document = {
        "dataset": "made-up",
        "batch": None,
        "simulated": True,
        "simulated_annotators": ["simulated-0", "simulated-1"],
        "gold": {"source": "what adjudicators settled", "accounts": 12},
        "annotators": people,
    }
    pages = annotator_pages.write(tmp_path, document)
    tab = spotless(pages["lead"])
    assert "Nobody gave the answers of simulated-0, simulated-1." in tab.inner_text(".note")
    assert tab.locator("td.name").all_inner_texts() == ["simulated-1", "simulated-0"]
    own = spotless(pages["annotators"]["simulated-0"])
    assert "nobody in them exists" in own.inner_text(".note")
    assert "simulated-1" not in own.inner_text("body")


def test_a_feedback_row_leads_to_its_card(spotless, make, tmp_path):
    make.accounts({"account_id": "x", "bio": "<b>A bio</b>"}, {"account_id": "y"})
    make.posts(*[{"account_id": "x"}] * 3)
    scheme = Scheme.load()
    drawn = cards(make.store, scheme, DATASET, pa.table({"account_id": ["x", "y"]}))
    html = {c.account_id: c.html for c in drawn}
    row = {"yours": "bot", "adjudicated": "human", "alike": False, "reasons": [], "note": None}
    people = {"ana": [{**row, "account": "y"}, {**row, "account": "x"}]}
    file = tmp_path / "feedback.html"
    file.write_text(feedback_page.page(people, scheme, html), encoding="utf-8")
    tab = spotless(file, small=True)
    links = tab.locator("td a")
    assert links.all_inner_texts() == ["2", "1"]
    links.last.click()
    assert tab.url.endswith("#card-1")
    assert "<b>A bio</b>" in tab.locator("section:target").inner_text()
