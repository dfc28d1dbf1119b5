"""Plug-ins of botbench 0.1 import what they need under the old names for one version more."""

import importlib
import sys

import pytest

MOVED = {
    "curation.sources": "curation.ingest.sources",
    "curation.designs": "curation.sampling.designs",
    "curation.errors": "botbench.core.errors",
    "curation.schema": "curation.store.schema",
    "benchmarks.accounts": "benchmarks.data.accounts",
    "benchmarks.folds": "benchmarks.data.folds",
}


@pytest.mark.parametrize("old", MOVED)
def test_an_old_name_is_the_new_module_and_says_so(old, monkeypatch):
    monkeypatch.delitem(sys.modules, old, raising=False)
    with pytest.warns(DeprecationWarning, match=f"{old} has moved to {MOVED[old]}"):
        assert importlib.import_module(old) is importlib.import_module(MOVED[old])


def test_a_plug_in_of_0_1_registers_under_the_old_names(monkeypatch):
    """Its decorator writes into the registry that the new name reads."""
    monkeypatch.delitem(sys.modules, "curation.sources", raising=False)
    with pytest.warns(DeprecationWarning):
        from curation.sources import FORMATS, format_
    from curation.ingest import sources

    assert format_ is sources.format_ and FORMATS is sources.FORMATS
    from benchmarks.detectors import Detector, FeatureModel, detector
    from benchmarks.metrics import metric
    from benchmarks.protocols import Protocol, protocol

    assert all((Detector, FeatureModel, detector, metric, Protocol, protocol))
