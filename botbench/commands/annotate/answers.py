"""`botbench answers`: the standing answers of a batch, for a spreadsheet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from botbench.commands.annotate.options import Batch, Json
from botbench.terminal.console import emit, say
from botbench.text.numbers import counted


def answers(
    batch: Batch = None,
    *,
    csv: Annotated[Path, typer.Option("--csv", metavar="FILE", help="The CSV file to write.")],
    json_: Json = False,
) -> None:
    """Write the answers of a batch that nobody has taken back as CSV, one row each, by pseudonyms.

    A note or an id that a spreadsheet would run as a formula gets an apostrophe before it.
    """
    from botbench.text.spreadsheet import write_csv
    from curation.annotation.assignment import batches
    from curation.annotation.assignment.answers import COLUMNS, standing_answers
    from curation.store.store import Store

    with Store(create=False) as store:
        chosen = batches.find(store, batch)
        count = write_csv(csv, COLUMNS, standing_answers(store, chosen))
    if json_:
        emit({"batch_id": chosen.batch_id, "rows": count, "file": str(csv)})
        return
    say(
        f"{counted(count, 'answer')} of batch {chosen.batch_id} in {csv}. Next: botbench consensus"
        f" {chosen.dataset}"
    )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench answers --csv answers.csv` · `botbench answers b3f1 --csv b3f1.csv"
            " --json`"
        )
    )(answers)
