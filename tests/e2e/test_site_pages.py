"""The site in a real Chromium, from disk: no request leaves it, it fits a phone and the dark, keys work, axe is content."""

import importlib.util
import os
import shutil
from pathlib import Path

import pytest

from benchmarks.site import build

_spec = importlib.util.spec_from_file_location("boards", Path(__file__).parents[1] / "boards.py")
boards = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(boards)

pytestmark = pytest.mark.chromium
CHROMIUM = os.environ.get("BOTBENCH_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
HOSTILE = ("<script>window.ran=1</script>", "__proto__")
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
PAGES = ("index.html", "pictures.html", "compare.html", "made.html", "changes.html", "responsible-use.html",
         "detectors/gradient-boosting.html", "datasets/alpha-64-1.html", "metrics/roc-auc.html",
         "protocols/leave-one-data-set-out-40-seed-61-0-41-.html")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    sets = [boards.release("alpha", 300, 400), boards.release("beta", 200, 300), boards.release("made", 90, 90, simulated=True)]
    found = boards.cells(sets, ("constant", "one-question-tree", "gradient-boosting", *HOSTILE))
    out = tmp_path_factory.mktemp("site") / "s"
    checks = [{"check": "one-question", "outcome": "issue", "value": 0.9, "detail": "One question <b>gets</b> far."}]
    build.write(out, boards.ABOUT, found, sets, boards.QUICK, audits={"alpha@1": {"checks": checks}})
    return out


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no Chromium at {CHROMIUM}; apt-get install chromium, or set BOTBENCH_CHROMIUM to its path")
    with playwright.sync_playwright() as run:
        quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        made = run.chromium.launch(executable_path=CHROMIUM, args=quiet)
        yield made
        made.close()


@pytest.fixture
def visit(browser, folder):
    contexts = []

    def opened(page, **options):
        context = browser.new_context(**{"viewport": DESK, **options})
        contexts.append(context)
        tab = context.new_page()
        tab.requested, tab.complaints = [], []
        tab.on("console", lambda message: tab.complaints.append(message.text))
        tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
        tab.on("request", lambda request: tab.requested.append(request.url))
        tab.goto((folder / page.partition("#")[0]).as_uri() + ("#" + page.partition("#")[2] if "#" in page else ""))
        return tab

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_every_page_asks_for_nothing_else_and_fits(visit, folder, viewport):
    for page in PAGES:
        tab = visit(page, viewport=viewport)
        tab.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert (len(tab.requested), tab.complaints) == (1, []), page
        assert tab.evaluate("document.documentElement.scrollWidth") <= viewport["width"], page
        assert tab.evaluate("window.ran") is None and tab.evaluate("document.querySelectorAll('[style]').length") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(visit, scheme):
    axe = os.environ.get("BOTBENCH_AXE")
    if not axe:
        pytest.skip("set BOTBENCH_AXE to axe.min.js (npm install axe-core)")
    for page in PAGES:
        tab = visit(page, color_scheme=scheme, bypass_csp=True)
        tab.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        tab.add_script_tag(path=axe)
        found = tab.evaluate("axe.run().then(r => r.violations.filter(v => ['serious', 'critical'].includes(v.impact))"
                             ".map(v => [v.id, v.nodes.map(n => n.target.join(' ')).slice(0, 3)]))")
        assert found == [], page


def test_the_slider_moves_the_precisions_by_keyboard(visit):
    tab = visit("pictures.html")
    row = "#precision tbody tr:first-child"
    t, f = (float(tab.get_attribute(row, a)) for a in ("data-t", "data-f"))
    tab.focus("#share")
    tab.keyboard.press("Home")
    expected = 0.001 * t / (0.001 * t + 0.999 * f)
    assert abs(float("0" + tab.inner_text(f"{row} .now")) - expected) < 6e-4
    assert tab.inner_text("#share-out") == "0.10 %" == tab.get_attribute("#share", "aria-valuetext")
    tab.keyboard.press("End")
    share = 10 ** -0.3
    assert abs(float("0" + tab.inner_text(f"{row} .now")) - share * t / (share * t + (1 - share) * f)) < 6e-4


def test_a_comparison_stands_in_the_address_and_turns_round(visit):
    tab = visit("compare.html")
    tab.select_option("#one", label="gradient-boosting")
    tab.select_option("#two", label="one-question-tree")
    first = tab.inner_text("#differences tbody tr:first-child td:nth-child(2)")
    assert first.startswith("+") and "gradient-boosting less one-question-tree" in tab.inner_text("#who")
    back = visit("compare.html#" + tab.url.partition("#")[2])
    assert back.inner_text("#differences") == tab.inner_text("#differences")
    tab.select_option("#one", label="one-question-tree")
    tab.select_option("#two", label="gradient-boosting")
    assert tab.inner_text("#differences tbody tr:first-child td:nth-child(2)") == first.replace("+", "−")


def test_the_board_leads_to_pages_and_back(visit):
    tab = visit("index.html")
    tab.click("a:text-is('gradient-boosting')")
    assert tab.inner_text("h1") == "gradient-boosting"
    tab.click("nav a:text-is('Board')")
    assert tab.url.endswith("index.html")


def test_pages_read_without_scripts_and_print(browser, folder):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto((folder / "compare.html").as_uri())
    assert tab.locator("#differences tbody tr").count() > 1
    tab.emulate_media(media="print")
    assert not tab.is_visible("nav")
    context.close()
