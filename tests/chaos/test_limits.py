"""Full disks, few file descriptors, little memory, and a clock set back."""

import os
import random
import shutil
import subprocess

import pytest

WRITERS = ("pull", "consensus", "release", "publish", "backup")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own; small_disk(kilobytes) sets its size."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = shutil.which("mount") and os.geteuid() == 0
    if not made or subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(folder)]).returncode:
        pytest.skip("no file system can be mounted here: run the tests as root")

    def resize(kilobytes):
        subprocess.run(["mount", "-o", f"remount,size={kilobytes}k", str(folder)], check=True)
        return folder

    yield resize
    subprocess.run(["umount", "-l", str(folder)], check=True)


def sentence(done):
    """The one sentence of a command that a full disk has ended; exit code 3, no traceback."""
    assert "Traceback" not in done["stderr"], done["stderr"][-3000:]
    assert done["code"] == 3, (done["code"], done["stderr"][-3000:])
    said = [line for line in done["stderr"].splitlines() if line.startswith("botbench: ")]
    assert len(said) == 1, done["stderr"]
    return said[0]


def unchanged(ground, scene, place):
    """A store holds what it held before the command; a release may have recorded its validation."""
    if scene.before == "empty":
        return
    wanted = ground.warm.call("look", ground.place(ground.base(scene.before)))
    told = ground.warm.call("look", place)
    more = told["versions"][len(wanted["versions"]) :]
    if scene.name == "release" and more:
        assert [message for _, message in more] == ["validation of sim: passed"]
        for told_of in (told, wanted):
            del told_of["versions"], told_of["tables"]["validations"]
    assert {**told, "orphans": 0} == {**wanted, "orphans": 0}


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_is_a_sentence_and_the_same_command_goes_on_when_there_is_room(
    name, sqlite_ground, scenes, small_disk
):
    scene, warm = scenes[name], sqlite_ground.warm
    folder = small_disk(1 << 20)
    with sqlite_ground.fresh(scene.before, folder) as (place, _):
        arguments = sqlite_ground.filled(scene.arguments, copy=folder / "copy")
        # Nothing can be written at all; then a little, which may suffice.
        for room in (0, random.Random(f"full/{name}").choice((8, 24, 40))):
            used = int(subprocess.check_output(["df", "-k", "--output=used", folder]).split()[-1])
            small_disk(max(used + room, 4))
            done = warm.ask(place, *arguments)
            small_disk(1 << 20)
            if not room or done["code"] != 0:
                assert "full" in sentence(done) and done["seconds"] < 120, done
        if done["code"] != 0:
            unchanged(sqlite_ground, scene, place)
            done = warm.ask(place, *arguments)
            assert done["code"] == 0, done["stderr"]
        told = warm.call("look", place)
        assert not told["ill"] and not told["left"], told


@pytest.mark.parametrize("name", ["pull", "consensus", "publish"])
def test_a_file_that_may_not_grow_is_a_sentence(name, sqlite_ground, scenes):
    """The kernel refuses what a file holds beyond a limit (RLIMIT_FSIZE, as `ulimit -f` sets it)."""
    scene, warm = scenes[name], sqlite_ground.warm
    with sqlite_ground.fresh(scene.before) as (place, _):
        arguments = sqlite_ground.filled(scene.arguments)
        sentence(warm.ask(place, *arguments, limits={"RLIMIT_FSIZE": 8_192}))
        unchanged(sqlite_ground, scene, place)
        assert warm.ask(place, *arguments)["code"] == 0


def test_64_files_and_one_and_a_half_gigabytes_are_enough(sqlite_ground):
    warm = sqlite_ground.warm
    with sqlite_ground.fresh("empty") as (place, _):
        for arguments in (
            ("pull", "{card}"),
            ("sample", "sim", "--n", "20", "--copies", "3"),
            ("annotate", "import", "{export}"),
            ("consensus", "sim"),
            ("release", "sim", "--dataset", "sim"),
        ):
            sqlite_ground.base("pulled")
            done = warm.ask(place, *sqlite_ground.filled(arguments), limits={"RLIMIT_NOFILE": 64})
            assert done["code"] == 0, (arguments, done["stderr"][-3000:])
            assert 10_000_000 < done["memory"] < 1_500_000_000, (arguments, done["memory"])
        told = warm.call("look", place)
        assert not told["ill"] and not told["left"], told
        wanted = warm.call("look", sqlite_ground.place(sqlite_ground.base("released")))
        assert (told["tables"], told["versions"]) == (wanted["tables"], wanted["versions"])


def test_a_clock_set_back_changes_nothing_but_times(sqlite_ground):
    warm, day = sqlite_ground.warm, 86_400
    with sqlite_ground.fresh("pulled") as (place, _):
        for arguments, days in (
            (("annotate", "import", "{export}"), 2),
            (("consensus", "sim"), -3),
            (("release", "sim", "--dataset", "sim"), -400),
            (("publish", "sim@1", "--tier", "research"), 1),
        ):
            done = warm.ask(place, *sqlite_ground.filled(arguments), clock=days * day)
            assert done["code"] == 0, (arguments, done["stderr"][-3000:])
        told = warm.call("look", place)
        wanted = warm.call("look", sqlite_ground.place(sqlite_ground.base("published")))
        assert told == wanted
