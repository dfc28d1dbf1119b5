"""`botbench sources`: formats of files that are pulled without a card, and live networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from botbench.terminal.console import emit, say, table

if TYPE_CHECKING:
    from curation.ingest.live.networks import Network


def sources(
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """List formats of files and live networks: platform, tables they fill, what they cannot say."""
    from curation.ingest.live.networks import NETWORKS
    from curation.ingest.sources import FORMATS

    listed: list[dict[str, Any]] = [
        {
            "name": name,
            "about": f.about,
            "platform": f.traits.platform or None,
            "tables": list(f.traits.fills),
            "unknown": f.traits.unknown,
            "recognised": f.traits.recognise is not None,
        }
        for name, f in FORMATS.all().items()
    ]
    if json_:
        emit({"sources": listed, "networks": [_network(n) for n in NETWORKS.own().values()]})
        return
    table(
        "",
        ("format", "platform", "tables", "what its files cannot say"),
        [
            (s["name"], s["platform"] or "any", ", ".join(s["tables"]), s["unknown"])
            for s in listed
            if s["recognised"]
        ],
    )
    table(
        "",
        ("network", "server", "tables", "what it cannot say"),
        [
            (n.name, n.server or "--server URL", ", ".join(n.fills), n.unknown)
            for n in NETWORKS.own().values()
        ],
    )
    others = ", ".join(str(s["name"]) for s in listed if not s["recognised"])
    say(f"Only cards name {others}. Next: botbench pull FILE, or botbench pull NETWORK.")


def _network(network: Network) -> dict[str, Any]:
    return {
        "name": network.name,
        "about": network.about,
        "platform": network.platform,
        "server": network.server or None,
        "tables": list(network.fills),
        "unknown": network.unknown,
        "charges": network.told_price is not None,
    }


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Examples: `botbench sources` · `botbench sources --json`")(sources)
