"""`botbench consensus DATASET`: labels from claims."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from botbench.terminal.console import emit, say, table
from botbench.text import numbers
from botbench.text.numbers import counted


def consensus(
    dataset: Annotated[str, typer.Argument(help="The data set's id, such as cresci-rtbust-2019.")],
    *,
    method: Annotated[
        str,
        typer.Option(
            help=(
                "How votes become a label: majority, bayesian, dawid-skene, mace, glad, wawa; auto"
                " is bayesian where claimants "
                "judged the same accounts, else majority."
            )
        ),
    ] = "auto",
    kinds: Annotated[
        str,
        typer.Option(
            help="Whose claims count, separated by commas: person, dataset, platform, rule, model."
        ),
    ] = "person,dataset",
    explain: Annotated[
        str | None,
        typer.Option(
            "--explain",
            metavar="ACCOUNT",
            help="Say why this account has its label; nothing is written.",
        ),
    ] = None,
    scheme: Annotated[
        Path | None,
        typer.Option(
            "--scheme", metavar="FILE", help="A scheme file in place of the default scheme."
        ),
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="The claims at this version, tag or date.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Make one label for each account from its claims: one vote for each claimant, the latest not
    retracted.

    Accounts whose votes disagree are disputed, those with too few judging votes say so; neither
    gets a label. What an adjudicator said settles an account. The same claims give the same labels
    and no new version.
    """
    from botbench.api.labels import of_store
    from curation.annotation.scheme.scheme import Scheme
    from curation.labels.consensus.explain import explain as why
    from curation.labels.consensus.run import parted
    from curation.store.store import Store

    chosen = [kind.strip() for kind in kinds.split(",") if kind.strip()]
    with Store(create=False) as store:
        if explain is not None:
            explanation = why(
                store, dataset, explain, Scheme.load(scheme), method=method, kinds=chosen, at=at
            )
            return emit(explanation) if json_ else _explained(explanation)
        result = of_store(store, dataset, method, chosen, scheme, at)
    if json_:
        emit(result.document())
    else:
        table(
            f"{dataset}: {counted(result.accounts, 'account')} by {result.method} of"
            f" {', '.join(chosen)}",
            ("", "accounts"),
            [
                *((f"labelled {label}", n) for label, n in result.labels.items()),
                *((status, n) for status, n in result.status.items() if status != "agreed"),
            ],
        )
        if result.claimants:
            table(
                "claimants (the 20 with most votes, all by --json)",
                ("claimant", "kind", "votes", "sensitivity", "95 %", "specificity", "95 %"),
                [_claimant(c) for c in result.claimants[:20]],
            )
        if result.disagree:
            say(parted(result.camps, result.disagree))
        if result.behind:
            say(
                f"{counted(result.behind, 'claim')} of the platform name an organisation behind an"
                " account. That does not say whether people or software write, so they are no"
                " votes. Draw accounts for people to judge: botbench sample"
                f" {dataset}."
            )
    if result.unchanged:
        say("These labels were there already; nothing has changed.")
    say(f"Next: botbench validate {dataset}.")
    return None


def _claimant(c: dict[str, Any]) -> tuple[object, ...]:
    sensitivity, specificity = c["sensitivity"], c["specificity"]
    return (
        c["claimant"],
        c["claimant_kind"],
        c["votes"],
        sensitivity["value"],
        _span(sensitivity),
        specificity["value"],
        _span(specificity),
    )


def _span(interval: dict[str, float | None]) -> str:
    low, high = interval["low"], interval["high"]
    return numbers.score_range(low, high, 2)


def _explained(explanation: dict[str, Any]) -> None:
    interval = (
        ""
        if explanation["p_low"] is None
        else f" ({numbers.score_range(explanation['p_low'], explanation['p_high'])})"
    )
    table(
        f"{explanation['account']} of {explanation['dataset']}:"
        f" {explanation['label'] or 'no label'}, {explanation['status']},"
        f" p_bot {numbers.score(explanation['p_bot'])}{interval} by {explanation['method']}",
        ("when", "kind", "claimant", "answer", "as", "what became of it"),
        [
            (
                v["made_at"].strftime("%Y-%m-%d %H:%M") if v["made_at"] else None,
                v["claimant_kind"],
                v["claimant"],
                v["answer"],
                v["label"],
                v["fate"],
            )
            for v in explanation["votes"]
        ],
    )
    say(explanation["why"])
    say(f"Next: botbench claims {explanation['account']} tells everything ever said of it.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench consensus cresci-rtbust-2019` · "
            "`botbench consensus twibot22-experts --kinds person --method bayesian --json` · "
            "`botbench consensus caverlee-2011 --explain 6301`"
        )
    )(consensus)
