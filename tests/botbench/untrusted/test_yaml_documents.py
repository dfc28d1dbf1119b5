"""YAML of strangers: bombs end at once with a line, plain documents are read as they stand."""

import re
import time
from pathlib import Path

import pytest

from botbench.core.errors import UserError
from botbench.untrusted import yaml_documents
from botbench.untrusted.yaml_documents import Limits, UnreadableYaml

ROOT = Path(__file__).resolve().parents[3]

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
"""435 bytes that stand for 9 ** 9 texts."""


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        (LAUGHS, 5, "more than 50,000 values, with those of its anchors"),
        ("a: 1\nb: " + "[" * 51 + "]" * 51, 2, "nested more than 50 levels"),
        ("- " * 300_000, 1, "nested more than 50 levels"),
        ("[" * 900_000, 1, "nested more than 50 levels"),
        ("{a: " * 200_000, 1, "nested more than 50 levels"),
        ("".join(f"k{i}: {i}\n" for i in range(10_001)), 10_001, "more than 10,000 keys"),
        ("- 1\n" * 60_000, 50_000, "more than 50,000 values"),
        ("a: &a x\nb: [" + "*a, " * 1_001 + "x]", 2, "more than 1,000 aliases"),
        ("a: '" + "x" * 200_001 + "'", 1, "a text has more than 200,000 characters"),
        ("a: &a [1, *a]", 1, "*a has no finished anchor before it"),
        ("a: 1\nb: *nowhere", 2, "*nowhere has no finished anchor"),
        ("a: 1\nb: 2\na: 3", 3, "the key 'a' is written twice"),
        ("a: {1: x, 0x1: y}", 1, "the key 1 is written twice"),
        ("? [a, b]\n: c", 1, "a key is a list or a mapping"),
        ("a: !!python/object/apply:os.getcwd []", 1, "is not a plain one"),
        ("a: !!set {x, y}", 1, "is not a plain one"),
        ("a: !mine x", 1, "is not a plain one"),
        ("x: " + "9" * 101, 1, "a number has more than 100 digits"),
        ("x: 0x" + "f" * 5_000, 1, "a number has more than 100 digits"),
        ("x: 1" + ":10" * 60_000, 1, "a number has more than 100 digits"),
        ('a: "\\0"', 1, "U+0000"),
        ("a: 1\nb: [", 3, ""),
        ("a: b: c", 1, "mapping values are not allowed"),
    ],
)
def test_a_bomb_or_a_mistake_ends_at_once_and_names_its_line(tmp_path, text, line, problem):
    path = tmp_path / "card.yaml"
    path.write_text(text)
    started = time.process_time()
    with pytest.raises(UnreadableYaml) as raised:
        yaml_documents.read(path, "The card")
    assert time.process_time() - started < 1.5
    assert raised.value.line == line and problem in raised.value.problem, raised.value
    assert str(raised.value).startswith(f"The card {path}, line {line} is not YAML: ")
    assert isinstance(raised.value, UserError) and raised.value.exit_code == 2


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"a: 2026-02-30", "a value cannot be read"),
        (b"a: 2026-02-03 10:00:00 +99:99", "a value cannot be read"),
        (b"a: \xff", "byte 0xff at 3 is not UTF-8 text"),
        ("a: b".encode("utf-16"), "byte 0xff at 0 is not UTF-8 text"),
        (b"a: \x1b[31mred", "special characters are not allowed"),
        (b"x" * 1_000_001, "more than 1,000,000 bytes"),
    ],
)
def test_what_is_no_text(tmp_path, content, problem):
    (tmp_path / "a.yaml").write_bytes(content)
    with pytest.raises(UnreadableYaml) as raised:
        yaml_documents.read(tmp_path / "a.yaml")
    assert problem in raised.value.problem or "control characters" in raised.value.problem


def test_a_file_that_is_not_there_and_a_folder(tmp_path):
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(UnreadableYaml, match=re.escape(str(path))):
            yaml_documents.read(path, "The suite")


def test_documents_are_read_as_they_stand(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes(
        b"\xef\xbb\xbfbase: &base {a: 1, b: [x, 2.5, yes, null]}\n"
        b"more: {<<: *base, a: 2}\nagain: *base\n007: 2026-02-03\n"
    )
    base = {"a": 1, "b": ["x", 2.5, True, None]}
    import datetime

    assert yaml_documents.read(path) == {
        "base": base,
        "more": {"a": 2, "b": base["b"]},
        "again": base,
        7: datetime.date(2026, 2, 3),
    }
    assert yaml_documents.read(path, plain=True)["007"] == datetime.date(2026, 2, 3)
    assert yaml_documents.read(path, plain=True)["base"]["b"] == ["x", 2.5, "yes", None]
    assert yaml_documents.parse("", "x") is None


def test_an_alias_counts_all_that_it_stands_for():
    text = "a: &a [1, 2, 3]\nb: [*a, *a]\n"
    # the document 1, two keys, a with its three, b, and a (4) twice: 1 + 2 + 4 + 1 + 8
    assert yaml_documents.parse(text, "x", Limits(nodes=16))["b"] == [[1, 2, 3]] * 2
    with pytest.raises(UnreadableYaml, match="more than 15 values"):
        yaml_documents.parse(text, "x", Limits(nodes=15))


def test_no_other_reading_of_yaml_in_the_tree():
    if not (ROOT / "botbench").is_dir():
        pytest.skip("the sources are not beside the tests (installed wheel)")
    reads = re.compile(r"yaml\.(safe_|full_|unsafe_)?(load|parse|scan|compose)\b|SafeLoader")
    found = {
        str(p.relative_to(ROOT))
        for package in ("botbench", "curation", "benchmarks")
        for p in (ROOT / package).rglob("*.py")
        if reads.search(p.read_text(encoding="utf-8"))
    }
    assert found == {"botbench/untrusted/yaml_documents.py"}
