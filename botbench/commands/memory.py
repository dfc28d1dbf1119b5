"""The option `--memory`, the same in every command that has it."""

from __future__ import annotations

import os
import re
from typing import Annotated

import typer

from botbench.core.errors import UserError

DEFAULT = "2GB"
LEAST = 100_000_000
"""Bytes with which DuckDB still reads a data set."""
_UNITS = {
    f"{letter}{unit}": base**power
    for power, letter in enumerate("kmgt", 1)
    for unit, base in (("b", 1000), ("ib", 1024))
}
_AMOUNT = r"([0-9]+(?:\.[0-9]+)?) ?([kmgt]i?b)"
_EXAMPLE = "write for example 2GB or 500MB"


def checked(text: str) -> str:
    """An amount of memory as the user wrote it.

    Raises UserError for what is no amount, too little, or more than the machine has.

    >>> checked("500 MB")
    '500 MB'
    """
    found = re.fullmatch(_AMOUNT, text.strip(), re.IGNORECASE)
    if found is None:
        raise UserError(f"--memory {text!r} is not an amount of memory; {_EXAMPLE}.")
    asked = float(found[1]) * _UNITS[found[2].lower()]
    if asked < LEAST:
        raise UserError(f"--memory {text!r} is too little to work with: at least 100MB.")
    # The default is no wish of the user's; DuckDB bounds it itself.
    if asked > machine() and text != DEFAULT:
        raise UserError(
            f"--memory {text!r} is more than this machine has ({machine() / 1e9:.1f}GB);"
            f" {_EXAMPLE}."
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
