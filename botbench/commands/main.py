"""The `botbench` command: finds every command file and turns errors into sentences."""

from __future__ import annotations

import os
import sys
from typing import Annotated, NoReturn

import typer

from botbench.commands.panels import PanelGroup, register_panels
from botbench.core.errors import Findings, UserError
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
        " DIR` · `botbench bench SUITE.yaml` · `botbench leaderboard --out DIR`"
    ),
)


def _version(asked: bool) -> None:
    if asked:
        print(f"botbench {__version__}")
        raise typer.Exit


@app.callback()
def options(
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


def build() -> typer.Typer:
    """The app with every command."""
    if not app.registered_commands:
        register_panels(app)
    return app


def main() -> None:
    """Run the command line; a user's mistake gives no traceback.

    Exit codes: 0 done, 1 findings, 2 wrong use, 130 interrupted.
    """
    for telemetry in ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
        os.environ.setdefault(telemetry, "true")
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "False")
    try:
        build()()
    except (UserError, Findings) as error:
        print(f"botbench: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except (NotADirectoryError, IsADirectoryError, FileExistsError, PermissionError) as error:
        print(f"botbench: {_place(error)}", file=sys.stderr)
        sys.exit(UserError.exit_code)
    except KeyboardInterrupt:
        _interrupted()
    except RuntimeError as error:
        # DuckDB turns Ctrl-C during a query into a RuntimeError of its own.
        if not isinstance(error.__cause__ or error.__context__, KeyboardInterrupt):
            raise
        _interrupted()
    except BrokenPipeError:
        # The reader of the pipe has closed it; the interpreter's last flush must not fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _interrupted() -> NoReturn:
    print("botbench: interrupted; run the same command again, nothing is lost.", file=sys.stderr)
    sys.exit(130)


def _place(error: OSError) -> str:
    """A path that is not what was expected of it, as a sentence."""
    what = {
        NotADirectoryError: "a part of it is a file, where a folder was expected",
        IsADirectoryError: "it is a folder, where a file was expected",
        FileExistsError: "it is a file, where a folder was expected",
    }
    why = what.get(type(error), "it may not be read or written")
    return f"{error.filename or 'a path'} cannot be used: {why}. Name another place."


if __name__ == "__main__":
    main()
