"""Pages about annotators and data in a real Chromium, with every text that strangers can write made
hostile. The card's own test is in test_card_page.py.
"""

from datetime import UTC, datetime

import pytest

from botbench.core.hashing import canonical_json
from curation.annotation.monitoring import feedback_page, status_page
from curation.annotation.scheme.scheme import Scheme
from curation.labels import annotator_pages
from curation.store.schema import rows
from curation.validation import report, run

pytestmark = pytest.mark.chromium
T = datetime(2020, 1, 1, tzinfo=UTC)
WIDTHS = (1280, 390)
LITERAL = ("<script>window.__pwn=1", "{{7*7}}", "⟨U+202E⟩gnp.exe", "</script></style></title>")


@pytest.fixture
def texts(hostile_texts):
    return hostile_texts(longest=300)


def literal(shown, *wanted):
    missing = [text for text in wanted or LITERAL if text not in shown]
    assert not missing, missing


@pytest.mark.parametrize("width", WIDTHS)
def test_status(looked_at, texts, tmp_path, width):
    person = {
        "assigned": 3,
        "done": 1,
        "skipped": 0,
        "rejected": 0,
        "median_seconds": 4.0,
        "gold_seen": 1,
        "gold_right": 1,
        "gold_low": 0.2,
        "gold_high": 1.0,
        "review": False,
        "hurried": None,
    }
    found = {
        "all": {**person, "expected_end": None, "accounts_a_day": None},
        "simulated": texts,
        "simulated_annotators": texts,
        "found": texts,
        "set_aside_for_review": texts[:2],
        "agreement": {"alpha": None, "low": None, "high": None, "pairs": 0, "few": True},
        "waiting_for_adjudication": 0,
        "annotators": dict.fromkeys(texts, person),
        "projects": [{"batch": t, "part": t, "assigned": 2, "done": 1} for t in texts],
    }
    file = tmp_path / "status.html"
    file.write_text(status_page.page(found, {t: t for t in texts[:8]}), encoding="utf-8")
    literal(looked_at(file, width))


@pytest.mark.parametrize("width", WIDTHS)
def test_feedback(looked_at, texts, tmp_path, width):
    said = {"account": "7", "yours": "bot", "adjudicated": "human", "alike": False, "reasons": []}
    file = tmp_path / "feedback.html"
    people = {t: [{**said, "note": t, "yours": t, "reasons": [t]}] for t in texts}
    file.write_text(feedback_page.page(people, Scheme.load()), encoding="utf-8")
    literal(looked_at(file, width), "U+202E", *LITERAL[:2])


@pytest.mark.parametrize("width", WIDTHS)
def test_quality(looked_at, texts, tmp_path, width):
    share = {"value": 0.5, "low": 0.2, "high": 0.8, "n": 12}
    document = {
        "dataset": texts[0],
        "batch": texts[7],
        "simulated": True,
        "simulated_annotators": texts[:3],
        "gold": {"source": texts[6], "accounts": 12},
        "annotators": [
            {
                "annotator": t,
                "answers": 12,
                "accounts": 12,
                "cannot_tell": 0.0,
                "says_bot": 0.5,
                "sensitivity": share,
                "specificity": share,
                "with_others": share,
                "seconds": {"n": 3, "median": 4.0, "low": 3.0, "high": 5.0},
                "run": {"length": 12, "answer": t},
                "notes": {"notes": 3, "repeated": 2},
                "warnings": [t],
            }
            for t in texts
        ],
        "by": {"stratum": [{"value": t, "right": 1, "wrong": 1, "undecided": 0} for t in texts]},
    }
    pages = annotator_pages.write(tmp_path / "pages", document)
    literal(looked_at(pages["lead"], width))
    for text in (texts[0], texts[7]):
        looked_at(pages["annotators"][text], width)


@pytest.mark.parametrize("width", WIDTHS)
def test_validation(looked_at, texts, store, width):
    """Ids and bios of strangers, and a card of others with a title, known issues and rules."""
    ids = [t.replace("\x00", "") for t in texts]
    account = {"dataset": "d", "platform": "twitter", "observed_at": T, "pull_id": "p"}
    card = {
        "id": "d",
        "title": texts[0] + texts[7],
        "licence": texts[16],
        "citation": texts[6],
        "known_issues": texts,
        "label": {"meaning": texts[1], "claimant": texts[2], "claimant_kind": "dataset"},
    }
    pull = {"pull_id": "p", "dataset": "d", "card": canonical_json(card), "finished_at": T}
    accounts = [{**account, "account_id": t, "bio": "\ufffd" + t, "followers": -1} for t in ids]
    store.append(
        {
            "pulls": rows("pulls", [{**pull, "reader_version": "1"}]),
            "accounts": rows("accounts", accounts),
        },
        texts[0],
        texts[7],
    )
    shown = looked_at(report.write(store.home, run.validate(store, "d")), width)
    literal(shown)
