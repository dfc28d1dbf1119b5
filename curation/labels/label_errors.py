"""Label errors: a queue of doubtful labels for review, with the precision to expect of it.

Labels are doubted by confident learning (Northcutt et al. 2021, cleanlab) on out-of-fold
predictions, and where claimants disagree. The queue's precision is measured by flipping labels on
purpose and counting how many of them it holds. No label is dropped or changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from botbench.core.errors import UserError
from botbench.core.hashing import short_hash
from botbench.core.sql import literal
from curation.ingest import data_sets
from curation.store.snapshot_queries import latest, newest_consensus

if TYPE_CHECKING:
    from pathlib import Path

    from curation.labels.consensus import Meaning
    from curation.store.store import Store, Transaction

Array = NDArray[Any]
Predict = Callable[[Array, int], Array]
"""(labels, seed) to out-of-fold P(bot)."""

FOLDS = 5
FEATURES, KINDS_DISAGREE, ELSEWHERE = (
    "its features say otherwise",
    "claimants of different kinds disagree",
    "another data set says otherwise",
)


@dataclass(frozen=True)
class Labelled:
    """Labelled accounts, sorted by id, and how their labels are predicted (`predict`)."""

    dataset: str
    consensus_id: str
    version: int
    accounts: list[str]
    bot: Array
    predict: Predict
    source: str
    blind: bool
    """Whether the predictor is fitted to the labels it is given, flipped or not. Scores of a file
    are not.
    """


def labelled(
    store: Store,
    dataset: str,
    *,
    scores: Path | None = None,
    families: Sequence[str] | None = None,
    at: str | None = None,
) -> Labelled:
    """The accounts that the newest consensus labels, with their features or the scores of a file.

    Raises UserError where there are no labels, too few of a class, or nothing to predict them from.
    """
    version = store.resolve(at)
    data_sets.require(store, dataset, version)
    consensus_id = newest_consensus(store, dataset, version)
    if consensus_id is None:
        raise UserError(
            f"There are no labels of {dataset} yet: run botbench consensus {dataset} first."
        )
    store.connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE doubtful_labels AS
        SELECT account_id, (label = 'bot')::BIGINT AS bot FROM {store.relation("labels", version)}
        WHERE dataset = {literal(dataset)} AND consensus_id = {literal(consensus_id)}
            AND label IS NOT NULL"""
    )
    if scores is not None:
        return _by_scores(store, dataset, consensus_id, version, scores)
    return _by_features(store, dataset, consensus_id, version, families)


def _by_scores(store: Store, dataset: str, consensus_id: str, version: int, file: Path) -> Labelled:
    from curation.sampling import score_files

    scores = score_files.load(store.connection, [file]).relation
    scored = store.arrow(
        f"""
        SELECT account_id, bot, avg(q) AS p FROM doubtful_labels JOIN {scores} USING (account_id)
        GROUP BY ALL ORDER BY account_id"""
    )
    if not scored.num_rows:
        raise UserError(
            f"No labelled account of {dataset} is in {file}; expected its account_id in the file."
        )
    p = scored["p"].to_numpy()
    bot = _classes(dataset, scored["bot"].to_numpy())
    return Labelled(
        dataset,
        consensus_id,
        version,
        scored["account_id"].to_pylist(),
        bot,
        lambda _, __: p,
        f"the scores in {file.name}",
        blind=False,
    )


def _by_features(
    store: Store, dataset: str, consensus_id: str, version: int, families: Sequence[str] | None
) -> Labelled:
    from curation.features import compute

    of = {
        name: f"(SELECT * FROM {store.relation(name, version)} WHERE dataset = {literal(dataset)})"
        for name in ("accounts", "posts")
    }
    table = compute(
        store.connection,
        f"FROM {latest(of['accounts'])} SEMI JOIN doubtful_labels USING (account_id)",
        f"FROM {of['posts']} SEMI JOIN doubtful_labels USING (account_id)",
        families,
    )
    store.connection.register("doubtful_features", table)
    both = store.arrow(
        "SELECT bot, f.* FROM doubtful_features f JOIN doubtful_labels USING (account_id) ORDER BY"
        " account_id"
    )
    store.connection.unregister("doubtful_features")
    names = [n for n in table.column_names if n != "account_id"]
    values = np.column_stack([both[n].to_numpy(zero_copy_only=False).astype(float) for n in names])
    informative = (~np.isnan(values)).any(axis=0)
    if not len(values) or not informative.any():
        raise UserError(
            f"{dataset} has ids only: no feature of its accounts is known, so no label can be"
            " doubted. Give scores of a detector with --scores FILE."
        )
    values = values[:, informative]
    bot = _classes(dataset, both["bot"].to_numpy())
    return Labelled(
        dataset,
        consensus_id,
        version,
        both["account_id"].to_pylist(),
        bot,
        lambda y, seed: out_of_fold(values, y, seed),
        f"{int(informative.sum())} features, {FOLDS} folds",
        blind=True,
    )


def _classes(dataset: str, bot: Array) -> Array:
    few = min(int(bot.sum()), int(len(bot) - bot.sum()))
    if few < 2 * FOLDS:
        raise UserError(
            f"{dataset} has {few} accounts of its smaller class; expected at least {2 * FOLDS} to"
            " predict labels from."
        )
    return bot.astype(int)


def out_of_fold(values: Array, bot: Array, seed: int) -> Array:
    """P(bot) of each account by gradient boosting that never saw its label (stratified folds);
    values may be NaN.

    The trees are small and learn slowly: a model that memorises wrong labels finds none.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    model = HistGradientBoostingClassifier(
        max_iter=60,
        learning_rate=0.05,
        max_leaf_nodes=6,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=seed,
    )
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    p_bot: Array = cross_val_predict(model, values, bot, cv=folds, method="predict_proba")[:, 1]
    return p_bot


def issues(bot: Array, p: Array) -> tuple[Array, Array]:
    """Places of the labels that confident learning doubts, worst first, and every label's quality
    (its predicted probability).
    """
    from cleanlab.filter import find_label_issues

    probabilities = np.column_stack([1 - p, p])
    doubtful: Array = find_label_issues(
        bot,
        probabilities,
        filter_by="confident_learning",
        return_indices_ranked_by="self_confidence",
        n_jobs=1,
    )
    return doubtful, probabilities[np.arange(len(bot)), bot]


def queue(
    store: Store,
    data: Labelled,
    scheme: Meaning,
    *,
    length: int | None = None,
    seed: int = 0,
    at: str | None = None,
) -> list[dict[str, Any]]:
    """The review queue, most doubtful first: account, label, p_bot (predicted), quality, reasons.

    Accounts with more reasons stand first, then those of lower quality. `length` cuts it.
    """
    p = data.predict(data.bot, seed)
    doubted, quality = issues(data.bot, p)
    place = {account: i for i, account in enumerate(data.accounts)}
    reasons: dict[int, list[str]] = {int(i): [FEATURES] for i in doubted}
    for reason, accounts in _disagreements(store, data, scheme, at).items():
        for account in accounts:
            if account in place:
                reasons.setdefault(place[account], []).append(reason)
    order = sorted(reasons, key=lambda i: (-len(reasons[i]), quality[i], data.accounts[i]))[:length]
    return [
        {
            "account": data.accounts[i],
            "label": "bot" if data.bot[i] else "human",
            "p_bot": float(p[i]),
            "quality": float(quality[i]),
            "reasons": reasons[i],
        }
        for i in order
    ]


def _disagreements(
    store: Store, data: Labelled, scheme: Meaning, at: str | None
) -> dict[str, list[str]]:
    from typing import get_args

    from curation.labels.conflicts import conflicts
    from curation.store.schema import ClaimantKind

    entries = conflicts(store, scheme, kinds=get_args(ClaimantKind), at=at, groups=False)
    mine = [e for e in entries if any(a["dataset"] == data.dataset for a in e["answers"])]
    return {
        KINDS_DISAGREE: [e["account"] for e in mine if _kinds_differ(e, data.dataset)],
        ELSEWHERE: [e["account"] for e in mine if e["kind"] == "between"],
    }


def _kinds_differ(entry: dict[str, Any], dataset: str) -> bool:
    labels: dict[str, set[str]] = {}
    for a in entry["answers"]:
        if a["dataset"] == dataset:
            labels.setdefault(a["claimant_kind"], set()).add(a["label"])
    return len(labels) > 1 and len(set.union(*labels.values())) > 1


def measured(
    data: Labelled,
    *,
    flip: float = 0.05,
    repeats: int = 3,
    length: int | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Precision and recall of the queue for labels flipped on purpose: the share `flip` of all,
    drawn anew `repeats` times.

    At the queue's length (the worst `length`, or fewer where fewer are doubted). It is what to
    expect if that share of labels is wrong; labels that were wrong before count as false alarms.
    The interval is Wilson's, over the pooled queue.
    """
    from curation.labels.annotator_figures import share

    k = max(1, round(flip * len(data.bot)))
    caught = asked = 0
    for i in range(repeats):
        rng = np.random.default_rng([seed, i])
        flipped = rng.choice(len(data.bot), size=k, replace=False)
        bot = data.bot.copy()
        bot[flipped] = 1 - bot[flipped]
        doubted = issues(bot, data.predict(bot, seed + i))[0][:length]
        caught += int(np.isin(doubted, flipped).sum())
        asked += len(doubted)
    return {
        "flipped": flip,
        "labels_flipped": k,
        "repeats": repeats,
        "queue_length": asked / repeats,
        "precision": share(caught, asked),
        "recall": share(caught, k * repeats),
        "by_chance": k / len(data.bot),
        "optimistic": not data.blind,
    }


def push(
    store: Store, data: Labelled, queued: Sequence[dict[str, Any]], *, copies: int = 1
) -> tuple[str, bool]:
    """Write the queue as a batch to be adjudicated; returns its id and whether it is new. The same
    queue is the same batch.
    """
    from curation.store import schema

    if not queued:
        raise UserError(f"No label of {data.dataset} is doubted; there is nothing to adjudicate.")
    accounts = [row["account"] for row in queued]
    batch_id = short_hash(
        {
            "dataset": data.dataset,
            "purpose": "adjudication",
            "consensus": data.consensus_id,
            "accounts": accounts,
            "copies": copies,
        }
    )
    batch = {
        "batch_id": batch_id,
        "dataset": data.dataset,
        "design": f"doubtful(n={len(accounts)})",
        "seed": 0,
        "population": len(data.accounts),
        "size": len(accounts),
        "copies": copies,
        "drawn_from": data.version,
        "made_at": datetime.now(UTC),
        "purpose": "adjudication",
    }
    rows = [
        {
            "batch_id": batch_id,
            "account_id": account,
            "copy": copy,
            "stratum": row["reasons"][0],
            "part": "adjudication",
        }
        for account, row in zip(accounts, queued, strict=True)
        for copy in range(1, copies + 1)
    ]

    def work(transaction: Transaction) -> None:
        transaction.insert("batches", schema.rows("batches", [batch]))
        transaction.insert("assignments", schema.rows("assignments", rows))

    version, _ = store.transact(
        work, None, f"{len(accounts)} doubtful labels of {data.dataset} to be adjudicated"
    )
    return batch_id, version is not None
