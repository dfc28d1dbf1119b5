"""Designs tried on simulated accounts: how many labels a detector needs under each, and whether
shares stay unbiased.

Everything here is simulated: accounts, detectors' scores, answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botbench.core.duckdb_work import scratch_database
from curation.sampling.designs import Design, parse
from curation.sampling.draw import draw
from curation.sampling.unequal_probability import Weighted
from curation.store.schema import Joint

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    from numpy.typing import NDArray

    from botbench.stats.design_based import Floats, Sample

    Places = NDArray[np.int64]

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
    """Simulated accounts: ids, features float64[n, 6], bot or not, kind (0 human), posts."""

    ids: list[str]
    features: Floats
    bot: NDArray[np.bool_]
    kind: Places
    posts: Places


@dataclass(frozen=True)
class Wave:
    """One batch that was drawn: places of the accounts, their probabilities (conditional on earlier
    waves) and strata, and how joint probabilities follow.
    """

    places: Places
    probability: Floats
    strata: list[str]
    joint: Joint


def world(seed: int, accounts: int = ACCOUNTS) -> World:
    """Accounts of four kinds (humans, and bots in the ratio 6 : 3 : 1) with overlapping normal
    features and skewed posts.
    """
    import numpy as np

    from botbench.stats import simulation

    rng = np.random.default_rng(seed)
    bot = simulation.bots(rng, accounts, SHARE)
    kind = np.where(bot, rng.choice([1, 2, 3], accounts, p=[0.6, 0.3, 0.1]), 0)
    centres = np.array(
        [[0, 0, 0, 0, 0, 0], [3, 1.5, 0, 0, 0, 0], [0, -2, 3, 0, 0, 0], [-3, 0, 0, 3, 0, 0]],
        dtype=float,
    )
    features = centres[kind] + rng.standard_normal((accounts, FEATURES))
    posts = simulation.posts(rng, bot, 0.8).astype(np.int64)
    return World([f"simulated-{i:05d}" for i in range(accounts)], features, bot, kind, posts)


def weights(
    connection: duckdb.DuckDBPyConnection,
    design: Weighted,
    population: World,
    scores: Sequence[Floats],
    left: Places,
) -> Floats:
    """The design's weights of the accounts `left`, by its own SQL over what it needs."""
    import numpy as np
    import pyarrow as pa

    ids = [population.ids[i] for i in left]
    if design.needs == "posts":
        source = pa.table({"account_id": ids, "collected": population.posts[left]})
    elif design.needs == "kinds":
        kind = _guessed_kinds(population, left)
        source = pa.table({"account_id": ids, "kind": kind, "p": np.ones(len(left))})
    else:
        detected = [score[left] for score in scores[: design.files[1]]]
        source = pa.concat_tables(
            pa.table({"detector": [n] * len(left), "account_id": ids, "p_bot": score, "q": score})
            for n, score in enumerate(detected, 1)
        )
    connection.register("study_source", source)
    query = f"SELECT weight FROM ({design.weights('study_source')}) ORDER BY account_id"
    return np.asarray(connection.execute(query).fetchnumpy()["weight"])


def _guessed_kinds(population: World, left: Places) -> Places:
    """A rule's guess of the kind: right for most bots of a kind, and wrong for some humans."""
    import numpy as np

    features = population.features[left]
    marks = np.stack([np.full(len(left), 1.8), features[:, 0], features[:, 2], features[:, 3]])
    return np.asarray(marks.argmax(axis=0))


def wave(
    population: World,
    design: Design,
    scores: Sequence[Floats],
    left: Places,
    *,
    seed: int,
    connection: duckdb.DuckDBPyConnection,
) -> Wave:
    """One wave from the accounts `left`, by the `draw` of the product."""
    import numpy as np
    import pyarrow as pa

    ids = [population.ids[i] for i in left]
    table = pa.table({"account_id": ids, "stratum": ["all"] * len(left)})
    if isinstance(design, Weighted):
        weight = np.maximum(weights(connection, design, population, scores, left), 0.0)
        table = table.append_column("weight", pa.array(weight))
    connection.register("study_population", table)
    drawn, _ = draw(connection, "FROM study_population", design, seed)
    connection.unregister("study_population")
    places = np.array([int(i.rpartition("-")[2]) for i in drawn["account_id"].to_pylist()])
    probability = drawn["inclusion_probability"].to_numpy()
    return Wave(places, probability, drawn["stratum"].to_pylist(), design.joint)


def answered(waves: Sequence[Wave]) -> Sample:
    """The waves, in the order of drawing and all answered, for the estimators of
    `botbench.stats.design_based`.
    """
    import numpy as np

    from botbench.stats.design_based import Draw, sample

    number = np.repeat(np.arange(len(waves)), [len(w.places) for w in waves])
    strata = [f"{i} {stratum}" for i, w in enumerate(waves) for stratum in w.strata]
    probability = np.concatenate([w.probability for w in waves])
    stratum = np.unique(strata, return_inverse=True)[1]
    everybody = np.ones(len(number), dtype=np.bool_)
    return sample(Draw(number, stratum, probability, everybody, tuple(w.joint for w in waves)))


def bias(repeats: int, seed: int = 0) -> list[dict[str, Any]]:
    """Estimates of the share of bots, and of their share of posts, from single batches and from all
    waves together.

    One population; only the draws are repeated. `off` is the mean error in its Monte Carlo standard
    errors: within about 3 no bias can be seen. `stated` is the mean of the estimated standard
    errors beside the actual one.
    """
    import numpy as np

    population = world(seed)
    rng = np.random.default_rng(seed)
    accounts = len(population.ids)
    scores = [np.clip(0.3 * population.bot + 0.7 * rng.random(accounts), 0, 1) for _ in range(2)]
    estimates: dict[str, list[tuple[float, float]]] = {}
    with scratch_database() as connection:
        for repeat in range(repeats):
            for name, value, stated in _repeat(
                population, scores, seed * 1_000_003 + repeat, connection
            ):
                estimates.setdefault(name, []).append((value, stated))
    posts = population.posts
    truth = {
        "accounts": float(population.bot.mean()),
        "posts": float(posts[population.bot].sum() / posts.sum()),
    }
    return [
        _summary(name, np.array(pairs), truth[name.split(":")[0]])
        for name, pairs in estimates.items()
    ]


def _repeat(
    population: World, scores: Sequence[Floats], seed: int, connection: duckdb.DuckDBPyConnection
) -> Iterator[tuple[str, float, float]]:
    """Each estimate of one repeat with its own standard error (NaN where none is stated)."""
    import numpy as np

    from botbench.stats.design_based import ratio, total, variance

    bot = population.bot.astype(float)
    accounts, posts = np.ones(len(bot)), population.posts.astype(float)

    def horvitz_thompson(drawn: Wave, size: Floats) -> tuple[float, float]:
        sample, values = answered([drawn]), (size * bot)[drawn.places] / size.sum()
        return total(sample, values), float(variance(sample, values)) ** 0.5

    waves: list[Wave] = []
    left: Places = np.arange(len(bot))
    for text in WAVES:
        waves.append(wave(population, parse(text), scores, left, seed=seed, connection=connection))
        left = np.setdiff1d(left, waves[-1].places)
    yield f"accounts: {WAVES[0]}, Horvitz-Thompson", *horvitz_thompson(waves[0], accounts)
    places = np.concatenate([w.places for w in waves])
    yield (
        f"accounts: {len(WAVES)} waves, each conditional on those before",
        total(answered(waves), bot[places]) / len(bot),
        float("nan"),
    )
    for text in WAVES[1:]:
        everybody = np.arange(len(bot))
        one = wave(population, parse(text), scores, everybody, seed=seed + 7, connection=connection)
        yield f"accounts: {text}, Horvitz-Thompson", *horvitz_thompson(one, accounts)
        hajek, _ = ratio(answered([one]), accounts[one.places], bot[one.places])
        yield f"accounts: {text}, Hájek", hajek, float("nan")
        if one.joint == "independent":
            yield f"posts: {text}, Horvitz-Thompson", *horvitz_thompson(one, posts)


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
    at = np.arange(FIRST, MOST + 1, STEP, dtype=np.float64)
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

    population, unseen = world(2 * seed), world(2 * seed + 1)
    features, bot = population.features, population.bot
    left: Places = np.arange(len(bot))
    labelled: Places = np.array([], dtype=np.int64)
    with scratch_database() as connection:
        for size in [FIRST] + [STEP] * ((MOST - FIRST) // STEP):
            first = not len(labelled)
            scores = (
                [] if first else list(_scores(features[labelled], bot[labelled], features, seed))
            )
            drawn = wave(
                population,
                parse("uniform" if first else name, size),
                scores,
                left,
                seed=seed if first else 1_000 * seed + len(labelled),
                connection=connection,
            )
            labelled = np.concatenate([labelled, drawn.places])
            left = np.setdiff1d(left, drawn.places)
            score, _ = _scores(features[labelled], bot[labelled], unseen.features, seed)
            yield float(average_precision_score(unseen.bot, score))


def _scores(features: Floats, bot: NDArray[np.bool_], of: Floats, seed: int) -> Iterator[Floats]:
    """Scores of the accounts `of` by a regression on squares and products and by a small tree, both
    trained on the labels; random where all labels are equal.
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
    regression = make_pipeline(
        PolynomialFeatures(2, include_bias=False),
        StandardScaler(),
        LogisticRegression(max_iter=500),
    )
    tree = DecisionTreeClassifier(max_depth=5, min_samples_leaf=3, random_state=seed)
    for model in (regression, tree):
        yield model.fit(features, bot).predict_proba(of)[:, 1]
