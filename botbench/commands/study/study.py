"""`botbench study FILE`: the bots' share of a campaign; also rogan-gladen, plan and simulate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from botbench.commands.benchmark.features import ENGINES
from botbench.commands.panels import DefaultGroup
from botbench.terminal.console import emit, progress, say, show, table
from botbench.text import numbers

if TYPE_CHECKING:
    from benchmarks.study.campaign.definition import Campaign
    from benchmarks.study.report.answers import Answers

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Share = Annotated[float, typer.Option(metavar="SHARE", help="From 0 to 1.")]
Count = Annotated[
    float | None, typer.Option(metavar="N", help="Accounts it was counted on; exact without it.")
]


study = typer.Typer(
    name="study",
    cls=DefaultGroup,
    no_args_is_help=True,
    help=(
        "Estimate how much of a campaign is bots, with an interval: study FILE.yaml, or one of the"
        " parts below."
    ),
    epilog=(
        "Examples: `botbench study campaign.yaml` · `botbench study campaign.yaml --json` · "
        "`botbench study rogan-gladen --observed .15 --sensitivity .86 --specificity .90`"
    ),
)


@study.command(
    "run",
    epilog=(
        "Examples: `botbench study campaign.yaml` · `botbench study campaign.yaml --out walkaway"
        " --json` · `botbench study run campaign.yaml` (the same)"
    ),
)
def run(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The campaign's definition (docs/study.md).")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where the report goes; else into the store."),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(metavar="ENGINE", help=f"What reads the posts: {ENGINES}."),
    ] = "duckdb",
    json_: Json = False,
) -> None:
    """Answer every question of a campaign: report.html, study.json, and each figure as CSV and
    JSON. With `kind: operation` in the file it reports what a cohort of linked accounts did.
    """
    from benchmarks.study.campaign.load import load
    from botbench.api.study import of_campaign
    from curation.engines import check
    from curation.store.store import Store

    campaign = load(file)
    check(engine)
    if campaign.kind == "operation":
        _operation(campaign, out, engine, json_)
        return
    with Store(create=False) as store, progress(quiet=json_) as bar:
        task = bar.add_task("Reading accounts and posts", total=None)
        answered, page = of_campaign(
            store,
            file,
            out,
            lambda n: bar.update(task, total=n),
            lambda title: bar.update(task, advance=1, description=title),
            engine=engine,
        )
        document = answered.document(str(page))
    for note in answered.notes:
        say(note)
    if json_:
        emit(document)
        return
    _tell(answered, page)


def _operation(campaign: Campaign, out: Path | None, engine: str, json_: bool) -> None:
    """The report of an operation."""
    from benchmarks.study.operation import page
    from curation.store.store import Store

    with Store(create=False) as store, progress(quiet=json_) as bar:
        task = bar.add_task("Reading accounts and posts", total=None)
        found, written = page.report(
            store,
            campaign,
            out,
            lambda n: bar.update(task, total=n),
            lambda title: bar.update(task, advance=1, description=title),
            engine=engine,
        )
        document = found.document(str(written))
    for note in found.notes:
        say(note)
    if json_:
        emit(document)
        return
    for _, lead in found.leads:
        show(lead)
    say(f"Next: open {written} in a browser; it needs no network.")


def _tell(answered: Answers, page: Path) -> None:
    """The default estimates of the whole campaign, and what is refused."""
    rows = [
        (e.quantity, e.value, e.low, e.high, e.naive, e.n_labelled, e.n_bots_labelled, e.method)
        for e in answered.estimates
        if e.default and e.group is None
    ]
    table(
        f"{answered.study.campaign.name}{' (simulated)' if answered.study.simulated else ''}:"
        f" {answered.study.frame.accounts:,} accounts, {answered.study.frame.posts:,} posts",
        ("quantity", "value", "low", "high", "naive", "labelled", "bots", "method"),
        rows,
    )
    for refused in [r for r in answered.refused if r.reason not in answered.notes][:10]:
        say(f"not given: {refused.quantity}: {refused.reason}")
    say(f"Next: open {page} in a browser; it needs no network.")


ROGAN_GLADEN = "botbench study rogan-gladen --observed .15 --sensitivity .86 --specificity .90"


@study.command(
    "rogan-gladen",
    epilog=(
        f"Examples: `{ROGAN_GLADEN}` · "
        f"`{ROGAN_GLADEN} --n-observed 2000 --n-sensitivity 300 --n-specificity 400 --json`"
    ),
)
def corrected(  # noqa: PLR0917 (typer gives every option by name)
    observed: Share,
    sensitivity: Share,
    specificity: Share,
    n_observed: Count = None,
    n_sensitivity: Count = None,
    n_specificity: Count = None,
    json_: Json = False,
) -> None:
    """Correct the share that a detector flags for its errors; with counts, with the 95 % interval
    of Lang and Reiczigel 2014.

    It holds as far as the detector errs on these accounts as it did where its errors were measured.
    """
    from benchmarks.study.estimators.rogan_gladen import rogan_gladen

    estimate = rogan_gladen(
        observed, sensitivity, specificity, n_observed, n_sensitivity, n_specificity
    )
    if estimate.outside:
        say(
            f"No share of bots makes a detector with these errors flag {numbers.share(observed)}:"
            " the correction lies outside 0 to 1 and was cut. Its errors on these accounts are not"
            " those given."
        )
    if json_:
        emit({"value": estimate.value, "low": estimate.low, "high": estimate.high})
        return
    interval = (
        ""
        if estimate.low is None
        else f", 95 % interval {numbers.share_range(estimate.low, estimate.high)}"
    )
    show(
        f"{estimate.value:.4f}  ({numbers.share(observed)} flagged is"
        f" {numbers.share(estimate.value)} bots{interval})"
    )


TIMELINE = 100
"""Posts of each account for which the plan tells the price."""
DEAREST = "x"
"""The network whose price the document holds where none was named: the only one that charges."""


@study.command(
    "plan",
    epilog=(
        "Examples: `botbench study plan --width .04 --share .15` · `botbench study plan --width .04"
        " --share .15 --sensitivity .86 --specificity .90 --population 2800000` · `botbench study"
        " plan --width .02 --after study.json`"
    ),
)
def planned(  # noqa: PLR0917 (typer gives every option by name)
    width: Annotated[
        float,
        typer.Option(metavar="WIDTH", help="Wanted full width of the 95 % interval, such as .04."),
    ],
    share: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="The share of bots to expect; .15 without it."),
    ] = None,
    quantity: Annotated[str, typer.Option(help="accounts or posts.")] = "accounts",
    design: Annotated[
        str | None,
        typer.Option(help="uniform or posts; the one that fits the quantity without it."),
    ] = None,
    sensitivity: Annotated[
        float | None, typer.Option(metavar="SHARE", help="Of the detector that will be used.")
    ] = None,
    specificity: Annotated[
        float | None, typer.Option(metavar="SHARE", help="Of the detector that will be used.")
    ] = None,
    correlation: Annotated[
        float | None, typer.Option(metavar="RHO", help="Of its scores with the label, where known.")
    ] = None,
    population: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Accounts of the campaign.")
    ] = None,
    spread: Annotated[
        float, typer.Option(help="Standard deviation of the logarithm of posts per account.")
    ] = 1.2,
    response: Annotated[
        float, typer.Option(help="Part of the drawn accounts that gets an answer.")
    ] = 1.0,
    after: Annotated[
        Path | None,
        typer.Option(metavar="STUDY.json", help="A study that was made: how many more?"),
    ] = None,
    network: Annotated[
        str | None,
        typer.Option(
            help="The live network that the accounts are asked from, such as x: says the price."
        ),
    ] = None,
    json_: Json = False,
) -> None:
    """Say how many accounts to annotate for an interval of a wanted width, by design and detector;
    after a study, how many more.
    """
    from dataclasses import asdict

    from benchmarks.study.estimators import plan
    from botbench.core.errors import UserError, unknown
    from curation.ingest.live import budget as prices

    if network is not None:
        from curation.ingest.live.networks import NETWORKS

        if network not in NETWORKS.own():
            raise unknown("network", network, list(NETWORKS.own()))
    fitting = "posts" if quantity == "posts" else "uniform"
    for name, value, choices in (
        ("quantity", quantity, ("accounts", "posts")),
        ("design", design or fitting, ("uniform", "posts")),
    ):
        if value not in choices:
            raise unknown(name, value, choices)
    ready = 0
    if after is not None:
        if not after.is_file():
            raise UserError(
                f"--after: there is no file {after}; a study writes study.json beside its report."
            )
        share, correlation, ready = plan.achieved(_document(after), quantity)
    design = design or fitting
    plans = plan.plan(
        width,
        0.15 if share is None else share,
        population=population,
        sensitivity=sensitivity,
        specificity=specificity,
        rho=correlation,
        quantity=quantity,
        design=design,
        spread=spread,
        response=response,
        ready=ready,
    )
    if json_:
        asked = network or DEAREST
        charged = prices.of_accounts(asked, plans.annotate, TIMELINE)
        priced = {"network": asked, "posts_each": TIMELINE, "usd": charged}
        emit({**asdict(plans), "design": design, "quantity": quantity, "price": priced})
        return
    rows = [
        ("sample alone", plans.alone),
        ("with the detector", plans.powered),
        ("more to annotate" if ready else "to annotate", plans.annotate),
    ]
    table(
        f"For an interval {numbers.score(width)} wide, share of {quantity}", ("", "accounts"), rows
    )
    for sentence in plans.notes:
        say(sentence)
    if network is not None:
        charged = prices.of_accounts(network, plans.annotate, TIMELINE)
        told = f"up to {charged:,.2f} USD ({prices.told(network)})" if charged else "nothing"
        say(f"Price of these accounts with {TIMELINE} posts each on {network}: {told}.")
    say(f"Next: botbench sample DATASET --design '{design}(n={max(plans.annotate, 1)})'")


def _document(path: Path) -> dict[str, Any]:
    import json

    from botbench.core.errors import UserError

    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(
            f"{path} is not JSON: {error}. A study writes study.json beside its report."
        ) from error
    if not isinstance(document, dict):
        raise UserError(
            f"{path} holds no study; expected the study.json that a study writes beside its report."
        )
    return document


@study.command(
    "simulate",
    epilog=(
        "Examples: `botbench study simulate --campaigns 200` · "
        "`botbench study simulate --quantifiers 40 --out docs/study-coverage.md`"
    ),
)
def simulated(  # noqa: PLR0917 (typer gives every option by name)
    campaigns: Annotated[int, typer.Option(min=1, help="Campaigns for each setting.")] = 2000,
    quantifiers: Annotated[
        int,
        typer.Option(min=0, help="Campaigns for EMQ, PACC, HDy and BotPercent, which are slow."),
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of every draw.")] = 0,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Processes.")] = 1,
    keep: Annotated[
        Path | None,
        typer.Option("--keep", metavar="DIR", help="Keep finished blocks there, to go on later."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.md", help="Write the table there.")
    ] = None,
    json_: Json = False,
) -> None:
    """Simulate campaigns of known truth and say how often each method's interval holds it, and how
    wide it is.
    """
    from benchmarks.study.simulation import coverage, run, table

    with progress(quiet=json_) as bar:
        task = bar.add_task("Simulating", total=run.count(campaigns, quantifiers))
        rows = run.run(campaigns, quantifiers, seed, jobs, keep, lambda: bar.advance(task))
    command = (
        f"botbench study simulate --campaigns {campaigns} --quantifiers {quantifiers} --seed {seed}"
    )
    page = table.page(rows, command)
    if out is not None:
        out.write_text(page, encoding="utf-8")
        say(f"wrote {out}")
    if json_:
        emit(coverage.document(rows, seed))
    elif out is None:
        show(page)


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(study)
