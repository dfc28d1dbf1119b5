"""The `botbench` application: options before the command, and every command found."""

from __future__ import annotations

import os
from functools import cache
from typing import Annotated

import typer
import typer.main

from botbench.commands.panels import PanelGroup, register_panels
from botbench.core.version import __version__

app = typer.Typer(
    name="botbench",
    cls=PanelGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Make labelled data sets of bot and human accounts, and judge bot detectors on them.",
    epilog=(
        "Examples: `botbench demo` · `botbench datasets` · `botbench pull cresci-rtbust-2019 --from"
        " DIR` · `botbench bench SUITE.yaml` · `botbench leaderboard --out DIR`. Exit codes: 0"
        " done, 1 findings, 2 wrong use, 3 a disk, server or file failed, 130 interrupted."
    ),
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"botbench {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    store: Annotated[
        str,
        typer.Option(
            envvar="BOTBENCH_STORE",
            metavar="PATH|URL",
            help="Where the store is: a folder, or postgresql://... for a team.",
        ),
    ] = "./.botbench",
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Make labelled data sets of bot and human accounts, and judge bot detectors on them."""
    os.environ["BOTBENCH_STORE"] = store
    if callable(context.obj):
        context.obj()


def build() -> typer.Typer:
    """The app with every command."""
    if not app.registered_commands:
        register_panels(app)
        # Typer reads the signature of each of some 70 commands twice: half of what --help takes.
        read = vars(typer.main)
        read["get_params_from_function"] = cache(read["get_params_from_function"])
    return app
