"""What pages say of releases: claims by kind and how they agree, kinds of bots and which are
missed, datasheets.
"""

import importlib.util
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.leaderboard.site import build, release_facts
from benchmarks.leaderboard.site.context import sheet
from curation.release.publish.folder import MEMBERS
from curation.release.release import Release
from curation.store.schema import TABLES, arrow_schema

_spec = importlib.util.spec_from_file_location("boards", Path(__file__).parents[3] / "boards.py")
boards = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(boards)


def claim(number, account, claimant, answer, kind="person", day=1, **more):
    return {
        "claim_id": f"c{number}",
        "dataset": "alpha",
        "account_id": account,
        "claimant": claimant,
        "claimant_kind": kind,
        "answer": answer,
        "made_at": datetime(2026, 1, day, tzinfo=UTC),
        **more,
    }


def frozen(folder, claims, labels=()):
    """A release with these claims and (account, label)."""
    folder.mkdir(parents=True)
    for name, rows in (
        ("claims", claims),
        ("labels", [{"dataset": "alpha", "account_id": a, "label": w} for a, w in labels]),
    ):
        schema = pa.schema([f.with_nullable(True) for f in arrow_schema(TABLES[name])])
        whole = pa.Table.from_pylist([{f: r.get(f) for f in schema.names} for r in rows], schema)
        pq.write_table(whole, folder / f"{name}.parquet")
    return Release(folder, {"name": "alpha", "version": 1, "dataset": "alpha", "content_hash": "x"})


def test_claims_are_counted_by_kind_and_alpha_is_by_hand(tmp_path):
    """Ada and Ben on four accounts: bot/bot, human/human, bot/human, human/human. Coincidences: bb
    2, hh 4, bh 1 and hb 1, so n = 8, observed disagreement 2/8, expected 2 * 3 * 5 / (8 * 7), alpha
    = 1 - .25 / .5357 = .5333 (Krippendorff 2011).
    """
    said = [
        ("1", "bot", "bot"),
        ("2", "human", "human"),
        ("3", "bot", "human"),
        ("4", "human", "human"),
    ]
    rows = [
        claim(f"{a}{who}", a, who, w, day=2)
        for a, ada, ben in said
        for who, w in (("ada", ada), ("ben", ben))
    ]
    rows += [
        claim("old", "1", "ada", "human", day=1),
        claim("settled", "3", "zoe", "bot", attributes=[("role", "adjudicator")]),
        claim("trained", "3", "tim", "bot", attributes=[("part", "training")]),
        claim("wrong", "2", "eve", "bot"),
        claim("back", "2", "eve", None, retracts="cwrong"),
        *(claim(f"d{a}", a, "the authors", "bot", kind="dataset") for a in "1234"),
    ]
    people, authors = sorted(
        release_facts.claims(frozen(tmp_path / "r", rows)), key=lambda r: r["kind"], reverse=True
    )
    assert (
        people["kind"],
        people["claimants"],
        people["claims"],
        people["accounts"],
        people["several"],
    ) == ("person", 2, 9, 4, 4)
    assert (
        people["alpha"]["value"] == pytest.approx(1 - 0.25 / (30 / 56))
        and people["percent"]["value"] == 0.75
    )
    assert people["alpha"]["low"] < people["alpha"]["value"] < people["alpha"]["high"]
    assert authors == {
        "kind": "dataset",
        "claims": 4,
        "claimants": 1,
        "accounts": 4,
        "several": 0,
        "alpha": None,
        "percent": None,
    }


def test_recall_by_kind_is_over_accounts_and_stands_on_the_detectors_page(tmp_path):
    """Of 40 bots a0 to a39, spam finds 30 of 30 and political 1 of 10 (in both repeats)."""
    sets = [boards.release("alpha", 40, 60), boards.release("beta", 50, 50)]
    found = boards.cells(sets, ("constant", "one-question-tree"))
    caught = [1.0] * 31 + [0.0] * 9
    y = np.r_[np.ones(40, np.int8), np.zeros(60, np.int8)]
    table = pa.table(
        {
            "dataset": ["alpha"] * 100,
            "account_id": [f"a{i}" for i in range(100)],
            "repeat": [0] * 100,
            "fold": [0] * 100,
            "p_bot": caught + [0.0] * 60,
            "threshold": [0.5] * 100,
            "y": y,
            "seconds": [0.0] * 100,
        }
    )
    found.append(boards.cell("knows-spam", sets[0], boards.LODO, sets, table=table))
    rows = [
        claim(i, f"a{i}", "x", "bot", kinds=["spam" if i < 30 else "<b>political</b>"])
        for i in range(40)
    ]
    release = frozen(tmp_path / "r", rows, [(f"a{i}", "bot") for i in range(40)])
    told = release_facts.ReleaseFacts(
        kinds={"alpha@1": release_facts.kinds(release)},
        datasheets={"alpha@1": "<p>Why was it made?</p>"},
    )
    build.write(tmp_path / "s", boards.ABOUT, found, sets, boards.QUICK, facts=told)
    page = (tmp_path / "s" / "detectors" / "knows-spam.html").read_text()
    section = page[page.index('id="h-mi"') :]
    assert 'spam</td><td class="n">30</td><td class="n">1.000' in section
    # Wilson of 1 in 10: .018 to .404
    assert (
        '&lt;b&gt;political&lt;/b&gt;<span class="chip few">few</span></td><td class="n">10</td><td'
        ' class="n">.100' in section
    )
    assert ".018 to .404" in section and "<b>political" not in page
    assert (
        'href="../datasets/alpha-64-1-datasheet.html"'
        in (tmp_path / "s" / "datasets" / "alpha-64-1.html").read_text()
    )
    assert (tmp_path / "s" / sheet("alpha@1")).read_text() == "<p>Why was it made?</p>"
    assert (
        "none: the release was not published"
        in (tmp_path / "s" / "datasets" / "beta-64-1.html").read_text()
    )


def test_the_datasheet_is_that_of_the_newest_publication_that_goes_out(tmp_path):
    release = frozen(tmp_path / "r", [])
    said = {"name": "alpha", "version": 1}
    for tier, revision in (("internal", 9), ("research", 1), ("research", 2)):
        folder = tmp_path / "publications" / "alpha" / "1" / f"{tier}-r{revision}"
        folder.mkdir(parents=True)
        (folder / "release.json").write_text(
            json.dumps({**dict.fromkeys(MEMBERS), **said, "tier": tier, "revision": revision})
        )
        (folder / "datasheet.html").write_text(f"{tier} {revision}")
    assert release_facts._datasheet(tmp_path, release) == "research 2"
    assert (
        release_facts._datasheet(tmp_path, Release(tmp_path, {"name": "beta", "version": 1}))
        is None
    )


def test_accounts_that_look_alike_are_counted_in_groups_of_two_and_more(tmp_path):
    labels = [(str(i), "bot" if i < 4 else "human") for i in range(8)]
    release = frozen(tmp_path / "alpha", [], labels)
    assert release_facts.looks_alike(release) is None, "a release of an earlier version"
    # 0 to 2 are one group of bots, 3 and 4 one of both labels, 7 is alone.
    rows = [("0", 0), ("1", 0), ("2", 0), ("3", 1), ("4", 1), ("7", 2)]
    groups = [{"dataset": "alpha", "account_id": a, "group": g} for a, g in rows]
    pq.write_table(pa.Table.from_pylist(groups), tmp_path / "alpha" / "groups.parquet")
    found = release_facts.looks_alike(release)
    assert found == {"groups": 2, "accounts": 5, "largest": 3, "mixed": 1}
