"""The SQL of features that is kept for the user is what would be rendered."""

import json
import subprocess
import sys

import pytest

from botbench.untrusted import user_cache
from curation.features import FEATURES, _render, _rendered
from curation.features._functions import DUCKDB, SPARK

SCRIPT = """
import sys
from curation.features import FEATURES, _rendered
every = tuple(FEATURES.values())
profile = tuple(f for f in every if f.family == "profile")
plans = [_rendered.kept_plan(features, "duckdb") for features in (every, profile)]
print("ibis" in sys.modules)
from curation.features import _render
print(plans == [_render.plan(features, "duckdb", True) for features in (every, profile)])
"""


@pytest.fixture(autouse=True)
def own(tmp_path, monkeypatch):
    """The user's folder of this test, and nothing known of before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    _rendered.kept_plan.cache_clear()
    yield tmp_path / "botbench"
    _rendered.kept_plan.cache_clear()


def test_a_second_command_reads_the_sql_and_imports_no_ibis(own):
    for ibis in ("True", "False"):
        done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
        assert (done.stdout.split(), done.stderr) == ([ibis, "True"], "")
    assert len(list(own.iterdir())) == 2


def test_a_damaged_file_is_rendered_again(own):
    features = (FEATURES["followers"],)
    plan = _rendered.kept_plan(features, DUCKDB)
    (file,) = own.iterdir()
    text = file.read_text()
    file.write_text(text.replace("followers", "following"))
    _rendered.kept_plan.cache_clear()
    assert _rendered.kept_plan(features, DUCKDB) == plan == _render.plan(features, DUCKDB, True)
    assert file.read_text() == text
    assert json.loads(text.partition("\n")[2])["types"] == {"followers": "BIGINT"}


def test_the_key_tells_features_dialect_packages_and_code(tmp_path, monkeypatch):
    one, other = (FEATURES["followers"],), (FEATURES["following"],)
    key = _rendered._key(one, DUCKDB)
    assert key == _rendered._key(one, DUCKDB)
    others = [_rendered._key(other, DUCKDB), _rendered._key(one, SPARK)]
    monkeypatch.setattr(_rendered.metadata, "version", lambda _: "0")
    others.append(_rendered._key(one, DUCKDB))
    monkeypatch.undo()
    file = tmp_path / "schema.py"
    file.write_text("TABLES = {}")
    monkeypatch.setattr(_rendered.schema, "__file__", str(file))
    others.append(_rendered._key(one, DUCKDB))
    file.write_text("TABLES = {1: 2}")
    others.append(_rendered._key(one, DUCKDB))
    assert len({key, *others}) == 6


def test_what_has_no_file_is_not_kept(own, monkeypatch):
    monkeypatch.setattr(_rendered.schema, "__file__", None)
    assert _rendered._key((FEATURES["followers"],), DUCKDB) is None
    monkeypatch.setattr(user_cache, "kept", lambda *_: pytest.fail("kept"))
    assert _rendered.kept_plan((FEATURES["followers"],), DUCKDB).types == {"followers": "BIGINT"}
