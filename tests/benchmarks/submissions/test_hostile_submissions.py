"""A stranger's pull request: whatever its folder holds, the check ends soon and with sentences."""

import hashlib
import os
import socket
import subprocess
import sys
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.submissions import check, contents, folder, predictions, prepare

SAID = {
    "detector": "theirs",
    "version": "1",
    "authors": ["A"],
    "about": "Looks at nothing at all.",
    "code": "not public",
    "licence": "MIT",
    "hardware": "2 cores",
    "seconds": 1.0,
    "threshold": 0.5,
    "trained_on": [],
}


@pytest.fixture
def release(make):
    return folder.read(make("toy", bots=30, humans=30, official=True).path)


@pytest.fixture
def submission(tmp_path, release):
    """A good submission; its folder."""
    ids = release.wanted()["account_id"].to_pylist()
    file = tmp_path / "p.csv"
    file.write_text("account_id,p_bot\n" + "".join(f"{i},0.25\n" for i in ids))
    info = release.info | {"content_hash": hashlib.sha256(b"toy").hexdigest()}
    known = folder.Folder(release.path, info)
    prepare.prepare(known, file, tmp_path / "theirs", SAID)
    return tmp_path / "theirs", known


def said(submission):
    place, release = submission
    return [f"{p.where}: {p.what}" for p in check.check(place, release).problems]


def test_a_link_is_refused_and_not_followed(submission, tmp_path):
    place, _ = submission
    secret = tmp_path / "secret.csv"
    secret.write_text("account_id,p_bot\nTOPSECRET,0.5\n")
    (place / "predictions.csv").unlink()
    (place / "predictions.csv").symlink_to(secret)
    (place / "more").symlink_to("/etc")
    found = said(submission)
    assert sorted(found) == [
        "more: more is a link; send the file itself",
        "predictions.csv: predictions.csv is a link; send the file itself",
    ]


def test_a_linked_folder_is_refused(submission, tmp_path):
    place, release = submission
    (tmp_path / "linked").symlink_to(place)
    assert said((tmp_path / "linked", release)) == [": linked is a link; send the folder itself"]


def test_a_hard_link_is_refused(submission, tmp_path):
    place, _ = submission
    os.link(place / "predictions.csv", tmp_path / "other.csv")
    (found,) = said(submission)
    assert "predictions.csv has a second name elsewhere (a hard link); send a copy" in found


@pytest.mark.parametrize("name", ["manifest.yaml", "predictions.csv", "notes.txt"])
def test_a_pipe_is_refused_and_not_opened(submission, name):
    """Opening it would wait for a writer for ever."""
    place, _ = submission
    (place / name).unlink(missing_ok=True)
    os.mkfifo(place / name)
    (found,) = said(submission)
    assert found == f"{name}: {name} is a pipe, which is not read; send a file"


def test_a_socket_is_refused(submission, monkeypatch):
    place, _ = submission
    monkeypatch.chdir(place)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s.txt")
        assert said(submission) == ["s.txt: s.txt is a socket, which is not read; send a file"]


def test_a_folder_of_a_million_files_is_not_walked(submission):
    place, _ = submission
    for i in range(3_000):
        (place / f"{i}.txt").touch()
    assert said(submission)[-1] == ": it holds more than 50 files and folders"


def test_deep_folders_and_odd_names_are_sentences(submission):
    place, _ = submission
    deep = place
    for _ in range(200):
        deep = deep / "d"
    deep.mkdir(parents=True)
    assert said(submission) == [": it holds more than 50 files and folders"]
    assert contents.shown("a\x1b]8;;x\u202e" + "b" * 300).startswith("a\\x1b]8;;x\\u202e")
    assert len(contents.shown("b" * 300)) == 100


@pytest.mark.parametrize("name", ["../p.csv", "a/../../p.csv", "/etc/passwd", "..csv", "p.csv\n"])
def test_a_manifest_that_names_another_place_is_refused(submission, name):
    place, _ = submission
    text = (place / "manifest.yaml").read_text()
    (place / "manifest.yaml").write_text(text.replace("file: predictions.csv", f"file: {name!r}"))
    assert any("predictions.file" in problem for problem in said(submission))


def test_a_huge_manifest_is_not_read(submission):
    place, _ = submission
    with (place / "manifest.yaml").open("ab") as file:
        file.truncate(5_000_000_000)
    began = time.monotonic()
    assert any("manifest.yaml" in problem and "bytes" in problem for problem in said(submission))
    assert time.monotonic() - began < 20


def test_millions_of_rows_are_refused_after_a_few(release, tmp_path):
    """Twice the wanted accounts and a thousand more are read at most; CSV and Parquet alike."""
    rows = 3_000_000
    table = pa.table({"account_id": pa.array(["7"] * rows), "p_bot": pa.array([0.5] * rows)})
    pq.write_table(table, tmp_path / "p.parquet")
    (tmp_path / "p.csv").write_text("account_id,p_bot\n" + "7,0.5\n" * rows)
    wanted = release.wanted()
    most = 2 * wanted.num_rows + 1_000
    for name in ("p.csv", "p.parquet"):
        read = predictions.read(tmp_path / name, wanted)
        assert [p.what for p in read.problems] == [
            f"the file has more than {most:,} rows; {wanted.num_rows:,} accounts are wanted"
        ]
        assert read.rows == most + 1 and read.table is None


def test_a_packed_column_that_unpacks_to_gigabytes_ends_within_the_memory(release, tmp_path):
    """Measured in a process of its own: 1.2 GB of one text in a file of some kilobytes."""
    ids = pa.DictionaryArray.from_arrays([0] * 60, ["x" * 20_000_000])
    pq.write_table(
        pa.table({"account_id": ids, "p_bot": [0.5] * 60}),
        tmp_path / "p.parquet",
        compression="zstd",
    )
    assert (tmp_path / "p.parquet").stat().st_size < 100_000
    program = (
        "import sys, pathlib, re\n"
        "from benchmarks.submissions import folder, predictions\n"
        "read = predictions.read(pathlib.Path(sys.argv[1]), folder.read(pathlib.Path(sys.argv[2]))"
        ".wanted())\n"
        "print(read.problems[0].what)\n"
        # Not ru_maxrss: a process takes over that of the one that started it.
        "print(re.search(r'VmHWM:\\s+(\\d+)', pathlib.Path('/proc/self/status').read_text())[1])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "p.parquet"), str(release.path)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    what, kilobytes = done.stdout.strip().splitlines()[-2:]
    assert what.startswith("its columns unpack to 20,0") and int(kilobytes) < 600_000


def test_a_long_account_id_is_cut_and_named(release, tmp_path):
    (tmp_path / "p.csv").write_text("account_id,p_bot\n" + "x" * 100_000 + ",0.5\n")
    found = [p.what for p in predictions.read(tmp_path / "p.csv", release.wanted()).problems]
    assert "1 account ids have over 200 characters" in found


@pytest.mark.parametrize("cell", ["=1+1", "+cmd|x", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_formula_is_named_as_one(release, tmp_path, cell):
    (tmp_path / "p.csv").write_text(f'account_id,p_bot\n"{cell}",0.5\n', newline="")
    found = [p.what for p in predictions.read(tmp_path / "p.csv", release.wanted()).problems]
    assert "1 account ids begin like a spreadsheet's formula" in found


def test_what_is_wrong_ends_without_a_full_stop_for_it_may_stand_in_a_list(tmp_path):
    wanted = pa.table({"account_id": ["a", "b"]})
    (tmp_path / "p.csv").write_text("Account_ID,p_bot\na,0.5\nb,0.5\n")
    [problem] = predictions.read(tmp_path / "p.csv", wanted).problems
    assert problem.what == "the file has no column account_id; it has Account_ID, p_bot"
