"""The folder of a report: whole files or none, and each is found when an account is erased."""

import json

import pytest

from benchmarks.study.account import page as account_page
from benchmarks.study.operation import page
from curation.maintenance.erasure import own_files


def test_erasure_knows_every_file_of_a_report(asked, cohort, tmp_path):
    written = page.write(asked(), tmp_path / "out").parent
    (written / "notes.csv").write_text("ann is a friend of mine")
    files = {p for p in written.rglob("*") if p.is_file()}
    assert {"network.graphml", "network-ties.parquet"} <= {p.name for p in files}
    assert set(own_files.in_place(tmp_path)) == files - {written / "notes.csv"}
    one = account_page.write(account_page.read(cohort, "ann"), tmp_path / "page").parent
    assert {p for p in one.rglob("*") if p.is_file()} <= set(own_files.in_place(tmp_path))


def test_a_report_that_cannot_be_written_leaves_the_one_before(asked, tmp_path, monkeypatch):
    found = asked()
    written = page.write(found, tmp_path / "out")
    before = {p: p.read_bytes() for p in written.parent.rglob("*") if p.is_file()}
    monkeypatch.setattr(json, "dumps", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        page.write(found, tmp_path / "out")
    assert {p: p.read_bytes() for p in written.parent.rglob("*") if p.is_file()} == before
