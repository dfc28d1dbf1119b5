"""New accounts to score, from a data set in the store or a file in a known format."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.data.release_arrays import ReleaseArrays, matrix
from benchmarks.execution.evidence import COLUMNS
from botbench.core.errors import RowsSetAside, UserError, unknown
from botbench.core.files import no_file
from botbench.core.sql import literal
from botbench.text.numbers import counted
from botbench.untrusted import tables

if TYPE_CHECKING:
    from curation.ingest.card_model import Card
    from curation.store.store import Store

V1 = {"screen_name", "followers_count", "friends_count", "statuses_count"}
"""Members of Twitter's v1.1 user objects."""
NAME = "new-accounts"
NOBODY = "bots.txt"
"""The list of bots beside a Bot-or-Not file: labels are not read here, the format wants one."""


@contextmanager
def accounts(  # noqa: PLR0917 (where and how to read one thing)
    what: str,
    platform: str | None,
    observed_at: str | None,
    scratch: Path,
    place: str | Path | None = None,
    needs: Collection[str] | None = None,
) -> Iterator[ReleaseArrays]:
    """The unlabelled accounts of a FILE or of a data set in the store; files are under `scratch`.

    Features that no need of `needs` names, nor its family, are not computed: missing everywhere.

    `place` is the store's address, by default that of the environment. `platform` is that of a
    file's accounts; `observed_at` is the time of observation if the file has none. Raises UserError
    if it is neither, or if no format reads the file.
    """
    from curation.store.store import Store

    if Path(what).is_file():
        with Store(scratch / "store") as store:
            _pulled(store, *_read_by(Path(what), platform, scratch / "files"), Path(what))
            yield arrays_of(store, NAME, scratch / "frozen", observed_at, needs)
        return
    with Store(place, create=False) as store:
        columns = [
            str(row[0])
            for row in store.connection.execute(
                f"SELECT DISTINCT dataset FROM {store.relation('accounts')} ORDER BY 1"
            ).fetchall()
        ]
        if what not in columns and Path(what).is_dir():
            raise UserError(f"{no_file('file of accounts, or data set', Path(what))}; give a file.")
        if what not in columns:
            raise unknown("file or data set", what, columns)
        yield arrays_of(store, what, scratch / "frozen", observed_at, needs)


def _read_by(file: Path, platform: str | None, folder: Path) -> tuple[Card, Path]:
    """The card for a file, and the folder it is in: by its columns, or else by its content as
    `botbench pull FILE` and `botbench new card FILE` tell it.
    """
    from curation.ingest.recognition.columns import card_for

    try:
        return guessed(file, platform), _beside(file, folder)
    except UserError:
        try:
            found = card_for(file, NAME, platform)
        except UserError:
            found = None
        if found is None:
            raise
        return found.card, found.folder


def guessed(file: Path, platform: str | None) -> Card:
    """A card for a file, its format guessed from its columns. UserError lists the known formats."""
    from curation.ingest.card_model import Card

    columns = set(tables.names(file))
    form = _format(file, columns)
    options: dict[str, Any] = {}
    if form == "tabular":
        options = {
            "accounts": {n: n for n in ("account_id", "observed_at", *COLUMNS) if n in columns}
        }
    elif form == "twitter-v1-json" and {"user", "created_at"} <= columns:
        options = {"observed_at": "created_at", "posts": bool(columns & {"text", "full_text"})}
    if form in ("tabular", "twitter-v1-csv") and (separator := tables.separator(file)) != ",":
        options["separator"] = separator
    return Card.model_validate(
        {
            "id": NAME,
            "title": file.name,
            "licence": "not stated",
            "citation": "none",
            # Labels that some formats contain stay in the scratch store and are never read.
            "label": {"meaning": "not read", "claimant": "the file"},
            "platform": platform or ("unknown" if form == "tabular" else "twitter"),
            "sources": [{"file": name, "local_only": True} for name in _named(file, form)],
            "reads": [{"format": form, "options": options}],
        }
    )


def _named(file: Path, form: str) -> list[str]:
    """The card's files: the file under a plain name; for Bot-or-Not also its list of bots."""
    plain = "accounts" + "".join(Path(file.name.removesuffix(".gz")).suffixes[-1:])
    return [plain, NOBODY] if form == "bot-or-not-json" else [plain]


def _beside(file: Path, folder: Path) -> Path:
    """A folder with a link to the file under its plain name, and an empty list of bots."""
    folder.mkdir(parents=True, exist_ok=True)
    name = _named(file, "")[0] + (".gz" if file.name.endswith(".gz") else "")
    (folder / name).symlink_to(file.resolve())
    (folder / NOBODY).write_text("nobody\n", encoding="utf-8")
    return folder


def _pulled(store: Store, card: Card, folder: Path, file: Path) -> None:
    """Pull a file and warn of rows that were set aside; messages name the file as it was given."""
    from curation.ingest.pull import pull

    linked = card.sources[0].file

    def named(sentence: str) -> str:
        return sentence.replace(str(folder / linked), str(file)).replace(linked, file.name)

    try:
        result = pull(store, card, folder)
    except UserError as error:
        raise type(error)(named(str(error))) from error
    n = store.connection.execute(f"SELECT count(*) FROM {store.relation('accounts')}").fetchone()
    notes = dict(result.notes)
    nothing = notes.pop("nothing_kept accounts", None)
    if not n or not n[0]:
        read = result.tables.get("accounts", {}).get("read", 0)
        why = named(nothing or f"{counted(read, 'row')} read.")
        raise UserError(f"{file} holds no account that could be read: {why}")
    set_aside = [
        f"{file}: {counted(told['rows'], 'row')} for {told['table']} set aside"
        f"{f', with {lines:,} lines in it' if (lines := told['lines']) > told['rows'] else ''}"
        f" ({told['reason']}; first: {told['first']})."
        for told in result.reasons
    ]
    for sentence in (*set_aside, *notes.values()):
        warnings.warn(named(sentence), RowsSetAside, stacklevel=2)


def _format(file: Path, columns: set[str]) -> str:
    text = Path(file.name.removesuffix(".gz")).suffix.lower() in {".csv", ".tsv", ".parquet"}
    if {"posts", "users"} <= columns:
        return "bot-or-not-json"
    if "account_id" in columns:
        return "tabular"
    if columns & V1 and text and "id" in columns:
        return "twitter-v1-csv"
    if not text and (columns & V1 or "user" in columns):
        return "twitter-v1-json"
    if "public_metrics" in columns:
        return "twitter-v2-json"
    if {"ID", "profile"} <= columns:
        return "twibot20-json"
    raise UserError(
        f"{file}: expected Twitter's JSON or CSV, or a table with account_id and columns of the"
        " schema such as followers (botbench tables lists them); found"
        f" {', '.join(sorted(columns)[:12])}. Anything else: write a card and pull it."
    )


def arrays_of(
    store: Store,
    dataset: str,
    folder: Path,
    observed_at: str | None = None,
    needs: Collection[str] | None = None,
) -> ReleaseArrays:
    """A data set's accounts at their last observation, with new features; written to `folder`.

    `needs` limits the features that are computed, as in `accounts`.
    """
    from curation.features import FEATURES, compute
    from curation.store.schema import TABLES
    from curation.store.snapshot_queries import latest

    folder.mkdir(parents=True, exist_ok=True)

    def rows(table: str) -> str:
        return f"(SELECT * FROM {store.relation(table)} WHERE dataset = {literal(dataset)})"

    seen = (
        f"coalesce(observed_at, {literal(observed_at)}::TIMESTAMPTZ)"
        if observed_at
        else "observed_at"
    )
    queries = {
        "accounts": f"SELECT * REPLACE ({seen} AS observed_at) FROM {latest(rows('accounts'))}",
        "posts": f"SELECT * FROM {rows('posts')}",
        "edges": f"SELECT * FROM {rows('edges')}",
    }
    for table, query in queries.items():
        columns = ", ".join(f'"{c}"' for c in TABLES[table].names)
        store.connection.execute(
            f"COPY (SELECT {columns} FROM ({query}) ORDER BY ALL) TO"
            f" {literal(folder / f'{table}.parquet')} (FORMAT parquet)"
        )
    people, posts = (
        f"FROM read_parquet({literal(folder / f'{table}.parquet')})"
        for table in ("accounts", "posts")
    )
    table = compute(store.connection, people, posts, families_of(needs))
    names = list(FEATURES)
    values = np.full((table.num_rows, len(names)), np.nan)
    computed = [name for name in names if name in table.column_names]
    values[:, [names.index(name) for name in computed]] = matrix(table.select(computed))
    platform = store.arrow(
        f"SELECT platform FROM read_parquet({literal(folder / 'accounts.parquet')}) ORDER BY"
        " account_id"
    )
    n = table.num_rows
    return ReleaseArrays(
        dataset,
        dataset,
        folder,
        table["account_id"].to_numpy(zero_copy_only=False),
        platform["platform"].to_numpy(zero_copy_only=False),
        np.zeros(n, dtype=np.int8),
        np.array([f"alone:{i}" for i in range(n)], dtype=np.object_),
        np.full(n, -1, dtype=np.int8),
        tuple(names),
        tuple(FEATURES[name].family for name in names),
        values,
    )


def families_of(needs: Collection[str] | None) -> list[str] | None:
    """The families of features that needs name, by themselves or by a member; None for all."""
    from curation.features import FEATURES, families

    if needs is None:
        return None
    named = {*needs, *(FEATURES[need].family for need in needs if need in FEATURES)}
    # One family at least, so that there is a table of the accounts.
    return [family for family in families() if family in named] or families()[:1]
