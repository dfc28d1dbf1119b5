"""`botbench annotate push|sync|status|import`: batches to Label Studio, and its answers back as claims."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from curation.console import emit, progress, say, table

annotate = typer.Typer(
    name="annotate", no_args_is_help=True, rich_markup_mode=None,
    help="Have people judge a batch in Label Studio, and bring their answers back as claims.",
    epilog="Examples: `botbench annotate push BATCH --url http://127.0.0.1:8080 --token TOKEN` · `botbench annotate sync` · "
    "`botbench annotate status` · `botbench annotate import export.json`",
)

Url = Annotated[str, typer.Option(
    "--url", envvar="LABEL_STUDIO_URL", metavar="URL", help="The Label Studio server.", show_default=True)]
Token = Annotated[str, typer.Option(
    "--token", envvar="LABEL_STUDIO_API_KEY", metavar="TOKEN", show_default=False,
    help="A Label Studio token (Account & Settings). Better given by the environment, where others cannot read it.")]
SchemeFile = Annotated[Path | None, typer.Option("--scheme", metavar="FILE", help="A scheme file in place of the default scheme.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
SomeBatch = Annotated[str | None, typer.Argument(metavar="[BATCH]", help="A batch id, or how it begins; all batches without one.")]
LOCAL = "http://127.0.0.1:8080"


@annotate.command(epilog="Examples: `botbench annotate push b3f1 --url http://127.0.0.1:8080` · "
                         "`botbench annotate push b3f1 --annotators ana,ben,cy --json`")
def push(
    batch: Annotated[str | None, typer.Argument(
        metavar="[BATCH]", help="A batch id, or how it begins; the newest without one.")] = None,
    *,
    url: Url = LOCAL,
    token: Token = "",
    annotators: Annotated[str, typer.Option(
        metavar="A,B,C", help="Who works on it: each gets a project and a balanced share. Without it, one project for each copy.",
    )] = "",
    show_status: Annotated[bool, typer.Option(
        "--show-status", help="Put on the cards what the platform says (suspended, deleted): somebody else's verdict.")] = False,
    scheme: SchemeFile = None,
    json_: Json = False,
) -> None:
    """Make the batch's projects and tasks on the server, as far as they are missing; safe to run again at any time."""
    from curation.annotation import batches
    from curation.annotation.client import Client
    from curation.annotation.push import push as push_batch
    from curation.annotation.scheme import Scheme
    from curation.store import Store

    asked = Scheme.load(scheme)
    names = [n for n in (a.strip() for a in annotators.split(",")) if n]
    with Store(create=False) as store, Client(url, token) as client, progress(json_) as bar:
        found = batches.find(store, batch)
        task = bar.add_task("tasks", total=None)
        pushed = push_batch(store, client, found, asked, annotators=names, status=show_status,
                            advance=lambda n: bar.advance(task, n))
    if json_:
        emit(vars(pushed))
        return
    say(f"Batch {found.batch_id}: projects {', '.join(map(str, pushed.project_ids))} at {client.url}; "
        f"{pushed.tasks_created:,} tasks made, {pushed.tasks_existing:,} were there.")
    say(f"Next: people answer there (Label all tasks); then botbench annotate sync {found.batch_id[:8]} --url {client.url}")


@annotate.command(epilog="Examples: `botbench annotate sync` · `botbench annotate sync b3f1 --json`")
def sync(batch: SomeBatch = None, url: Url = LOCAL, token: Token = "", scheme: SchemeFile = None, json_: Json = False) -> None:
    """Bring answers, edits, skips and deletions into the store as claims and retractions, each exactly once."""
    from curation.annotation import batches, desk
    from curation.annotation.client import Client
    from curation.annotation.scheme import Scheme
    from curation.store import Store

    with Store(create=False) as store, Client(url, token) as client:
        found = batches.find(store, batch) if batch else None
        synced = desk.sync_server(store, client, found, Scheme.load(scheme) if scheme else None)
    _report(synced, json_)


@annotate.command("import", epilog="Examples: `botbench annotate import export.json` · "
                                   "`botbench annotate import export.json --dataset my-set --json`")
def import_(
    file: Annotated[Path, typer.Argument(help="A Label Studio export in the format JSON.")],
    dataset: Annotated[str | None, typer.Option(help="The data set whose account ids are the tasks' account_key.")] = None,
    batch: Annotated[str | None, typer.Option(help="The batch that tasks belong to which do not say so themselves.")] = None,
    scheme: SchemeFile = None,
    json_: Json = False,
) -> None:
    """Take a Label Studio JSON export; no server is needed. What is not in the file is not taken for deleted."""
    from curation.annotation import batches, desk
    from curation.annotation.scheme import Scheme
    from curation.store import Store

    with Store(create=False) as store:
        found = batches.find(store, batch) if batch else None
        synced = desk.sync_file(store, file, dataset, found, Scheme.load(scheme) if scheme else None)
    _report(synced, json_)


@annotate.command(epilog="Examples: `botbench annotate status` · `botbench annotate status b3f1 --json`")
def status(batch: SomeBatch = None, url: Url = LOCAL, token: Token = "", json_: Json = False) -> None:
    """Say how far the work is: by project, by person (pseudonyms) and in all, as the server has it now."""
    from curation.annotation import batches, desk
    from curation.annotation.client import Client
    from curation.store import Store

    with Store(create=False) as store, Client(url, token) as client:
        found = desk.status(store, client, batches.find(store, batch) if batch else None)
    if json_:
        emit(found)
        return
    table("Projects", ("project", "batch", "part", "assigned", "done"),
          [(str(p["id"]), p["batch"][:8], p["part"], p["assigned"], p["done"]) for p in found["projects"]])
    columns = ("assigned", "done", "skipped", "rejected", "median_seconds")
    everybody = {**found["annotators"], "all": found["all"]}
    people = [(name, *(person[c] for c in columns)) for name, person in everybody.items()]
    table("People", ("who", "assigned", "done", "skipped", "rejected", "median seconds"), people)
    agreement = found["agreement"]
    if agreement["pairs"]:
        say(f"Of {agreement['pairs']:,} pairs of answers on one account {agreement['percent']:.0f} % agree "
            "(not corrected for chance).")
    say("Next: botbench annotate sync")


@annotate.command(epilog="Examples: `botbench annotate instructions` · `botbench annotate instructions --scheme mine.yaml`")
def instructions(scheme: SchemeFile = None) -> None:
    """Print the page that annotators read, as Markdown, made from the scheme (it is in each project too)."""
    from curation.annotation.instructions import as_markdown
    from curation.annotation.scheme import Scheme

    print(as_markdown(Scheme.load(scheme)), end="")


def _report(synced: Any, json_: bool) -> None:
    found = {"claims_added": synced.claims_added, "claims_retracted": synced.claims_retracted, "rejected": synced.rejected}
    if json_:
        emit(found)
        return
    made = "nothing new" if synced.version is None else f"version {synced.version}"
    say(f"{synced.claims_added:,} claims added, {synced.claims_retracted:,} retracted, "
        f"{len(synced.rejected):,} annotations rejected: {made}.")
    if synced.rejected:
        columns = ("project", "task", "annotation", "account_key", "reason")
        table("Rejected: not in the scheme, or of no known account", columns,
              [tuple(r[c] for c in columns) for r in synced.rejected])
    say("Next: botbench consensus DATASET")


def register(app: typer.Typer) -> None:
    """Add the sub-commands."""
    app.add_typer(annotate)
