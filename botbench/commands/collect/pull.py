"""`botbench pull`: a data set's files into the store, with a ledger that adds up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from botbench.commands.collect.pull_network import Asked, pull_network
from botbench.commands.collect.shown_ledger import show_ledger
from botbench.commands.collect.watch_network import watch_network
from botbench.commands.memory import DEFAULT, Memory
from botbench.core.errors import Findings, UserError
from botbench.terminal.console import emit, progress, say, table
from botbench.text.numbers import counted
from curation.ingest import QUARANTINE_LIMIT

if TYPE_CHECKING:
    from curation.ingest.card_model import Card
    from curation.ingest.ledger import PullResult
    from curation.ingest.live.networks import Network
    from curation.ingest.recognition.recognise import Found


def pull(  # noqa: PLR0917
    card: Annotated[
        str,
        typer.Argument(
            metavar="CARD|NETWORK|FILE|DIR",
            help="A data set's id (see botbench datasets), the path of a card, a network (bluesky,"
            " mastodon, x), or a file or folder without a card, whose format is told by its"
            " content.",
        ),
    ],
    folder: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="DIR",
            help="The folder that holds the card's files; without it they are downloaded.",
        ),
    ] = None,
    limit: Annotated[
        float,
        typer.Option(
            "--quarantine-limit",
            min=0,
            max=1,
            help="The share of a table's rows that may be set aside before the exit code is 1.",
        ),
    ] = QUARANTINE_LIMIT,
    memory: Memory = DEFAULT,
    as_: Annotated[
        str | None,
        typer.Option("--as", metavar="NAME", help="The data set's id, for what has no card."),
    ] = None,
    platform: Annotated[
        str | None,
        typer.Option(help="The platform of a file whose format is of none, such as a table."),
    ] = None,
    write_card: Annotated[
        bool,
        typer.Option(
            "--write-card", help="Write the card that a file or folder is read by: NAME.yaml, here."
        ),
    ] = False,
    hashtag: Annotated[
        list[str] | None,
        typer.Option(metavar="TAG", help="Network: posts with it, and who wrote them; repeatable."),
    ] = None,
    handles: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Network: a list of handles or ids, one a line."),
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Network: posts from this day or time (UTC).")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="Network: posts before this day or time.")
    ] = None,
    timelines: Annotated[
        int, typer.Option(min=0, metavar="N", help="Network: the latest N posts of each account.")
    ] = 0,
    server: Annotated[
        str | None, typer.Option(metavar="URL", help="Network: the server that is asked.")
    ] = None,
    labelers: Annotated[
        str | None,
        typer.Option(metavar="DID,...", help="Bluesky: labelers whose labels are asked for too."),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(metavar="AMOUNT", help="Network: what may be spent: 5USD, 200requests."),
    ] = None,
    price: Annotated[
        str | None,
        typer.Option(metavar="KIND=USD,...", help="X: your own prices, such as post=0.004."),
    ] = None,
    start_over: Annotated[
        bool,
        typer.Option("--start-over", help="Network: drop what was fetched and not yet stored."),
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Network: what happens from now on, until stopped.")
    ] = False,
    for_: Annotated[
        str | None, typer.Option("--for", metavar="TIME", help="With --watch: so long (90s, 10m).")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Read a data set into the store: accounts, posts, edges, and its labels as claims.

    A file or folder without a card is read by one that is made for it. Rows that cannot be read are
    set aside with their reason, never dropped: read = kept + duplicate + quarantined. The same
    files again change nothing.

    A network is asked for a campaign: posts, their authors, and their timelines. The same command
    goes on with a run that was killed; after one that was finished, it asks for what is new, and
    what became of the accounts. Tokens come from the environment or the keyring.
    """
    from curation.ingest.pull import pull as work
    from curation.store.store import Store

    asked = Asked(
        as_, hashtag or [], handles, since, until, timelines, server, labelers, budget, price,
        start_over, watch, for_,
    )  # fmt: skip
    if network := _network(card):
        if folder or platform or write_card:
            raise UserError(f"--from, --platform and --write-card are not for {card}.")
        chosen = watch_network if watch else pull_network
        chosen(
            network, asked, memory=memory, json_=json_, show=_print,
            limit=lambda result: _end(result, limit),
        )  # fmt: skip
        return
    if given := asked.given():
        raise UserError(
            f"{', '.join(given)}: only for a network (bluesky, mastodon, x); {card} is none."
        )
    loaded, found = _chosen(card, as_, platform, folder)
    folder = found.folder if found else folder
    written = _write_card(found) if found and write_card else None
    with Store() as store, progress() as bar:
        task = bar.add_task(f"pull {loaded.id}", total=None)

        def tell(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total)

        result = work(store, loaded, folder, tell, memory, show=lambda s: say(s.sentence()))
    if json_:
        told = {"format": {"name": found.format, "sure": found.sure}} if found else {}
        path = {"card": str(written) if written else None} if found else {}
        emit({**result.document(), **told, **path})
    else:
        _print(result)
    if result.unchanged:
        say(
            f"{loaded.id} was pulled before from these very files (version {result.version}):"
            " nothing has changed."
        )
        if n := result.erasures_since:
            say(
                f"Since then: {counted(n, 'erasure')}. The table counts rows as they were read,"
                " also those of erased accounts, which are gone and are not read again."
            )
    _end(result, limit)


def _network(name: str) -> Network | None:
    """The network of this name; None for a card, which comes first, and for all else."""
    # Networks have names that are words; to import them all is a tenth of a small pull.
    if not name.isidentifier():
        return None
    from curation.ingest import cards
    from curation.ingest.live.networks import NETWORKS

    if name in {f.name for f in cards.folders()}:
        return None
    return NETWORKS.own().get(name)


def campaign_of(dataset: str) -> Path | None:
    """The campaign file that stands beside a built-in card, as this folder sees it; None without.

    >>> campaign_of("cresci-2015") is None
    True
    """
    from curation.ingest import cards

    files = (f / "operation.yaml" for f in cards.folders() if f.name == dataset)
    file = next((f for f in files if f.is_file()), None)
    here = Path.cwd()
    return file.relative_to(here) if file and file.is_relative_to(here) else file


def _end(result: PullResult, limit: float) -> None:
    """Say what is next; raises Findings where too many rows were set aside."""
    from botbench.api.batch import DEFAULT_N
    from curation.ingest.ledger import over_limit

    if over := over_limit(result, limit):
        nothing = [s for word, s in result.notes.items() if word.startswith("nothing_kept")]
        kept = "" if nothing else " The other rows are kept."
        raise Findings(
            f"{' '.join(nothing) or '; '.join(over) + '.'}{kept} See why: botbench quarantine"
            f" {result.dataset}"
        )
    if {"dataset", "person"} & set(result.totals["claims"]):  # the kinds that consensus counts
        say(f"Next: botbench consensus {result.dataset}.")
    elif (file := campaign_of(result.dataset)) is not None:
        say(f"Next: botbench study {file}")
    elif result.totals["accounts"]:
        few = result.totals["accounts"]
        how_many = f" --n {few}" if few < DEFAULT_N else ""
        say(f"Next: botbench sample {result.dataset}{how_many}.")
    else:
        say("No account came in, so that none can be drawn or labelled.")


def _chosen(
    card: str, as_: str | None, platform: str | None, folder: Path | None
) -> tuple[Card, Found | None]:
    """The card by its id or path, or the one made for a file or folder; says what it looks like."""
    from botbench.api.pull import choose

    chosen = choose(card, as_, platform, folder)
    if (found := chosen.found) is None:
        return chosen.card, None
    for f in found.files[:10]:
        say(f"{f.file} looks like {f.format} (sure: {f.guess.sure:.2f}).")
        for note in f.guess.notes:
            say(f"Note: {note}")
    if more := len(found.files) - 10:
        say(f"And {counted(more, 'file')} more.") if more > 0 else None
    if platform is None and (unsaid := _without_platform(found)):
        say(
            f"Note: No column of {', '.join(unsaid[:3])}{', ...' if len(unsaid) > 3 else ''} says"
            f" the platform, so it is taken to be {found.card.platform}; --platform says another."
        )
    if found.passed_over:
        say(
            f"Passed over, of no known format: {', '.join(found.passed_over[:10])}"
            f"{', ...' if len(found.passed_over) > 10 else ''}."
        )
    return found.card, found


def _without_platform(found: Found) -> list[str]:
    """The tables whose rows do not say their platform; they get the card's."""
    return [
        f.file
        for f in found.files
        if f.format == "tabular" and "platform" not in f.guess.options.get("accounts", {})
    ]


def _write_card(found: Found) -> Path:
    """Write the card that was made; raises UserError where a file of its name is there."""
    path = Path(f"{found.card.id}.yaml")
    content = found.written()
    if path.exists() and path.read_text(encoding="utf-8") != content:
        raise UserError(f"There is a file {path} already; move it away, or give another --as NAME.")
    path.write_text(content, encoding="utf-8")
    say(
        f"The card is {path.resolve()}; change it and pull it: botbench pull --from {found.folder}"
        f" {path}."
    )
    return path.resolve()


def _print(result: PullResult) -> None:
    from botbench.api.pull import told

    show_ledger(result, f"{result.dataset}, version {result.version}", "set aside")
    for word, sentence in result.notes.items():
        if word != "supersedes" and not word.startswith("nothing_kept"):
            say(f"Note: {sentence}")
    totals = result.totals
    answers = [
        (kind, answer, n) for kind, tally in totals["claims"].items() for answer, n in tally.items()
    ]
    if answers:
        table("claims", ("claimant", "answer", "rows"), answers)
    say(told(result))


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench pull cresci-rtbust-2019 --from DIR` · `botbench pull"
            " ./my-card.yaml --from DIR --json` · `botbench pull tweets.jsonl --as walkaway"
            " --write-card` · `botbench pull bluesky --hashtag WalkAway --since 2026-03-01 --as"
            " walkaway --timelines 100` · `botbench pull bluesky --hashtag WalkAway --watch --for"
            " 2h`"
        )
    )(pull)
