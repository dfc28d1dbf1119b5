"""Every kind of chart in a real Chromium, with names and values that are hard to place: no two
texts meet, none leaves its picture, and all have 12 pixels, at the widths of page, laptop and
phone.
"""

import importlib.util
import os
from pathlib import Path

import pytest

from botbench.html import environment
from botbench.html.charts import campaign, plots
from botbench.html.charts.intervals import Span, intervals
from botbench.html.charts.layout import Axis
from botbench.html.charts.rows import Dot, Row, rows
from botbench.html.charts.strips import Strip, strips
from botbench.html.charts.timeline import Series, timeline

_spec = importlib.util.spec_from_file_location("looks", Path(__file__).parent / "looks.py")
looks = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(looks)

pytestmark = pytest.mark.chromium
NAMES = (
    "constant",
    "one-question-tree",
    "gradient-boosting-posts",
    "cresci-2015-e13-int-users@1",
    "submitted:" + "a-very-long-name-" * 4,
    "WWWWWWWWWWWWWWWWWWWW",
    "<b>&\u202e",
    "漢字の検出器",
)
UNIT = Axis(0, 1, [n / 10 for n in range(11)], "Balanced accuracy (guessing is .5)")
DAYS = [f"2017-08-{d:02d}" for d in range(1, 32)]


def charts():
    """Each kind with its worst case: equal values, long names, gaps, events side by side."""
    shares = [Axis(0.001, 0.5, [0.001, 0.01, 0.1, 0.5], "share of bots among accounts", log=True)]
    near = [plots.Point(n, 0.02, 0.5 + i / 1e3, 0.4, 0.7, not i) for i, n in enumerate(NAMES)]
    grid = [i / 30 for i in range(31)]
    bent = [plots.Line(n, [(x, x ** (1 + i / 50)) for x in grid], i) for i, n in enumerate(NAMES)]
    days = [None if d in (5, 6, 20) else 0.2 + d / 100 for d in range(31)]
    both = [
        Series("estimate", days, [v and v - 0.1 for v in days], [v and v + 0.1 for v in days]),
        Series("flagged by the detector", [v and v + 0.004 for v in days], series=1, dashed=True),
    ]
    events = [(3, "120 accounts gone"), (4, "7 gone"), (6, "3 gone"), (30, "1,000 accounts gone")]
    ranks = [
        (n, [None if (d + i) % 7 == 0 else 1 + i for d in range(31)]) for i, n in enumerate(NAMES)
    ]
    told = "12.3 % (10.1 to 14.9 %)"
    return {
        "intervals": intervals(
            [Span(n, 0.1, 0.05, 0.2, 0.15, 0.12, told=told) for n in NAMES], "i"
        ),
        "spans": plots.spans(
            [plots.Spans(n, [(0.6, 0.5, 0.7), (0.9, None, None)]) for n in NAMES], UNIT, "s", 0.5
        ),
        "rows": rows(
            [Row(n, [Dot(0.3, 0.2, 0.4, wider=(0, 1)), Dot(0.31, series=1)], told) for n in NAMES],
            UNIT,
            "r",
        ),
        "scatter": plots.scatter(near, shares[0], UNIT, "c"),
        "lines": plots.lines(bent, UNIT, UNIT, "l", diagonal=True, marked=plots.Marked(0.5, [0.5])),
        "critical": plots.critical([(n, 1 + i / 2) for i, n in enumerate(NAMES)], 1.2, "cd"),
        "timeline": timeline(DAYS, both, "t", events),
        "counts": timeline(DAYS, [Series("posts", [d * 1e4 for d in range(31)])], "p", share=False),
        "ranks": campaign.ranks(DAYS, ranks, "ranks", 10),
        "strips of ranks": strips(
            DAYS,
            [Strip(n, told, r, [v and 1 for v in r], [v and 12 for v in r]) for n, r in ranks],
            "strips",
            events=events,
            ranks=10,
        ),
        "strips by hour": strips(
            [str(h) for h in range(24)],
            [Strip(n, told, [h / 24 for h in range(24)]) for n in NAMES],
            "hours",
            unit="hour of the day, UTC",
        ),
        "week": campaign.week([[d * h for h in range(24)] for d in range(7)], "week"),
        "network": campaign.network([(0, 0), (1, 1)], [(0, 1)], [0, 1], "network"),
    }


@pytest.fixture(scope="module")
def gallery(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gallery")
    template = folder / "gallery.html.j2"
    template.write_text(
        '{% extends "base.html.j2" %}{% block main %}<h1>Charts</h1>{% for name, chart in all %}'
        "<h2>{{ name }}</h2>{{ chart|safe }}{% endfor %}{% endblock %}"
    )
    styles = [environment.FIGURES, environment.CHARTS]
    html = environment.page(template, styles, all=charts().items())
    (folder / "gallery.html").write_text(html, encoding="utf-8")
    return folder / "gallery.html"


@pytest.mark.parametrize("width", [1440, 1280, 390])
def test_no_two_texts_of_a_chart_meet(chromium, gallery, width):
    context = chromium.new_context(viewport={"width": width, "height": 800})
    tab = context.new_page()
    tab.goto(gallery.as_uri())
    assert looks.meeting(tab) == []
    shown = tab.eval_on_selector_all(
        "svg", "s => s.filter(e => e.getBoundingClientRect().width).length"
    )
    assert shown == len(charts())
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    if folder := os.environ.get("BOTBENCH_SCREENSHOTS"):
        tab.screenshot(path=f"{folder}/charts-{width}.png", full_page=True)
    context.close()
