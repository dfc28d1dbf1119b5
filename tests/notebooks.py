"""Runs a notebook of docs/notebooks from a clean kernel, and compares what its cells say."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "notebooks"


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
