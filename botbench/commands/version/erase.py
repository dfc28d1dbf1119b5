"""`botbench erase ACCOUNT --reason TEXT`: remove an account and everything made from it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from botbench.core.errors import Findings, UserError
from botbench.terminal.console import emit, say, table
from botbench.text.numbers import counted

if TYPE_CHECKING:
    from curation.annotation.label_studio.client import Client
    from curation.maintenance.erasure import Erasure


def erase(
    account: Annotated[str | None, typer.Argument(help="The account's id, or its @handle.")] = None,
    *,
    reason: Annotated[
        str | None,
        typer.Option(
            "--reason", metavar="TEXT", help="Why; it is kept and must not name the account."
        ),
    ] = None,
    platform: Annotated[
        str | None, typer.Option("--platform", help="Its platform, where several know that id.")
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option("--dataset", help="Its data set, where the id is only the place of a row."),
    ] = None,
    also: Annotated[
        list[Path] | None,
        typer.Option(
            "--also",
            metavar="DIR",
            help="Another folder: what botbench wrote in it is cleaned; repeatable.",
        ),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(
            "--url", envvar="LABEL_STUDIO_URL", help="Label Studio server whose tasks go too."
        ),
    ] = None,
    token: Annotated[
        str,
        typer.Option(
            "--token", envvar="LABEL_STUDIO_API_KEY", help="Its token.", show_envvar=False
        ),
    ] = "",
    queue: Annotated[
        bool,
        typer.Option(
            "--queue", help="Instead: what was deleted at a network that is watched (pull --watch)."
        ),
    ] = False,
    expired: Annotated[
        bool,
        typer.Option("--expired", help="Instead: remove what is past its tier's retention period."),
    ] = False,
    on: Annotated[
        str | None,
        typer.Option(
            "--on", metavar="DATE", help="The day that --expired goes by; today without it."
        ),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Erase an account: rows in every version, catalog pages, Label Studio tasks, predictions,
    MLflow artifacts, reports, caches and releases (each gets a successor). Only a salted hash
    remains, so that it is not pulled again.

    Older versions of the store go, for they hold the account; frozen releases stay, without it. An
    interrupted erasure is finished by the same command. Files that botbench did not make are listed
    and left as they are. Backups are listed: only you can delete them, and those made elsewhere are
    not known here. Exit code 1 where anything is left.
    """
    from curation.maintenance.erasure import erase as work
    from curation.store.store import Store

    if expired:
        _expire(on, json_)
        return
    if queue:
        if account:
            raise UserError("--queue erases what is in the queue: name no account.")
        _work_off(reason, json_)
        return
    if not account or not reason:
        raise UserError(
            "erase wants an account and --reason TEXT (or --expired, for what is past its retention"
            " period)."
        )
    with Store(create=False) as store:
        done = work(
            store,
            account,
            reason,
            platform=platform,
            dataset=dataset,
            also=also or [],
            client=_client(url, token),
        )
    if json_:
        emit(done.document())
    else:
        _show(done)
    if done.left:
        raise Findings(
            f"Something is left in {counted(done.left, 'place')}; the erasure is not finished. Run"
            " the same command again after mending what is listed."
        )


def _work_off(reason: str | None, json_: bool) -> None:
    from botbench.terminal.console import progress
    from curation.maintenance.queued_erasures import work_off
    from curation.store.store import Store

    with Store(create=False) as store, progress(json_) as bar:
        task = bar.add_task("erasing", total=None)

        def tell(what: str, at: int, total: int) -> None:
            bar.update(task, description=what, completed=at, total=total)

        done = work_off(store, reason, tell)
    if json_:
        emit(done.document())
    else:
        for text in done.left_in:
            say(f"LEFT: {text}")
        for text in (*done.to_do, *done.backups):
            say(f"To do by hand: {text}")
        say(
            f"{counted(done.accounts, 'account')} and {counted(done.posts, 'post')} erased;"
            f" {done.gone_already:,} were gone already; {done.waiting:,} left in the queue."
        )
    if done.left:
        raise Findings(
            f"Something is left in {counted(done.left, 'place')}. Run the same command again."
        )


def _client(url: str | None, token: str) -> Client | None:
    from curation.annotation.label_studio.client import Client

    return Client(url, token) if url else None


def _show(done: Erasure) -> None:
    table(
        "rows",
        ("table", "removed", "masked in others' rows"),
        [
            (name, done.rows_removed.get(name, 0), done.rows_masked.get(name, 0))
            for name in sorted({*done.rows_removed, *done.rows_masked})
        ],
    )
    if done.releases_superseded:
        table(
            "releases",
            ("written anew", "superseded by"),
            [(r, done.successors.get(r)) for r in done.releases_superseded],
        )
    for text in done.left_in:
        say(f"LEFT: {text}")
    for text in done.to_do:
        say(f"To do by hand: {text}")
    for text in done.backups:
        say(f"A backup that may hold it: {text}")
    say(f"Looked at: {'; '.join(done.places_checked)}. Left: {done.left}.")


def _expire(on: str | None, json_: bool) -> None:
    from curation.maintenance.erasure.expiry import expire
    from curation.store.store import Store

    with Store(create=False) as store:
        done = expire(store, on)
    if json_:
        emit(done)
        return
    table(
        "past their retention period",
        ("publication", "until", "files removed"),
        [(p["publication"], p["until"], p["files"]) for p in done["expired"]],
    )
    say(
        f"{len(done['expired'])} publications are past their period on {done['on']}; their data are"
        " gone, their notices stay."
    )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench erase 1234567890 --reason 'asked by mail, case 7'` · `botbench"
            " erase @NAME --platform twitter --reason 'case 8' --json` · `botbench erase --expired"
            " --on 2028-01-01` · `botbench erase --queue`"
        )
    )(erase)
