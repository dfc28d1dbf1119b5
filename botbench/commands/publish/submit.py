"""`botbench submit`: predictions of others, from their machine to the board, without their code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from botbench.terminal.console import emit, say, table

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
    """The store's home, or None without a store: a team that submits needs none."""
    from botbench.core.errors import UserError
    from curation.store.store import Store

    try:
        with Store(create=False) as store:
            return store.home
    except UserError:
        return None


def checked(submission: Path, release: str) -> tuple[Checked, Folder]:
    """A submission with its problems, and the release that it is checked against."""
    from benchmarks.submissions import folder
    from benchmarks.submissions.check import check as check_submission

    home = _home()
    folder_of_release = folder.find(release, home)
    return check_submission(submission, folder_of_release, home), folder_of_release


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

    declared = {
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
    path = make(folder.find(release, _home()), predictions, out, declared)
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
    result, _ = checked(submission, release)
    if json_:
        emit(result.document())
    elif result.ok:
        say(f"{submission} is in order.")
    else:
        table(
            f"{len(result.problems)} mistakes",
            ("where", "what"),
            [(p.where, p.what) for p in result.problems],
        )
    for row in result.overlap if not json_ else []:
        shared = (
            "not counted here" if row["shared"] is None else f"{row['shared']:,} accounts shared"
        )
        say(f"  trained on {row['name']}: {shared}")
    raise typer.Exit(0 if result.ok else 1)


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
