"""The site: the same bytes from the same results, every number made again, nothing written that
cannot be.
"""

import importlib.util
import json
import random
import re
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.leaderboard.compute.scores import Result
from benchmarks.leaderboard.render import gate
from benchmarks.leaderboard.site import build, data
from benchmarks.leaderboard.site.pages import editions, pictures
from benchmarks.leaderboard.site.release_facts import ReleaseFacts
from benchmarks.leaderboard.site.verify import verify
from botbench.core.errors import UserError
from botbench.html.charts import plots
from botbench.html.charts.layout import Axis

_spec = importlib.util.spec_from_file_location("boards", Path(__file__).parents[3] / "boards.py")
boards = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(boards)

SETS = [
    boards.release("alpha", 90, 120),
    boards.release("beta", 80, 70),
    boards.release("made", 60, 60, simulated=True),
]
NAMES = ("constant", "one-question-tree", "gradient-boosting")


def cells():
    return boards.cells(SETS, NAMES)


def written(folder, found=None, **more):
    build.write(folder, boards.ABOUT, found or cells(), SETS, boards.QUICK, **more)
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """One site for those tests that only read it."""
    return written(tmp_path_factory.mktemp("site") / "s")


@pytest.fixture
def site(made, tmp_path):
    """A copy of it to be changed."""
    return Path(shutil.copytree(made, tmp_path / "s"))


def files(folder):
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def test_the_same_results_in_any_order_give_the_same_bytes(tmp_path):
    found = cells()
    one = files(written(tmp_path / "one", found))
    random.Random(3).shuffle(found)
    two = files(
        written(
            tmp_path / "two", [Result(r.info, lambda r=r: shuffled(r.predictions())) for r in found]
        )
    )
    assert one == two
    kinds = {path.split("/")[0] for path in one}
    assert {
        "index.html",
        "detectors",
        "datasets",
        "metrics",
        "protocols",
        "compare.html",
        "detectors.html",
        "datasets.html",
        "cells.html",
        "cells",
        "made.html",
        "pictures.html",
        "responsible-use.html",
        "leaderboard.json",
        "leaderboard.csv",
        "timings.json",
        "data",
    } <= kinds


def shuffled(table):
    return table.take(np.random.default_rng(1).permutation(table.num_rows))


def test_no_id_of_an_account_stands_in_a_site(tmp_path):
    found = [Result(r.info, lambda r=r: renamed(r.predictions())) for r in cells()]
    folder = written(tmp_path / "s", found)
    for path, content in files(folder).items():
        assert b"secret-id" not in content, path
    assert verify(folder)["differences"] == []
    assert not {"account_id", "dataset"} & set(
        pq.read_schema(next((folder / data.CELLS).glob("*.parquet"))).names
    )


def renamed(table):
    ids = pa.array([f"secret-id-{i}" for i in table["account_id"].to_pylist()])
    return table.set_column(table.column_names.index("account_id"), "account_id", ids)


def test_verify_makes_every_number_again_and_names_what_was_changed(site, cli):
    folder = site
    board = json.loads((folder / "leaderboard.json").read_text())
    row = next(
        r for r in board["rows"] if r["value"] is not None and r["detector"] == "gradient-boosting"
    )
    row["value"] = 0.123456
    (folder / "leaderboard.json").write_text(json.dumps(board))
    found = cli.json("verify", folder, code=1)
    (difference,) = found["differences"]
    assert difference["published"] == 0.123456 and "gradient-boosting" in difference["where"]
    assert found["cells"] == 18


def test_verify_against_an_earlier_edition_tells_changes_and_is_content(site, made, tmp_path, cli):
    older = Path(shutil.copytree(made, tmp_path / "older"))
    board = json.loads((older / "leaderboard.json").read_text())
    next(r for r in board["rows"] if r["value"] is not None)["value"] = 0.25
    (older / "leaderboard.json").write_text(json.dumps(board))
    found = cli.json("verify", site, "--against", older)
    (change,) = found["changes"]
    assert change["before"] == 0.25 and found["differences"] == []
    (older / "leaderboard.json").write_text("[]")
    assert "is no board" in cli("verify", site, "--against", older, code=2).stderr


def test_verify_finds_changed_predictions(site):
    folder = site
    key = next(r.info["cell_key"] for r in cells() if r.info["detector"] == "gradient-boosting")
    file = folder / data.CELLS / f"{key}.parquet"
    table = pq.read_table(file)
    flipped = pa.array(1 - table["p_bot"].to_numpy())
    pq.write_table(table.set_column(table.column_names.index("p_bot"), "p_bot", flipped), file)
    assert any("gradient-boosting" in d["where"] for d in verify(folder)["differences"])
    file.unlink()
    with pytest.raises(UserError, match="predictions of the cell"):
        verify(folder)


def test_a_broken_site_is_a_sentence(site, cli):
    file = next((site / data.CELLS).glob("*.parquet"))
    pq.write_table(pq.read_table(file).drop(["p_bot"]), file)
    assert "lack p_bot" in cli("verify", site, code=2).stderr
    file.write_bytes(b"PAR1 and nothing")
    assert "cannot be read" in cli("verify", site, code=2).stderr
    about = site / data.ABOUT
    for said in ("[]", '{"cells": [3]}', '{"cells": ["../../etc"]}', '{"cells": null}'):
        about.write_text(said)
        assert (
            cli("verify", site, code=2).stderr.count("\n") <= 6
            and "Traceback" not in cli("verify", site, code=2).stderr
        )


def test_a_folder_of_something_else_is_never_written_over(tmp_path, made):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    with pytest.raises(UserError, match="no site of a board"):
        build.refuse_other(tmp_path / "mine")
    build.refuse_other(made)
    with pytest.raises(UserError, match="no whole site"):
        verify(tmp_path / "mine")


def test_no_board_is_written_with_a_number_that_cannot_be(tmp_path):
    board = boards.made(SETS[:2], NAMES)
    gate.refuse(board, {})
    row = next(
        r
        for r in board["rows"]
        if r["metric"] == "f1[bot]" and r["detector"] == "gradient-boosting"
    )
    row["value"], row["low"], row["high"] = 0.999, 0.9, 1.0
    with pytest.raises(UserError, match="cannot be"):
        gate.refuse(board, {})


def test_no_board_is_written_of_labels_that_failed_validation(tmp_path):
    failed = {"alpha@1": {"validation": {"success": False}, "accepted": None}}
    with pytest.raises(UserError, match="alpha@1 failed validation"):
        written(tmp_path / "s", facts=ReleaseFacts(about=failed))
    assert not (tmp_path / "s").exists()
    gate.refuse(
        boards.made(SETS[:2], NAMES),
        {"alpha@1": {"validation": {"success": False}, "accepted": "known, see the card"}},
    )


def test_no_board_is_written_without_its_shortcut_rows(tmp_path):
    with pytest.raises(UserError, match="shortcut rows"):
        written(tmp_path / "s", [c for c in cells() if c.info["detector"] != "one-question-tree"])


def test_changes_since_the_last_edition():
    before, now = boards.made(SETS[:2], NAMES[:2]), boards.made(SETS, NAMES)
    found = editions.since(before, now, "balanced-accuracy")
    assert found["detectors"] == {"added": ["gradient-boosting"], "removed": []}
    assert found["releases"] == {"added": ["made@1"], "removed": []}
    assert editions.since(None, now, "balanced-accuracy") is None


def test_every_link_of_the_site_leads_somewhere(tmp_path):
    folder = written(
        tmp_path / "s", boards.cells(SETS, (*NAMES[:2], "odd name/<b>"), (boards.LODO,))
    )
    seen = 0
    for page in folder.rglob("*.html"):
        for link in re.findall(r'href="([^"#]+)"', page.read_text()):
            assert (page.parent / link).resolve().is_file(), (page, link)
            seen += 1
    assert seen > 100


def test_precision_at_another_share_of_bots_by_hand():
    """TPR .86, FPR .10 at 15 %: .129 / (.129 + .085) = .6028; at 1 %: .0086 / (.0086 + .099) =
    .0799.
    """
    assert pictures.precision(0.86, 0.10, 0.15) == pytest.approx(0.6028, abs=5e-5)
    assert pictures.precision(0.86, 0.10, 0.01) == pytest.approx(0.0799, abs=5e-5)
    assert pictures.precision(0.0, 0.0, 0.5) == 0


def test_who_calls_nobody_a_bot_has_no_precision():
    """A dash, as the slider's column says, not .000."""
    nobody = {"name": "constant", "tpr": 0.0, "fpr": 0.0, "floor": True}
    assert set(pictures._at_shares(nobody)["at"].values()) == {None}
    everybody = {**nobody, "tpr": 1.0, "fpr": 1.0}
    assert pictures._at_shares(everybody)["at"] == {p: pytest.approx(p) for p in (0.01, 0.05, 0.15)}


def test_one_group_of_accounts_that_look_alike_is_one(tmp_path):
    alike = {"groups": 1, "accounts": 5, "largest": 5, "mixed": 1}
    facts = ReleaseFacts(groups={"alpha@1": alike})
    folder = written(tmp_path / "s", facts=facts)
    page = (folder / "datasets" / "alpha-64-1.html").read_text(encoding="utf-8")
    assert "in 1 group; the largest has 5" in page and "; 1 group holds both" in page


def test_a_simulated_data_set_is_called_so_once(tmp_path):
    sets = [r | {"simulated": True, "platform": "simulated"} for r in SETS]
    build.write(tmp_path / "s", boards.ABOUT, boards.cells(sets, NAMES), sets, boards.QUICK)
    page = (tmp_path / "s" / "datasets.html").read_text(encoding="utf-8")
    assert page.count('<span class="chip sim">simulated</span>') == len(sets)
    assert '<span class="chip">simulated</span>' not in page


def test_the_critical_distance_is_demsars(tmp_path):
    """Demšar 2006, table 5: q(.05) is 2.569 for four classifiers; on 14 data sets CD = 2.569 sqrt(4
    * 5 / (6 * 14)) = 1.25.
    """
    from scipy import stats

    q = float(stats.studentized_range.ppf(0.95, 4, np.inf) / np.sqrt(2))
    assert q == pytest.approx(2.569, abs=5e-4)
    assert q * np.sqrt(4 * 5 / (6 * 14)) == pytest.approx(1.25, abs=5e-3)
    sets = [boards.release(f"s{i}", 40, 45) for i in range(10)]
    build.write(
        tmp_path / "s", boards.ABOUT, boards.cells(sets, NAMES, (boards.LODO,)), sets, boards.QUICK
    )
    assert "Friedman" in (tmp_path / "s" / "pictures.html").read_text()


def test_a_picture_escapes_names():
    drawn = plots.scatter(
        [plots.Point("<script>", 1, 1)],
        Axis(0, 2, [0, 2], "x"),
        Axis(0, 2, [0, 2], "y"),
        "t",
    )
    assert "<script>" not in drawn and "&lt;script&gt;" in drawn
