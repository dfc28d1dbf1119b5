"""Designs tried on simulated accounts: how many labels a detector needs under each, and whether
shares stay unbiased.

Everything here is simulated: accounts, detectors' scores, answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from curation.sampling.designs import Design, Stratum, parse
from curation.sampling.draw import draw
from curation.sampling.estimates import Wave, mean, prevalence, total, variance
from curation.sampling.unequal_probability import Weighted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Floats = Any
ACCOUNTS, FEATURES, SHARE = 3_000, 6, 0.05
"""Simulated accounts, what a detector sees of each, and the share of bots (in three kinds, one of
them rare).
"""
FIRST, STEP, MOST, REACHED = 60, 40, 500, 0.75
"""Labels drawn evenly at first, labels a wave, labels in all, and the average precision to be
reached.
"""
COMPARED = ("uniform", "suspicion", "uncertainty", "disagreement", "rare-kinds", "posts")
WAVES = ("uniform(n=80)", "suspicion(n=80)", "uncertainty(n=80)", "posts(n=80)")
"""Waves of the check for bias; the detector of the later ones is trained on nothing but chance, as
bad as it may be.
"""


@dataclass(frozen=True)
class World:
    """Simulated accounts: ids, what is seen, bot or not, kind (0 human), posts."""

    ids: list[str]
    seen: NDArray[np.float64]
    bot: NDArray[np.bool_]
    kind: NDArray[np.int64]
    posts: NDArray[np.int64]


def world(seed: int, accounts: int = ACCOUNTS) -> World:
    """Accounts of four kinds (humans, and bots in the ratio 6 : 3 : 1) with overlapping normal
    features and skewed posts.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    kind = np.where(
        rng.random(accounts) < SHARE, rng.choice([1, 2, 3], accounts, p=[0.6, 0.3, 0.1]), 0
    )
    centres = np.array(
        [[0, 0, 0, 0, 0, 0], [3, 1.5, 0, 0, 0, 0], [0, -2, 3, 0, 0, 0], [-3, 0, 0, 3, 0, 0]],
        dtype=float,
    )
    seen = centres[kind] + rng.standard_normal((accounts, FEATURES))
    posts = np.floor(np.exp(1.5 + 1.2 * rng.standard_normal(accounts) + 0.8 * (kind > 0))).astype(
        np.int64
    )
    return World([f"simulated-{i:05d}" for i in range(accounts)], seen, kind > 0, kind, posts)


def weights(
    connection: duckdb.DuckDBPyConnection,
    design: Weighted,
    here: World,
    scores: Sequence[Floats],
    left: NDArray[np.int64],
) -> Floats:
    """What the design's own SQL makes of the detectors' scores for the accounts `left`, through the
    tables it reads.
    """
    import numpy as np
    import pyarrow as pa

    ids = [here.ids[i] for i in left]
    rows = [
        pa.table({"detector": [n] * len(left), "account_id": ids, "p_bot": s[left], "q": s[left]})
        for n, s in enumerate(scores[: design.files[1]], 1)
    ]
    for name, table in (
        ("sample_scores", pa.concat_tables(rows) if rows else None),
        ("sample_posts", pa.table({"account_id": ids, "collected": here.posts[left]})),
        (
            "sample_kinds",
            pa.table({"account_id": ids, "kind": _guess(here, left), "p": np.ones(len(left))}),
        ),
    ):
        if table is not None:
            connection.register(name, table)
    return connection.execute(
        f"SELECT weight FROM ({design.weights()}) ORDER BY account_id"
    ).fetchnumpy()["weight"]


def _guess(here: World, left: NDArray[np.int64]) -> NDArray[np.int64]:
    """A rule's guess of the kind: right for most bots of a kind, and wrong for some humans."""
    import numpy as np

    seen = here.seen[left]
    marks = np.stack([np.full(len(left), 1.8), seen[:, 0], seen[:, 2], seen[:, 3]])
    return np.asarray(marks.argmax(axis=0))


def wave(
    here: World,
    design: Design,
    scores: Sequence[Floats],
    left: NDArray[np.int64],
    *,
    seed: int,
    connection: duckdb.DuckDBPyConnection,
) -> tuple[NDArray[np.int64], Floats, list[str], list[Stratum]]:
    """One wave by the product's own `draw`: positions drawn, their probabilities and strata."""
    import numpy as np
    import pyarrow as pa

    table = pa.table({"account_id": [here.ids[i] for i in left], "stratum": ["all"] * len(left)})
    if isinstance(design, Weighted):
        table = table.append_column(
            "weight", pa.array(np.maximum(weights(connection, design, here, scores, left), 0.0))
        )
    connection.register("study_population", table)
    drawn, strata = draw(connection, "FROM study_population", design, seed)
    connection.unregister("study_population")
    positions = np.array([int(i.rpartition("-")[2]) for i in drawn["account_id"].to_pylist()])
    return (
        positions,
        drawn["inclusion_probability"].to_numpy(),
        drawn["stratum"].to_pylist(),
        strata,
    )


def bias(repeats: int, seed: int = 0) -> list[dict[str, Any]]:
    """Estimates of the share of bots, and of their share of posts, from single batches and from all
    waves together.

    One population; only the draws are repeated. `off` is the mean error in its Monte Carlo standard
    errors: within about 3 there is no bias to be seen. `stated` is the mean of the estimated
    standard errors beside the actual one.
    """
    import numpy as np

    here = world(seed)
    rng = np.random.default_rng(seed)
    scores = [np.clip(0.3 * here.bot + 0.7 * rng.random(len(here.ids)), 0, 1) for _ in range(2)]
    found: dict[str, list[tuple[float, float]]] = {}
    with duckdb.connect() as connection:
        for repeat in range(repeats):
            for name, value, stated in _repeat(here, scores, seed * 1_000_003 + repeat, connection):
                found.setdefault(name, []).append((value, stated))
    truth = {"posts": float(here.posts[here.bot].sum() / here.posts.sum())}
    return [
        _summary(name, np.array(pairs), truth.get(name.split(":")[0], float(here.bot.mean())))
        for name, pairs in found.items()
    ]


def _repeat(
    here: World, scores: Sequence[Floats], seed: int, connection: duckdb.DuckDBPyConnection
) -> Iterator[tuple[str, float, float]]:
    """Each estimate of one repeat with its own standard error (NaN where none is stated)."""
    import numpy as np

    waves: list[Wave] = []
    left: NDArray[np.int64] = np.arange(len(here.ids))
    for text in WAVES:
        design = parse(text)
        drawn, probability, strata, _ = wave(
            here, design, scores, left, seed=seed, connection=connection
        )
        one = Wave(here.bot[drawn].astype(float), probability, strata, len(left), design.joint)
        if not waves:
            yield (
                f"accounts: {text}, Horvitz-Thompson",
                total(one) / len(left),
                variance(one) ** 0.5 / len(left),
            )
        waves.append(one)
        left = np.setdiff1d(left, drawn)
    yield (
        f"accounts: {len(WAVES)} waves, each conditional on those before",
        prevalence(waves),
        float("nan"),
    )
    for text in WAVES[1:]:
        design = parse(text)
        drawn, probability, strata, _ = wave(
            here, design, scores, np.arange(len(here.ids)), seed=seed + 7, connection=connection
        )
        one = Wave(here.bot[drawn].astype(float), probability, strata, len(here.ids), design.joint)
        yield (
            f"accounts: {text}, Horvitz-Thompson",
            total(one) / len(here.ids),
            variance(one) ** 0.5 / len(here.ids),
        )
        yield f"accounts: {text}, Hájek", mean(one), float("nan")
        if design.joint == "independent":
            weighted = Wave(
                one.values * here.posts[drawn], probability, strata, len(here.ids), design.joint
            )
            whole = float(here.posts.sum())
            yield (
                f"posts: {text}, Horvitz-Thompson",
                total(weighted) / whole,
                variance(weighted) ** 0.5 / whole,
            )


def _summary(name: str, pairs: Floats, truth: float) -> dict[str, Any]:
    import numpy as np

    errors = pairs[:, 0] - truth
    actual = float(errors.std(ddof=1))
    stated = pairs[:, 1]
    return {
        "estimate": name,
        "truth": truth,
        "mean": float(pairs[:, 0].mean()),
        "off": float(errors.mean() / (actual / len(errors) ** 0.5)),
        "standard_error": actual,
        "stated": None if np.isnan(stated).all() else float(np.nanmean(stated)),
    }


def labels_needed(
    repeats: int, seed: int = 0, designs: Sequence[str] = COMPARED, reached: float = REACHED
) -> list[dict[str, Any]]:
    """For each design: labels until the mean average precision on accounts nobody labelled is
    `reached`, and at the most.

    Every design begins with the same even batch; then each wave is drawn by the design with the
    scores of detectors trained on the labels so far. `labels` is interpolated between waves, None
    where it was not reached.
    """
    import numpy as np

    curves = {
        name: np.mean([list(_curve(seed + r, name)) for r in range(repeats)], axis=0)
        for name in designs
    }
    at = np.arange(FIRST, MOST + 1, STEP)
    base = _crossing(at, curves["uniform"], reached) if "uniform" in curves else None
    rows = []
    for name, curve in curves.items():
        labels = _crossing(at, curve, reached)
        rows.append(
            {
                "design": name,
                "labels": labels,
                "of_uniform": labels / base if labels and base else None,
                "first": float(curve[0]),
                "last": float(curve[-1]),
            }
        )
    return rows


def _crossing(at: Floats, curve: Floats, reached: float) -> float | None:
    import numpy as np

    above = np.flatnonzero(curve >= reached)
    if not len(above):
        return None
    i = int(above[0])
    return (
        float(at[0])
        if i == 0
        else float(np.interp(reached, curve[i - 1 : i + 1], at[i - 1 : i + 1]))
    )


def _curve(seed: int, name: str) -> Iterator[float]:
    """Average precision after the first batch and after each wave."""
    import numpy as np
    from sklearn.metrics import average_precision_score

    here, fresh = world(2 * seed), world(2 * seed + 1)
    left: NDArray[np.int64] = np.arange(len(here.ids))
    labelled: NDArray[np.int64] = np.array([], dtype=np.int64)
    with duckdb.connect() as connection:
        for size in [FIRST] + [STEP] * ((MOST - FIRST) // STEP):
            if len(labelled):
                scores = list(_detectors(here.seen[labelled], here.bot[labelled], here.seen, seed))
                drawn, *_ = wave(
                    here,
                    parse(name, size),
                    scores,
                    left,
                    seed=1_000 * seed + len(labelled),
                    connection=connection,
                )
            else:
                drawn, *_ = wave(
                    here, parse("uniform", size), [], left, seed=seed, connection=connection
                )
            labelled, left = np.concatenate([labelled, drawn]), np.setdiff1d(left, drawn)
            first, *_ = _detectors(here.seen[labelled], here.bot[labelled], fresh.seen, seed)
            yield float(average_precision_score(fresh.bot, first))


def _detectors(seen: Floats, bot: Floats, of: Floats, seed: int) -> Iterator[Floats]:
    """The scores of a regression on squares and products and of a small tree, on the same labels;
    chance where all are alike.
    """
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler
    from sklearn.tree import DecisionTreeClassifier

    if len(np.unique(bot)) < 2:
        rng = np.random.default_rng(seed)
        yield from (rng.random(len(of)) for _ in range(2))
        return
    squared = make_pipeline(
        PolynomialFeatures(2, include_bias=False),
        StandardScaler(),
        LogisticRegression(max_iter=500),
    )
    yield squared.fit(seen, bot).predict_proba(of)[:, 1]
    yield (
        DecisionTreeClassifier(max_depth=5, min_samples_leaf=3, random_state=seed)
        .fit(seen, bot)
        .predict_proba(of)[:, 1]
    )
