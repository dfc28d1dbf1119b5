"""`botbench submit`: somebody else's predictions, from their machine to the board; nobody's code is
run.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from botbench.core.console import emit, say, table

if TYPE_CHECKING:
    from benchmarks.submissions.check import Checked
    from benchmarks.submissions.folder import Folder

submit = typer.Typer(
    name="submit",
    no_args_is_help=True,
    rich_markup_mode=None,
    help=(
        "Send predictions of your own detector to a board, or take those of others: checked by the"
        " same code on both sides."
    ),
    epilog=(
        "Examples: `botbench submit prepare --release RELEASE_DIR --predictions p.csv --out"
        " my-detector ...` · `botbench submit check my-detector --release RELEASE_DIR` · `botbench"
        " submit accept my-detector --release rtbust`"
    ),
)

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
ReleaseOption = Annotated[
    str,
    typer.Option(
        "--release",
        metavar="FOLDER|NAME",
        help="The release's folder as downloaded, or a release of your store.",
    ),
]
Submission = Annotated[
    Path, typer.Argument(metavar="SUBMISSION", help="The submission's folder, or a zip of it.")
]


def _home() -> Path | None:
    """The store's home where there is a store; a team that submits needs none."""
    from botbench.core.errors import UserError
    from curation.store.store import Store

    try:
        with Store(create=False) as store:
            return store.home
    except UserError:
        return None


def _checked(submission: Path, release: str) -> tuple[Checked, Folder]:
    from benchmarks.submissions import folder
    from benchmarks.submissions.check import check as check_submission

    home = _home()
    found = folder.find(release, home)
    return check_submission(submission, found, home), found


@submit.command(
    epilog=(
        "Example: `botbench submit prepare --release rtbust-1 --predictions p.csv --out my-detector"
        " --detector my-detector --detector-version 1.0 --author 'A. Author' --about 'Looks at"
        " hours.' --code URL --licence MIT --hardware '2 cores' --seconds 3 --threshold 0.5"
        " --trained-on rtbust@1:train`"
    )
)
def prepare(
    *,
    release: ReleaseOption,
    predictions: Annotated[
        Path, typer.Option(metavar="FILE", help="CSV or Parquet with account_id and p_bot.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="The submission's new folder.")],
    detector: Annotated[
        str, typer.Option(help="Its name on the board: lower case, digits, dashes.")
    ],
    detector_version: Annotated[str, typer.Option(help="Its version.")],
    author: Annotated[list[str], typer.Option(help="An author; repeat for more.")],
    about: Annotated[str, typer.Option(help="What it looks at, in a sentence.")],
    code: Annotated[str, typer.Option(help="Where its code is, or `not public`.")],
    licence: Annotated[str, typer.Option(help="The code's licence.")],
    hardware: Annotated[str, typer.Option(help="What it was scored on.")],
    seconds: Annotated[float, typer.Option(min=0, help="Scoring time in all.")],
    threshold: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="Bot where p_bot is at least this; chosen on training data."
        ),
    ],
    trained_on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME|NAME@VERSION[:part]",
            help="A data set it was trained on; repeat for more, leave out for none.",
        ),
    ] = None,
    cites: Annotated[str, typer.Option(help="A paper.")] = "",
    transductive: Annotated[
        bool,
        typer.Option("--transductive", help="It looks at the accounts to be scored as a whole."),
    ] = False,
    supersedes: Annotated[
        str | None, typer.Option(help="The version of it that this one replaces.")
    ] = None,
    json_: Json = False,
) -> None:
    """Copy predictions into a new folder with a manifest, if both would be accepted; every mistake
    is named.
    """
    from benchmarks.submissions import folder
    from benchmarks.submissions.prepare import prepare as make
    from benchmarks.submissions.prepare import training

    said = {
        "detector": detector,
        "version": detector_version,
        "authors": list(author),
        "about": about,
        "cites": cites,
        "code": code,
        "licence": licence,
        "hardware": hardware,
        "seconds": seconds,
        "threshold": threshold,
        "trained_on": [training(t) for t in trained_on or []],
        "transductive": transductive,
        **({"supersedes": supersedes} if supersedes else {}),
    }
    path = make(folder.find(release, _home()), predictions, out, said)
    if json_:
        emit({"manifest": str(path)})
    say(f"{path} is written. Next: botbench submit check {out} --release {release}")


@submit.command(
    epilog=(
        "Examples: `botbench submit check my-detector --release rtbust-1` · "
        "`botbench submit check my-detector.zip --release rtbust-1 --json`"
    )
)
def check(submission: Submission, *, release: ReleaseOption, json_: Json = False) -> None:
    """Say every mistake of a submission: accounts, probabilities, hashes, training data. Exit code
    1 where there is one.
    """
    found, _ = _checked(submission, release)
    if json_:
        emit(found.document())
    elif found.ok:
        say(f"{submission} is in order.")
    else:
        table(
            f"{len(found.problems)} mistakes",
            ("where", "what"),
            [(p.where, p.what) for p in found.problems],
        )
    for row in found.overlap if not json_ else []:
        shared = (
            "not counted here" if row["shared"] is None else f"{row['shared']:,} accounts shared"
        )
        say(f"  trained on {row['name']}: {shared}")
    raise typer.Exit(0 if found.ok else 1)


@submit.command(
    epilog=(
        "Examples: `botbench submit seal rtbust` · `botbench submit seal rtbust@2 --answers 10"
        " --step 0.02`"
    )
)
def seal(
    release: Annotated[
        str, typer.Argument(metavar="RELEASE", help="NAME (the newest version) or NAME@VERSION.")
    ],
    *,
    split: Annotated[
        str | None,
        typer.Option(help="The split; the official one where there is one, else the drawn one."),
    ] = None,
    part: Annotated[str, typer.Option(help="The part whose labels are kept back.")] = "test",
    answers: Annotated[
        int, typer.Option(min=1, help="Scores that one submission's name may be told.")
    ] = 20,
    step: Annotated[
        float, typer.Option(min=0.001, max=0.5, help="By how much a score must rise to be told.")
    ] = 0.01,
    json_: Json = False,
) -> None:
    """Keep the labels of one part back: what goes out is in public/, with a commitment to the
    labels that stay.
    """
    from benchmarks.submissions import sealed
    from curation.release.release import load
    from curation.store.store import Store

    with Store(create=False) as store:
        found = load(store.home, release, verify=True)
        known = [s if isinstance(s, str) else s["split_id"] for s in found.info.get("splits", ())]
        chosen = split or (
            "official" if "official" in known else next(iter(sorted(known)), "official")
        )
        public = sealed.seal(store.home, found, split=chosen, part=part, answers=answers, step=step)
        place = sealed.folder(store.home, found.reference) / "public"
    if json_:
        emit({**public, "path": str(place)})
    if public["split_id"] != "official":
        say(
            "This release has no official split: submissions can be scored, but none can stand on a"
            " board beside ours."
        )
    say(
        f"{public['accounts']:,} labels of {public['release']} are sealed. Publish {place}; keep"
        " what is beside it."
    )


@submit.command(epilog="Example: `botbench submit score my-detector --release rtbust`")
def score(submission: Submission, *, release: ReleaseOption, json_: Json = False) -> None:
    """The maintainer's answer: balanced accuracy on sealed labels, told in steps and counted (Blum
    and Hardt 2015).

    Exit code 1 where no answers are left.
    """
    from benchmarks.submissions import entries
    from curation.store.store import Store

    found, of = _checked(submission, release)
    with Store(create=False) as store:
        told = entries.score(store.home, found, of.reference)
    if json_:
        emit(told)
        return
    rose = "a new best" if told["rose"] else "not clearly above the best so far"
    say(
        f"{told['detector']}: balanced accuracy {told['score']:g} in steps of {told['step']:g}"
        f" ({rose}); {told['left']} answers left."
    )


@submit.command(
    epilog=(
        "Examples: `botbench submit accept my-detector --release rtbust` · "
        "`botbench submit accept my-detector --release rtbust --run RUN_ID`"
    )
)
def accept(
    submission: Submission,
    *,
    release: ReleaseOption,
    run: Annotated[
        str | None,
        typer.Option(metavar="RUN_ID", help="The run that it joins; the newest without it."),
    ] = None,
    json_: Json = False,
) -> None:
    """Put a checked submission on the board: a new run with its predictions as a cell; the earlier
    run stays as it was.
    """
    from benchmarks.submissions import entries
    from curation.store.store import Store

    found, of = _checked(submission, release)
    with Store(create=False) as store:
        made = entries.accept(store.home, found, of, run)
    if json_:
        emit({"run": made.run_id, "cells": len(made.cells)})
    say(f"Run {made.run_id} holds it. Next: botbench leaderboard --run {made.run_id} --out DIR")


@submit.command(
    epilog="Example: `botbench submit withdraw my-detector --reason 'a bug in the features'`"
)
def withdraw(
    detector: Annotated[str, typer.Argument(help="The submission's detector.")],
    *,
    reason: Annotated[str, typer.Option(help="Why; it stays in the history.")],
    run: Annotated[
        str | None, typer.Option(metavar="RUN_ID", help="The run; the newest without it.")
    ] = None,
    json_: Json = False,
) -> None:
    """Take a submission off the board; it stays in earlier runs and in the history."""
    from benchmarks.submissions import entries
    from curation.store.store import Store

    with Store(create=False) as store:
        made = entries.withdraw(store.home, detector, reason, run)
    if json_:
        emit({"run": made.run_id, "cells": len(made.cells)})
    say(
        f"Run {made.run_id} is without it. Next: botbench leaderboard --run {made.run_id} --out DIR"
    )


@submit.command(epilog="Examples: `botbench submit history` · `botbench submit history --json`")
def history(json_: Json = False) -> None:
    """Everything that became of submissions here: scored, accepted, withdrawn."""
    from benchmarks.submissions import ledger
    from curation.store.store import Store

    with Store(create=False) as store:
        events = ledger.events(store.home)
    if json_:
        emit({"events": events})
        return
    table(
        f"{len(events)} events",
        ("at", "event", "detector", "version", "release", "told"),
        [
            (
                e["at"],
                e["event"],
                e.get("detector"),
                e.get("version"),
                e.get("release"),
                e.get("told"),
            )
            for e in events
        ],
    )


@submit.command("open", epilog="Example: `botbench submit open rtbust --out opened`")
def open_(
    release: Annotated[str, typer.Argument(metavar="RELEASE", help="The sealed release.")],
    *,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where salt and labels are written.")],
    json_: Json = False,
) -> None:
    """Open a seal: write the labels and the salt, by which everybody can check that no label was
    changed.
    """
    from benchmarks.submissions import sealed
    from curation.release.release import load
    from curation.store.store import Store

    with Store(create=False) as store:
        path = sealed.open_seal(store.home, load(store.home, release).reference, out)
    if json_:
        emit({"path": str(path)})
    say(
        f"{path} holds the labels and the salt. Anybody checks them: botbench submit verify-seal"
        f" PUBLIC_DIR {path}"
    )


@submit.command("verify-seal", epilog="Example: `botbench submit verify-seal rtbust-1 opened`")
def verify_seal(
    public: Annotated[
        Path, typer.Argument(metavar="PUBLIC_DIR", help="The sealed release as it was published.")
    ],
    opened: Annotated[Path, typer.Argument(metavar="OPENED_DIR", help="What was opened later.")],
    json_: Json = False,
) -> None:
    """Whether opened labels are those that the commitment was made for. Exit code 1 where they are
    not.
    """
    from benchmarks.submissions import sealed

    same = sealed.verify(public, opened)
    if json_:
        emit({"ok": same})
    say(
        "The labels are those that the commitment was made for."
        if same
        else "These labels are not those of the commitment."
    )
    raise typer.Exit(0 if same else 1)


@submit.command(
    epilog="Examples: `botbench submit ladder` · `botbench submit ladder --sets 1000 --json`"
)
def ladder(
    sets: Annotated[int, typer.Option(min=10, help="Made-up test sets for each line.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the simulation.")] = 0,
    json_: Json = False,
) -> None:
    """Simulate how much a careless team gains by asking often, with and without the Ladder
    (simulated test sets).
    """
    import itertools

    from benchmarks.submissions.ladder import simulate

    settings = itertools.product((200, 1000, 4000), (20, 100, 500), (None, 0.01, 0.02))
    rows = [simulate(k, n, step, sets=sets, seed=seed) for n, k, step in settings]
    if json_:
        emit({"simulated": True, "sets": sets, "seed": seed, "rows": [vars(r) for r in rows]})
        return
    table(
        f"Gain over the true balanced accuracy of .5, mean of {sets} simulated test sets",
        ("test accounts", "submissions", "answers", "mean gain", "97.5th percentile"),
        [
            (
                r.accounts,
                r.submissions,
                "in full" if r.step is None else f"Ladder, step {r.step:g}",
                r.gain,
                r.worst,
            )
            for r in rows
        ],
    )


@submit.command(epilog="Example: `botbench submit template board-repository`")
def template(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder.")],
    json_: Json = False,
) -> None:
    """Write a repository that takes submissions as pull requests: instructions, and a workflow that
    checks them.
    """
    from benchmarks.submissions.repository import write

    files = write(folder)
    if json_:
        emit({"files": files})
    say(
        f"{len(files)} files in {folder}. Put the sealed release into release/, commit, and let"
        " people open pull requests."
    )


def register(app: typer.Typer) -> None:
    """Add the sub-commands."""
    app.add_typer(submit)
