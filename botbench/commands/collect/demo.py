"""`botbench demo`: the main job end to end on simulated accounts, without server or network."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from botbench.api.demo import ANNOTATED, ANNOTATORS, DATASETS, SIZE
from botbench.terminal.console import emit, progress, say, show
from botbench.text import numbers
from botbench.text.numbers import counted

if TYPE_CHECKING:
    from curation.store.store import Store


def demo(
    context: typer.Context,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Folder for everything: the store, the leaderboard, and files to try commands on.",
        ),
    ] = Path("demo-store"),
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, help="Processes for the bench; all cores without it."),
    ] = None,
    study: Annotated[
        bool,
        typer.Option("--study", help="Then study a simulated campaign: how much of it is bots."),
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Pull, sample, annotate, validate, release, bench and publish simulated accounts, and say each
    step's figures.

    Everything it makes is called simulated, and goes into a store of its own, DIR/store, unless
    --store names one. Run again, it does only what is missing.
    """
    from benchmarks.demonstration import sample_files
    from curation.store.store import Store

    _check_folder(out)
    place = _own_store(context, out)
    started = time.perf_counter()
    say(
        "Everything here is simulated: the accounts, the posts, the annotators. No real person is"
        " in it."
    )
    with Store() as store:
        pulls = [_pull(store, name) for name in DATASETS]
        batch = _annotate(store, out)
        releases, reports = zip(*(_release(store, name) for name in DATASETS), strict=True)
        run = _bench(store.home, jobs)
        board = _publish(store.home, run["run_id"], out)
        files = sample_files.write(out, store.home, run["run_id"])
        studied = (
            _study(store, out, [f"{r['name']}@{r['version']}" for r in releases], run["run_id"])
            if study
            else None
        )
    result = {
        "simulated": True,
        "store": place,
        "files": [str(file) for file in files],
        "pulls": pulls,
        "batch": batch,
        "releases": list(releases),
        "bench": run,
        "report": str(reports[0]),
        "leaderboard": str(board),
        **({"study": studied} if studied else {}),
        "seconds": round(time.perf_counter() - started, 1),
    }
    if json_:
        emit(result)
    say(f"files      {', '.join(file.name for file in files)} in {out}: simulated, to try on")
    say(
        f"Done in {result['seconds']} s. Next: open the pages below in a browser, then"
        f" export BOTBENCH_STORE={shlex.quote(place)} and go on in README.md."
    )
    if not json_:
        show(f"validation report: {result['report']}")
        show(f"leaderboard:       {result['leaderboard']}")
        if studied:
            show(f"study:             {studied['report']}")


def _check_folder(out: Path) -> None:
    """Refuse a file where a folder is expected before anything is computed."""
    from botbench.core.errors import UserError

    if out.exists() and not out.is_dir():
        raise UserError(f"--out: {out} is a file; give a folder.")


def _own_store(context: typer.Context, out: Path) -> str:
    """The place of the demo's store: named by --store, else `out`/store.

    The user's own store (BOTBENCH_STORE, ./.botbench) gets no simulated data.
    """
    source = context.find_root().get_parameter_source("store")
    if source is None or source.name != "COMMANDLINE":
        os.environ["BOTBENCH_STORE"] = str(out / "store")
    return os.environ["BOTBENCH_STORE"]


@contextmanager
def _step(what: str) -> Iterator[list[str]]:
    """Print the step, the figures that it puts into the list, and its seconds."""
    figures: list[str] = []
    started = time.perf_counter()
    yield figures
    say(f"{what:<10} {' · '.join(figures)}  ({time.perf_counter() - started:.1f} s)")


def _pull(store: Store, name: str) -> dict[str, Any]:
    from curation.ingest import cards
    from curation.ingest.pull import pull

    with _step("pull") as figures:
        ledger = pull(store, cards.load(name)).document()
        figures.append(name)
        figures.append(_ledger(ledger["tables"]))
        figures.extend(["there already"] if ledger.get("unchanged") else [])
    return ledger


def _ledger(tables: dict[str, dict[str, int]]) -> str:
    """The rows of each table; what became of them only where some were set aside.

    >>> _ledger({"posts": {"read": 1200, "kept": 1200, "duplicate": 0, "quarantined": 0}})
    'all rows kept: 1,200 posts'
    >>> _ledger({"posts": {"read": 9, "kept": 7, "duplicate": 2, "quarantined": 0}})
    'posts 9 read = 7 kept + 2 duplicate + 0 quarantined'
    """
    if all(n["read"] == n["kept"] for n in tables.values()):
        return "all rows kept: " + ", ".join(f"{n['read']:,} {t}" for t, n in tables.items())
    return " · ".join(
        f"{table} {n['read']:,} read = {n['kept']:,} kept + {n['duplicate']:,} duplicate +"
        f" {n['quarantined']:,} quarantined"
        for table, n in tables.items()
    )


def _annotate(store: Store, out: Path) -> dict[str, Any]:
    """Sample a batch and import simulated annotators' answers as a Label Studio export."""
    from curation.annotation.assignment.batches import find
    from curation.annotation.assignment.simulate import simulate_export
    from curation.annotation.label_studio import sync_run
    from curation.sampling.designs import parse
    from curation.sampling.draw import sample

    with _step("sample") as figures:
        batch = sample(store, ANNOTATED, parse(f"uniform(n={SIZE})"), copies=ANNOTATORS)
        figures += [
            f"{batch.size:,} of {counted(batch.population, 'account')} of {ANNOTATED}",
            f"{batch.copies} simulated annotators each",
        ]
    with _step("annotate") as figures:
        export = out / "simulated-annotations.json"
        answers = simulate_export(store, batch.batch_id, export, annotators=ANNOTATORS)
        synced = sync_run.sync_file(store, export, batch=find(store, batch.batch_id))
        figures += [
            f"{answers} simulated answers in a Label Studio export",
            f"{synced.claims_added} new claims",
        ]
    return {"batch_id": batch.batch_id, "size": batch.size, "answers": answers}


def _release(store: Store, name: str) -> tuple[dict[str, Any], Path]:
    """Consensus, validation and release of one data set."""
    from curation.annotation.scheme.scheme import Scheme
    from curation.labels.consensus import consensus
    from curation.release.release import freeze
    from curation.validation import report, run

    with _step("consensus") as figures:
        settled = consensus(store, name, Scheme.load())
        figures += [
            name,
            *(f"{n:,} {label}" for label, n in settled.labels.items()),
            *(f"{n:,} {status}" for status, n in settled.status.items()),
        ]
    with _step("validate") as figures:
        validation = run.validate(store, name)
        page = report.write(store.home, validation)
        figures += [
            name,
            "passed" if validation.success else "failed",
            f"{sum(s.ran for s in validation.suites)} expectations",
        ]
    with _step("release") as figures:
        frozen = freeze(store, name, name)
        figures += [
            frozen.reference,
            counted(frozen.info["accounts"], "account"),
            f"content hash {frozen.content_hash[:12]}",
        ]
    return {
        "name": frozen.name,
        "version": frozen.version,
        "content_hash": frozen.content_hash,
        "path": str(frozen.path),
    }, page


def _bench(home: Path, jobs: int | None) -> dict[str, Any]:
    from benchmarks.execution import runner
    from benchmarks.execution.suite import load
    from botbench.core.progress import ProgressBars

    with _step("bench") as figures, progress() as bar:
        document = runner.as_json(
            runner.bench(home, load("demo"), jobs, None, ProgressBars(bar, say))
        )
        figures += [f"{n:,} {what.replace('_', ' ')}" for what, n in document["cells"].items()]
    return document


def _publish(home: Path, run_id: str, out: Path) -> Path:
    from benchmarks.leaderboard.compute import table
    from benchmarks.leaderboard.compute.scores import Plan
    from benchmarks.leaderboard.render import formats, summary_text

    with _step("board") as figures:
        board = table.from_run(table.find_run(home, run_id), Plan(cache=home / "cache" / "draws"))
        figures.append(summary_text.answer(board).sentence)
    return formats.write(board, out / "leaderboard")["html"].resolve()


def _study(store: Store, out: Path, releases: list[str], run_id: str) -> dict[str, Any]:
    """Study the simulated campaign and print each estimate beside the truth."""
    from benchmarks.study.simulation import demo as worked

    with _step("study") as figures:
        answers, page = worked.make(store, out / "study", releases, run_id)
        document = answers.document(str(page))
        truth = document["truth"] or {}
        whole = [e for e in document["estimates"] if e["default"] and e["group"] is None]
        figures += [
            f"{e['quantity']} {numbers.share(e['value'])}"
            f" ({numbers.share_range(e['low'], e['high'])}; flagged"
            f" {numbers.share(e['naive'] or 0)}; true {numbers.share(truth.get(e['quantity'], 0))})"
            for e in whole
        ]
    return document


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench demo` · `botbench demo --study` · "
            "`botbench demo --out /tmp/demo --json`"
        )
    )(demo)
