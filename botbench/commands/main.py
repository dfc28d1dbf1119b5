"""The `botbench` command: runs the application and turns every error into a sentence.

Little is imported before `main` has taken the signals, so that Ctrl-C is a sentence from then on.
"""

from __future__ import annotations

import gc
import os
import signal
import sys

from botbench.terminal import signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    import typer

INTERRUPTED = 128 + signal.SIGINT


def build() -> typer.Typer:
    """The app with every command."""
    from botbench.commands.application import build as application

    return application()


def main() -> None:
    """Run the command line; no error gives a traceback.

    Exit codes: 0 done, 1 findings, 2 wrong use, 3 a disk, server or file failed, 130 interrupted
    (143 and 129 where SIGTERM or SIGHUP ended it).
    """
    try:
        signals.install()
        code = _guarded()
    # A signal can arrive while the sentence on another error is made.
    except BaseException as error:
        code = _last_words(error)
    signals.ended(code)
    if signals.caught() is not None:
        signals.leave(code)
    sys.exit(code)


def _guarded() -> int:
    from botbench.terminal import streams

    streams.guard()
    for telemetry in ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
        os.environ.setdefault(telemetry, "true")
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "False")
    # Importing a library makes a hundred thousand objects that stay: looked through less often.
    gc.set_threshold(50_000, 10, 10)
    # Else the threads of gradient boosting spin while they wait, which a busy machine pays for.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        result = build()(standalone_mode=False, obj=_before_a_command)
        sys.stdout.flush()
        signals.rest()
        code = result if type(result) is int else 0
    except BaseException as error:
        signals.rest()
        code = _report(error)
    number = signals.caught() or (signal.SIGINT if code == INTERRUPTED else None)
    if number is None:
        return code
    # Also where a library has made an error of its own of the interrupt.
    print(signals.sentence(number), file=sys.stderr, flush=True)
    return 128 + number


def _before_a_command() -> None:
    """What no `--help` needs."""
    from botbench.terminal import library_messages

    library_messages.quieten(log)


def _report(error: BaseException) -> int:
    """Say what an error means; the exit code."""
    from botbench.commands.panels import Escaped
    from botbench.core.errors import Findings, ResourceFailure, UserError

    if isinstance(error, Escaped) and error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, SystemExit):
        return _of_exit(error)
    if signals.caught() is not None or _is_interrupt(error):
        return INTERRUPTED
    if isinstance(error, UserError | Findings):
        is_failure = isinstance(error, ResourceFailure) and error.__cause__ is not None
        _say(f"{error}{_details(log(error)) if is_failure else ''}")
        return error.exit_code
    if hasattr(error, "show") and hasattr(error, "exit_code"):  # click's usage errors
        error.show(sys.stderr)
        return int(error.exit_code)
    if type(error).__name__ == "Abort":
        _say("The input ended before every question was answered. Give the answers as options.")
        return UserError.exit_code
    return _unexpected(error)


def _is_interrupt(error: BaseException) -> bool:
    """Whether Ctrl-C is behind an error: DuckDB makes a RuntimeError of it inside a query."""
    return any(
        isinstance(e, KeyboardInterrupt) for e in (error, error.__cause__, error.__context__)
    )


def _unexpected(error: BaseException) -> int:
    from botbench.terminal import failures, streams

    found = failures.failure(error, sys.argv[1:])
    try:
        _say(f"{found.says}{_details(log(error)) if found.exit_code == 3 else ''}")
        sys.stdout.flush()
    except OSError:
        streams.discard(sys.stdout)
    return found.exit_code


def _of_exit(error: SystemExit) -> int:
    if error.code is None or isinstance(error.code, int):
        return error.code or 0
    _say(str(error.code))
    return 1


def _details(path: Path | None) -> str:
    if path is None:
        return " No log could be written."
    return f" The details are in {path}."


def log(error: BaseException) -> Path | None:
    """Write an error's traceback to a log file, in the store's folder or the user's own."""
    from botbench.terminal import crash_log

    return crash_log.write(error, [*_store_folder(), crash_log.state_folder()])


def _store_folder() -> list[Path]:
    """The folder of log files of the store, where there is a store."""
    try:
        from curation.store.connection import locate, usual

        home = locate(usual()).home
        return [home / "logs"] if home.is_dir() else []
    # Whatever is wrong with the store, the user's own folder takes the log.
    except Exception:
        return []


def _say(text: str) -> None:
    print(f"botbench: {text}", file=sys.stderr, flush=True)


def _last_words(error: BaseException) -> int:
    """A sentence where even the making of one has failed, such as without any memory left."""
    number = signals.caught()
    said = f"botbench: it failed with {type(error).__name__}, and no details could be kept."
    os.write(2, f"{said if number is None else signals.sentence(number)}\n".encode())
    return 3 if number is None else 128 + number


if __name__ == "__main__":
    main()
