"""`Workspace.pull`: a card, a file, a folder or a data frame into the store."""

from __future__ import annotations

import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botbench.api.base import progress
from botbench.api.base.shown import Shown, grid
from botbench.core.errors import UserError
from botbench.html.fragment import Fragment
from botbench.text.numbers import counted
from curation.ingest import QUARANTINE_LIMIT

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from botbench.api.workspace import Workspace
    from curation.ingest.card_model import Card
    from curation.ingest.ledger import PullResult
    from curation.ingest.recognition.recognise import Found

FRAME = "frame.parquet"
"""The name of a data frame where a file's name stands."""


class Pull(Shown):
    """The result of a pull: for each table, read = kept + duplicate + quarantined.

    `dataset` is its name, `version` the store's version that holds it, `unchanged` whether the same
    content was there before, `notes` what is odd though no row was set aside.
    """

    def __init__(self, workspace: Workspace, result: PullResult) -> None:
        self.workspace, self.result = workspace, result
        self.dataset, self.version = result.dataset, result.version
        self.unchanged, self.notes = result.unchanged, result.notes

    @property
    def ledger(self) -> pd.DataFrame:
        """A row a table: table, read, kept, duplicate, quarantined."""
        return self.frame()

    @property
    def quarantine(self) -> pd.DataFrame:
        """A row a table and reason for which rows were set aside: table, reason, rows, first."""
        import pandas as pd

        return pd.DataFrame(self.result.reasons, columns=["table", "reason", "rows", "first"])

    def frame(self) -> pd.DataFrame:
        """As `ledger`."""
        import pandas as pd

        names = ("read", "kept", "duplicate", "quarantined")
        rows = [{"table": t, **{n: c[n] for n in names}} for t, c in self.result.tables.items()]
        return pd.DataFrame(rows, columns=["table", *names])

    def to_dict(self) -> dict[str, Any]:
        """The document of `botbench pull --json`."""
        return self.result.document()

    def view(self) -> Fragment:
        """The ledger, and what is odd."""
        there = ", there already" if self.unchanged else ""
        aside = [grid(self.quarantine, "set aside")] if self.result.reasons else []
        return Fragment(
            f"{self.dataset}, version {self.version}{there}",
            sentences=[told(self.result)],
            warnings=list(self.notes.values()),
            tables=[grid(self.frame(), "read = kept + duplicate + quarantined"), *aside],
        )

    def __repr__(self) -> str:
        """The ledger, and what is odd."""
        there = ", there already" if self.unchanged else ""
        lines = [f"{self.dataset}, version {self.version}{there}"]
        lines += [self.frame().to_string(index=False)]
        if self.result.reasons:
            lines += ["set aside", self.quarantine.to_string(index=False)]
        return "\n".join([*lines, *self.notes.values()])


@dataclass(frozen=True)
class Chosen:
    """What is pulled: a card, the folder of its files, and what was recognised without a card."""

    card: Card
    folder: Path | None
    found: Found | None = None


def pull(
    workspace: Workspace,
    what: Any,
    folder: str | Path | None = None,
    *,
    name: str | None = None,
    platform: str | None = None,
    memory: str = "2GB",
) -> Pull:
    """See `Workspace.pull`."""
    from curation.ingest.ledger import over_limit
    from curation.ingest.pull import pull as work

    with tempfile.TemporaryDirectory(prefix="botbench-frame-") as scratch:
        if isinstance(what, str | Path):
            chosen = choose(str(what), name, platform, None if folder is None else Path(folder))
        elif folder is not None:
            raise UserError("folder is for cards; a data frame needs none.")
        else:
            chosen = of_frame(what, Path(scratch), name or "frame", platform)
        with (
            workspace.store(create=True) as store,
            progress.told(f"pull {chosen.card.id}") as tell,
        ):
            result = work(store, chosen.card, chosen.folder, tell, memory)
    if over := over_limit(result, QUARANTINE_LIMIT):
        warnings.warn(
            f"{chosen.card.id}: {'; '.join(over)}. See why: .quarantine of the pull, or botbench"
            f" quarantine {chosen.card.id}.",
            stacklevel=3,
        )
    return Pull(workspace, result)


def choose(what: str, name: str | None, platform: str | None, folder: Path | None) -> Chosen:
    """The card of an id or path, or one made for a file or folder that has none.

    Raises UserError for what is neither, and where no format is sure of a file.
    """
    from curation.ingest import cards

    known = what.endswith((".yaml", ".yml")) or what in {f.name for f in cards.folders()}
    if known or not Path(what).exists():
        if not known and Path(what).name != Path(what).stem:
            raise UserError(
                f"There is no file or folder {what}, and no card of that name (botbench datasets)."
            )
        if name or platform:
            raise UserError("--as and --platform are for a file or folder without a card.")
        return Chosen(cards.load(what), folder)
    if folder is not None:
        raise UserError(f"{what} is a file or folder: --from is for cards.")
    from curation.ingest.recognition.recognise import recognise

    # A folder such as `.` has a name only once it is resolved, and a data set is called by it.
    path = Path(what) if Path(what).name not in ("", "..") else Path(what).resolve()
    found = recognise(path, name, platform)
    return Chosen(found.card, found.folder, found)


def of_frame(frame: Any, folder: Path, name: str, platform: str | None) -> Chosen:
    """A card for a data frame, which is written to `folder` as the file that is pulled.

    Raises UserError for what is no table, has no `account_id`, or has ids that are floats.
    """
    import pyarrow as pa

    from botbench.api.base import given
    from botbench.api.votes import words
    from botbench.core.files import write_parquet
    from curation.ingest.card_model import Card
    from curation.ingest.recognition.head import Head
    from curation.ingest.sources import tabular

    table = _arrow(frame)
    for column in ("account_id", "post_id"):
        if column in table.column_names and pa.types.is_floating(table.schema.field(column).type):
            raise given.float_ids(column)
    guess = tabular.recognise(Head(FRAME, b"", "table", columns=table.column_names))
    if guess is None:
        shown = ", ".join(map(str, table.column_names[:12]))
        raise UserError(
            f"The data frame has no column account_id; it has {shown}. Rename its columns as the"
            " schema does (botbench tables, docs/tables.md)."
        )
    if not table.num_rows:
        raise UserError("The data frame has no rows.")
    if "answer" in table.column_names:
        answers = pa.array(words(table["answer"].to_pandas()), pa.string())
        at = table.column_names.index("answer")
        table = table.set_column(at, "answer", answers)
    write_parquet(folder / FRAME, table)
    options = {k: v for k, v in guess.options.items() if k != "label"}
    document: dict[str, Any] = {
        "id": name,
        "title": name,
        "platform": platform or "unknown",
        "licence": "not stated",
        "citation": "not stated",
        "sources": [{"file": FRAME, "local_only": True}],
        "reads": [{"format": "tabular", "options": {**options, "type": "parquet"}}],
        **({"label": guess.options["label"]} if "label" in guess.options else {}),
    }
    return Chosen(_card(Card, document), folder)


def _card(model: Any, document: dict[str, Any]) -> Card:
    from pydantic import ValidationError

    try:
        card: Card = model.model_validate(document)
    except ValidationError:
        raise UserError(
            f"{document['id']!r} cannot name a data set: use lower-case letters, digits, dot, dash"
            " and underscore, such as walkaway."
        ) from None
    return card


def _arrow(frame: Any) -> pa.Table:
    """A data frame as Arrow; whole numbers that a missing value made floats are whole again."""
    import pyarrow as pa
    import pyarrow.compute as pc

    is_pandas = type(frame).__module__.partition(".")[0] == "pandas" and hasattr(frame, "columns")
    try:
        if is_pandas:
            frame = frame.rename(columns=str).reset_index(drop=True)
            table = pa.Table.from_pandas(frame, preserve_index=False)
        else:
            table = pa.table(frame)
    except (TypeError, ValueError, pa.ArrowException) as error:
        raise UserError(
            f"{type(frame).__name__} is no card, file, folder or data frame that can be read:"
            f" {str(error).splitlines()[0].rstrip('.')}."
        ) from None
    for i, field in enumerate(table.schema):
        column = table.column(i)
        if pa.types.is_floating(field.type) and field.name not in ("account_id", "post_id"):
            whole = pc.all(pc.equal(pc.floor(column), column)).as_py()
            large = pc.max(pc.abs(column)).as_py()
            if whole and large is not None and large < 2**53:
                table = table.set_column(i, field.name, column.cast(pa.int64()))
    return table.replace_schema_metadata(None)


def told(result: PullResult) -> str:
    """What a pull holds, in a sentence."""
    totals = result.totals
    return (
        f"{counted(totals['accounts'], 'account')}, {counted(totals['posts'], 'post')};"
        f" {counted(totals['unprofiled'], 'claimed account')} not observed;"
        f" {counted(sum(totals['conflicts'].values()), 'account')} with several answers."
    )
