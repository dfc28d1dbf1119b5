"""The notebooks of docs/notebooks: each runs from a clean kernel, and keeps outputs that may be seen."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "docs" / "notebooks"
PLACE = re.compile(r"(?<![\w.])/(?:home|root|work|tmp|Users|usr|opt)/")
pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the notebooks are not beside the tests (installed wheel)"
)
NAMES = ("1-machine-learning-engineer", "2-researcher", "3-annotation-lead")
"""The third runs in tests/e2e: it needs a server."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One folder for both, so that the second finds the first one's data set, as a reader would."""
    return tmp_path_factory.mktemp("notebooks")


@pytest.mark.parametrize("name", NAMES[:2])
def test_it_runs_from_a_clean_kernel(name, folder, monkeypatch, notebooks):
    ran = notebooks.run(name, folder, monkeypatch)
    notebooks.same_outputs(ran, notebooks.read(name))
    text = "\n".join(str(v) for cell in ran.cells for _, v in notebooks.said(cell))
    assert "Simulated: nobody in it exists." in text


@pytest.mark.parametrize("name", NAMES)
def test_what_is_kept_may_be_seen(name, notebooks):
    """No path of a machine, no error, no secret; outputs are there, and say they are simulated."""
    notebook = notebooks.read(name)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(list(notebooks.said(cell)) for cell in code), "a cell keeps no output"
    for cell in code:
        for output in cell.outputs:
            assert output.output_type == "execute_result", output
        for _, value in notebooks.said(cell):
            assert not PLACE.search(str(value)), value
            assert not re.search(r"[Tt]oken|password", str(value)), value
    assert "**simulated**" in notebook.cells[0].source
    assert (FOLDER / f"{name}.ipynb").stat().st_size < 250_000
