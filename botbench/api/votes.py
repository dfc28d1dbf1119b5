"""`botbench.consensus` and `botbench.agreement`: from a tidy frame of answers, without a store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from botbench.api.base import drawn, given
from botbench.api.base.shown import Shown, grid
from botbench.core.errors import UserError
from botbench.html.fragment import Fragment
from botbench.text.escaping import visible
from botbench.text.numbers import counted

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import pyarrow as pa

    from botbench.api.labels import Consensus
    from curation.store.store import Store

NAME = "given"
"""The data set's name where a frame stands in for one."""
NEEDED = ("account", "claimant", "answer")
OPTIONAL = ("made_at", "claimant_kind")


class Agreement(Shown):
    """How far annotators agree: percent, kappas and alphas, each with its 95 % interval.

    `pairs` compares two annotators at a time, `document` holds everything that
    `botbench agreement --json` prints.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    @property
    def pairs(self) -> pd.DataFrame:
        """A row a pair of annotators: a, b, accounts, percent, kappa (Cohen's)."""
        import pandas as pd

        return pd.DataFrame(
            self.document["pairs"], columns=["a", "b", "accounts", "percent", "kappa"]
        )

    def frame(self) -> pd.DataFrame:
        """A row a figure: figure, value, low, high, and the same without "cannot tell"."""
        import pandas as pd

        alpha, without = self.document["alpha"], self.document["without_cannot_tell"]
        both = [(n, self.document[n], without[n]) for n in ("percent", "fleiss", "ac1", "ac2")]
        both += [
            (f"alpha {n}", alpha[n], alpha[f"{n}_without_cannot_tell"])
            for n in ("nominal", "ordinal")
        ]
        names = ("value", "low", "high")
        rows = [
            {"figure": name, **{n: a[n] for n in names}, **{f"{n}_judging": b[n] for n in names}}
            for name, a, b in both
        ]
        return pd.DataFrame(rows).astype({n: "float64" for n in rows[0] if n != "figure"})

    def to_dict(self) -> dict[str, Any]:
        """The document of `botbench agreement --json`."""
        return self.document

    def view(self) -> Fragment:
        """The figures as a chart, the pairs of annotators as a table."""
        d = self.document
        return Fragment(
            f"Agreement of {counted(d['annotators'], 'annotator')} on"
            f" {counted(d['accounts'], 'account')}",
            sentences=[f"{d['paired']:,} accounts have two or more answers."],
            charts=[
                drawn.scores(
                    self.frame()
                    .astype(object)
                    .where(self.frame().notna(), None)
                    .to_dict("records"),
                    "figure",
                    "agreement with its 95 % interval; 0 is chance",
                    None,
                )
            ],
            tables=[
                grid(self.frame(), "figures", folded=True),
                grid(self.pairs, "pairs of annotators", folded=True),
            ],
            more=".pairs",
        )

    def __repr__(self) -> str:
        """How many answered on how many accounts, and the figures."""
        d = self.document
        return (
            f"Agreement of {d['annotators']:,} annotators on {d['accounts']:,} accounts,"
            f" {d['paired']:,} of them with two or more answers\n"
            f"{self.frame().to_string(index=False)}"
        )


def agreement(answers: Any, *, seed: int = 0) -> Agreement:
    """How far those who answered agree, from a frame with a row an answer.

    `answers` has `account`, `claimant` and `answer` (any words or numbers; `human`, what leaves an
    account out, and `bot` are in this order for ordinal figures), and may have `made_at`: of
    several answers of one claimant on one account the latest counts. Raises UserError for a missing
    column or value. Source: docs/labels.md.

    >>> import pandas as pd
    >>> both = [(account, by, "bot") for account in range(9) for by in ("ann", "ben")]
    >>> found = agreement(pd.DataFrame(both, columns=["account", "claimant", "answer"]))
    >>> found.document["percent"]["value"]
    1.0
    """
    from curation.annotation.scheme.scheme import Scheme
    from curation.labels.agreement_report import report

    with _store(answers) as (store, kinds):
        document = report(store, NAME, Scheme.load(), kinds=kinds, seed=given.seed(seed))
    return Agreement(document)


def consensus(
    answers: Any,
    method: str = "auto",
    *,
    scheme: str | Path | None = None,
) -> Consensus:
    """One label for each account from a frame with a row an answer: `botbench consensus`.

    `answers` has `account`, `claimant` and `answer` (`bot`, `human`, or another answer of the
    scheme, such as `cannot tell`; 1 and 0, True and False mean bot and human), and may have
    `made_at` and `claimant_kind` (by default person). `method` is auto, majority, bayesian,
    dawid-skene, mace, glad or wawa. The frame of the result has account_id, label (None where the
    votes disagree or are too few), p_bot with p_low and p_high, n_claims, status.

    Raises UserError for a missing column or value, an unknown method, and an answer that the
    scheme does not know. Source: docs/labels.md.

    >>> import pandas as pd
    >>> votes = pd.DataFrame({"account": ["x", "x", "x"], "claimant": ["a", "b", "c"],
    ...                       "answer": ["bot", "bot", "bot"]})
    >>> consensus(votes).frame()["label"].tolist()
    ['bot']
    """
    from botbench.api.labels import of_frame

    if not isinstance(method, str):
        raise UserError(f"method is {method!r}; give a name, such as 'majority'.")
    if not isinstance(scheme, str | Path | None):
        raise UserError(f"scheme is {type(scheme).__name__}; give the path of a scheme.")
    with _store(answers) as (store, kinds):
        return of_frame(store, NAME, method, kinds, scheme)


class _FrameStore:
    """A frame's claims where the queries of a store look for them; nothing is on disk."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        from curation.store import schema

        self.connection = connection
        connection.execute("ATTACH ':memory:' AS lake")
        for table in schema.STORED.values():
            connection.execute(schema.ddl(table, "lake.main."))

    def relation(self, name: str, _: Any = None) -> str:
        """SQL, in brackets, for one table."""
        return f"(FROM lake.main.{name})"

    def resolve(self, _: Any = None) -> int:
        """Its only version."""
        return 1

    def has(self, name: str, _: int) -> bool:
        """Whether there is a table of that name: all of the schema are."""
        from curation.store import schema

        return name in schema.STORED

    def arrow(self, query: str) -> pa.Table:
        """The result of a query."""
        return self.connection.execute(query).to_arrow_table()


@contextmanager
def _store(answers: Any) -> Iterator[tuple[Store, list[str]]]:
    """A store of these answers only, and the kinds of claimants in it."""
    from botbench.core.duckdb_work import scratch_database

    rows = tidy(answers)
    with scratch_database() as connection:
        connection.register("given_answers", rows)
        store = _FrameStore(connection)
        connection.execute(
            f"""INSERT INTO lake.main.claims BY NAME
            SELECT '{NAME}' AS dataset, account AS account_id, claimant, claimant_kind, answer,
                made_at, row_number() OVER ()::VARCHAR AS claim_id FROM given_answers"""
        )
        kinds = connection.execute("SELECT DISTINCT claimant_kind FROM given_answers ORDER BY 1")
        yield cast("Store", store), [str(kind) for (kind,) in kinds.fetchall()]


def tidy(answers: Any, needed: Sequence[str] = NEEDED) -> pa.Table:
    """A frame of answers as Arrow: account, claimant, answer, made_at, claimant_kind.

    Raises UserError for a missing column, no rows, and a missing value with its place.
    """
    import pandas as pd
    import pyarrow as pa

    frame = given.frame(answers, "answers")
    if "account" not in frame and "account_id" in frame:
        frame = frame.rename(columns={"account_id": "account"})
    given.columns(frame, needed, "answers")
    columns: dict[str, Any] = {}
    for name in needed:
        values = frame[name]
        if (bad := values.isna().to_numpy()).any():
            raise UserError(
                f"{name} of row {int(bad.argmax())} is missing ({int(bad.sum()):,} such of"
                f" {len(frame):,}); leave out the answers that nobody gave."
            )
        columns[name] = values
    columns["answer"] = words(columns["answer"])
    n, times = len(frame), pa.timestamp("us", tz="UTC")
    made = _moments(frame["made_at"]) if "made_at" in frame else None
    kind = frame["claimant_kind"] if "claimant_kind" in frame else pd.Series(["person"] * n)
    return pa.table(
        {
            "account": pa.array(given.ids(columns["account"], "account")),
            "claimant": pa.array(given.words(columns["claimant"], "claimant")),
            "answer": pa.array(columns["answer"], pa.string()),
            "claimant_kind": pa.array(given.words(kind.fillna("person"), "claimant_kind")),
            "made_at": pa.nulls(n, times) if made is None else _times(made).cast(times),
        }
    )


def _moments(values: pd.Series[Any]) -> pd.Series[Any]:
    """Times in UTC, NaT where none was given. UserError for the first that is none."""
    import pandas as pd

    made = pd.to_datetime(values, utc=True, errors="coerce", format="mixed")
    if (bad := (made.isna() & values.notna()).to_numpy()).any():
        first = int(bad.argmax())
        raise UserError(
            f"made_at of row {first} is {visible(repr(values[first])[:60])}, which is no time"
            f" ({int(bad.sum()):,} such of {len(values):,}); write 2026-01-31T12:00:00Z."
        )
    return made


def _times(made: pd.Series[Any]) -> pa.Array:
    """Times in UTC as Arrow."""
    import pyarrow as pa

    return pa.array(made.dt.tz_localize(None).to_numpy(dtype="datetime64[us]"))


def words(answers: Any) -> Any:
    """Answers as words, object[n]: 1 and 0, True and False are `bot` and `human`; None stays.

    >>> words([1, 0, None]).tolist(), words([2, 1]).tolist(), words([True, False]).tolist()
    (['bot', 'human', None], ['2', '1'], ['bot', 'human'])
    """
    import pandas as pd

    series = pd.Series(answers).reset_index(drop=True)
    there = series.notna()
    numbers = series[there].astype("float64") if _numeric(series[there]) else None
    if numbers is None:
        said = series[there].astype(str)
    elif set(numbers.unique()) <= {0, 1}:
        said = numbers.map({1: "bot", 0: "human"})
    else:
        whole = bool((numbers == numbers.round()).all())
        said = (numbers.astype("int64") if whole else numbers).astype(str)
    found = pd.Series([None] * len(series), dtype=object)
    found[there] = said.astype(object)
    return found.to_numpy(dtype=object)


def _numeric(values: Any) -> bool:
    """Whether every value is a number, True or False, and none of them text."""
    import pandas as pd

    kind = pd.api.types.infer_dtype(values, skipna=True)
    return kind in ("boolean", "integer", "floating", "mixed-integer-float", "decimal")
