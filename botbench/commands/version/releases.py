"""`botbench releases`: what was frozen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from botbench.core.errors import Findings, ResourceFailure
from botbench.terminal.console import emit, say, table

if TYPE_CHECKING:
    from curation.release.release import Release
    from curation.store.store import Store


def releases(
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare every file with its sha256.")
    ] = False,
    diff: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--diff",
            metavar="OLD NEW",
            help=(
                "What differs between two versions: accounts added, removed, relabelled, by whose"
                " claim."
            ),
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Write the page of --diff there (.html or .md)."
        ),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """List the releases with their counts and content hashes, or compare two versions of one.

    Exit code 1 where one is damaged; the others are listed.
    """
    from curation.release.release import listed, load
    from curation.store.store import Store

    with Store(create=False) as store:
        home = store.home
        if diff:
            _diff(store, *diff, out, json_)
            return
    loaded, damaged = [], []
    for reference in (f"{name}@{v}" for name, versions in listed(home).items() for v in versions):
        try:
            loaded.append(load(home, reference, verify=verify))
        except ResourceFailure as error:
            damaged.append(str(error))
    if json_:
        emit(
            {
                "releases": [
                    {
                        **{
                            k: r.info.get(k)
                            for k in (
                                "name",
                                "version",
                                "dataset",
                                "platform",
                                "simulated",
                                "content_hash",
                                "accounts",
                                "bots",
                                "humans",
                                "made_at",
                            )
                        },
                        **_hashes(r),
                        "path": str(r.path),
                    }
                    for r in loaded
                ],
                "damaged": damaged,
            }
        )
        _refuse(damaged)
        return
    table(
        "",
        ("release", "data set", "accounts", "bots", "humans", "validation", "content hash"),
        [
            (
                r.reference,
                r.dataset,
                r.info["accounts"],
                r.info["bots"],
                r.info["humans"],
                "passed" if r.info["validation"]["success"] else "failed and accepted",
                _hash_shown(r),
            )
            for r in loaded
        ],
    )
    _refuse(damaged)
    if verify:
        say("Every file is as it was made.")
    say("Next: botbench bench SUITE.yaml, or botbench release NAME --dataset DATASET.")


def _hashes(release: Release) -> dict[str, str]:
    """The hash of the content that is there; where an erasure rewrote it also the first one."""
    if rewritten := release.info.get("rewritten"):
        return {
            "content_hash": str(rewritten[-1]["content_hash"]),
            "content_hash_before_erasure": release.content_hash,
        }
    return {"content_hash": release.content_hash}


def _hash_shown(release: Release) -> str:
    hashes = _hashes(release)
    erased = " after an erasure" if "content_hash_before_erasure" in hashes else ""
    return f"{hashes['content_hash'][:16]}{erased}"


def _refuse(damaged: list[str]) -> None:
    """Raise Findings that name the releases that cannot be used."""
    if damaged:
        raise Findings(" ".join(damaged))


def _diff(store: Store, before: str, after: str, out: Path | None, json_: bool) -> None:
    from botbench.core.errors import UserError
    from botbench.core.files import for_others
    from curation.release.publish import changes
    from curation.release.release import load

    old, new = load(store.home, before), load(store.home, after)
    if old.name != new.name:
        raise UserError(
            f"{old.reference} and {new.reference} are not versions of one release; compare for"
            f" example {new.name}@1 {new.name}@2."
        )
    differences = changes.between(store, old, new)
    if out:
        page = (
            changes.markdown(differences)
            if out.suffix == ".md"
            else changes.html(differences, new.info)
        )
        with for_others(out):
            out.write_text(page, encoding="utf-8")
    if json_:
        emit(differences.document())
        return
    table(
        f"{old.reference} to {new.reference}",
        ("account", "change", "before", "after", "claims"),
        [
            (
                a["account_id"],
                a["change"],
                a["before"],
                a["after"] or a["status"],
                "; ".join(map(changes.claim, a["claims"])),
            )
            for a in differences.accounts[:100]
        ],
    )
    say(
        f"{', '.join(f'{n:,} {what}' for what, n in differences.counts.items())}. Why:"
        f" {differences.because or 'no reason was given'}."
    )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench releases` · `botbench releases --verify --json` · "
            "`botbench releases --diff rtbust@1 rtbust@2 --out changes.html`"
        )
    )(releases)
