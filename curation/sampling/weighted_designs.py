"""Designs that draw by a weight: what they look at, the weights, and the draw (in classes, or a
toss for each account).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from botbench.core.errors import UserError
from botbench.core.sql import literal
from curation.sampling import score_files as files
from curation.sampling.designs import Design, Stratum
from curation.sampling.designs.posts import COUNTS
from curation.sampling.unequal_probability import Weighted, classes
from curation.store.retractions import standing_claims
from curation.store.snapshot_queries import latest
from curation.store.store import Store

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

Take = Callable[[duckdb.DuckDBPyConnection, str, list[Stratum], list[str]], "pa.Table"]
CHANCE = (
    "('0x' || substr(sha256(concat_ws(chr(31), ?, ?, account_id)), 1, 13))::BIGINT /"
    " 4503599627370496.0"
)
"""A number in [0, 1) from 52 bits of sha256(seed, design, account_id): exact in a double."""


def read(
    connection: duckdb.DuckDBPyConnection, design: Design, scores: Sequence[Path]
) -> files.ScoreFiles | None:
    """Read the score files that the design looks at; None without any.

    Raises UserError for too many or too few.
    """
    least, most = design.files if isinstance(design, Weighted) else (0, 0)
    if not least <= len(scores) <= most:
        if most == 0:
            wanted = "no score file"
        elif least == most:
            wanted = f"exactly {least}"
        else:
            wanted = f"at most {most}" if least == 0 else f"at least {least}"
        raise UserError(
            f"The design {design.name} takes {wanted} and {len(scores)} were given. Give each as"
            " --scores FILE (CSV or Parquet with account_id and p_bot, such as botbench predict"
            " writes)."
        )
    if not scores:
        return None
    assert isinstance(design, Weighted)
    return (
        files.load_kinds(connection, scores[0])
        if design.needs == "kinds"
        else files.load(connection, scores)
    )


def weigh(
    store: Store,
    dataset: str,
    design: Weighted,
    version: int,
    *,
    population: str,
    scores: str | None,
) -> str:
    """SQL of account_id and weight for everybody in the relation `population`; accounts of which
    nothing is known get the mean of the others. `scores` is the relation of the score files.

    Raises UserError where nothing is known of any account.
    """
    connection = store.connection
    if design.needs == "posts":
        count = getattr(design, "count", "collected")
        source = _count_posts(store, dataset, version, population, count=count)
    elif design.needs == "kinds":
        source = _suspected_kinds(store, dataset, version, population, scores)
    else:
        assert scores is not None
        source = scores
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE sample_weights AS SELECT p.account_id, w.weight FROM"
        f" {population} p LEFT JOIN ({design.weights(source)}) w USING (account_id)"
    )
    weighted, total = _row(connection, "SELECT count(weight), count(*) FROM sample_weights")
    if total and not weighted:
        raise UserError(
            f"{design.name}: none of the {total:,} accounts of {dataset} that can be drawn is in"
            " the score files; are the ids those of the data set, as text?"
        )
    return (
        "SELECT account_id, greatest(coalesce(weight, (SELECT avg(weight) FROM sample_weights)),"
        " 0)::DOUBLE AS weight FROM sample_weights"
    )


def _count_posts(store: Store, dataset: str, version: int, population: str, *, count: str) -> str:
    """A relation of account_id, collected (posts in the store, 0 where there are none) and
    posts_total (what the platform counts).
    """
    accounts, posts = (
        f"(FROM {store.relation(table, version)} WHERE dataset = {literal(dataset)})"
        for table in ("accounts", "posts")
    )
    store.connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE sample_posts AS
        SELECT account_id, coalesce(n, 0) AS collected, posts_total FROM {population}
        LEFT JOIN (SELECT account_id, count(*) AS n FROM {posts} GROUP BY ALL) USING (account_id)
        LEFT JOIN (SELECT account_id, posts_total FROM {latest(accounts)}) USING (account_id)""")
    if not _row(store.connection, f"SELECT coalesce(max({count}), 0) FROM sample_posts")[0]:
        raise UserError(
            f"posts: no account of {dataset} that can be drawn has posts by count={count}; the"
            f" counts known are {' and '.join(COUNTS)}."
        )
    return "sample_posts"


def _suspected_kinds(
    store: Store, dataset: str, version: int, population: str, scores: str | None
) -> str:
    """A relation of account_id, kind and p for everybody: from the file where one was read, else
    from the kinds in claims; the kind `(none)` for accounts without one.
    """
    connection = store.connection
    source = scores or (
        "(SELECT DISTINCT account_id, unnest(kinds) AS kind, 1.0 AS p FROM"
        f" {standing_claims(store.relation('claims', version))} WHERE dataset = {literal(dataset)})"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE sample_suspected AS SELECT * FROM {source} SEMI JOIN"
        f" {population} USING (account_id)"
    )
    if not _row(connection, "SELECT count(*) FROM sample_suspected")[0]:
        raise UserError(
            f"rare-kinds: no account of {dataset} that can be drawn is suspected of any kind. Give"
            " a file with account_id, kind and p by --scores, or draw by another design."
        )
    connection.execute(
        f"INSERT INTO sample_suspected SELECT account_id, '(none)', 1.0 FROM {population} ANTI JOIN"
        " sample_suspected USING (account_id)"
    )
    return "sample_suspected"


def draw(
    connection: duckdb.DuckDBPyConnection,
    population_sql: str,
    design: Weighted,
    seed: int | str,
    take: Take,
) -> tuple[pa.Table, list[Stratum]]:
    """The accounts drawn (account_id, stratum, inclusion_probability; sorted by id) and the strata;
    `population_sql` yields account_id and weight. `take` draws a simple random sample from each
    stratum."""
    table = connection.execute(
        f"SELECT account_id, weight FROM ({population_sql}) ORDER BY account_id"
    ).to_arrow_table()
    from botbench.stats.design_based import inclusion_probabilities

    probability = inclusion_probabilities(table["weight"].to_numpy(), design.n, design.floor)
    if design.joint == "independent":
        return _toss(connection, table, probability, [str(seed), str(design)])
    number, strata = classes(probability, design.n)
    _register(connection, table, [s.name for s in strata], number)
    try:
        return (
            take(
                connection,
                "SELECT account_id, stratum FROM sample_classes",
                strata,
                [str(seed), str(design)],
            ),
            strata,
        )
    finally:
        connection.unregister("sample_classes")


def _register(
    connection: duckdb.DuckDBPyConnection,
    table: pa.Table,
    names: list[str],
    number: NDArray[np.int64],
) -> None:
    import pyarrow as pa

    column = pa.DictionaryArray.from_arrays(
        pa.array(number), pa.array(names, pa.string())
    ).dictionary_decode()
    connection.register("sample_classes", table.append_column("stratum", column))


def _toss(
    connection: duckdb.DuckDBPyConnection,
    table: pa.Table,
    probability: NDArray[np.float64],
    chance: list[str],
) -> tuple[pa.Table, list[Stratum]]:
    import pyarrow as pa

    connection.register("sample_tossed", table.append_column("probability", pa.array(probability)))
    stratum = "CASE WHEN probability >= 1 THEN 'take all' ELSE 'tossed' END"
    try:
        drawn = connection.execute(
            f"SELECT account_id, {stratum} AS stratum, probability AS inclusion_probability FROM"
            f" sample_tossed WHERE {CHANCE} < probability ORDER BY account_id",
            list(chance),
        ).to_arrow_table()
        counts = connection.execute(
            f"SELECT {stratum} AS stratum, count(*), avg(probability) FROM sample_tossed GROUP BY"
            " ALL ORDER BY stratum"
        ).fetchall()
    finally:
        connection.unregister("sample_tossed")
    if not drawn.num_rows:
        raise UserError(
            "By this seed nobody was drawn (the size of such a draw is itself by chance); ask for"
            " more accounts."
        )
    sizes = drawn["stratum"].to_pylist()
    return drawn, [
        Stratum(name, int(n), sizes.count(name), float(mean)) for name, n, mean in counts
    ]


def _row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    return connection.execute(query).fetchall()[0]
