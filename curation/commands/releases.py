"""`botbench releases`: what was frozen."""

from __future__ import annotations

from typing import Annotated

import typer

from curation.console import emit, say, table


def releases(
    verify: Annotated[bool, typer.Option("--verify", help="Compare every file with its sha256.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """List the releases with their counts and content hashes."""
    from curation.release import listed, load
    from curation.store import Store

    with Store(create=False) as store:
        home = store.home
    found = [load(home, f"{name}@{v}", verify=verify) for name, versions in listed(home).items() for v in versions]
    if json_:
        emit({"releases": [{**{k: r.info[k] for k in (
            "name", "version", "dataset", "platform", "simulated", "content_hash", "accounts", "bots", "humans", "made_at")},
            "path": str(r.path)} for r in found]})
        return
    table("", ("release", "data set", "accounts", "bots", "humans", "validation", "content hash"), [
        (r.reference, r.dataset, r.info["accounts"], r.info["bots"], r.info["humans"],
         "passed" if r.info["validation"]["success"] else "failed and accepted", r.content_hash[:16]) for r in found])
    if verify:
        say("Every file is as it was made.")
    say("Next: botbench bench SUITE.yaml, or botbench release NAME --dataset DATASET.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Examples: `botbench releases` · `botbench releases --verify --json`")(releases)
