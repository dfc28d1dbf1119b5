"""The notebooks of docs/notebooks: each runs from a clean kernel, and keeps outputs that may be seen."""

import os
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


def read(name):
    import nbformat

    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def said(cell):
    """What a code cell's outputs hold, by kind."""
    for output in cell.get("outputs", []):
        if output["output_type"] == "display_data":
            continue  # progress, which quick machines do not see
        yield from output.get("data", {}).items()
        if "text" in output:
            yield "text", output["text"]


def run(name, folder, monkeypatch):
    """Run a notebook in a folder, in a new kernel with the code under test."""
    from nbclient import NotebookClient

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.delenv("BOTBENCH_STORE", raising=False)
    notebook = read(name)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    place = {"metadata": {"path": str(folder)}}
    client = NotebookClient(notebook, timeout=1_300, kernel_name="python3", resources=place)
    client.execute()
    return notebook


def same_outputs(ran, kept):
    """Each cell says something of the kinds that are kept."""
    for new, old in zip(ran.cells, kept.cells, strict=True):
        if old.cell_type == "code":
            kinds = [sorted(kind for kind, _ in said(cell)) for cell in (new, old)]
            assert kinds[0] == kinds[1], old.source


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One folder for both, so that the second finds the first one's data set, as a reader would."""
    return tmp_path_factory.mktemp("notebooks")


@pytest.mark.parametrize("name", NAMES[:2])
def test_it_runs_from_a_clean_kernel(name, folder, monkeypatch):
    ran = run(name, folder, monkeypatch)
    same_outputs(ran, read(name))
    text = "\n".join(str(v) for cell in ran.cells for _, v in said(cell))
    assert "Simulated: nobody in it exists." in text


@pytest.mark.labelstudio
def test_the_lead_s_runs_with_a_real_server(tmp_path, monkeypatch):
    if not Path(
        os.environ.get("BOTBENCH_LABEL_STUDIO", ROOT / ".label-studio/bin/label-studio")
    ).exists():
        pytest.skip(
            "Label Studio is not installed: make label-studio, or set BOTBENCH_LABEL_STUDIO"
        )
    same_outputs(run(NAMES[2], tmp_path, monkeypatch), read(NAMES[2]))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_kept_may_be_seen(name):
    """No path of a machine, no error, no secret; outputs are there, and say they are simulated."""
    notebook = read(name)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(list(said(cell)) for cell in code), "a cell keeps no output"
    for cell in code:
        for output in cell.outputs:
            assert output.output_type == "execute_result", output
        for _, value in said(cell):
            assert not PLACE.search(str(value)), value
            assert not re.search(r"[Tt]oken|password", str(value)), value
    assert "**simulated**" in notebook.cells[0].source
    assert (FOLDER / f"{name}.ipynb").stat().st_size < 250_000
