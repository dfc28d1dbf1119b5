"""Servers that are gone or busy in the middle of a whole command."""

import random

import chaos_tools
import pytest


@pytest.mark.postgres
@pytest.mark.parametrize("name", ["pull", "consensus"])
def test_postgres_stopped_in_the_middle_is_a_sentence_and_the_same_command_goes_on(
    name, stopping, scenes
):
    ground, server = stopping
    scene, warm = scenes[name], ground.warm
    ground.base(scene.before)
    arguments = ground.filled(scene.arguments)
    with ground.fresh(scene.before) as (place, home):
        whole = warm.ask(place, *arguments, kill=["measure", 0], watch=str(home.parent))
        assert whole["code"] == 0, whole["stderr"]
        expected = warm.call("look", place)
    at = int(whole["statements"] * random.Random(f"stopped/{name}").uniform(0.3, 0.7))
    with ground.fresh(scene.before) as (place, _):
        done = warm.ask(place, *arguments, kill=["server", [at, server.process]])
        server.start()
        assert "Traceback" not in done["stderr"], done["stderr"][-3000:]
        assert done["code"] == 3 and done["seconds"] < 120, (at, done)
        said = [line for line in done["stderr"].splitlines() if line.startswith("botbench: ")]
        assert len(said) == 1 and "Postgres" in said[0], done["stderr"]
        again = warm.ask(place, *arguments)
        assert again["code"] == 0, again["stderr"]
        told = warm.call("look", place)
        assert {**told, "orphans": 0} == {**expected, "orphans": 0}


@pytest.fixture(scope="module")
def stopping(warm, postgres_server, tmp_path_factory):
    """Prepared stores on a Postgres server that tests may stop, and the server."""
    server = postgres_server()
    folder = tmp_path_factory.mktemp("stopping") / "postgres"
    return chaos_tools.Ground(warm, folder, server.url), server
