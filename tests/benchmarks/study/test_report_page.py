"""The report in a real Chromium, from disk: no request leaves it, it fits a phone, prints, and
hostile text runs nothing.
"""

import csv
import os
import shutil
from datetime import date
from pathlib import Path

import pytest

from benchmarks.study.report import report

pytestmark = pytest.mark.chromium
CHROMIUM = os.environ.get("BOTBENCH_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
HOSTILE = (
    '<script>window.ran=1</script><img src="http://x.invalid/a.png"'
    ' onerror="window.ran=1">\u202egnp.exe'
)


@pytest.fixture
def browser(chromium):
    return chromium


@pytest.fixture
def page(study, campaign, tmp_path):
    side = {"by": "rule", "name": "side <b>", "rules": {HOSTILE: ["vote"], "other": ["river"]}}
    found, _ = study(
        campaign(
            title=HOSTILE, groups=["hashtag", side], questions=["share", "groups", "over-time"]
        )
    )
    return report.write(found, tmp_path / "out", date(2020, 1, 1)).as_uri()


@pytest.mark.parametrize("width", [1280, 390])
def test_names_of_strangers_in_a_report_run_nothing(
    study, campaign, looked_at, hostile_texts, tmp_path, width
):
    """Title, groups and hashtags of a campaign, each of the hostile texts."""
    texts = hostile_texts(longest=150)
    side = {
        "by": "rule",
        "name": texts[16],
        "rules": {t: ["vote"] for t in texts} | {"other": ["river"]},
    }
    path = campaign(
        title=texts[0] + texts[7], groups=["hashtag", side], questions=["share", "groups"]
    )
    found, _ = study(path)
    shown = looked_at(report.write(found, tmp_path / "out", date(2020, 1, 1)), width)
    assert "<script>window.__pwn=1" in shown and "⟨U+202E⟩gnp.exe" in shown
    for file in (tmp_path / "out" / "figures").glob("*.csv"):
        with file.open(encoding="utf-8", newline="") as handle:
            cells = [cell for row in csv.reader(handle) for cell in row]
        assert not [
            c
            for c in cells
            if c.startswith(("=", "+", "@")) or (c.startswith("-") and not c[1:2].isdigit())
        ]


def test_conclusions_stand_first_and_differences_are_in_points(study, campaign, tmp_path):
    found, document = study(campaign(groups=["hashtag"], questions=["share", "groups"]))
    page = report.write(found, tmp_path, date(2020, 1, 1)).read_text(encoding="utf-8")
    assert page.index('class="lead"') < page.index('class="conclusions"') < page.index("<section")
    apart = next(e for e in document["estimates"] if e["quantity"].startswith("difference"))
    cell = f"{abs(100 * apart['value']):.1f}</td>".replace("-", "−")
    start = page.index("Differences in the share of accounts by hashtag</summary>")
    assert cell in page[start : start + 1500] and " %</td>" not in page[start : start + 800]
    assert "tuning" in apart and "(tuning" not in page
    assert "Upright lines" not in page, "no legend of what is not drawn"


def test_a_reason_that_holds_for_many_numbers_is_said_once(study, campaign, tmp_path):
    found, document = study(
        campaign(sample="none", detector=None, groups=["hashtag"], over_time="day")
    )
    assert len(document["refused"]) > 15
    page = report.write(found, tmp_path, date(2020, 1, 1)).read_text(encoding="utf-8")
    section = page[page.index('<section id="refused">') :]
    assert section.count("There is no sample") == 1 and "more (study.json)" in section
    assert "side by side" not in page and "What was assumed" not in page, "nothing empty"


def test_the_report_is_quiet_fits_and_runs_nothing(browser, page):
    axe = os.environ.get("BOTBENCH_AXE")
    for viewport, scheme in ((DESK, "light"), (PHONE, "dark")):
        context = browser.new_context(viewport=viewport, color_scheme=scheme)
        tab, asked, complaints = context.new_page(), [], []
        tab.on("request", lambda request, asked=asked: asked.append(request.url))
        tab.on("console", lambda message, complaints=complaints: complaints.append(message.text))
        tab.goto(page)
        tab.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert asked == [page] and complaints == []
        assert tab.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        assert tab.evaluate("window.ran") is None and tab.evaluate("document.images.length") == 0
        assert tab.evaluate("document.querySelectorAll('[style]').length") == 0
        assert "⟨U+202E⟩" in tab.inner_text("h1")
        assert tab.evaluate("document.querySelectorAll('svg.chart').length") >= 4
        if axe:
            context.close()
            context = browser.new_context(viewport=viewport, color_scheme=scheme, bypass_csp=True)
            tab = context.new_page()
            tab.goto(page)
            tab.evaluate(Path(axe).read_text(encoding="utf-8"))
            found = tab.evaluate(
                "axe.run({resultTypes: ['violations']}).then(r => r.violations.map(v => [v.id, v.nodes.slice(0, 3).map(n =>"
                " n.html)]))"
            )
            assert found == []
        context.close()
