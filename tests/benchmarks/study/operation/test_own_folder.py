"""The folder of a report: whole files or none, and each is found when an account is erased."""

import json

import pytest

from benchmarks.study.account import page as account_page
from benchmarks.study.operation import page
from botbench.commands.collect.pull import campaign_of
from curation.maintenance.erasure import own_files


def test_erasure_knows_every_file_of_a_report(asked, cohort, tmp_path):
    written = page.write(asked(), tmp_path / "out").parent
    (written / "notes.csv").write_text("ann is a friend of mine")
    files = {p for p in written.rglob("*") if p.is_file()}
    assert {"network.graphml", "network-ties.parquet"} <= {p.name for p in files}
    assert set(own_files.in_place(tmp_path)) == files - {written / "notes.csv"}
    one = account_page.write(account_page.read(cohort, "ann"), tmp_path / "page").parent
    assert {p for p in one.rglob("*") if p.is_file()} <= set(own_files.in_place(tmp_path))


def test_a_pull_names_the_report_that_fits_its_data():
    assert campaign_of("ira-2017-summer").name == "operation.yaml"
    assert campaign_of("caverlee-2011") is None


def test_hashtags_of_any_script_are_ranked(asked, tmp_path):
    """Emoji, Arabic, Hebrew and Japanese, by hand: two of each on one day, three of the emoji."""
    tags = "#🔥 #مرحبا #שלום #日本"
    when = "2020-05-01 10:00:0"
    found = asked(
        [("ann", f"{when}1", tags), ("ben", f"{when}2", tags), ("cem", f"{when}3", "#🔥")]
    )
    rows = [(r.item, r.posts, r.rank) for r in found.ranking.rows if r.kind == "hashtag"]
    assert rows[0] == ("🔥", 3, 1)
    assert {r[0] for r in rows[1:]} == {"مرحبا", "שלום", "日本"} and {r[1:] for r in rows[1:]} == {
        (2, 2)
    }
    assert "#مرحبا" in page.write(found, tmp_path / "out").read_text(encoding="utf-8")


def test_a_report_that_cannot_be_written_leaves_the_one_before(asked, tmp_path, monkeypatch):
    found = asked()
    written = page.write(found, tmp_path / "out")
    before = {p: p.read_bytes() for p in written.parent.rglob("*") if p.is_file()}
    monkeypatch.setattr(json, "dumps", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        page.write(found, tmp_path / "out")
    assert {p: p.read_bytes() for p in written.parent.rglob("*") if p.is_file()} == before
