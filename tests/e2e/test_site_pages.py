"""The site in a real Chromium, from disk: no request leaves it, it fits a phone and the dark, keys
work, axe is content.
"""

import importlib.util
import os
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from benchmarks.leaderboard.compute.scores import Result
from benchmarks.leaderboard.site import build
from benchmarks.leaderboard.site.release_facts import ReleaseFacts

_spec = importlib.util.spec_from_file_location("boards", Path(__file__).parents[1] / "boards.py")
boards = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(boards)

pytestmark = pytest.mark.chromium
CHROMIUM = os.environ.get("BOTBENCH_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
LI = "li:has(span:text-is('gradient-boosting'))"
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
_looks = importlib.util.spec_from_file_location("looks", Path(__file__).parent / "looks.py")
looks = importlib.util.module_from_spec(_looks)
_looks.loader.exec_module(looks)
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
LAPTOP = {"width": 1280, "height": 720}
KEY = next(
    str(c.info["cell_key"])
    for c in boards.cells([boards.release("alpha"), boards.release("beta")], ("gradient-boosting",))
    if c.info["protocol"] == boards.LODO
)
PAGES = (
    "index.html",
    "detectors.html",
    "datasets.html",
    "pictures.html",
    "compare.html",
    "made.html",
    "changes.html",
    "cells.html",
    "responsible-use.html",
    "detectors/gradient-boosting.html",
    "datasets/alpha-64-1.html",
    f"cells/{KEY}.html",
    "metrics/roc-auc.html",
    "protocols/leave-one-data-set-out-40-seed-61-0-41-.html",
)


def with_groups(table):
    """Every fourth account of each class is new, the others are not."""
    new = pa.array([float(i % 4 == 0) for i in range(table.num_rows)])
    return table.append_column("new", new)


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
    grouped = [Result(c.info, lambda c=c: with_groups(c.predictions())) for c in found]
    before = boards.made(sets[:2], ("constant", "one-question-tree", "gradient-boosting"))
    out = tmp_path_factory.mktemp("site") / "s"
    checks = [
        {
            "check": "one-question",
            "outcome": "issue",
            "value": 0.9,
            "detail": "One question <b>gets</b> far; it asks: posts_total <= 83.5",
            "low": 0.85,
            "high": 0.94,
        }
    ]
    build.write(
        out,
        boards.ABOUT,
        grouped,
        sets,
        boards.QUICK,
        before=before,
        facts=ReleaseFacts({"alpha@1": {"checks": checks}}, {"alpha@1": ABOUT}),
    )
    return out


@pytest.fixture(scope="module")
def browser(chromium):
    return chromium


@pytest.fixture
def visit(browser, folder):
    contexts = []

    def opened(page, tab=None, **options):
        """A new tab with the page, or a tab of before: that takes a fraction of the time."""
        if tab is None:
            context = browser.new_context(**{"viewport": DESK, **options})
            contexts.append(context)
            tab = context.new_page()
            tab.on("console", lambda message: tab.complaints.append(message.text))
            tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
            tab.on("request", lambda request: tab.requested.append(request.url))
        else:
            tab.goto("about:blank")
        tab.requested, tab.complaints = [], []
        tab.goto(
            (folder / page.partition("#")[0]).as_uri()
            + ("#" + page.partition("#")[2] if "#" in page else "")
        )
        return tab

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize("viewport", [DESK, LAPTOP, PHONE], ids=["desk", "laptop", "phone"])
def test_every_page_asks_for_nothing_else_and_fits(visit, viewport):
    """No request, no complaint, nothing sideways; no text meets another or leaves its picture."""
    tab = None
    for page in PAGES:
        tab = visit(page, tab, viewport=viewport)
        tab.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert (len(tab.requested), tab.complaints) == (1, []), page
        assert tab.evaluate("document.documentElement.scrollWidth") <= viewport["width"], page
        assert (
            tab.evaluate("window.ran") is None
            and tab.evaluate("document.querySelectorAll('[style]').length") == 0
        )
        assert looks.meeting(tab) == [], page


def test_the_first_row_of_the_board_is_seen_on_a_laptop(visit):
    tab = visit("index.html", viewport=LAPTOP)
    row = tab.locator("#rows tr").first.bounding_box()
    assert row["y"] + row["height"] <= LAPTOP["height"]
    tops = {round(tab.locator(q).bounding_box()["y"], -1) for q in ("#metric", "#scope", ".bt")}
    assert len(tops) == 1 and tab.inner_text(".fi summary") == "Filters (0)"


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


@pytest.mark.parametrize(
    ("scheme", "viewport"),
    [("light", DESK), ("dark", DESK), ("light", PHONE)],
    ids=["light", "dark", "phone"],
)
def test_axe_finds_nothing(visit, scheme, viewport):
    axe = os.environ.get("BOTBENCH_AXE")
    if not axe:
        pytest.skip("set BOTBENCH_AXE to axe.min.js (npm install axe-core)")
    tab = None
    for page in PAGES:
        tab = visit(page, tab, viewport=viewport, color_scheme=scheme, bypass_csp=True)
        tab.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        tab.add_script_tag(path=axe)
        found = tab.evaluate(
            "axe.run({resultTypes: ['violations']}).then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.target.join('"
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
    moved = [float(tab.get_attribute(".wide .moved line", a)) for a in ("x1", "x2")]
    assert moved == [float(tab.get_attribute(".wide .moved", "data-left"))] * 2
    tab.keyboard.press("End")
    share = 10**-0.3
    assert (
        abs(float("0" + tab.inner_text(f"{row} .now")) - share * t / (share * t + (1 - share) * f))
        < 6e-4
    )


def test_a_comparison_stands_in_the_address_and_turns_round(visit):
    tab = visit("compare.html#a=one-question-tree&b=gradient-boosting")
    mean = "#differences tbody tr:first-child td:nth-child(3)"
    down = tab.inner_text(mean)
    assert down.startswith("−")
    tab.select_option("#one", label="gradient-boosting")
    tab.select_option("#two", label="one-question-tree")
    said, rows = tab.inner_text("#said"), tab.inner_text("#differences")
    assert said.startswith("gradient-boosting is ") and "separated. It is ahead on 3 of 3" in said
    assert tab.inner_text(mean) == down.replace("−", "+")
    back = visit("compare.html#" + tab.url.partition("#")[2])
    assert (back.inner_text("#said"), back.inner_text("#differences")) == (said, rows)
    counts = back.locator("#differences tbody tr:nth-child(2) td.n").all_inner_texts()[1:]
    numbers = [int(n.replace(",", "")) for n in counts]
    assert sum(numbers[:4]) == 300 and sum(numbers[4:]) == 400, "bots, then people, of alpha"


def test_the_first_comparison_is_said_alike_by_template_and_script(visit):
    quiet = visit("compare.html", java_script_enabled=False)
    names = quiet.locator("#pair option[selected]").all_inner_texts()
    loud = visit(f"compare.html#a={names[0]}&b={names[1]}")
    for q in ("#said", "#differences tbody"):
        assert loud.inner_text(q) == quiet.inner_text(q)
    assert loud.eval_on_selector_all("path", "p => p.map(e => e.getAttribute('d'))") == [
        p.get_attribute("d") for p in quiet.locator("path").all()
    ]


def test_the_threshold_of_a_cell_moves_marks_in_both_curves(visit):
    tab = visit(f"cells/{KEY}.html", viewport=PHONE)
    assert "as the detector decided" in tab.inner_text("#cut-out")
    where = "g => g.map(e => e.querySelector('line').getAttribute('x1'))"
    before = tab.eval_on_selector_all(".narrow .moved", where)
    tab.focus("#cut")
    tab.keyboard.press("End")
    after = tab.eval_on_selector_all(".narrow .moved", where)
    right = tab.eval_on_selector_all(".narrow .moved", "g => g.map(e => e.dataset.right)")
    assert len(after) == 2 and after != before
    assert [float(x) for x in after] == [float(x) for x in right], "all called bots"
    assert "finds 100 % of bots" in tab.get_attribute("#cut", "aria-valuetext")


def test_a_detector_opens_with_where_it_fails_and_whom_it_takes_for_bots(visit):
    tab = visit("detectors/gradient-boosting.html")
    said = tab.inner_text(".lead")
    assert said.startswith("Rank 1") and "Worst on " in said
    assert "accounts under 90 days old bots on" in said and "of all people" in said
    first = tab.inner_text("main h2 >> nth=0")
    assert first == "Whom it takes for bots" and "n = 75" in tab.text_content(
        ".chart.wide >> nth=0"
    )


def test_a_data_set_says_whether_it_can_be_used(visit):
    tab = visit("datasets/alpha-64-1.html")
    said = tab.inner_text(".usable")
    assert (
        "problem 1 of 1 checks found what gives its labels away: one question (.90, limit .80)"
        in " ".join(said.split())
    )
    assert "agree weakly" in said and "Validation failed." in said
    assert "posts the platform counts at most 83.5" in tab.inner_text("#h-au ~ .sx")


@pytest.mark.parametrize("viewport", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_answers_on_a_data_set_stand_beside_their_word_and_outcomes_are_whole(visit, viewport):
    """A second line begins below the first one's text, and "not applicable" breaks at its blank."""
    tab = visit("datasets/alpha-64-1.html", viewport=viewport)
    beside = """l => l.map(e => {
      const range = document.createRange();
      range.selectNodeContents(e.lastChild);
      const b = e.querySelector('b').getBoundingClientRect();
      return [...range.getClientRects()].every(r => r.left >= b.right - 1);
    })"""
    assert set(tab.eval_on_selector_all(".usable li", beside)) == {True}
    tab.eval_on_selector("td .chip", "e => { e.textContent = 'not applicable' }")
    lines = "e => { const r = document.createRange(); r.selectNodeContents(e); return r.getClientRects().length }"
    assert tab.eval_on_selector("td .chip", lines) <= 2


def test_the_board_leads_to_pages_and_back(visit):
    tab = visit("index.html")
    tab.click("a:text-is('gradient-boosting')")
    assert tab.inner_text("h1") == "gradient-boosting"
    tab.click("nav a:text-is('Board')")
    assert tab.url.endswith("index.html")


def test_filters_by_data_set_rank_what_is_left_and_stay_in_the_address(visit):
    tab = visit("index.html")
    own = tab.inner_text(f"#sets article[data-t='beta@1'] {LI} .v")
    tab.click(".fi summary")
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
    assert "no data set of the mean is left" in tab.inner_text("tr[data-d='constant'] .why")
    assert tab.inner_text("#filters") == "2"
    tab.click("[type=reset]")
    assert "#" not in tab.url and tab.locator("#sets article:visible").count() == 3


def test_filters_by_protocol_and_by_earlier_training(visit):
    tab = visit("index.html")
    tab.click(".fi summary")
    tab.select_option("#protocol", boards.LODO)
    assert tab.is_visible("td.c-main >> nth=0") and not tab.is_visible("td.c-other >> nth=0")
    tab.select_option("#met", "no")
    assert not tab.is_visible("tr[data-d='random-forest']") and tab.is_visible(
        "tr[data-d='gradient-boosting']"
    )
    assert tab.inner_text("#lead").startswith("Of the ")
    tab.select_option("#met", "yes")
    shown = tab.locator("#rows tr:visible").evaluate_all("r => r.map(e => e.dataset.d).sort()")
    assert shown == ["constant", "one-question-tree", "random-forest"]
    tab.select_option("#scope", "alpha@1")
    assert not tab.is_visible("tr[data-d='random-forest']"), "it was trained on beta, not on alpha"
    assert "met=yes" in tab.url and "protocol=" in tab.url


def test_a_number_leads_to_the_page_of_its_cell(visit, folder):
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
        assert len(links) >= 2 and all((folder / link).is_file() for link in links)
        tab.keyboard.press("Escape")
    tab.click(f"#sets article[data-t='alpha@1'] {LI} .v")
    assert tab.inner_text("h1") == "gradient-boosting on alpha@1"
    facts = tab.inner_text("main")
    for said in ("Seed", boards.LODO, boards.release("beta")["content_hash"], "Called human", KEY):
        assert said in facts
    confusion = tab.locator("#h-cf ~ .sx td").all_inner_texts()
    assert [confusion[2], confusion[5]] == ["300", "400"]
    back = visit("index.html#scope=alpha%401")
    back.click("tr[data-d='gradient-boosting'] .c-main .v")
    assert back.inner_text("h1") == "gradient-boosting on alpha@1"


def test_every_control_of_the_board_is_reached_by_keyboard(visit):
    tab = visit("index.html")
    wanted = set(
        tab.eval_on_selector_all(
            "a[href], button, select, input, summary",
            "e => e.filter(x => x.checkVisibility() && !x.closest('[popover]')).map((x, i) => (x.dataset.nth = i, String(i)))",
        )
    )
    met = set()
    for _ in range(len(wanted) + 40):
        tab.keyboard.press("Tab")
        met.add(tab.evaluate("document.activeElement.dataset.nth"))
    assert wanted <= met


def test_pages_read_without_scripts_and_print(browser, folder):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto((folder / "compare.html").as_uri())
    assert tab.locator("#differences tbody tr").count() > 1
    tab.set_viewport_size({"width": 1040, "height": 720})
    tab.emulate_media(media="print")
    for page in (*PAGES[:3], "compare.html", "detectors/gradient-boosting.html", PAGES[10]):
        tab.goto((folder / page).as_uri())
        assert not tab.is_visible("nav")
        cut = "e => e.filter(x => x.scrollWidth > x.clientWidth).length"
        assert tab.eval_on_selector_all(".sx", cut) == 0 and looks.meeting(tab) == [], page
    context.close()
