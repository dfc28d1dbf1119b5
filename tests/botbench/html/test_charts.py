"""The charts: coordinates by hand, gaps left open, foreign text literal."""

import re

import pytest

from botbench.html.charts import elements
from botbench.html.charts.intervals import Span, intervals
from botbench.html.charts.timeline import Series, timeline


def test_a_span_stands_where_it_should():
    chart = intervals([Span("a", 0.25, 0.1, 0.4, naive=0.5, true=0.2)], "title", upper=0.5)
    # 1 % margin on both sides: x = 1 + 98 * value / .5
    assert 'x1="20.60%" x2="79.40%"' in chart and 'cx="50.00%"' in chart
    assert 'class="naive" x1="99.00%"' in chart and 'class="true" x1="40.20%"' in chart


def test_a_gap_in_time_is_left_open():
    series = Series("s", [0.1, None, 0.3, 0.2], [0.0, None, 0.2, 0.1], [0.2, None, 0.4, 0.3])
    chart = timeline(["a", "b", "c", "d"], [series], "t", upper=0.5)
    lines = re.findall(r'polyline class="line c0" [^>]*points="([^"]+)"', chart)
    assert len(lines) == 2 and lines[1] == "675.0,40.00 990.0,60.00"
    assert chart.count("<polygon") == 2


def test_events_are_marked_with_their_words():
    chart = timeline(
        ["a", "b"], [Series("s", [1.0, 2.0])], "t", events=[(1, "3 gone")], share=False
    )
    assert (
        'class="event" x1="99.00%"' in chart
        and ">3 gone<" in chart
        and 'text-anchor="end">3 gone' in chart
    )


@pytest.mark.parametrize("n", [1, 2, 3, 40])
def test_the_first_and_the_last_moment_are_named(n):
    labels = [f"2018-07-{i + 1:02}" for i in range(n)]
    chart = timeline(labels, [Series("s", [0.1] * n)], "t")
    assert labels[0] in chart and labels[-1] in chart and len(re.findall("2018-07-", chart)) <= 3


def test_foreign_text_is_literal():
    hostile = '"><script>alert(1)</script>\u202e'
    for chart in (
        intervals([Span(hostile, 0.1, 0, 0.2, told=hostile)], hostile),
        timeline([hostile], [Series("s", [0.1])], hostile, events=[(0, hostile)]),
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
