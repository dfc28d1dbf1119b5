"""Fixtures of the chaos tests: prepared stores on both catalogs.

BOTBENCH_CHAOS is how many kills each command gets (`make chaos N=200`); BOTBENCH_CHAOS_FIRST the
number of the first seed.
"""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import chaos_tools


@pytest.fixture(scope="session")
def sqlite_ground(warm, tmp_path_factory):
    """Prepared stores with an SQLite catalog."""
    return chaos_tools.Ground(warm, tmp_path_factory.mktemp("chaos") / "sqlite")


@pytest.fixture(scope="session")
def postgres_ground(warm, postgres, tmp_path_factory):
    """Prepared stores with a Postgres catalog."""
    return chaos_tools.Ground(warm, tmp_path_factory.mktemp("chaos") / "postgres", postgres)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def ground(request):
    """Prepared stores, once for each kind of catalog."""
    return request.getfixturevalue(f"{request.param}_ground")


@pytest.fixture(scope="session")
def wanted_kills():
    """How many kills each command gets, or None for the small part of every test run."""
    return int(os.environ["BOTBENCH_CHAOS"]) if "BOTBENCH_CHAOS" in os.environ else None


@pytest.fixture(scope="session")
def first_seed():
    """The number of the first seed."""
    return int(os.environ.get("BOTBENCH_CHAOS_FIRST", "0"))


@pytest.fixture(scope="session")
def scenes():
    """Every command that writes, by name."""
    return chaos_tools.SCENES
