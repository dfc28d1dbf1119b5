"""The page to go through after a training round, in a real Chromium: desk and phone, no request,
hostile notes stay text.
"""

import os
import shutil
from pathlib import Path

import pytest

from curation.annotation.monitoring.feedback_page import page
from curation.annotation.scheme.scheme import Scheme

pytestmark = pytest.mark.chromium
CHROMIUM = os.environ.get("BOTBENCH_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
HOSTILE = (
    "<script>window.__pwn=1</script><img src='http://127.0.0.1:9/x' onerror='window.__pwn=2'>"
    " \u202egnp.exe " + "x" * 300
)


def rows(*alike, note=None):
    said = {True: ("bot", "bot"), False: ("human", "bot")}
    return [
        {
            "account": "7",
            "yours": said[a][0],
            "adjudicated": said[a][1],
            "alike": a,
            "reasons": ["sleepless", "in step"],
            "note": note,
        }
        for a in alike
    ]


@pytest.fixture
def browser(chromium):
    return chromium


def test_the_feedback_page(browser, tmp_path):
    file = tmp_path / "feedback.html"
    found = {"ana": rows(True, True, False), "<b>ben": rows(True, False, note=HOSTILE)}
    file.write_text(page(found, Scheme.load()), encoding="utf-8")
    pictures = Path(os.environ.get("BOTBENCH_SCREENSHOTS", tmp_path))
    pictures.mkdir(parents=True, exist_ok=True)
    for name, width in (("wide", 1440), ("phone", 390)):
        for theme in ("light", "dark"):
            sheet = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=theme)
            sheet.set_default_timeout(180_000)
            requests = []
            sheet.on("request", lambda request, seen=requests: seen.append(request.url))
            sheet.goto(file.as_uri())
            sheet.screenshot(path=pictures / f"feedback-{name}-{theme}.png", full_page=True)
            told = sheet.inner_text("main")
            assert (
                "ana: 2 of 3" in told
                and "<b>ben: 1 of 2" in told
                and "<script>window.__pwn=1</script>" in told
            )
            assert "U+202E" in told and "Never sleeps, In step" in told
            assert requests == [file.as_uri()] and sheet.evaluate("window.__pwn") is None
            assert sheet.evaluate("document.documentElement.scrollWidth") <= width
            tables = sheet.evaluate(
                "[...document.querySelectorAll('table')].map(t => t.getBoundingClientRect().right"
                " - window.innerWidth)"
            )
            assert max(tables) <= 1, "nothing to be scrolled sideways"
            sheet.close()
