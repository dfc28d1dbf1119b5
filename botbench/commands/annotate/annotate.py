"""`botbench annotate push|sync|status|import`: batches to Label Studio, and its answers back as
claims.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from botbench.core.console import emit, progress, say, table

annotate = typer.Typer(
    name="annotate",
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Have people judge a batch in Label Studio, and bring their answers back as claims.",
    epilog=(
        "Examples: `botbench annotate push BATCH --url http://127.0.0.1:8080 --token TOKEN` ·"
        " `botbench annotate sync` · `botbench annotate status` · `botbench annotate import"
        " export.json`"
    ),
)

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="LABEL_STUDIO_URL",
        metavar="URL",
        help=(
            "The Label Studio server; without it and a token, the one (or those) that `annotate"
            " serve` started."
        ),
    ),
]
Token = Annotated[
    str,
    typer.Option(
        "--token",
        envvar="LABEL_STUDIO_API_KEY",
        metavar="TOKEN",
        show_default=False,
        help=(
            "A Label Studio token (Account & Settings). Better given by the environment, where"
            " others cannot read it."
        ),
    ),
]
SchemeFile = Annotated[
    Path | None,
    typer.Option("--scheme", metavar="FILE", help="A scheme file in place of the default scheme."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
SomeBatch = Annotated[
    str | None,
    typer.Argument(
        metavar="[BATCH]", help="A batch id, or how it begins; all batches without one."
    ),
]


@annotate.command(
    epilog=(
        "Examples: `botbench annotate push b3f1 --url http://127.0.0.1:8080` · "
        "`botbench annotate push b3f1 --annotators ana,ben,cy --gold 0.1 --json`"
    )
)
def push(
    batch: Annotated[
        str | None,
        typer.Argument(
            metavar="[BATCH]", help="A batch id, or how it begins; the newest without one."
        ),
    ] = None,
    *,
    url: Url = None,
    token: Token = "",
    annotators: Annotated[
        str,
        typer.Option(
            metavar="A,B,C",
            help=(
                "Who works on it: each gets a project and a balanced share. Without it, one project"
                " for each copy."
            ),
        ),
    ] = "",
    show_status: Annotated[
        bool,
        typer.Option(
            "--show-status",
            help=(
                "Put on the cards what the platform says (suspended, deleted): somebody else's"
                " verdict."
            ),
        ),
    ] = False,
    show_scores: Annotated[
        Path | None,
        typer.Option(
            "--show-scores",
            metavar="FILE",
            help="Show a detector's scores on a random part of the cards, to measure how they sway "
            "people; the claims record it.",
        ),
    ] = None,
    show_share: Annotated[
        float,
        typer.Option("--show-share", min=0, max=1, help="The part of accounts that shows them."),
    ] = 0.2,
    gold: Annotated[
        float,
        typer.Option(
            min=0,
            max=0.5,
            help="Hide adjudicated accounts in each person's queue: this share of it.",
        ),
    ] = 0.0,
    restore_page: Annotated[
        bool,
        typer.Option(
            "--restore-page",
            help="Give the projects our label config again, where somebody edited it by hand.",
        ),
    ] = False,
    scheme: SchemeFile = None,
    json_: Json = False,
) -> None:
    """Make the batch's projects and tasks on the server, as far as they are missing; safe to run
    again at any time.
    """
    from curation.annotation.assignment import batches, score_exposure, seats
    from curation.annotation.assignment import gold as known
    from curation.annotation.label_studio import servers
    from curation.annotation.label_studio.client import Client
    from curation.annotation.label_studio.push import push as push_batch
    from curation.annotation.scheme.scheme import Scheme
    from curation.store.store import Store

    asked = Scheme.load(scheme) if scheme else None
    names = [n for n in (a.strip() for a in annotators.split(",")) if n]
    with Store(create=False) as store, progress(json_) as bar:
        found = batches.find(store, batch)
        if gold:
            if names and not seats.people(store, found):
                seats.asked(store, found, names)
            known.hide_gold(store, found, asked or Scheme.load(), gold)
        shown = score_exposure.shown(store, found, show_scores, show_share) if show_scores else None
        task, all_pushed, where = (
            bar.add_task("tasks", total=None),
            [],
            servers.of(store, url, token),
        )
        for place in where:
            with Client(place.url, place.token) as client:
                all_pushed.append(
                    push_batch(
                        store,
                        client,
                        found,
                        asked,
                        annotators=names,
                        only=servers.only(store, place),
                        status=show_status,
                        shown=shown,
                        restore_page=restore_page,
                        advance=lambda n: bar.advance(task, n),
                    )
                )
    ids = [i for p in all_pushed for i in p.project_ids]
    created, existing = (
        sum(p.tasks_created for p in all_pushed),
        sum(p.tasks_existing for p in all_pushed),
    )
    removed = sum(p.tasks_removed for p in all_pushed)
    for note in (note for p in all_pushed for note in p.notes):
        say(note)
    if json_:
        emit(
            {
                "project_ids": ids,
                "tasks_created": created,
                "tasks_existing": existing,
                **({"tasks_removed": removed} if removed else {}),
            }
        )
        return
    at = ", ".join(p.url for p in where)
    gone = f" {removed:,} tasks that nobody is asked for any more were removed." if removed else ""
    say(
        f"Batch {found.batch_id}: projects {', '.join(map(str, ids))} at {at}; {created:,} tasks"
        f" made, {existing:,} were there.{gone}"
    )
    say(
        "Next: people answer there (Label all tasks); then botbench annotate sync"
        f" {found.batch_id[:8]}"
    )


@annotate.command(
    epilog="Examples: `botbench annotate sync` · `botbench annotate sync b3f1 --json`"
)
def sync(
    batch: SomeBatch = None,
    *,
    url: Url = None,
    token: Token = "",
    scheme: SchemeFile = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="Read everything again, not only what changed.")
    ] = False,
    json_: Json = False,
) -> None:
    """Bring answers, edits, skips and deletions into the store as claims and retractions, each
    exactly once.

    Only what changed since the last sync is read; it says what it finds that should not be so.
    """
    from curation.annotation.assignment import batches
    from curation.annotation.label_studio import servers
    from curation.annotation.scheme.scheme import Scheme
    from curation.store.store import Store

    with Store(create=False) as store:
        found = batches.find(store, batch) if batch else None
        given = Scheme.load(scheme) if scheme else None
        synced, _ = servers.sync_all(
            store, servers.of(store, url, token), found, given, whole=whole
        )
    _report(synced, json_)


@annotate.command(
    "import",
    epilog=(
        "Examples: `botbench annotate import export.json` · "
        "`botbench annotate import export.json --dataset my-set --json`"
    ),
)
def import_(
    file: Annotated[Path, typer.Argument(help="A Label Studio export in the format JSON.")],
    dataset: Annotated[
        str | None, typer.Option(help="The data set whose account ids are the tasks' account_key.")
    ] = None,
    batch: Annotated[
        str | None,
        typer.Option(help="The batch that tasks belong to which do not say so themselves."),
    ] = None,
    scheme: SchemeFile = None,
    json_: Json = False,
) -> None:
    """Take a Label Studio JSON export; no server is needed. What is not in the file is not taken
    for deleted.
    """
    from curation.annotation.assignment import batches
    from curation.annotation.label_studio import sync_run
    from curation.annotation.scheme.scheme import Scheme
    from curation.store.store import Store

    with Store(create=False) as store:
        found = batches.find(store, batch) if batch else None
        synced = sync_run.sync_file(
            store, file, dataset, found, Scheme.load(scheme) if scheme else None
        )
    _report(synced, json_)


@annotate.command(
    epilog=(
        "Examples: `botbench annotate status` · `botbench annotate status b3f1 --json` · "
        "`botbench annotate status --html status.html`"
    )
)
def status(
    batch: SomeBatch = None,
    *,
    url: Url = None,
    token: Token = "",
    scheme: SchemeFile = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page that opens offline.")
    ] = None,
    json_: Json = False,
) -> None:
    """Sync, and say how far the work is: by person (pseudonyms) and in all, agreement, gold, what
    waits for adjudication.
    """
    from curation.annotation.assignment import batches
    from curation.annotation.label_studio import servers
    from curation.annotation.monitoring import status as work
    from curation.annotation.monitoring.status_page import page
    from curation.annotation.scheme.scheme import Scheme
    from curation.store.store import Store

    with Store(create=False) as store:
        one = batches.find(store, batch) if batch else None
        given = Scheme.load(scheme) if scheme else None
        synced, projects = servers.sync_all(store, servers.of(store, url, token), one, given)
        found = {**work.status(store, projects, given or Scheme.load()), "found": synced.notes}
        if html:
            html.write_text(page(found, work.names(store, found)), encoding="utf-8")
    if json_:
        emit(found)
        return
    table(
        "Projects",
        ("project", "batch", "part", "assigned", "done"),
        [
            (str(p["id"]), p["batch"][:8], p["part"], p["assigned"], p["done"])
            for p in found["projects"]
        ],
    )
    columns = (
        "assigned",
        "done",
        "skipped",
        "rejected",
        "median_seconds",
        "gold_right",
        "gold_seen",
    )
    everybody = {**found["annotators"], "all": found["all"]}
    people = [(name, *(person[c] for c in columns)) for name, person in everybody.items()]
    table(
        "People",
        ("who", "assigned", "done", "skipped", "rejected", "median seconds", "gold right", "of"),
        people,
    )
    for line in work.sentences(found):
        say(line)
    say(
        f"The page: {html}"
        if html
        else "Next: botbench annotate status --html FILE makes a page of it."
    )


@annotate.command(
    epilog=(
        "Examples: `botbench annotate instructions` · `botbench annotate instructions --scheme"
        " mine.yaml`"
    )
)
def instructions(scheme: SchemeFile = None) -> None:
    """Print the page that annotators read, as Markdown, made from the scheme (it is in each project
    too).
    """
    from curation.annotation.label_studio.instructions import as_markdown
    from curation.annotation.scheme.scheme import Scheme

    print(as_markdown(Scheme.load(scheme)), end="")


def _report(synced: Any, json_: bool) -> None:
    found = {
        "claims_added": synced.claims_added,
        "claims_retracted": synced.claims_retracted,
        "rejected": synced.rejected,
    }
    if json_:
        for note in synced.notes:  # on stderr; the document keeps to what scripts read
            say(note)
        emit(found)
        return
    made = "nothing new" if synced.version is None else f"version {synced.version}"
    say(
        f"{synced.claims_added:,} claims added, {synced.claims_retracted:,} retracted, "
        f"{len(synced.rejected):,} annotations rejected: {made}."
    )
    for note in synced.notes:
        say(note)
    if synced.rejected:
        columns = ("project", "task", "annotation", "account_key", "reason")
        table(
            "Rejected: not in the scheme, or of no known account",
            columns,
            [tuple(r[c] for c in columns) for r in synced.rejected],
        )
    say("Next: botbench consensus DATASET")


def register(app: typer.Typer) -> None:
    """Add the sub-commands."""
    app.add_typer(annotate)
