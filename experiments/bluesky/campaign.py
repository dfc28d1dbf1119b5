"""A made campaign on a real local Bluesky network, from a hashtag to a study (`make bluesky`).

The network is real: PLC, PDS, AppView and labeler of the npm package @atproto/dev-env, on loopback
alone. What is on it is made: 300 accounts, 20 of them with 90 posts a day for a week. The
annotators are simulated. It writes the table and the pictures of docs/live.md, and ends with an
error where something is not as it must be.

    python experiments/bluesky/campaign.py [--people 300] [--keep DIR]

It needs npm, a C++ compiler, Postgres, Redis and Chromium. The first time, packages are installed
into .bluesky/ (650 MB).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pages import DOCS, markdown, write
from services import Network, network

NAME, TIMELINES, SAMPLE, COPIES = "walkaway", "700", 120, 5
"""Three annotators for each account are too few for a model to tell how often they err."""
KILLS = (0.2, 0.7)
"""After so many requests as shares of the number of accounts the pull is killed."""
TAKEN_DOWN, EVERY = 10, 40
"""The first account that is taken down, and the step to the next one."""
DEACTIVATED, DELETED, LABELLED, LOGIN, HEAVY = 52, 54, 3, 21, 1
"""Who becomes what, by number."""
LEAST = 60
TABLES = {
    "accounts": "* EXCLUDE (observed_at, pull_id, extra)",
    "posts": "* EXCLUDE (pull_id)",
    "claims": "account_id, claimant, answer, made_at, attributes",
}
PICTURES = {"live-study": "study/report.html", "live-account": "account/report.html"}
STUDY = f"""name: {NAME}
title: '#WalkAway on a local network (made accounts, simulated annotators)'
dataset: {NAME}
accounts: posting
hashtags: [WalkAway]
quantities: [accounts, posts]
sample: all
"""


class Run:
    """The steps of one run: their figures, by what they are called."""

    def __init__(self, net: Network, folder: Path) -> None:
        self.net, self.folder, self.world = net, folder, net.world
        self.figures: dict[str, str] = {}
        self.people: list[dict[str, Any]] = self.world["accounts"]

    def command(self, *words: str, store: str = "store") -> list[str]:
        """A botbench command with a store of the run's folder."""
        program = [sys.executable, "-m", "botbench.commands.main"]
        return [*program, "--store", str(self.folder / store), *words]

    def json(self, *words: str, store: str = "store", **env: str) -> dict[str, Any]:
        """The JSON document of a command."""
        done = subprocess.run(
            [*self.command(*words, store=store), "--json"],
            check=True, stdout=subprocess.PIPE, env={**os.environ, **env},
        )  # fmt: skip
        document: dict[str, Any] = json.loads(done.stdout)
        return document

    def pull_words(self) -> list[str]:
        """The pull of the campaign."""
        return [
            "pull", "bluesky", "--server", self.world["appview"], "--hashtag", self.world["tag"],
            "--timelines", TIMELINES, "--labelers", self.world["labeler"], "--as", NAME,
        ]  # fmt: skip

    def pull_until(self, requests: int) -> subprocess.Popen[bytes]:
        """Begin the pull, and return once it has made so many requests."""
        process = subprocess.Popen(
            self.command(*self.pull_words()), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        journal = self.folder / "store" / "live" / f"{NAME}.journal"
        while _requests(journal) < requests:
            if process.poll() is not None:
                raise RuntimeError(f"the pull ended before its request {requests}")
            time.sleep(0.02)
        return process

    def rows(self, query: str, store: str = "store") -> list[Any]:
        """Rows of a store."""
        from curation.store.store import Store

        with Store(self.folder / store) as opened:
            return opened.connection.execute(query).fetchall()

    def lost(self) -> dict[str, str]:
        """What the network said of accounts that are not there, by account."""
        query = (
            "SELECT account_id, max_by(status, observed_at) FROM lake.main.accounts"
            " WHERE status IS NOT NULL GROUP BY 1"
        )
        return dict(self.rows(query))


def _requests(journal: Path) -> int:
    try:
        with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as connection:
            found = dict(connection.execute("SELECT name, value FROM state").fetchall())
    except sqlite3.Error:
        return -1
    return int(found.get("requests") or 0) if found.get("stage") == "asking" else -1


def must(what: str, found: object, expected: object) -> None:
    """Raise AssertionError where a figure is not as it must be."""
    if found != expected:
        raise AssertionError(f"{what}: {found}, expected {expected}")


def pull_with_kills(run: Run) -> None:
    """The pull killed twice, and one without a kill: their stores must be equal."""
    for share in KILLS:
        process = run.pull_until(int(share * len(run.people)))
        process.send_signal(signal.SIGKILL)
        process.wait()
    killed = run.json(*run.pull_words())
    before = os.times()
    whole = run.json(*run.pull_words(), store="whole")
    took = [now - then for now, then in zip(os.times()[2:], before[2:], strict=True)]
    for table, columns in TABLES.items():
        query = f"SELECT {columns} FROM lake.main.{table} ORDER BY ALL"
        must(f"{table} of both stores", run.rows(query) == run.rows(query, "whole"), True)
    hidden = sum("!no-unauthenticated" in p["self"] for p in run.people)
    must("accounts", killed["tables"]["accounts"]["kept"], len(run.people) - hidden)
    posts = sum(p["posts"] for p in run.people if "!no-unauthenticated" not in p["self"])
    must("posts", killed["tables"]["posts"]["kept"], posts)
    must("gaps", killed["gaps"], [])
    run.figures |= {
        "accounts, of them left out by `!no-unauthenticated`": f"{len(run.people)}, {hidden}",
        "posts kept": f"{posts:,}",
        "requests, without a kill and with two": f"{whole['requests']}, {killed['requests']}",
        "time of a pull without a kill": f"{took[0] + took[1]:.0f} s of the processor,"
        f" {took[2]:.0f} s by the clock of a machine that others use",
        "labels of accounts as claims": str(killed["tables"]["claims"]["kept"]),
    }


def pull_with_takedowns(run: Run) -> None:
    """A second round, during which accounts are taken down and a label is taken back."""
    gone = [p["did"] for p in run.people[TAKEN_DOWN::EVERY]]
    left, deleted = run.people[DEACTIVATED]["did"], run.people[DELETED]["did"]
    back = run.people[LABELLED]["did"]
    process = run.pull_until(8)
    for did in gone:
        run.net.tell("takedown", did)
    during = process.poll() is None
    process.wait()
    must("exit code of the pull with takedowns", process.returncode, 0)
    must("the pull went on after the last takedown", during, True)
    at_once = len(set(gone) & set(run.lost()))
    must("the pull itself saw takedowns", at_once > 0, True)
    run.net.tell("negate", back, "bot")
    run.net.tell("deactivate", left)
    run.net.tell("delete", deleted)
    third = run.json(*run.pull_words())
    status = run.lost()
    must("taken down", [status.get(d) for d in gone], ["suspended"] * len(gone))
    must("deactivated", status.get(left), "deactivated")
    must("deleted", status.get(deleted) in ("deleted", "gone"), True)
    retracted = run.rows("SELECT account_id FROM lake.main.claims WHERE retracts IS NOT NULL")
    must("retracted", (back,) in retracted, True)
    takedowns = run.rows(
        "SELECT count(*) FROM lake.main.claims WHERE attributes['label'] = '!takedown'"
    )
    run.figures |= {
        "taken down during the second pull, seen by that pull": f"{len(gone)}, {at_once}",
        "seen after the third pull": f"{len(gone)} with the status *suspended*,"
        f" {takedowns[0][0]} claims of the platform",
        "deactivated, deleted": f"1 *deactivated*, 1 *{status.get(deleted)}*",
        "label taken back by the labeler": f"{len(retracted)} retraction",
        "requests of the third pull": str(third["requests"]),
    }


def pull_with_login(run: Run) -> None:
    """By a login at the account's own server, which passes requests on to the AppView."""
    listed = run.folder / "hidden.txt"
    hidden = [p for p in run.people if "!no-unauthenticated" in p["self"]]
    listed.write_text("".join(f"{p['handle']}\n" for p in hidden), encoding="utf-8")
    me = run.people[LOGIN]
    login = {"BLUESKY_HANDLE": me["handle"], "BLUESKY_APP_PASSWORD": me["password"]}
    words = ["pull", "bluesky", "--server", run.world["pds"], "--handles", str(listed)]
    found = run.json(*words, "--as", "hidden", store="hidden", **login)
    must("accounts seen by a login", found["tables"]["accounts"]["kept"], len(hidden))
    everything = b"".join(p.read_bytes() for p in (run.folder / "hidden").rglob("*") if p.is_file())
    must("the password is in the store", me["password"].encode() in everything, False)
    run.figures["accounts that only a login sees"] = str(len(hidden))


def annotate(run: Run) -> None:
    """A sample, answered by simulated annotators from what each account was made as."""
    import pyarrow as pa

    from curation.annotation.assignment.simulate import simulate_export
    from curation.store.store import Store

    size = min(SAMPLE, len(run.people) * 2 // 5)
    drawn = run.json("sample", NAME, "--design", f"posts(n={size})", "--copies", str(COPIES))
    export = run.folder / "simulated-annotations.json"
    truth = pa.table(
        {
            "account_id": [p["did"] for p in run.people],
            "answer": [p["truth"] for p in run.people],
        }
    )
    with Store(run.folder / "store") as store:
        answers = simulate_export(store, drawn["batch_id"], export, annotators=COPIES, truth=truth)
    run.json("annotate", "import", str(export), "--dataset", NAME)
    run.json("consensus", NAME, "--method", "bayesian", "--kinds", "person")
    run.figures["sample by posts, answers of simulated annotators"] = (
        f"{answers // COPIES}, {answers:,}"
    )


def study(run: Run) -> None:
    """The share of bots with its interval, beside how the accounts were made."""
    file = run.folder / "campaign.yaml"
    file.write_text(STUDY, encoding="utf-8")
    found = run.json("study", str(file), "--out", str(run.folder / "study"))
    seen = [p for p in run.people if "!no-unauthenticated" not in p["self"]]
    defaults = {e["quantity"]: e for e in found["estimates"] if e["group"] is None and e["default"]}
    for what in ("accounts", "posts"):
        sizes = [1 if what == "accounts" else p["tagged"] for p in seen]
        bots = sum(n for n, p in zip(sizes, seen, strict=True) if p["truth"] == "bot")
        share = defaults[f"share of {what}"]
        run.figures[f"share of bots, of {what} (95 % interval)"] = (
            f"{_percent(share['value'])} % ({_percent(share['low'])} to"
            f" {_percent(share['high'])} %); as made: {_percent(bots / sum(sizes))} %"
        )
    heavy = run.people[HEAVY]["did"]
    run.json("study", "one-account", heavy, "--dataset", NAME, "--out", str(run.folder / "account"))


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def pictures(run: Run) -> None:
    """The first screens of the pages that the commands made, into docs/images."""
    from io import BytesIO

    from PIL import Image
    from playwright.sync_api import sync_playwright

    program = os.environ.get("BOTBENCH_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as start:
        browser = start.chromium.launch(executable_path=program, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1280, "height": 720})
        for name, page in PICTURES.items():
            tab.goto((run.folder / page).resolve().as_uri())
            shot = Image.open(BytesIO(tab.screenshot())).convert("RGB")
            shot.quantize(48, dither=Image.Dither.NONE).save(
                DOCS / "images" / f"{name}.png", optimize=True
            )
        browser.close()


STEPS = (pull_with_kills, pull_with_takedowns, pull_with_login, annotate, study, pictures)


def play(run: Run) -> None:
    """Do every step, and write their figures into docs/live.md."""
    for step in STEPS:
        begun = time.monotonic()
        step(run)
        print(f"{step.__name__}: {time.monotonic() - begun:.0f} s", file=sys.stderr)
    write("live.md", "bluesky", markdown(("what", "figure"), run.figures.items()))


def main() -> int:
    """Start the network and play the campaign on it."""
    given = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    given.add_argument("--people", type=int, default=300, help="accounts, one in 15 heavy")
    given.add_argument("--keep", type=Path, help="a new folder for stores and pages, to be kept")
    asked = given.parse_args()
    if asked.people < LEAST:
        given.error(f"--people is at least {LEAST}")
    with tempfile.TemporaryDirectory(prefix="botbench-bluesky-") as scratch:
        folder = asked.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        with network(Path(scratch), asked.people) as net:
            play(Run(net, folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
