"""Every command that writes, killed (SIGKILL, with all that it started) at seeded points, run again,
and compared with an undisturbed run: rows, versions, files, the doctor, and nothing left over.

A store suffers one to four kills in a row. `make chaos N=200` gives each command that many.
"""

import os
import subprocess
import sys

import chaos_tools
import pytest

SMALL = {
    "sqlite": dict.fromkeys(("pull", "import", "consensus"), 2)
    | dict.fromkeys(("release", "publish", "backup", "bench", "erase"), 1),
    "postgres": {"pull": 1, "consensus": 1},
}
"""How many kills each command gets in every test run; the other commands get none."""
PAIRS = [
    pytest.param(name, catalog, marks=[pytest.mark.postgres] if catalog == "postgres" else [])
    for catalog in SMALL
    for name in chaos_tools.SCENES
    if "BOTBENCH_CHAOS" in os.environ or name in SMALL[catalog]
]


@pytest.mark.parametrize(("name", "catalog"), PAIRS)
def test_a_killed_command_run_again_equals_an_undisturbed_one(
    name, catalog, request, wanted_kills, first_seed, capsys
):
    kills = SMALL[catalog][name] if wanted_kills is None else wanted_kills
    ground = request.getfixturevalue(f"{catalog}_ground")
    tried = chaos_tools.Kills(chaos_tools.SCENES[name], ground).run(kills, first_seed)
    if wanted_kills is not None:
        with capsys.disabled():
            print(f"\n{tried}")
    assert not tried.wrong, str(tried)
    assert tried.kills and tried.equal == tried.stores


def test_the_warm_process_ends_like_the_command_line(sqlite_ground):
    """A fork of the warm process gives what the real command line gives: output and exit code."""
    arguments = [*sqlite_ground.filled(("pull", "{card}")), "--json"]
    with sqlite_ground.fresh("empty") as (place, _), sqlite_ground.fresh("empty") as (other, _):
        warm = sqlite_ground.warm.ask(place, *arguments)
        real = subprocess.run(
            [sys.executable, "-m", "botbench.commands.main", "--store", other, *arguments],
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert (warm["code"], warm["stdout"]) == (real.returncode, real.stdout)
        looks = [sqlite_ground.warm.call("look", p) for p in (place, other)]
        assert looks[0] == looks[1]
        for wrong in (("pull", "no-such-card"), ("no-such-command",), ("consensus", "no-such-set")):
            warm = sqlite_ground.warm.ask(place, *wrong)
            assert (warm["code"], "Traceback" in warm["stderr"]) == (2, False)
