"""What killed commands left goes with the next write; a living one's, and a stranger's, stays."""

import os
import subprocess
import sys

from botbench.core.files import draft_of
from curation.store import salts, schema
from curation.store.store import Store
from curation.store.upkeep import leftovers

HEX = "0123456789abcdef0123456789abcdef"
HOLD = """
import os, sys
from pathlib import Path
from curation.store.upkeep import leftovers
with leftovers.held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def one(i):
    rows = [{"dataset": "d", "account_id": i, "platform": "twitter"}]
    return {"accounts": schema.rows("accounts", rows)}


def ended():
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_scratch_folder_stays_while_its_process_lives(tmp_path):
    folder = leftovers.scratch_folder(tmp_path, "cell")
    assert leftovers.remove(tmp_path) == 0
    assert folder.is_dir()
    # A killed process leaves the folder under the same name with its own number.
    folder.rename(folder.with_name(folder.name.replace(str(os.getpid()), str(ended()))))
    assert leftovers.remove(tmp_path) == 1
    assert not any((tmp_path / "tmp").iterdir())


def test_the_next_write_removes_what_ended_processes_left(tmp_path):
    with Store(tmp_path / "store") as store:
        store.append(one("1"), "ada", "one")
        home = store.home
    dead, living = ended(), os.getpid()
    gone = [
        home / "tmp" / f"pull-{dead}-abcd_123",
        home / "tmp" / f"cell-{dead}-abcd_123",
        home / "sealed" / "r" / f".sealing-{dead}-abcd_123",
        home / "releases" / "r" / f".unfinished-{HEX}",
        home / "publications" / "r" / "1" / f".unfinished-{HEX}",
        home / "annotate" / f".roster.json.{dead}.01234567.unfinished",
        home / "cache" / "features" / f".x.{dead}.01234567.unfinished",
        home / "cache" / "features" / f".features.{dead}.01234567a_bc.unfinished",
    ]
    locked = home / "releases" / "r" / f".unfinished-{HEX[::-1]}"
    stay = [
        home / "tmp" / f"pull-{living}-abcd_123",
        home / "tmp" / f"cell-{living}-abcd_123",
        home / "sealed" / "r" / f".sealing-{living}-abcd_123",
        home / "tmp" / "pull-mine",
        home / "tmp" / "mine",
        home / "releases" / "r" / ".unfinished-mine",
        home / "annotate" / f".roster.json.{living}.01234567.unfinished",
        home / "annotate" / ".notes.unfinished",
        home / "data" / f".x.{dead}.01234567.unfinished",
        locked,
    ]
    for path in (*gone, *stay):
        if (
            path.name.startswith(".roster")
            or path.name in (".notes.unfinished",)
            or ".x." in path.name
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("x")
        else:
            path.mkdir(parents=True)
            (path / "part.parquet").write_text("x")
    with Store(home, create=False) as store:
        store.versions()
    assert all(p.exists() for p in gone), "reading removes nothing"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(locked)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout.readline() == "held\n"
    with Store(home, create=False) as store:
        store.append(one("2"), "ada", "two")
    assert [p for p in gone if p.exists()] == [] and [p for p in stay if not p.exists()] == []
    holder.communicate("")
    with Store(home, create=False) as store:
        store.append(one("3"), "ada", "three")
    assert not locked.exists()


def test_a_number_that_another_process_got_later_does_not_keep_a_leftover(tmp_path):
    left = tmp_path / "tmp" / f"pull-{os.getpid()}-abcd_123"
    left.mkdir(parents=True)
    os.utime(left, (1_000_000_000, 1_000_000_000))
    assert leftovers.remove(tmp_path) == 1 and not left.exists()


def test_a_draft_in_writing_is_held(tmp_path):
    with draft_of(tmp_path / "page.html") as draft:
        draft.write_text("whole")
        assert not leftovers.remove_one(draft)
    assert (tmp_path / "page.html").read_text() == "whole"
    assert leftovers.remove(tmp_path) == 0


KILLED = """
import os, sys
from pathlib import Path
from curation.store import salts
os.link = lambda *a, **b: os._exit(9)
salts.salt(Path(sys.argv[1]), salts.PUBLISHED)
"""


def test_a_salt_whose_process_was_killed_goes_with_the_next_write(tmp_path):
    with Store(tmp_path / "store") as store:
        store.append(one("1"), "ada", "one")
        home = store.home
    assert subprocess.run([sys.executable, "-c", KILLED, str(home)]).returncode == 9
    assert len(secrets := [p for p in home.glob("*") if ".salt" in p.name]) == 1
    assert secrets[0].stat().st_mode & 0o777 == 0o600
    old = home / f"{salts.ERASED}.{ended()}.01234567"
    old.write_text("secret")
    with Store(home, create=False) as store:
        store.append(one("2"), "ada", "two")
    assert [p.name for p in home.glob("*") if ".salt" in p.name] == []
    kept = salts.salt(home, salts.PUBLISHED)
    assert len(kept) == 64 and salts.salt(home, salts.PUBLISHED) == kept
    assert [p.name for p in home.glob("*") if ".salt" in p.name] == [salts.PUBLISHED]
