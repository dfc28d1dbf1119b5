"""SECURITY.md promises nothing without a test: each test that it names is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "SECURITY.md"
if not PAGE.is_file():
    pytest.skip("the page is not there: this is an installed botbench", allow_module_level=True)


def test_every_promise_names_tests_that_exist():
    text = PAGE.read_text(encoding="utf-8")
    promises = re.findall(r"^\| (?!promise|---)(.+?) \| (.+) \|$", text, re.M)
    assert len(promises) >= 14
    for promise, shown in promises:
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", shown)
        assert named, promise
        for file, test in named:
            assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{test}"
    assert not [
        page for page in re.findall(r"\]\((docs/[\w.]+)\)", text) if not (ROOT / page).is_file()
    ]
