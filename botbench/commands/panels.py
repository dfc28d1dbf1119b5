"""Groups of commands: the panels of `botbench --help`, and a group with a default command."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from typer import Typer
from typer.core import TyperGroup

from botbench.core.registry import modules

PANELS = ("collect", "annotate", "label", "version", "benchmark", "publish", "study")
"""The folders of commands, in the order of the work; each is a panel of the help. A folder's
`ORDER` names its commands in the order of the work; a command that it does not name comes last."""
DEFAULT = "run"


class Escaped(Exception):
    """Carries an error past typer; it stands in `__cause__`."""


class PanelGroup(TyperGroup):
    """A group whose help lists its commands in panels, one section a panel, as plain text.

    Typer's own panels need rich, which takes more processor time than all the rest of the help.
    """

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002, click's signature
        """Names of all commands in the order of the work."""
        return sorted(self.commands, key=self._place)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Accept `--store PLACE` after the command too."""
        parsed: list[str] = super().parse_args(ctx, _store_first(args))
        return parsed

    def invoke(self, ctx: Any) -> Any:
        """Run the command; typer would end some errors of files as if input had ended."""
        try:
            return super().invoke(ctx)
        except (EOFError, OSError) as error:
            raise Escaped from error

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write one section a panel: the name and the beginning of the help of each command."""
        names = [name for name in self.list_commands(ctx) if not self.commands[name].hidden]
        width = max(map(len, names), default=0)
        for panel, members in groupby(names, key=self._panel):
            with formatter.section(panel.capitalize()):
                formatter.write_dl(
                    [
                        (
                            name.ljust(width),
                            self.commands[name].get_short_help_str(formatter.width - width - 6),
                        )
                        for name in members
                    ]
                )

    def _panel(self, name: str) -> str:
        return str(getattr(self.commands[name], "rich_help_panel"))  # noqa: B009, not click's

    def _place(self, name: str) -> tuple[int, int, str]:
        panel = self._panel(name)
        order = importlib.import_module(f"botbench.commands.{panel}").ORDER
        return PANELS.index(panel), order.index(name) if name in order else len(order), name


class DefaultGroup(TyperGroup):
    """A group whose command `run` may be left out: `bench SUITE` is `bench run SUITE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `run` before arguments that do not begin with a command; `--help` is the group's."""
        first = args[0] if args else None
        is_named = first in self.commands or first in ctx.help_option_names
        if not is_named and (args or not self.no_args_is_help):
            args = [DEFAULT, *args]
        parsed: list[str] = super().parse_args(ctx, args)
        return parsed


def _store_first(args: list[str]) -> list[str]:
    """The arguments with every `--store PLACE` before the command; what follows `--` stays.

    >>> _store_first(["log", "--store", "s", "-n", "5"]), _store_first(["log", "--store=s"])
    (['--store', 's', 'log', '-n', '5'], ['--store=s', 'log'])
    """
    first: list[str] = []
    rest: list[str] = []
    left = iter(args)
    for argument in left:
        if argument == "--":
            rest += [argument, *left]
        elif argument == "--store":
            first += [argument, *([place] if (place := next(left, None)) is not None else [])]
        else:
            (first if argument.startswith("--store=") else rest).append(argument)
    return [*first, *rest]


def register_panels(app: Typer) -> None:
    """Add the commands of every panel's folder to the app: each module offers `register(app)`."""
    for panel in PANELS:
        before = len(app.registered_commands), len(app.registered_groups)
        for module in modules(f"botbench.commands.{panel}"):
            if hasattr(module, "register"):
                module.register(app)
        for info in _added(app, *before):
            info.rich_help_panel = panel


def _added(app: Typer, commands: int, groups: int) -> Iterator[Any]:
    yield from app.registered_commands[commands:]
    yield from app.registered_groups[groups:]
