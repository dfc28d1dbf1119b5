"""DuckDB's bar is drawn nowhere, and is not spoken of where DuckDB refuses to hear of it."""

import sys
from types import SimpleNamespace

import pytest

from botbench.core import duckdb_work


@pytest.fixture
def without_ipywidgets(monkeypatch):
    monkeypatch.setattr(duckdb_work, "find_spec", lambda name: None)


def running(monkeypatch, shell):
    monkeypatch.setitem(sys.modules, "ipykernel", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))


def test_a_kernel_that_is_only_imported_is_no_notebook(monkeypatch, without_ipywidgets):
    for shell in (None, SimpleNamespace(config={"TerminalIPythonApp": {}})):
        running(monkeypatch, shell)
        with duckdb_work.scratch_database(threads=1) as connection:
            asked = connection.execute("SELECT current_setting('enable_progress_bar')")
            assert asked.fetchone() == (False,)


def test_in_a_notebook_nothing_is_set(monkeypatch, without_ipywidgets):
    running(monkeypatch, SimpleNamespace(config={"IPKernelApp": {}}))
    assert duckdb_work.no_progress_bar() == []
