"""The annotation lead's notebook runs from a clean kernel with a server of its own."""

from pathlib import Path

import pytest

NAME = "3-annotation-lead"
ROOT = Path(__file__).resolve().parents[2]
pytestmark = [
    pytest.mark.labelstudio,
    pytest.mark.skipif(
        not (ROOT / "docs" / "notebooks").is_dir(),
        reason="the notebooks are not beside the tests (installed wheel)",
    ),
]


def test_it_runs_with_a_real_server(tmp_path, monkeypatch, notebooks, server_data):
    store = tmp_path / "annotation-store" / "store"
    server_data(store / "annotate" / "servers" / "shared")
    notebooks.same_outputs(notebooks.run(NAME, tmp_path, monkeypatch), notebooks.read(NAME))
    assert (store / "annotate" / "servers" / "shared" / "logins.json").is_file()
