"""JSON of strangers: what Python takes without a word is a mistake here, and deep nesting no crash."""

import json
import time

import pytest

from botbench.untrusted import json_documents
from botbench.untrusted.json_documents import UnreadableJson


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"[" * 50_000 + b"]" * 50_000, "nested more than 100 levels"),
        (b'{"a": ' * 101 + b"1" + b"}" * 101, "nested more than 100 levels"),
        (b'{"a": 1, "a": 2}', "the key 'a' is written twice"),
        (b'{"p_bot": NaN}', "NaN is no number"),
        (b"[-Infinity]", "-Infinity is no number"),
        (b"[1e999]", "the number 1e999 is too large"),
        (b"9" * 5_000, "a number has more than 100 digits"),
        (b'["\xff"]', "byte 0xff at 2 is not UTF-8"),
        ("[1]".encode("utf-16"), "byte 0xff at 0"),
        (b'["\\ud83d"]', "half a character"),
        (b'[{"a": 1}, {"a"', "line 1 column"),
        (b"", "Expecting value"),
        (b"[" + b"1, " * 400, "more than 1,000 bytes"),
    ],
)
def test_a_bomb_or_a_mistake(tmp_path, content, problem):
    path = tmp_path / "export.json"
    path.write_bytes(content)
    size = 1_000 if "1,000" in problem else json_documents.SIZE
    with pytest.raises(UnreadableJson) as raised:
        json_documents.read(path, "The export", size=size)
    assert problem in raised.value.problem
    assert str(raised.value).startswith(f"The export {path} is not sound JSON: ")


def test_documents_are_read_as_they_stand(tmp_path):
    document = {"a": [1, -2.5e3, None, True, '[[[[\\"', "\U0001f600"], "b": {"c": {}}}
    path = tmp_path / "a.json"
    for ascii_ in (True, False):
        path.write_bytes(b"\xef\xbb\xbf" + json.dumps(document, ensure_ascii=ascii_).encode())
        assert json_documents.read(path) == document
    with pytest.raises(UnreadableJson, match="cannot be read: No such file"):
        json_documents.read(tmp_path / "none.json")


def test_half_a_character_may_be_asked_for_and_is_mended():
    found = json_documents.parse(b'["cut \\ud83d here", "\\ud83d\\ude00"]', "x", halves=True)
    assert not json_documents.is_whole(found)
    assert json_documents.mended(found) == ["cut \ufffd here", "\U0001f600"]


def test_the_depth_of_a_text_takes_linear_time():
    started = time.process_time()
    assert json_documents.depth_of(b'"' + b'\\"' * 5_000_000 + b"\\") == 0
    assert json_documents.depth_of(b'"[[[" [{"[": "\\"[[" }, [[]]]') == 3
    assert time.process_time() - started < 5
