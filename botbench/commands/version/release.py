"""`botbench release NAME --dataset DATASET`: freeze a data set's judged accounts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from botbench.terminal.console import emit, say, table

if TYPE_CHECKING:
    from curation.release.release import Release


def release(
    name: Annotated[str, typer.Argument(help="The release's name, such as rtbust.")],
    *,
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset",
            help="The data set to freeze; where the release is there already, its own without one.",
        ),
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="A version, tag or date; the newest without one.")
    ] = None,
    consensus: Annotated[
        str | None, typer.Option("--consensus", help="A consensus id; the newest without one.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the drawn split.")] = 0,
    accept: Annotated[
        str | None,
        typer.Option(
            "--accept",
            metavar="REASON",
            help="Freeze although validation fails; the reason is recorded.",
        ),
    ] = None,
    because: Annotated[
        str | None,
        typer.Option(
            "--because",
            metavar="REASON",
            help="Why this version supersedes the last one; it stands on the diff page.",
        ),
    ] = None,
    tier: Annotated[
        str | None,
        typer.Option(
            "--tier",
            help="Publish it too: internal, research, public, or the path of a tier's YAML.",
        ),
    ] = None,
    answers: Annotated[
        Path | None,
        typer.Option(
            "--answers",
            metavar="FILE",
            help="YAML of what only a person can say for the datasheet; kept for the next time.",
        ),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Freeze the accounts settled as bot or human: Parquet files, splits, a content hash, and how
    validation went.

    The same content again is the same version. What validation finds broken stops a release, unless
    accepted.
    """
    from botbench.core.errors import UserError
    from curation.release.publish import tiers
    from curation.release.publish.documents import answers as asking
    from curation.release.publish.folder import publish
    from curation.release.release import dataset_of, freeze
    from curation.store.store import Store

    if accept is not None and not accept.strip():
        raise UserError(
            "--accept wants the reason why the broken rules may stay; it is recorded in the"
            " release."
        )
    with Store(create=False) as store:
        allowed = tiers.load(tier) if tier else None
        given = asking.keep(store.home, name, answers) if answers else asking.load(store.home, name)
        frozen = dataset or dataset_of(store, name)
        made = freeze(
            store,
            name,
            frozen,
            at=at,
            accept=accept,
            seed=seed,
            consensus=consensus,
            because=because,
        )
        published = publish(store, made, allowed, given) if allowed else None
    if json_:
        emit(
            {
                **made.info,
                "path": str(made.path),
                "made": made.made,
                **({**published.document(), "release_path": str(made.path)} if published else {}),
            }
        )
    else:
        _show(made)
    if not made.made:
        say(f"Nothing has changed since {made.reference} was made: it is the same version.")
    if made.info["accepted"]:
        say(f"Validation failed and was accepted: {made.info['accepted']}")
    if published:
        say(
            f"{made.reference} is published in the tier {published.info['tier']}: {published.path}."
            f" Unanswered in its datasheet: {', '.join(published.info['unanswered']) or 'nothing'}."
        )
    say(
        f"{made.reference} stands in {made.path}. Next: botbench bench SUITE.yaml with `releases:"
        f" [{made.name}]`."
    )


def _show(made: Release) -> None:
    info = made.info
    table(
        f"{made.reference} of {made.dataset}",
        ("accounts", "bots", "humans", "left out", "content hash"),
        [
            (
                info["accounts"],
                info["bots"],
                info["humans"],
                ", ".join(f"{n:,} {reason}" for reason, n in info["left_out"].items()) or "none",
                made.content_hash[:16],
            )
        ],
    )
    table(
        "",
        ("split", "train", "validation", "test"),
        [(s["split_id"], s["train"], s["validation"], s["test"]) for s in info["splits"]],
    )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench release rtbust --dataset cresci-rtbust-2019` · `botbench release"
            " rtbust --dataset cresci-rtbust-2019 --at before-correction --json` · `botbench"
            " release rtbust --tier public --answers datasheet.yaml`"
        )
    )(release)
