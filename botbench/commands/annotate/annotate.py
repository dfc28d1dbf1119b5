"""`botbench annotate push|sync|status|import`: batches to Label Studio, answers back as claims."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from botbench.commands.annotate.options import (
    Batch,
    Json,
    SchemeFile,
    SomeBatch,
    Token,
    Url,
    data_set,
    names,
)
from botbench.core.errors import Findings
from botbench.terminal.console import emit, progress, say, show, table
from botbench.text.numbers import counted

if TYPE_CHECKING:
    from curation.annotation.label_studio.report import Synced
    from curation.store.store import Store

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


@annotate.command(
    epilog=(
        "Examples: `botbench annotate push b3f1 --url http://127.0.0.1:8080` · "
        "`botbench annotate push b3f1 --annotators ana,ben,cy --gold 0.1 --json`"
    )
)
def push(
    batch: Batch = None,
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
    from curation.annotation.assignment import gold as gold_accounts
    from curation.annotation.label_studio import servers
    from curation.annotation.scheme.scheme import Scheme
    from curation.store.store import Store

    given = Scheme.load(scheme) if scheme else None
    people = names(annotators)
    with Store(create=False) as store, progress(json_) as bar:
        chosen = batches.find(store, batch)
        if gold:
            if people and not seats.annotators(store, chosen):
                seats.parts(store, chosen, people)
            gold_accounts.hide_gold(store, chosen, given or Scheme.load(), gold)
        exposed = (
            score_exposure.exposed_scores(store, chosen, show_scores, show_share)
            if show_scores
            else None
        )
        task = bar.add_task("tasks", total=None)
        where = servers.of(store, url, token)
        pushed = servers.push_all(
            store,
            where,
            chosen,
            given,
            annotators=people,
            status=show_status,
            shown=exposed,
            restore_page=restore_page,
            advance=lambda n: bar.advance(task, n),
        )
    for note in pushed.notes:
        say(note)
    removed = pushed.tasks_removed
    if json_:
        emit(
            {
                "project_ids": pushed.project_ids,
                "tasks_created": pushed.tasks_created,
                "tasks_existing": pushed.tasks_existing,
                **({"tasks_removed": removed} if removed else {}),
            }
        )
        return
    projects = ", ".join(map(str, pushed.project_ids))
    gone = f" {counted(removed, 'task')} that nobody is asked for removed." if removed else ""
    say(
        f"Batch {chosen.batch_id}: projects {projects} at {', '.join(p.url for p in where)};"
        f" {counted(pushed.tasks_created, 'task')} made, {pushed.tasks_existing:,} were there."
        f"{gone}"
    )
    say(
        "Next: people answer there (Label all tasks); then botbench annotate sync"
        f" {chosen.batch_id[:8]}"
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
        chosen = batches.find(store, batch) if batch else None
        given = Scheme.load(scheme) if scheme else None
        where = servers.of(store, url, token)
        synced, _ = servers.sync_all(store, where, chosen, given, whole=whole)
        _name(store, synced)
        of = data_set(store, chosen)
    _report(synced, of, json_)


@annotate.command(
    "import",
    epilog=(
        "Examples: `botbench annotate import export.json` · "
        "`botbench annotate import export.json --dataset my-set --server lab --json`"
    ),
)
def import_(
    file: Annotated[Path, typer.Argument(help="A Label Studio export in the format JSON.")],
    *,
    dataset: Annotated[
        str | None, typer.Option(help="The data set whose account ids are the tasks' account_key.")
    ] = None,
    batch: Annotated[
        str | None,
        typer.Option(help="The batch that tasks belong to which do not say so themselves."),
    ] = None,
    server: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help=(
                "The server that the export is from, the same name each time: a number in it means"
                " somebody on that server only."
            ),
        ),
    ] = "",
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
        chosen = batches.find(store, batch) if batch else None
        given = Scheme.load(scheme) if scheme else None
        synced = sync_run.sync_file(store, file, dataset, chosen, given, server=server)
        _name(store, synced)
        of = data_set(store, chosen, dataset)
    _report(synced, of, json_)


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
        chosen = batches.find(store, batch) if batch else None
        given = Scheme.load(scheme) if scheme else None
        synced, projects = servers.sync_all(store, servers.of(store, url, token), chosen, given)
        progress_now = {
            **work.status(store, projects, given or Scheme.load()),
            "found": synced.notes,
        }
        # Names are for the lead's screen: no document has them.
        known = work.names(store, progress_now)
        if html:
            html.write_text(page(progress_now, known), encoding="utf-8")
    if json_:
        emit(progress_now)
        return
    table(
        "Projects",
        ("project", "batch", "part", "assigned", "done"),
        [
            (str(p["id"]), p["batch"][:8], p["part"], p["assigned"], p["done"])
            for p in progress_now["projects"]
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
    everybody = {**progress_now["annotators"], "all": progress_now["all"]}
    people = [
        (f"{known[name]} ({name})" if name in known else name, *(person[c] for c in columns))
        for name, person in everybody.items()
    ]
    table(
        "People",
        ("who", "assigned", "done", "skipped", "rejected", "median seconds", "gold right", "of"),
        people,
    )
    for line in work.sentences(progress_now):
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

    show(as_markdown(Scheme.load(scheme)).rstrip("\n"))


def _name(store: Store, synced: Synced) -> None:
    """Say names in place of pseudonyms, for whom the roster knows: the lead reads this."""
    from curation.annotation.assignment.roster import Roster

    for pseudonym, name in Roster.load(store.home).names().items():
        synced.notes = [note.replace(pseudonym, name) for note in synced.notes]
        for row in synced.rejected:
            row["reason"] = (row["reason"] or "").replace(pseudonym, name)


def _report(synced: Synced, dataset: str, json_: bool) -> None:
    counts = {
        "claims_added": synced.claims_added,
        "claims_retracted": synced.claims_retracted,
        "rejected": synced.rejected,
    }
    if json_:
        for note in synced.notes:  # on stderr: scripts read the document on stdout
            say(note)
        emit(counts)
        _most_rejected(synced)
        return
    outcome = "nothing new" if synced.version is None else f"version {synced.version}"
    say(
        f"{counted(synced.claims_added, 'claim')} added, {synced.claims_retracted:,} retracted, "
        f"{counted(len(synced.rejected), 'annotation')} rejected: {outcome}."
    )
    for note in synced.notes:
        say(note)
    if synced.rejected:
        columns = ("project", "task", "annotation", "account", "reason")
        table(
            "Rejected: not in the scheme, or of no known account",
            columns,
            [
                (*(r[c] for c in columns[:3]), r["account"] or r["account_key"], r["reason"])
                for r in synced.rejected
            ],
        )
    _most_rejected(synced)
    say(f"Next: botbench consensus {dataset}")


def _most_rejected(synced: Synced) -> None:
    """Raise Findings where at least half of the annotations that were read are no answers."""
    if synced.refused and 2 * synced.refused >= synced.read:
        raise Findings(
            f"{synced.refused:,} of the {counted(synced.read, 'annotation')} read now cannot be"
            " claims. Are they of another scheme, or of another data set?"
        )


def register(app: typer.Typer) -> None:
    """Add the sub-commands."""
    app.add_typer(annotate)
