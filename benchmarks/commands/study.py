"""`botbench study FILE`: how much of a campaign is bots; and its parts: rogan-gladen."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from curation.console import emit, say

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
