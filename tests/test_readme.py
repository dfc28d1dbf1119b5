"""README by paste: every command line of it, in order, in one process, on what the demo leaves.

The lines of a block whose first line downloads read the shared data instead. To cost less,
simulated worlds are a quarter of a user's, the demo's suite has three of its six detectors,
and boards have fewer bootstrap draws.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("BOTBENCH_SHARED_DATA", ROOT.parent / "shared" / "data"))
FOUND_SOMETHING = ("audit dataset simulated-a", "audit table demo-store/published-table.csv")
"""What README says ends with exit code 1."""
WITH_A_SERVER = ("botbench annotate serve", "botbench annotate status")
"""Lines that tests/e2e/test_new_user.py runs on a real server."""
PROGRAM = """
import json, os, resource, sys
from benchmarks.execution import suite
from benchmarks.leaderboard.compute import scores
from botbench.commands import main
from botbench.terminal import signals
from curation.ingest import cards

def smaller(name, load=cards.load):
    card = load(name)
    if card.reads[0].format != "simulator":
        return card
    [read] = card.reads
    options = {**read.options, "accounts": read.options["accounts"] // 4}
    return card.model_copy(update={"reads": (read.model_copy(update={"options": options}),)})

def of_three(which, load=suite.load):
    found = load(which)
    few = ["constant", "one-question-tree", "gradient-boosting"]
    return found if found.name != "demo" else found.model_copy(update={"detectors": few, "fits": 1})

cards.load = smaller
suite.load = of_three
scores.Plan.__new__.__defaults__ = (200, 0, None)

def seconds():
    both = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(used.ru_utime + used.ru_stime for used in both)

results = []
for number, arguments in enumerate(json.load(sys.stdin)):
    for stream in (1, 2):
        file = os.open(f"{sys.argv[1]}/{number}.{stream}", os.O_WRONLY | os.O_CREAT)
        os.dup2(file, stream)
        os.close(file)
    kept, sys.argv[1:], begun = sys.argv[1:], arguments, seconds()
    try:
        if arguments[0] == "python":
            exec(compile(arguments[1], "README.md", "exec"), {"__name__": "readme"})
            sys.exit(0)
        main.main()
    except SystemExit as done:
        results.append([done.code, seconds() - begun])
    sys.argv[1:] = kept
    sys.stdout.flush(), sys.stderr.flush()
    signals._ended.clear()
with open(f"{sys.argv[1]}/results.json", "w") as file:
    json.dump(results, file)
"""


def blocks(text):
    """The kind and the lines of each fenced block of commands or of Python."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [
        (kind, [line for line in block.splitlines() if line.strip()])
        for kind, block in fenced
        if kind in ("", "python")
    ]


def lines():
    """Every line to be run, and whether its block begins with a download."""
    for kind, block in blocks((ROOT / "README.md").read_text(encoding="utf-8")):
        if kind == "python":
            yield ["python", "\n".join(block)], False
            continue
        downloads = "# downloads" in block[0]
        for line in block:
            words = shlex.split(line, comments=True)
            if words[0] in ("make", "source", "export") or line.startswith(WITH_A_SERVER):
                continue
            assert words[0] == "botbench", f"README has a line that no test runs: {line}"
            yield words[1:], downloads


@pytest.fixture(scope="module")
def pasted(tmp_path_factory, signatures_once):
    """Every line's arguments with exit code, stdout and stderr."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "out").mkdir()
    [demo] = re.findall(r"\$\(BIN\)/botbench (demo .*)", (ROOT / "Makefile").read_text("utf-8"))
    asked = [shlex.split(demo)]
    for words, downloads in lines():
        if downloads and not SHARED.is_dir():
            continue
        add = []
        if words[0] == "pull" and downloads:
            add = ["--from", str(SHARED / words[1])]
        if words[0] == "leaderboard":
            add = ["--resamples", "200"]
        asked.append([*words, *add])
    done = subprocess.run(
        [sys.executable, "-c", signatures_once + PROGRAM, str(folder / "out")],
        input=json.dumps(asked),
        cwd=folder,
        text=True,
        capture_output=True,
        env={**os.environ, "BOTBENCH_STORE": "demo-store/store"},
        timeout=1800,
    )
    assert done.returncode == 0, done.stderr
    results = json.loads((folder / "out" / "results.json").read_text())
    for words, (_, seconds) in zip(asked, results, strict=True):
        print(f"{seconds:6.1f} s of processor time: botbench {' '.join(words)[:90]!r}")
    said = [
        [(folder / "out" / f"{n}.{stream}").read_text("utf-8") for stream in (1, 2)]
        for n in range(len(asked))
    ]
    return {
        " ".join(words): (code, *texts)
        for words, (code, _), texts in zip(asked, results, said, strict=True)
    }, folder


def test_every_line_does_what_readme_says(pasted):
    results, _ = pasted
    for line, (code, _out, err) in results.items():
        wanted = 1 if line.startswith(FOUND_SOMETHING) else 0
        assert code == wanted, f"botbench {line}: exit code {code}\n{err}"
        assert "Traceback" not in err, f"botbench {line}\n{err}"


def test_the_demo_leaves_what_readme_names(pasted):
    _, folder = pasted
    named = set(re.findall(r"demo-store/([\w-]+\.\w+)", (ROOT / "README.md").read_text("utf-8")))
    assert named and not [name for name in named if not (folder / "demo-store" / name).is_file()]


def test_what_readme_shows_of_the_suite_is_the_file(pasted):
    import yaml

    _, folder = pasted
    [shown] = re.findall(
        r"^```yaml\n(.*?)^```$", (ROOT / "README.md").read_text("utf-8"), re.M | re.S
    )
    there = yaml.safe_load((folder / "demo-store" / "my-suite.yaml").read_text("utf-8"))
    shown = yaml.safe_load(shown)
    assert {k: there[k] for k in shown} == shown


def test_a_model_of_one_s_own_is_on_a_board_beside_floor_rows(pasted):
    _, folder = pasted
    rows = json.loads((folder / "my-board" / "leaderboard.json").read_text("utf-8"))["rows"]
    assert {row["detector"] for row in rows} >= {"constant", "one-question-tree", "my forest"}
    assert any(row["low"] is not None for row in rows if row["detector"] == "my forest")


def test_the_board_of_three_detectors_has_floor_rows(pasted):
    _, folder = pasted
    rows = json.loads((folder / "board" / "leaderboard.json").read_text("utf-8"))["rows"]
    assert {row["detector"] for row in rows} >= {"constant", "one-question-tree", "rate-72"}
