"""Predictions as JSON: one bad text costs one account's score, and not the file."""

import pytest

from benchmarks.data.external_scores import read
from botbench.core.errors import UserError

GOOD = [b'{"account_id": "1", "p_bot": 0.5}', b'{"account_id": "3", "p_bot": 1}']


@pytest.mark.parametrize(
    "bad", [b'{"account_id": "\\ud83d", "p_bot": 1}', b'{"account_id": "\xff"}']
)
@pytest.mark.parametrize("form", ["lines", "array"])
def test_one_bad_text_costs_one_row(tmp_path, bad, form):
    items = [GOOD[0], bad, GOOD[1]]
    content = b"\r\n".join(items) if form == "lines" else b"[" + b",\n".join(items) + b"]"
    path = tmp_path / ("a.jsonl" if form == "lines" else "a.json")
    path.write_bytes(b"\xef\xbb\xbf" + content)
    assert read(path).to_pylist() == [
        {"account_id": "1", "p_bot": 0.5}, {"account_id": "3", "p_bot": 1.0}
    ]  # fmt: skip


def test_a_file_without_the_columns_is_a_sentence(tmp_path):
    (tmp_path / "a.json").write_bytes(b'[{"id": 1}]')
    with pytest.raises(UserError, match=r"has no column account_id, p_bot; it has id"):
        read(tmp_path / "a.json")
