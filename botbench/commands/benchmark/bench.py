"""`botbench bench SUITE`: score detectors on releases.

`plan`, `coverage` and `separation` show how precise that is.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from botbench.commands.panels import DefaultGroup
from botbench.core.errors import Findings, UserError
from botbench.terminal.console import emit, progress, say, show, table
from botbench.text.numbers import counted

if TYPE_CHECKING:
    from benchmarks.execution.runner import Report
    from benchmarks.execution.suite import Suite

SHOWN = 20
FEW = 4
"""Columns that are named singly; of more, the tables are named."""


def bench(  # noqa: PLR0917 (typer gives every option by name)
    suite: Annotated[
        str,
        typer.Argument(help="A suite file (YAML), or the name of one that comes with botbench."),
    ],
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, help="Processes; one for each core without it."),
    ] = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", min=0.1, help="Seconds that one cell may take.")
    ] = None,
    mlflow: Annotated[
        bool,
        typer.Option(
            "--mlflow/--no-mlflow", help="Log to MLflow (MLFLOW_TRACKING_URI, or ./mlruns)."
        ),
    ] = True,
    trust: Annotated[
        bool,
        typer.Option(
            "--trust", help="Load models that run their maker's code. Only if you trust it."
        ),
    ] = False,
    engine: Annotated[
        str,
        typer.Option(
            "--engine",
            metavar="ENGINE",
            help="Where cells are computed: duckdb (processes here), sail, local-spark,"
            " spark://HOST:PORT or sc://HOST:PORT.",
        ),
    ] = "duckdb",
    prepare: Annotated[
        Path | None,
        typer.Option(
            "--prepare",
            metavar="DIR",
            help="First make the releases that are missing, from files in DIR or downloaded: pull,"
            " consensus, validation, release. Nothing is scored.",
        ),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Run every detector of a suite under its protocols on its releases, and keep every prediction.

    A cell is one detector, one protocol, the releases it is trained on and the one it is tested on.
    Done cells are not done again, so an interrupted run goes on where it was. A detector that fails
    or runs out of time fails its cell only. A suite without the floor rows (constant,
    one-question-tree) gets them.
    """
    from benchmarks.execution import runner
    from benchmarks.execution.suite import load, with_floor_rows
    from botbench.core.progress import ProgressBars
    from curation.engines import check

    if trust and check(engine) != "duckdb":
        raise UserError(
            "--trust holds for this machine's processes, not for an engine's workers. Leave out"
            " --engine for models that run their maker's code."
        )
    if trust:
        from benchmarks.detectors.safe_loading import trust as trust_all

        trust_all()
    check(engine)
    chosen, floor = with_floor_rows(load(suite))
    if prepare is not None:
        _prepare(chosen, suite, prepare, json_)
        return
    if floor:
        say(f"The suite gets the floor rows {', '.join(floor)}: every board shows them.")
    try:
        with progress(quiet=json_) as bar:
            report = runner.bench(
                home(),
                chosen,
                jobs,
                timeout,
                ProgressBars(bar, say),
                track=mlflow,
                engine=engine,
            )
    except KeyboardInterrupt:
        say(
            "interrupted; every finished cell is kept. Run the same command again: it does only"
            " what is missing."
        )
        raise typer.Exit(130) from None
    _tell(report)
    if json_:
        emit(runner.as_json(report))
    else:
        counts = runner.as_json(report)["cells"]
        rows = [(name.replace("_", " "), n) for name, n in counts.items()]
        table(f"{report.run.run_id}: {report.seconds:.1f} s", ("cells", "number"), rows)
    say(f"Next: botbench leaderboard --suite {report.run.suite['name']} --out DIR.")


def _prepare(suite: Suite, named: str, folder: Path, json_: bool) -> None:
    """Make the suite's missing releases and say what each came from, or why it cannot be had."""
    from dataclasses import asdict

    from curation.maintenance import preparation
    from curation.store.store import Store

    done = []
    with Store() as store, progress(quiet=json_) as bar:
        task = bar.add_task("prepare", total=None)

        def tell(what: str, so_far: int, total: int) -> None:
            bar.update(task, description=what, completed=so_far, total=total)

        for one in preparation.prepare(store, suite.releases, folder, tell):
            done.append(one)
            how = f"made from {one.source}" if one.made else "there already"
            say(f"{one.reference}: {how}." if one.reference else f"{one.name}: not to be had.")
    lacking = [one for one in done if one.reference is None]
    if json_:
        emit({"suite": suite.name, "releases": [asdict(one) for one in done]})
    else:
        for one in lacking:
            say(f"  {one.name}: {one.why}")
    if lacking:
        raise Findings(
            f"{counted(len(lacking), 'release')} of the suite's {len(done)} cannot be had here:"
            f" {', '.join(one.name for one in lacking)}. Get the files that are named above and run"
            " the same command again, or write a suite with the others."
        )
    say(f"All {len(done)} releases are there. Next: botbench bench {named}.")


def home() -> Path:
    """The store's home folder; raises UserError where there is no store."""
    from botbench.core.files import keep_private
    from curation.store import connection

    folder: Path = connection.locate(connection.usual()).home
    if not folder.exists():
        raise UserError(
            f"There is no store at {folder}. Name yours with --store PATH (or BOTBENCH_STORE), or"
            " make one: botbench pull CARD."
        )
    keep_private(folder)
    return folder


def _tell(report: Report) -> None:
    """Each failed cell with its reason, and each distinct reason for not being applicable."""
    for cell in report.failures[:SHOWN]:
        say(f"failed: {cell['detector']} on {cell['test']}, {cell['protocol']}: {cell['reason']}")
    if len(report.failures) > SHOWN:
        say(f"... and {len(report.failures) - SHOWN} more failed cells.")
    reasons: dict[str, int] = {}
    for cell in report.not_applicable:
        reasons[cell["reason"]] = reasons.get(cell["reason"], 0) + 1
    for reason, n in list(reasons.items())[:SHOWN]:
        say(f"not applicable ({counted(n, 'cell')}): {reason}{_what_it_takes(reason)}")


def _what_it_takes(reason: str) -> str:
    """What a feature or family at a reason's end is, and the columns that it is computed from.

    >>> _what_it_takes("a@1 has no posts_total_per_day.").partition(".")[0]
    ' posts_total_per_day: Posts the platform counts, divided by the age in days'
    >>> _what_it_takes("a@1 has no timing.")
    ' timing: features computed from posts.account_id, posts.created_at.'
    >>> _what_it_takes("a@1 has no sentiment."), _what_it_takes("nobody is a bot.")
    ('', '')
    """
    from curation.features import FEATURES

    name = reason.removesuffix(".").rpartition(" ")[2]
    if name in FEATURES:
        feature = FEATURES[name]
        definition = " ".join(feature.doc.split()).rstrip(".")
        return f" {name}: {definition}. It is computed from {', '.join(feature.needs)}."
    members = [f for f in FEATURES.values() if f.family == name and f.needs]
    columns = sorted({need for f in members for need in f.needs})
    if len(columns) > FEW:
        columns = sorted({table for f in members for table in f.tables})
    return f" {name}: features computed from {', '.join(columns)}." if columns else ""


def plan(  # noqa: PLR0917 (typer gives every option by name)
    difference: Annotated[
        float, typer.Argument(help="The difference to be found, as a share: 0.02 is two points.")
    ],
    metric: Annotated[
        str, typer.Option(help="balanced-accuracy, accuracy, recall[bot] or fpr[bot].")
    ] = "balanced-accuracy",
    disagree: Annotated[
        float, typer.Option(help="Share of accounts on which the two detectors answer differently.")
    ] = 0.1,
    prevalence: Annotated[
        float, typer.Option(help="Share of bots among the labelled accounts.")
    ] = 0.3,
    detectors: Annotated[int, typer.Option(help="How many detectors are compared, all pairs.")] = 2,
    power: Annotated[float, typer.Option(help="Chance that the difference is found.")] = 0.8,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Say how many labelled accounts a benchmark needs to separate two detectors that differ by so
    much.

    Both are judged on the same accounts, so what counts is where they disagree. Comparing many
    detectors asks for more.
    """
    from benchmarks.leaderboard.compute.power import Wanted, accounts

    planned = accounts(Wanted(difference, metric, disagree, prevalence, detectors, power))
    if json_:
        emit(planned)
    else:
        say(
            f"{planned['accounts']:,} labelled accounts ({planned['bots']:,} bots,"
            f" {planned['humans']:,} people) separate two detectors that differ by"
            f" {100 * difference:g} points of {metric} with a chance of {100 * power:g} %, where"
            f" they disagree on {100 * disagree:g} % of accounts ({planned['pairs']}"
            f" comparison{'s' if planned['pairs'] > 1 else ''}, Holm)."
        )
        say(f"It assumes {planned['assumes']}.")
    say("Next: botbench sample DATASET --n N, to have that many labelled.")


def coverage(
    sets: Annotated[int, typer.Option(min=10, help="Simulated data sets in each cell.")] = 2000,
    draws: Annotated[
        int,
        typer.Option(min=50, help="Bootstrap draws of each, where the interval is a bootstrap."),
    ] = 200,
    metric: Annotated[
        list[str] | None, typer.Option(help="These metrics; may be repeated.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything.")] = 0,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Count how often each interval holds the truth, on simulated data sets of known rates and
    curves.

    200 and 2,000 accounts, 5 to 50 % bots, AUC .7 to .99. With 2,000 sets it takes an hour; --sets
    100 a few minutes.
    """
    from benchmarks.leaderboard.compute import interval_coverage as counting

    how = counting.Settings(sets, draws, seed)
    worlds = counting.worlds()
    with progress(quiet=json_) as bar:
        task = bar.add_task("Simulated worlds", total=len(worlds))
        cells = [
            c
            for some in counting.cover(
                worlds, metric or counting.METRICS, how, lambda _: bar.advance(task)
            )
            for c in some
        ]
    document = counting.as_json(cells, how._asdict())
    if json_:
        emit(document)
    else:
        show(counting.as_markdown(document))
    failing = ", ".join(document["failing"]) or "none"
    say(
        "Simulated. Intervals of 95 % that hold less often than they should in some cell:"
        f" {failing}."
    )


def separation(
    boards: Annotated[int, typer.Option(min=10, help="Simulated boards in each cell.")] = 400,
    draws: Annotated[int, typer.Option(min=50, help="Bootstrap draws of each board.")] = 200,
    case: Annotated[
        list[str] | None, typer.Option(help="These kinds of board; may be repeated.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything.")] = 0,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Count how often a board separates detectors that are equal, and how often it finds a gap.

    Simulated boards of detectors that learn: one and several fits, one data set and nine, here and
    elsewhere. With 400 boards it takes some minutes; --boards 50 one.
    """
    from benchmarks.leaderboard.compute import separation as counting

    how = counting.Settings(boards, draws, seed)
    cases = tuple(case or counting.CASES)
    with progress(quiet=json_) as bar:
        task = bar.add_task("Simulated boards", total=None)
        cells = list(counting.simulate(cases, how, lambda _: bar.advance(task)))
    document = counting.as_json(cells, how._asdict())
    if json_:
        emit(document)
    else:
        show(counting.as_markdown(document))
    failing = "; ".join(document["failing"]) or "none"
    say(f"Simulated. Boards that separate equal detectors more often than they say: {failing}.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    example = (
        "Examples: `botbench bench demo` · `botbench bench my-suite.yaml --jobs 4 --timeout 600` · "
        "`botbench bench my-suite.yaml --engine sail` · `botbench bench real --prepare DIR`"
    )
    group = typer.Typer(
        cls=DefaultGroup,
        rich_markup_mode=None,
        epilog=f"{example} · `botbench bench plan 0.02`",
        help=(
            "Judge detectors on releases. `botbench bench SUITE` is short for `botbench bench run"
            " SUITE`."
        ),
    )
    group.command("run", epilog=f"{example} · `botbench bench run real --no-mlflow --json`")(bench)
    group.command(
        "plan",
        epilog=(
            "Examples: `botbench bench plan 0.02` · "
            "`botbench bench plan 0.05 --metric accuracy --detectors 10`"
        ),
    )(plan)
    group.command(
        "coverage",
        epilog=(
            "Examples: `botbench bench coverage --sets 100` · "
            "`botbench bench coverage --metric roc-auc --json`"
        ),
    )(coverage)
    group.command(
        "separation",
        epilog=(
            "Examples: `botbench bench separation --boards 50` · "
            "`botbench bench separation --case '9 data sets, one fit' --json`"
        ),
    )(separation)
    app.add_typer(group, name="bench")
