"""The site in a real Chromium, from disk: no request leaves it, it fits a phone and the dark, keys
work, axe is content.
"""

import importlib.util
import os
import shutil
from pathlib import Path

import pytest

from benchmarks.leaderboard.site import build
from benchmarks.leaderboard.site.release_facts import ReleaseFacts

_spec = importlib.util.spec_from_file_location("boards", Path(__file__).parents[1] / "boards.py")
boards = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(boards)

pytestmark = pytest.mark.chromium
CHROMIUM = os.environ.get("BOTBENCH_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
HOSTILE = ("<script>window.ran=1</script>", "__proto__")
_texts = importlib.util.spec_from_file_location("hostile", Path(__file__).parents[1] / "hostile.py")
hostile = importlib.util.module_from_spec(_texts)
_texts.loader.exec_module(hostile)
ABOUT = {
    "title": "<b>Alpha</b>",
    "licence": "MIT",
    "accepted": "<script>window.ran=1</script>",
    "known_issues": ["<img src=x onerror=ran=1>"],
    "validation": {
        "success": False,
        "failed": ["accounts"],
        "suites": [
            {
                "name": "accounts",
                "outcome": "failed",
                "ran": 2,
                "failed": 1,
                "errored": 0,
                "warnings": ["w"],
            }
        ],
    },
    "claims": [
        {
            "kind": "person",
            "claims": 30,
            "claimants": 3,
            "accounts": 10,
            "several": 10,
            "alpha": {"value": 0.61, "low": 0.4, "high": 0.8},
            "percent": {"value": 0.8, "low": 0.7, "high": 0.9},
        },
        {
            "kind": "dataset",
            "claims": 700,
            "claimants": 1,
            "accounts": 700,
            "several": 0,
            "alpha": None,
            "percent": None,
        },
    ],
}
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
PAGES = (
    "index.html",
    "pictures.html",
    "compare.html",
    "made.html",
    "changes.html",
    "responsible-use.html",
    "detectors/gradient-boosting.html",
    "datasets/alpha-64-1.html",
    "metrics/roc-auc.html",
    "protocols/leave-one-data-set-out-40-seed-61-0-41-.html",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    sets = [
        boards.release("alpha", 300, 400) | {"licence": "MIT (LICENSE)"},
        boards.release("beta", 200, 300) | {"platform": "weibo"},
        boards.release("made", 90, 90, simulated=True),
    ]
    found = boards.cells(sets, ("constant", "one-question-tree", "gradient-boosting", *HOSTILE))
    found += [
        boards.cell("random-forest", r, p, sets, trained_on=["beta@1"])
        for r in sets
        for p in (boards.CV, boards.LODO)
    ]
    out = tmp_path_factory.mktemp("site") / "s"
    checks = [
        {
            "check": "one-question",
            "outcome": "issue",
            "value": 0.9,
            "detail": "One question <b>gets</b> far.",
        }
    ]
    build.write(
        out,
        boards.ABOUT,
        found,
        sets,
        boards.QUICK,
        facts=ReleaseFacts({"alpha@1": {"checks": checks}}, {"alpha@1": ABOUT}),
    )
    return out


@pytest.fixture(scope="module")
def browser(chromium):
    return chromium


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
        tab.goto(
            (folder / page.partition("#")[0]).as_uri()
            + ("#" + page.partition("#")[2] if "#" in page else "")
        )
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
        assert (
            tab.evaluate("window.ran") is None
            and tab.evaluate("document.querySelectorAll('[style]').length") == 0
        )


def test_a_board_where_every_name_is_hostile(looked_at, tmp_path):
    """Detectors and releases of strangers, the facts about their data: every page of the site."""
    texts = hostile.texts(longest=120)
    names = [texts[i] for i in (0, 1, 5, 6, 7, 16)]
    sets = [boards.release("alpha", 300, 400) | {"licence": t, "platform": t} for t in texts[:1]]
    sets += [boards.release("beta", 200, 300) | {"licence": texts[16], "platform": texts[5]}]
    found = boards.cells(sets, ("constant", "one-question-tree", *names))
    about = {
        "title": texts[0] + texts[7],
        "licence": texts[16],
        "accepted": texts[6],
        "known_issues": texts,
    }
    checks = [{"check": t, "outcome": "issue", "value": 0.9, "detail": t} for t in texts]
    out = tmp_path / "s"
    facts = ReleaseFacts({"alpha@1": {"checks": checks}}, {"alpha@1": {**ABOUT, **about}})
    build.write(out, boards.ABOUT, found, sets, boards.QUICK, facts=facts)
    pages = sorted(out.rglob("*.html"))
    assert len([p for p in pages if p.parent.name == "detectors"]) == len(names) + 2
    told = {p: looked_at(p) for p in pages}
    assert "<script>window.__pwn=1" in told[out / "index.html"]
    assert all(p.resolve().is_relative_to(out.resolve()) for p in pages)
    [data] = [text for p, text in told.items() if p.parent.name == "datasets" and "alpha" in p.name]
    assert "{{7*7}}" in data and "⟨U+202E⟩gnp.exe" in data


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(visit, scheme):
    axe = os.environ.get("BOTBENCH_AXE")
    if not axe:
        pytest.skip("set BOTBENCH_AXE to axe.min.js (npm install axe-core)")
    for page in PAGES:
        tab = visit(page, color_scheme=scheme, bypass_csp=True)
        tab.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        tab.add_script_tag(path=axe)
        found = tab.evaluate(
            "axe.run().then(r => r.violations.filter(v => ['serious',"
            " 'critical'].includes(v.impact)).map(v => [v.id, v.nodes.map(n => n.target.join('"
            " ')).slice(0, 3)]))"
        )
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
    share = 10**-0.3
    assert (
        abs(float("0" + tab.inner_text(f"{row} .now")) - share * t / (share * t + (1 - share) * f))
        < 6e-4
    )


def test_a_comparison_stands_in_the_address_and_turns_round(visit):
    tab = visit("compare.html")
    tab.select_option("#one", label="gradient-boosting")
    tab.select_option("#two", label="one-question-tree")
    first = tab.inner_text("#differences tbody tr:first-child td:nth-child(2)")
    assert first.startswith("+") and "gradient-boosting less one-question-tree" in tab.inner_text(
        "#who"
    )
    back = visit("compare.html#" + tab.url.partition("#")[2])
    assert back.inner_text("#differences") == tab.inner_text("#differences")
    tab.select_option("#one", label="one-question-tree")
    tab.select_option("#two", label="gradient-boosting")
    assert tab.inner_text("#differences tbody tr:first-child td:nth-child(2)") == first.replace(
        "+", "−"
    )


def test_the_board_leads_to_pages_and_back(visit):
    tab = visit("index.html")
    tab.click("a:text-is('gradient-boosting')")
    assert tab.inner_text("h1") == "gradient-boosting"
    tab.click("nav a:text-is('Board')")
    assert tab.url.endswith("index.html")


def test_filters_by_data_set_rank_what_is_left_and_stay_in_the_address(visit):
    tab = visit("index.html")
    own = tab.inner_text("#sets article[data-t='beta@1'] li:has([title='gradient-boosting']) .v")
    tab.select_option("#platform", "weibo")
    assert tab.inner_text("tr[data-d='gradient-boosting'] .c-main .v") == own
    assert tab.inner_text("#scopesay").startswith("Mean of 1 data set: beta@1.")
    assert tab.locator("#sets article:visible h3").all_inner_texts() == ["beta@1"]
    again = visit("index.html#" + tab.url.partition("#")[2])
    assert again.input_value("#platform") == "weibo" and again.inner_text(
        "#rows"
    ) == tab.inner_text("#rows")
    tab.select_option("#licence", "MIT")
    assert "No data set of the mean is left" in tab.inner_text("#scopesay") and tab.complaints == []
    assert "no data set of the mean is left" in tab.inner_text("tr[data-d='constant'] .c-main")
    tab.click("[type=reset]")
    assert "#" not in tab.url and tab.locator("#sets article:visible").count() == 3


def test_filters_by_protocol_and_by_earlier_training(visit):
    tab = visit("index.html")
    tab.select_option("#protocol", boards.LODO)
    assert tab.is_visible("td.c-main >> nth=0") and not tab.is_visible("td.c-other >> nth=0")
    tab.click("#every summary")
    assert boards.CV not in tab.inner_text("#every") and boards.LODO in tab.inner_text("#every")
    tab.select_option("#met", "no")
    assert not tab.is_visible("tr[data-d='random-forest']") and tab.is_visible(
        "tr[data-d='gradient-boosting']"
    )
    assert "random-forest" not in tab.inner_text("#every")
    tab.select_option("#met", "yes")
    shown = tab.locator("#rows tr:visible").evaluate_all("r => r.map(e => e.dataset.d).sort()")
    assert shown == ["constant", "one-question-tree", "random-forest"]
    tab.select_option("#scope", "alpha@1")
    assert not tab.is_visible("tr[data-d='random-forest']"), "it was trained on beta, not on alpha"
    assert "met=yes" in tab.url and "protocol=" in tab.url


def test_a_number_leads_to_the_predictions_it_was_made_from(visit, folder):
    tab = visit("index.html")
    for button, said in (
        (".c-main .v", boards.LODO),
        (".c-above .v", "one-question-tree"),
        (".c-lost .v", boards.CV),
    ):
        tab.focus(f"tr[data-d='gradient-boosting'] {button}")
        tab.keyboard.press("Enter")
        text = tab.inner_text("#p-from")
        assert (
            said in text
            and "run-1" in text
            and boards.release("alpha")["content_hash"][:12] in text
        )
        links = tab.eval_on_selector_all("#p-from a", "a => a.map(e => e.getAttribute('href'))")
        assert len(links) >= 4 and all((folder / link).is_file() for link in links)
        tab.keyboard.press("Escape")
    tab.click("#sets article[data-t='alpha@1'] li:has([title='gradient-boosting']) .v")
    assert "alpha@1" in tab.inner_text("#p-from")


def test_pages_read_without_scripts_and_print(browser, folder):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto((folder / "compare.html").as_uri())
    assert tab.locator("#differences tbody tr").count() > 1
    tab.emulate_media(media="print")
    assert not tab.is_visible("nav")
    context.close()
