"""`botbench publish RELEASE --tier TIER`: a folder to share, with only what the tier lists."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from botbench.terminal.console import emit, say, table

if TYPE_CHECKING:
    from curation.release.publish.documents.answers import Answers


def publish(
    reference: Annotated[
        str, typer.Argument(metavar="RELEASE", help="A release such as rtbust or rtbust@1.")
    ],
    *,
    tier: Annotated[
        str,
        typer.Option("--tier", help="internal, research, public, or the path of a tier's YAML."),
    ],
    answers: Annotated[
        Path | None,
        typer.Option(
            "--answers",
            metavar="FILE",
            help="YAML of what only a person can say for the datasheet; kept for the next time.",
        ),
    ] = None,
    audit: Annotated[
        Path | None,
        typer.Option(
            "--audit",
            metavar="FILE",
            help="What `botbench audit dataset RELEASE --json` wrote, for the datasheet.",
        ),
    ] = None,
    ask: Annotated[
        bool,
        typer.Option(
            "--ask", help="Ask on the terminal for what is unanswered; kept for the next time."
        ),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Copy the folder there too, whole and checked."),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Publish a version of a release: Parquet, Croissant, datasheet, citation, checksums, what
    changed, and responsible use.

    The files are searched for everything the tier does not list, names hidden in notes included,
    before they stand anywhere. What is published is never edited: a correction is a new version of
    the release.
    """
    from botbench.core.files import for_others
    from curation.release import release
    from curation.release.publish import facts, folder, tiers
    from curation.release.publish.documents import answers as asking
    from curation.store.store import Store

    allowed = tiers.load(tier)
    with Store(create=False) as store:
        chosen = release.load(store.home, reference)
        given = (
            asking.keep(store.home, chosen.name, answers)
            if answers
            else asking.load(store.home, chosen.name)
        )
        given = _asked(store.home, chosen.name, given) if ask else given
        if audit:
            facts.keep_audit(store, chosen, audit)
        published = folder.publish(store, chosen, allowed, given)
    if out:
        with for_others(out):
            folder.copy(published, out)
    if json_:
        emit({**published.document(), "out": str(out) if out else None})
        return
    table(
        f"{published.info['reference']}, {published.info['tier']}",
        ("file", "rows", "sha256"),
        [(f["path"], f["rows"], f["sha256"][:16]) for f in published.info["files"]],
    )
    if not published.made:
        say("It was published before, and nothing has changed.")
    if published.info["unanswered"]:
        say(
            f"Unanswered in the datasheet: {', '.join(published.info['unanswered'])}."
            " Answer with --ask, or --answers FILE."
        )
    say(
        f"It stands in {out or published.path}."
        " Next: read its README.md, then hand the folder on as it is."
    )


def _asked(home: Path, name: str, answers: Answers) -> Answers:
    """Ask for each open answer once; an empty line leaves it unanswered."""
    from curation.release.publish.documents import answers as asking

    questions = asking.asked()
    given = {
        key: typer.prompt(f"{questions[key]} ({key})", default="", show_default=False, err=True)
        for key in answers.open
    }
    return asking.add(home, name, {key: text for key, text in given.items() if text.strip()})


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench publish rtbust --tier public --ask` · `botbench publish rtbust@1"
            " --tier ./our-tier.yaml --answers datasheet.yaml --out DIR --json`"
        )
    )(publish)
