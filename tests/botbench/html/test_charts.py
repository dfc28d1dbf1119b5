"""The charts: coordinates by hand, gaps left open, foreign text literal, series told apart."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest

from botbench.html import environment
from botbench.html.charts import campaign, card, elements, layout, plots
from botbench.html.charts.intervals import Span, intervals
from botbench.html.charts.rows import Dot, Row, Tie, rows
from botbench.html.charts.timeline import Series, timeline

PHONE = layout.Axis(0, 1, [0, 1], "share")


def narrow(chart):
    """The picture for a phone, whose axis goes from 8 to 330 where rows are drawn."""
    return chart.split("<svg")[2]


def test_a_row_stands_where_it_should():
    chart = intervals([Span("a", 0.25, 0.1, 0.4, naive=0.5, true=0.2)], "title", upper=0.5)
    # x = 8 + 322 * value / .5
    assert 'x1="72.4" x2="265.6"' in narrow(chart) and 'cx="169.0"' in narrow(chart)
    assert 'class="naive" x1="330.0"' in narrow(chart) and 'class="true" x1="136.8"' in narrow(
        chart
    )


def test_a_name_stands_beside_its_dots_on_a_page_and_right_above_them_on_a_phone():
    chart = rows([Row(n, [Dot(0.5), Dot(0.7, hollow=True)]) for n in ("one", "two")], PHONE, "t")
    page, phone = chart.split("<svg")[1:]
    for picture, least, most in ((page, -8, 4), (phone, 8, 36)):
        names = [
            float(y) for y in re.findall(r'<text class="name" x="[\d.]+" y="([\d.]+)"', picture)
        ]
        dots = [float(y) for y in re.findall(r'cy="([\d.]+)"', picture)]
        assert len(names) == 2 and len(dots) == 4
        for i, y in enumerate(names):
            own, others = dots[2 * i : 2 * i + 2], [*dots[: 2 * i], *dots[2 * i + 2 :]]
            assert all(least <= dot - y <= most for dot in own), (picture, own, y)
            assert min(abs(dot - y) for dot in others) > max(abs(dot - y) for dot in own)


def test_a_gap_in_time_is_left_open():
    series = Series("s", [0.1, None, 0.3, 0.2], [0.0, None, 0.2, 0.1], [0.2, None, 0.4, 0.3])
    chart = timeline(["a", "b", "c", "d"], [series], "t", upper=0.5)
    lines = re.findall(r'polyline class="line c0" points="([^"]+)"', narrow(chart))
    assert len(lines) == 2 and [len(one.split()) for one in lines] == [2, 2]
    # 2 of 3 steps along, and the value .3 of .5 above the base
    x, y = map(float, lines[1].split()[0].split(","))
    first, last = (float(lines[i].split()[k].split(",")[0]) for i, k in ((0, 0), (1, 1)))
    assert x == pytest.approx(first + 3 + (last - first - 3) * 2 / 3, abs=0.2)
    assert y == pytest.approx(214 - 0.6 * 190, abs=0.1)
    assert narrow(chart).count("<polygon") == 2


def test_no_line_goes_over_days_without_a_rank():
    chart = narrow(campaign.ranks(list("abcde"), [("tag", [1, 2, None, 12, 3])], "t", 10))
    assert [len(p.split()) for p in re.findall(r'polyline [^>]*points="([^"]+)"', chart)] == [2]
    assert chart.count("<circle") == 3 + 1, "three days, and the mark beside the name"


def test_events_are_marked_with_their_words():
    chart = timeline(
        ["a", "b"], [Series("s", [1.0, 2.0])], "t", events=[(1, "3 gone")], share=False
    )
    assert chart.count('line class="event"') == 2 and chart.count(">3 gone<") == 2


@pytest.mark.parametrize("n", [1, 2, 3, 40])
def test_the_first_and_the_last_moment_are_named(n):
    labels = [f"2018-07-{i + 1:02}" for i in range(n)]
    chart = narrow(timeline(labels, [Series("s", [0.1] * n)], "t"))
    assert labels[0] in chart and labels[-1] in chart and len(re.findall("2018-07-", chart)) <= 3


def test_foreign_text_is_literal():
    hostile = '"><script>alert(1)</script>\u202e'
    x = layout.Axis(0, 2, [0, 2], hostile)
    for chart in (
        intervals([Span(hostile, 0.1, 0, 0.2, told=hostile)], hostile),
        timeline([hostile], [Series("s", [0.1])], hostile, events=[(0, hostile)]),
        plots.scatter([plots.Point(hostile, 1, 1)], x, x, hostile),
        plots.lines([plots.Line(hostile, [(0, 1), (1, 1)])] * 2, x, x, hostile),
        campaign.ranks([hostile], [(hostile, [1])], hostile, 10),
    ):
        assert "<script" not in chart and "\u202e" not in chart and "style=" not in chart


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0, 0.083, [0, 0.02, 0.04, 0.06, 0.08]),
        (0, 1234, [0, 500, 1000]),
        (2, 2, [2]),
    ],
)
def test_ticks_are_round(low, high, found):
    assert elements.ticks(low, high) == pytest.approx(found)


@pytest.mark.parametrize("seed", range(20))
def test_labels_are_moved_apart_in_their_order_and_stay_inside(seed):
    places = np.random.default_rng(seed).uniform(20, 180, 8).tolist()
    moved = layout.apart(places, 15, 10, 190)
    assert np.argsort(places, kind="stable").tolist() == np.argsort(moved, kind="stable").tolist()
    assert np.diff(sorted(moved)).min() >= 15 - 1e-9 and min(moved) >= 10 and max(moved) <= 190
    assert layout.apart([10, 60, 110], 15, 0, 200) == [10, 60, 110]


def test_a_faint_end_is_drawn_as_a_line_of_its_own():
    points = [(i / 10, i / 10) for i in range(11)]
    chart = narrow(plots.lines([plots.Line("p", points, faint=8)], PHONE, PHONE, "t"))
    parts = re.findall(r'polyline class="(line c0[^"]*)" points="([^"]+)"', chart)
    assert [(name, len(p.split())) for name, p in parts] == [("line c0", 9), ("line c0 faded", 3)]


def test_bars_join_mean_ranks_closer_than_the_distance():
    assert plots.near([1.0, 1.5, 2.4, 4.0], 1.0) == [Tie(0, 1), Tie(1, 2)]
    assert plots.near([1.0, 3.0], 1.0) == []


MACHADO = {
    "none": np.eye(3),
    "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
}
"""What a colour becomes where one kind of cone is missing (Machado et al. 2009, severity 1)."""
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def seen(colour, eye):
    """CIELAB of a colour as an eye sees it."""
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    x = XYZ @ np.clip(np.array(MACHADO[eye]) @ linear, 0, 1) / [0.9505, 1, 1.0888]
    f = np.where(x > 0.008856, np.cbrt(x), 7.787 * x + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("eye", MACHADO)
@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_the_first_five_series_differ_in_colour_for_every_eye(eye, scheme):
    css = Path(environment.CHARTS).read_text(encoding="utf-8")
    colours = re.findall(r"--s[0-4]:(#\w{6})", css)[5 * scheme : 5 * scheme + 5]
    apart = [
        np.linalg.norm(seen(a, eye) - seen(b, eye)) for a, b in itertools.combinations(colours, 2)
    ]
    assert len(apart) == 10 and min(apart) > 12


def test_series_differ_in_dash_and_mark():
    css = Path(environment.CHARTS).read_text(encoding="utf-8")
    dashes = re.findall(r"\.line\.c\d \{ stroke-dasharray:([\d ]+)", css)
    assert len(dashes) == len(set(dashes)) == 7
    assert len({elements.shape("m", k, 0, 0, 3) for k in range(8)}) == 8


def test_the_share_beside_the_longest_bar_of_gaps_fits():
    """One class has all: "100 %" is 5 characters of at most 7 units at 9.5 px."""
    chart = card.gaps([{"class": 3, "n": 5}], ["10 s", "1 min", "10 min", "1 h", "6 h"])
    (x,) = re.findall(r'x="([\d.]+)" y="57">100 %<', chart)
    assert float(x) == 52 + 84 + 4 and float(x) + 5 * 7 <= card.GAPS_WIDTH
