"""The posts of a campaign as an engine takes them out of the store's files are those that DuckDB
reads: with deleted rows, rows in the catalog, and a window. `make spark` runs this on Spark.
"""

import importlib.util
from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest

from benchmarks.study.campaign import load as campaigns
from benchmarks.study.data import frame
from botbench.commands.study import study
from botbench.core.errors import UserError
from curation import engines
from curation.store import schema

SPARK = importlib.util.find_spec("py4j") is not None
ENGINE = engines.LOCAL_SPARK if SPARK else engines.SAIL
WINDOW = {"from": "2018-06-28", "to": "2018-07-01T00:00:00"}


def late(i, **values):
    """A post at the window's edge, in a commit so small that it stays in the catalog."""
    post = {"dataset": "tiny-campaign", "post_id": f"late{i}", "text": "o'clock \\ #WalkAway"}
    return {**post, "hashtags": ["WalkAway"], "extra": {"a": "b"}, **values}


@pytest.fixture
def changed(own):
    """The store with an eighth of the posts deleted, and some added."""
    own.connection.execute("DELETE FROM lake.main.posts WHERE hash(post_id) % 8 = 0")
    account = own.scalar("SELECT min(account_id) FROM lake.main.posts")
    edges = [datetime(2018, 6, 28, tzinfo=UTC), datetime(2018, 7, 1, tzinfo=UTC)]
    before = [moment.replace(microsecond=0) for moment in edges]
    before[0] = datetime(2018, 6, 27, 23, 59, 59, 999999, tzinfo=UTC)
    rows = [
        late(i, account_id=account, created_at=moment, likes=i)
        for i, moment in enumerate([*edges, before[0], None])
    ]
    rows.append({**late(9, account_id=account, created_at=edges[0]), "dataset": "another"})
    own.connection.register("late", schema.rows("posts", rows))
    own.connection.execute("INSERT INTO lake.main.posts BY NAME FROM late")
    return own


def test_files_hold_the_rows_of_a_version(changed, tmp_path):
    version = changed.resolve(None)
    files = engines.files_of(changed, "posts", version, tmp_path)
    assert files == [str(tmp_path / "posts.parquet")], "its one file has deleted rows"
    held = pq.read_table(files).sort_by("post_id").select(["dataset", "post_id", "likes"])
    rows = changed.arrow(
        f"SELECT dataset, post_id, likes FROM {changed.relation('posts', version)} ORDER BY post_id"
    )
    assert held.to_pylist() == rows.to_pylist()
    assert {row["post_id"] for row in held.to_pylist()} >= {"late0", "late9"}
    first = next(
        v for v in range(1, version) if changed.scalar(f"SELECT count(*) FROM {at(changed, v)}")
    )
    (whole,) = engines.files_of(changed, "posts", first, tmp_path)
    assert whole.startswith(str(changed.home / "data")), "before, every row stood"
    assert pq.read_metadata(whole).num_rows == changed.scalar(
        f"SELECT count(*) FROM {at(changed, first)}"
    )
    assert engines.files_of(changed, "quarantine", version, tmp_path) == []


def at(store, version):
    return store.relation("posts", version)


@pytest.mark.parametrize("fields", [{"window": WINDOW, "hashtags": ["#WalkAway"]}, {}])
def test_a_frame_is_the_same_from_an_engine(changed, campaign, fields):
    chosen = campaigns.load(campaign(**fields))
    found = []
    for engine in (engines.DUCKDB, ENGINE):
        made = frame.build(changed, chosen, engine)
        found.append(
            [
                made.query(f"FROM {made.table} ORDER BY account_id"),
                made.query(f"FROM {made.posts_sql} ORDER BY post_id"),
                made.query(f"FROM {made.all_posts_sql} ORDER BY post_id"),
                (made.accounts, made.posts, made.unscored, made.notes),
            ]
        )
    assert found[0] == found[1]
    posts = [row[1] for row in found[1][2]]
    assert ("late0" in posts, "late9" in posts) == (True, False)
    assert ("late1" in posts) == ("late2" in posts) == ("late3" in posts) == (not fields)
    assert bool(fields) == any("outside the window" in note for note in made.notes)
    assert not list((changed.home / "tmp").glob("study-*"))


def test_a_window_without_posts_has_none(changed, campaign):
    chosen = campaigns.load(campaign(window={"from": "2001-01-01", "to": "2001-02-01"}))
    for engine in (engines.DUCKDB, ENGINE):
        with pytest.raises(
            UserError, match=r"a window from 2001-01-01.*Its posts run from 2018-06"
        ):
            frame.build(changed, chosen, engine)


OPERATION = {"kind": "operation", "cohort": {"claimant": "simulator", "answer": "bot"}}


@pytest.mark.parametrize("fields", [{}, OPERATION])
def test_the_command_names_the_engine(made, campaign, monkeypatch, fields):
    def take(_store, campaign, _version, engine):
        raise UserError(f"{campaign.kind}: {engine} takes the posts")

    monkeypatch.setattr(frame, "take", take)
    monkeypatch.setenv("BOTBENCH_STORE", str(made[0] / "store"))
    kind = fields.get("kind", "share")
    with pytest.raises(UserError, match=f"{kind}: {ENGINE} takes the posts"):
        study.run(campaign(**fields), None, ENGINE)
    with pytest.raises(UserError, match="no engine 'spork'"):
        study.run(campaign(**fields), None, "spork")
