"""Ctrl-C at any moment, twice, SIGTERM and SIGHUP, and a reader that goes away."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

SENTENCE = {
    signal.SIGINT: "botbench: interrupted; run the same command again, nothing is lost.\n",
    signal.SIGTERM: "botbench: stopped by SIGTERM; run the same command again, nothing is lost.\n",
    signal.SIGHUP: "botbench: stopped by SIGHUP; run the same command again, nothing is lost.\n",
}
# Before its first line runs, Python itself answers signals.
READY = (
    "import os\nfrom botbench.commands import main\nguarded = main._guarded\ndef ready():\n"
    "    os.write(1, b'ready\\n')\n    return guarded()\nmain._guarded = ready\nmain.main()\n"
)


def start(tmp_path, *arguments):
    process = subprocess.Popen(
        [sys.executable, "-c", READY, *arguments],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={
            **os.environ,
            "BOTBENCH_STORE": str(tmp_path / "store"),
            "XDG_STATE_HOME": str(tmp_path / "state"),
        },
    )
    assert process.stdout.readline() == "ready\n"
    return process


def test_ctrl_c_at_any_moment_is_one_sentence(tmp_path):
    """While commands are imported, the store is made and opened, and rows are written."""
    moments = random.Random(13)
    began = time.monotonic()
    reported = start(tmp_path, "pull", "simulated-a").communicate(timeout=120)[1]
    whole = time.monotonic() - began
    stopped = 0
    for number in range(12):
        process = start(tmp_path / ".", "--store", f"{tmp_path}/s{number}", "pull", "simulated-a")
        time.sleep(moments.uniform(0, whole * 0.8))
        os.killpg(process.pid, signal.SIGINT)
        said = process.communicate(timeout=120)[1]
        if process.returncode:  # else it was done before
            stopped += 1
            assert process.returncode == 130
            # A command that had already begun to report its end has the sentence after that.
            before = said.removesuffix(SENTENCE[signal.SIGINT])
            assert before != said and reported.startswith(before), said
        else:
            assert said == reported
    assert stopped >= 6, "the moments were too late to show anything"


SWALLOWS = """
import os, time
from botbench.commands import main

def work(**_):
    try:
        os.write(1, b'ready\\n')
        time.sleep(60)
    except KeyboardInterrupt:
        pass  # as a library does that tries to import what it can do without
    {rest}

main.build = lambda: work
main.main()
"""


@pytest.mark.parametrize(
    ("rest", "tidied"),
    [
        ("time.sleep(60); os.write(1, b'went on')", ""),
        ("[time.sleep(0.01) for _ in range(6000)]; os.write(1, b'went on')", ""),
        (
            "try: time.sleep(60)\n    finally: [time.sleep(0.01) for _ in range(100)];"
            " os.write(1, b'in order')",
            "in order",
        ),
    ],
)
def test_an_interrupt_that_a_library_swallows_is_raised_again(tmp_path, rest, tidied):
    """And it does not come a second time while the first puts things in order."""
    process = subprocess.Popen(
        [sys.executable, "-c", SWALLOWS.format(rest=rest)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=50)
    assert (process.returncode, out, err) == (130, tidied, SENTENCE[signal.SIGINT])


ENDS_SLOWLY = """
import os, time
from botbench.commands import main

class Slow:
    def __del__(self, write=os.write, sleep=time.sleep):
        write(1, b'ready\\n')
        sleep(1)

held = Slow()
main.build = lambda: lambda **_: None
main.main()
"""


@pytest.mark.parametrize("number", SENTENCE)
def test_a_signal_while_the_interpreter_ends_changes_nothing(tmp_path, number):
    """The command is done: what it says and its exit code are those of its work."""
    process = subprocess.Popen(
        [sys.executable, "-c", ENDS_SLOWLY],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=50)
    assert (process.returncode, out, err) == (0, "", "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_sigterm_and_sighup_are_a_sentence_too(tmp_path, number):
    process = start(tmp_path, "pull", "simulated-a")
    process.send_signal(number)
    said = process.communicate(timeout=120)[1]
    assert (process.returncode, said) == (128 + number, SENTENCE[number])


def test_ctrl_c_twice_in_a_row(tmp_path):
    process = start(tmp_path, "pull", "simulated-a")
    for _ in range(2):
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=120)[1]
    assert (process.returncode, said) == (130, SENTENCE[signal.SIGINT])


def test_an_ignored_hangup_stays_ignored(tmp_path):
    program = (
        "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN); from botbench.terminal import"
        " signals; signals.install(); print(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "True\n"


@pytest.mark.parametrize("arguments", [("tables",), ("tables", "--json"), ("metrics",)])
def test_a_reader_that_goes_away_is_no_error(tmp_path, arguments):
    """As `botbench tables | head -1`, with more text than a pipe holds."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "botbench.commands.main", *arguments],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    os.close(write)
    assert done.returncode == 0 and "Traceback" not in done.stderr
    assert "botbench: " not in done.stderr
