"""CSV for spreadsheets: what others wrote can neither run nor hide."""

import csv
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botbench.text.escaping import FORMULA, to_cell
from botbench.text.spreadsheet import write_csv


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("http://evil.example")',
        "+1+1",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "\u00a0=1",
        "＝1",
        "|calc",
        "%0A=1",
    ],
)
def test_formulas_begin_with_an_apostrophe(text):
    assert to_cell(text).startswith("'")


def test_numbers_and_plain_text_stay_what_they_are():
    assert [to_cell(v) for v in (-0.5, 3, None, True, "a = b", "it's")] == [
        -0.5,
        3,
        "",
        "true",
        "a = b",
        "it's",
    ]


@given(st.text(max_size=50))
def test_no_text_ends_as_a_formula_or_breaks_its_row(text):
    shown = to_cell(text)
    assert not shown.lstrip(" \u00a0").startswith(FORMULA)
    assert "\n" not in shown and "\r" not in shown and "\u202e" not in shown


def test_a_file_reads_back_as_it_was_written(tmp_path):
    path = tmp_path / "new" / "a.csv"
    when = datetime(2018, 3, 5, tzinfo=UTC)
    rows = [("a,b", ["x", "y"], when, 0.5), ('"=1"\nz', None, None, -1)]
    assert write_csv(path, ("one", "two", "three", "four"), rows) == 2
    with path.open(newline="", encoding="utf-8") as handle:
        assert list(csv.reader(handle)) == [
            ["one", "two", "three", "four"],
            ["a,b", "x; y", "2018-03-05T00:00:00+00:00", "0.5"],
            ['"=1"⟨U+000A⟩z', "", "", "-1"],
        ]
