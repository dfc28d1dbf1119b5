"""Arguments and options that several commands of `botbench annotate` take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from curation.store.store import Store

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="LABEL_STUDIO_URL",
        metavar="URL",
        help=(
            "The Label Studio server; without it and a token, the one (or those) that `annotate"
            " serve` started."
        ),
    ),
]
Token = Annotated[
    str,
    typer.Option(
        "--token",
        envvar="LABEL_STUDIO_API_KEY",
        metavar="TOKEN",
        show_default=False,
        help=(
            "A Label Studio token (Account & Settings). Better given by the environment, where"
            " others cannot read it."
        ),
    ),
]
SchemeFile = Annotated[
    Path | None,
    typer.Option("--scheme", metavar="FILE", help="A scheme file in place of the default scheme."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
SomeBatch = Annotated[
    str | None,
    typer.Argument(
        metavar="[BATCH]", help="A batch id, or how it begins; all batches without one."
    ),
]
Batch = Annotated[
    str | None,
    typer.Argument(metavar="[BATCH]", help="A batch id, or how it begins; the newest without one."),
]


def data_set(store: Store, batch: object = None, named: str | None = None) -> str:
    """The data set that answers are of, for the next command; `DATASET` where there are several."""
    if chosen := named or getattr(batch, "dataset", None):
        return str(chosen)
    rows = store.connection.execute("SELECT DISTINCT dataset FROM lake.main.batches LIMIT 2")
    found = rows.fetchall()
    return str(found[0][0]) if len(found) == 1 else "DATASET"


def names(text: str) -> list[str]:
    """The names in `A,B,C`, without blanks around them.

    >>> names("ana, ben,")
    ['ana', 'ben']
    """
    return [name for name in (part.strip() for part in text.split(",")) if name]
