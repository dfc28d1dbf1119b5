"""The one number style: no zero before the point, a true minus, percent with a space."""

import re
from pathlib import Path

import pytest

import botbench
from botbench.text import numbers


@pytest.mark.parametrize("value", [0.0, -0.0, 1e-9, -1e-9])
def test_zero_has_no_sign(value):
    assert numbers.score(value, sign=True) == ".000"
    assert numbers.share(value, sign=True) == "0.0 %"


def test_an_unknown_value_is_a_dash_and_an_unknown_interval_is_left_out():
    assert numbers.score_interval(None, None, None) == numbers.share_range(None, 0.1) == "–"
    assert numbers.share_interval(0.5, None, None) == "50.0 %"
    assert numbers.share_interval(-0.125, -0.25, 0.5, 0, sign=True) == "−12 % (−25 to +50)"


def test_no_message_formats_percent_itself():
    root = Path(botbench.__file__).parents[1]
    tables_of_docs = {"benchmarks/study/simulation/table.py"}
    own = [
        file.relative_to(root).as_posix()
        for room in ("botbench", "curation", "benchmarks")
        for file in (root / room).rglob("*.py")
        if re.search(r":[+]?\.\d%\}", file.read_text(encoding="utf-8"))
    ]
    assert set(own) <= tables_of_docs
