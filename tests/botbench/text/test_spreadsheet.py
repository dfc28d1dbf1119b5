"""CSV for spreadsheets: what others wrote can neither run nor hide."""

import csv
import re
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import botbench
from botbench.text.escaping import FORMULA, to_cell
from botbench.text.spreadsheet import csv_text, write_csv


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
        "\u2212 1",
        "\u3000=1",
        "\u2003\uff1d1",
        "\tplain",
        "\rplain",
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


def test_every_width_of_a_sign_is_known():
    """Compatibility forms (full width, small, raised, lowered) become the sign in a spreadsheet."""
    forms = {
        c
        for c in map(chr, range(0x11000))
        if unicodedata.normalize("NFKC", c) in set("=+-@|%\u2212")
    }
    assert forms == set(FORMULA) - set("\t\r\n")


@given(
    st.text(
        st.sampled_from("ab ;'\t\u00a0\u3000\u202e" + "".join(FORMULA)) | st.characters(),
        max_size=50,
    )
)
def test_no_text_ends_as_a_formula_or_breaks_its_row(text):
    shown = to_cell(text)
    assert not any(cell.strip().startswith(FORMULA) for cell in shown.split(";"))
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


def test_headings_lists_and_semicolons_are_text_too_byte_for_byte(tmp_path):
    """A spreadsheet of many countries splits at semicolons: `x;=1` would be two cells there."""
    path = tmp_path / "a.csv"
    rows = [(["=1", "-2"], "x;=HYPERLINK(1)", -2), ("a; b", "x ;\t+1", -0.5)]
    assert write_csv(path, ("=cmd", "note", "n"), iter(rows)) == 2
    wanted = "'=cmd,note,n\n'=1;' -2,x;'=HYPERLINK(1),-2\na; b,x ;'⟨U+0009⟩+1,-0.5\n"
    assert path.read_bytes() == wanted.encode()
    assert csv_text(("=cmd", "note", "n"), rows) == wanted
    assert write_csv(path, ("one",), []) == 0 and path.read_bytes() == b"one\n"


def test_no_other_module_writes_csv():
    root = Path(botbench.__file__).parents[1]
    writers = [
        file.relative_to(root).as_posix()
        for room in ("botbench", "curation", "benchmarks")
        for file in sorted((root / room).rglob("*.py"))
        if re.search(
            r"csv\.(writer|DictWriter)\(|to_csv\(\w*(path|file|out)|write_csv\(.*pa\b|FORMAT csv|FORMAT 'csv'",
            file.read_text(encoding="utf-8"),
            re.I,
        )
    ]
    # Read back by botbench, so every value stays as it is: samples, a layout, and lines as they came.
    inputs = [
        "benchmarks/demonstration/sample_files.py",
        "curation/ingest/live/watching.py",
        "curation/ingest/simulation/twibot22.py",
    ]
    assert sorted(writers) == sorted(["botbench/text/spreadsheet.py", *inputs])
