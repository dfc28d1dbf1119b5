"""`botbench study FILE`: how much of a campaign is bots; and its parts: rogan-gladen, plan, simulate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from curation.console import emit, progress, say, table

if TYPE_CHECKING:
    from benchmarks.study.answers import Answers

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Share = Annotated[float, typer.Option(metavar="SHARE", help="From 0 to 1.")]
Count = Annotated[float | None, typer.Option(metavar="N", help="Accounts it was counted on; exact without it.")]


class FileOrPart(TyperGroup):
    """A group whose first argument is one of its parts or else a campaign's file: `study FILE` is `study run FILE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `run` before the arguments where they name no part."""
        if args and args[0] not in self.commands and not set(args) & {"--help", "-h"}:
            args = ["run", *args]
        parsed: list[str] = super().parse_args(ctx, args)
        return parsed


study = typer.Typer(
    name="study", cls=FileOrPart, no_args_is_help=True,
    help="Estimate how much of a campaign is bots, with an interval: study FILE.yaml, or one of the parts below.",
    epilog="Examples: `botbench study campaign.yaml` · `botbench study campaign.yaml --json` · "
    "`botbench study rogan-gladen --observed .15 --sensitivity .86 --specificity .90`",
)


@study.command("run", epilog="Examples: `botbench study campaign.yaml` · `botbench study campaign.yaml --out walkaway --json`")
def run(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The campaign's definition (docs/study.md).")],
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where the report goes; else into the store.")] = None,
    json_: Json = False,
) -> None:
    """Answer every question of a campaign: report.html, study.json, and each figure as CSV and JSON."""
    from benchmarks.study import answers, campaign, report
    from benchmarks.study.study import Study
    from curation.store import Store

    chosen = campaign.load(file)
    asked = answers.chosen(chosen)
    with Store(create=False) as store, progress(quiet=json_) as bar:
        task = bar.add_task("Reading accounts and posts", total=len(asked) + 1)
        opened = Study.open(store, chosen)
        bar.advance(task)

        def done(title: str) -> None:
            bar.update(task, advance=1, description=title)

        found = answers.ask(opened, asked, done)
        page = report.write(found, out or store.home / "studies" / chosen.name).resolve()
        document = found.document(str(page))
    for note in found.notes:
        say(note)
    if json_:
        emit(document)
        return
    _tell(found, page)


def _tell(found: Answers, page: Path) -> None:
    """The default estimates of the whole campaign, and what is refused."""
    rows = [(e.quantity, e.value, e.low, e.high, e.naive, e.n_labelled, e.n_bots_labelled, e.method)
            for e in found.estimates if e.default and e.group is None]
    table(f"{found.study.campaign.name}{' (simulated)' if found.study.simulated else ''}: {found.study.frame.accounts:,} accounts, "
          f"{found.study.frame.posts:,} posts", ("quantity", "value", "low", "high", "naive", "labelled", "bots", "method"), rows)
    for refused in [r for r in found.refused if r.reason not in found.notes][:10]:
        say(f"not given: {refused.quantity}: {refused.reason}")
    say(f"Next: open {page} in a browser; it needs no network.")


ROGAN_GLADEN = "botbench study rogan-gladen --observed .15 --sensitivity .86 --specificity .90"


@study.command("rogan-gladen", epilog=f"Examples: `{ROGAN_GLADEN}` · "
               f"`{ROGAN_GLADEN} --n-observed 2000 --n-sensitivity 300 --n-specificity 400 --json`")
def corrected(  # noqa: PLR0917 (typer gives every option by name)
    observed: Share, sensitivity: Share, specificity: Share, n_observed: Count = None, n_sensitivity: Count = None,
    n_specificity: Count = None, json_: Json = False,
) -> None:
    """Correct the share that a detector flags for its errors; with counts, with the 95 % interval of Lang and Reiczigel 2014.

    It holds as far as the detector errs on these accounts as it did where its errors were measured.
    """
    from benchmarks.study.rogan_gladen import rogan_gladen

    found = rogan_gladen(observed, sensitivity, specificity, n_observed, n_sensitivity, n_specificity)
    if found.outside:
        say(f"No share of bots makes a detector with these errors flag {observed:.1%}: the correction lies outside 0 to 1 and was "
            "cut. Its errors on these accounts are not those given.")
    if json_:
        emit({"value": found.value, "low": found.low, "high": found.high})
        return
    interval = "" if found.low is None else f", 95 % interval {found.low:.1%} to {found.high:.1%}"
    print(f"{found.value:.4f}  ({observed:.1%} flagged is {found.value:.1%} bots{interval})")


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(study)
