"""The option `--memory`, the same in every command that has it."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from botbench.core.errors import UserError
from botbench.text.amounts import EXAMPLE, LEAST, memory_bytes

DEFAULT = "2GB"


def checked(text: str) -> str:
    """An amount of memory as the user wrote it.

    Raises UserError for what is no amount, too little, or more than the machine has.

    >>> checked("500 MB")
    '500 MB'
    """
    asked = memory_bytes(text)
    if asked is None:
        raise UserError(f"--memory {text!r} is not an amount of memory; {EXAMPLE}.")
    if asked < LEAST:
        raise UserError(f"--memory {text!r} is too little to work with: at least 100MB.")
    # The default is no wish of the user's; DuckDB bounds it itself.
    if asked > machine() and text != DEFAULT:
        raise UserError(
            f"--memory {text!r} is more than this machine has ({machine() / 1e9:.1f}GB); {EXAMPLE}."
        )
    return text


def machine() -> int:
    """Bytes of memory that this machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


Memory = Annotated[
    str,
    typer.Option(
        "--memory",
        metavar="SIZE",
        callback=checked,
        help="How much memory DuckDB may use before it goes to disk, such as 500MB.",
    ),
]
