"""Read the annotated sample: inclusion probabilities, labels, and why accounts have no label."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.study.data.frame import SIZES
from benchmarks.study.estimators.label_uncertainty import unbiased
from benchmarks.study.estimators.labelled_sample import LabelledSample
from botbench.core.errors import UserError, unknown
from botbench.core.sql import literal
from botbench.stats.design_based import INDEPENDENT, SIMPLE, Draw, Floats, Whole, sample
from curation.store.retractions import standing_claims
from curation.store.snapshot_queries import newest_consensus

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchmarks.study.data.frame import Frame

NO_ANSWER = "strata without any answer"
KNOWN_SIMPLE = ("uniform", "stratified")
"""Designs that were drawn simply within strata before batches said how joint probabilities follow.
"""


def read(frame: Frame) -> LabelledSample:
    """Read the campaign's sample and labels. Raises UserError for an unknown batch or consensus."""
    batches = _batches(frame)
    problem = _problem(frame, batches)
    consensus = frame.campaign.labels or newest_consensus(
        frame.store, frame.campaign.dataset, frame.version
    )
    if frame.campaign.labels:
        _check_consensus(frame)
    drawn = _drawn(frame, batches, consensus)
    columns = _columns(frame, drawn, consensus)
    posterior = ~np.isnan(columns["p_low"]) & (columns["n_claims"] > 0)
    y = np.where(posterior, columns["p_bot"], columns["hard"])
    answered = ~np.isnan(y)
    draw, answered_sample = None, None
    if not problem and len(y):
        draw = Draw(
            columns["wave"].astype(np.int64),
            _numbered(columns["wave"], columns["stratum"]),
            columns["probability"],
            answered,
            tuple(b["joint"] for b in batches),
            tuple(b["again"] for b in batches),
        )
        answered_sample = sample(draw) if answered.any() else None
        problem = None if answered.any() else _nobody(len(y), frame)
    low, high = (np.where(posterior, columns[name], y) for name in ("p_low", "p_high"))
    z, low, high, noise = unbiased(y, low, high, posterior & answered)
    rules = (
        *_coverage(frame, batches),
        *_response(frame, answered, drawn, consensus),
        *silent_strata(columns, answered, batches),
        *_errors(posterior & answered, answered),
    )
    return LabelledSample(
        tuple(columns["account_id"]),
        draw,
        answered_sample,
        z,
        low,
        high,
        noise,
        answered & (np.nan_to_num(y) >= 0.5),
        columns["score"],
        columns["inside"] > 0,
        {name: columns[name] for name in SIZES},
        {title: tuple(columns[c]) for title, c in frame.group_columns.items()},
        rules,
        problem,
        columns["flagged"],
        columns["has_score"] > 0,
    )


def _batches(frame: Frame) -> list[dict[str, Any]]:
    """The sample batches asked for, in the order of drawing, each with how it was drawn."""
    wanted = frame.campaign.sample
    relation = frame.store.relation("batches", frame.version)
    names = ("batch_id", "design", "population", "size", "drawn_from", "purpose", "joint")
    rows = frame.query(
        f"SELECT {', '.join(names)} FROM {relation} WHERE dataset ="
        f" {literal(frame.campaign.dataset)} ORDER BY drawn_from, made_at NULLS FIRST, batch_id"
    )
    there = [dict(zip(names, row, strict=True)) for row in rows]
    if wanted in ("none", "labelled"):
        return []
    if wanted == "all":
        chosen = [b for b in there if (b["purpose"] or "sample") == "sample"]
    else:
        chosen = [b for b in there if any(b["batch_id"].startswith(w) for w in wanted)]
        for name in wanted:
            if not any(b["batch_id"].startswith(name) for b in there):
                batch_ids = [b["batch_id"] for b in there]
                closest = unknown(f"batch of {frame.campaign.dataset}", name, batch_ids)
                raise UserError(f"sample: {closest}")
    full = max((b["population"] for b in chosen), default=0)
    for number, batch in enumerate(chosen):
        batch["again"] = number > 0 and batch["population"] >= full
        simple = batch["design"].split("(")[0] in KNOWN_SIMPLE
        batch["joint"] = batch["joint"] or (SIMPLE if simple else None)
    return chosen


def _problem(frame: Frame, batches: list[dict[str, Any]]) -> str | None:
    """The reason why the sample allows no estimate, or None."""
    if frame.campaign.sample == "labelled":
        return (
            "The labelled accounts are not a probability sample: nobody knows with which"
            " probability each came to be labelled, so no interval holds. Draw a sample and"
            " annotate it: botbench sample, botbench annotate."
        )
    if not batches:
        return (
            f"There is no sample of {frame.campaign.dataset}: without annotated accounts that were"
            " drawn by chance, a count of what a detector flags cannot be corrected. Draw one:"
            " botbench study plan says how many, botbench sample draws."
        )
    for batch in batches:
        what = f"The batch {batch['batch_id']} ({batch['design']})"
        if (batch["purpose"] or "sample") != "sample":
            return (
                f"{what} is for {batch['purpose']}: it is not a probability sample, so no interval"
                " holds. Name a sample."
            )
        if batch["joint"] not in (SIMPLE, INDEPENDENT):
            return (
                f"{what} was not drawn by chance with known probabilities: it is not a probability"
                " sample, so no interval holds. Draw one: botbench sample."
            )
    return None


def _check_consensus(frame: Frame) -> None:
    rows = frame.query(f"SELECT DISTINCT consensus_id FROM {frame.of_dataset('labels')}")
    consensuses = [c for (c,) in rows]
    if frame.campaign.labels not in consensuses:
        raise UserError(f"labels: {unknown('consensus', str(frame.campaign.labels), consensuses)}")


def _drawn(frame: Frame, batches: list[dict[str, Any]], consensus: str | None) -> str:
    """SQL of the drawn accounts, in brackets: wave, stratum, account_id, probability."""
    if frame.campaign.sample == "labelled":
        return (
            "(SELECT 0 AS wave, 'all' AS stratum, account_id, NULL::DOUBLE AS probability FROM"
            f" {frame.of_dataset('labels')} WHERE consensus_id IS NOT DISTINCT FROM"
            f" {literal(consensus)} AND label IS NOT NULL)"
        )
    order = " ".join(f"WHEN {literal(b['batch_id'])} THEN {i}" for i, b in enumerate(batches))
    wave = f"CASE batch_id {order} END" if order else "NULL::INTEGER"
    return (
        f"(SELECT {wave} AS wave, coalesce(stratum, 'all') AS stratum, account_id,"
        " inclusion_probability AS probability FROM"
        f" {frame.store.relation('assignments', frame.version)} WHERE {wave} IS NOT NULL AND"
        " copy = 1 AND coalesce(part, 'sample') = 'sample' AND inclusion_probability > 0)"
    )


def _columns(frame: Frame, drawn: str, consensus: str | None) -> dict[str, Any]:
    """Arrays over the drawn accounts, sorted by wave, stratum and id."""
    groups = "".join(f", f.{c}" for c in frame.group_columns.values())
    sizes = ", ".join(f"coalesce(f.{s}, 0) AS {s}" for s in SIZES)
    table = frame.store.arrow(f"""
        SELECT d.wave, d.stratum, d.account_id, d.probability, l.p_bot, l.p_low, l.n_claims,
               coalesce(l.p_high, l.p_bot) AS p_high,
               CASE l.label WHEN 'bot' THEN 1.0 WHEN 'human' THEN 0.0 END::DOUBLE AS hard,
               f.score, coalesce(f.has_score, false)::INTEGER AS has_score,
               f.flagged::DOUBLE AS flagged,
               (f.account_id IS NOT NULL)::INTEGER AS inside, {sizes}{groups}
        FROM {drawn} d LEFT JOIN {frame.table} f USING (account_id)
        LEFT JOIN (FROM {frame.of_dataset("labels")} WHERE consensus_id = {literal(consensus)}) l
            USING (account_id)
        ORDER BY d.wave, d.stratum, d.account_id""")
    columns: dict[str, Any] = {}
    for name in table.column_names:
        values = table.column(name)
        text = name in {"stratum", "account_id"} or name in frame.group_columns.values()
        columns[name] = values.to_pylist() if text else values.to_numpy().astype(np.float64)
    return columns


def _numbered(wave: Floats, stratum: list[str]) -> Whole:
    """A whole number for each stratum of each wave."""
    _, number = np.unique(
        np.array([f"{int(w)}\x1f{s}" for w, s in zip(wave, stratum, strict=True)], dtype=np.str_),
        return_inverse=True,
    )
    return np.asarray(number, dtype=np.int64)


def _nobody(drawn: int, frame: Frame) -> str:
    return (
        f"None of the {drawn:,} drawn accounts has a label yet. Annotate them and settle the"
        f" labels: botbench annotate, then botbench consensus {frame.campaign.dataset}."
    )


def _coverage(frame: Frame, batches: list[dict[str, Any]]) -> list[str]:
    """The part of the accounts that could be drawn."""
    if not batches:
        return []
    everybody = int(
        frame.one(f"SELECT count(DISTINCT account_id) FROM {frame.of_dataset('accounts')}")
    )
    could = max(b["population"] for b in batches)
    designs = ", ".join(f"{b['design']} ({b['batch_id']})" for b in batches)
    waves = "; several waves are put together (Des Raj 1956)" if len(batches) > 1 else ""
    rules = [f"Drawn by {designs}, with known inclusion probabilities{waves}."]
    if could < everybody:
        rules.append(
            f"Only {could:,} of the {everybody:,} accounts of {frame.campaign.dataset} could be"
            " drawn (the others were in earlier batches that the campaign does not name, or came"
            " later): what holds for the others is not known."
        )
    return rules


def _response(
    frame: Frame, answered: NDArray[np.bool_], drawn: str, consensus: str | None
) -> list[str]:
    """Accounts without an answer, the reasons, and the rule for them."""
    missing = int((~answered).sum())
    if not len(answered) or not missing:
        return ["Every drawn account has an answer."] if len(answered) else []
    reasons = _reasons(frame, drawn, consensus)
    listed = "; ".join(
        f"{n:,} {reason}" for reason, n in sorted(reasons.items(), key=lambda r: (-r[1], r[0]))
    )
    return [
        f"{missing:,} of {len(answered):,} drawn accounts have no answer ({listed}). They are taken"
        " as like the answered ones of their stratum (where accounts were drawn by size: of about"
        " their size); limits without that assumption stand beside."
    ]


def silent_strata(
    columns: dict[str, Any], answered: NDArray[np.bool_], batches: list[dict[str, Any]]
) -> list[str]:
    """A warning of strata without any answer: no estimate knows anything of them."""
    simple = np.array([b["joint"] == SIMPLE for b in batches], dtype=np.bool_)
    if not len(answered) or not answered.any() or not simple.any():
        return []
    number = _numbered(columns["wave"], columns["stratum"])
    silent = (np.bincount(number, answered) == 0)[number]
    silent &= simple[columns["wave"].astype(np.int64)]
    if not silent.any():
        return []
    names = sorted({columns["stratum"][at] for at in np.flatnonzero(silent)})
    return [
        f"Nobody of the {int(silent.sum()):,} drawn accounts of {NO_ANSWER}"
        f" ({', '.join(names[:5])}{', ...' if len(names) > 5 else ''}) has an answer: the estimates"
        " are of the other strata alone. Annotate some of these, or read the limits for missing"
        " answers instead."
    ]


def _reasons(frame: Frame, drawn: str, consensus: str | None) -> Counter[str]:
    """For each drawn account without a label, the first reason that holds."""
    rows = frame.query(f"""
        WITH open AS (
            SELECT DISTINCT d.account_id, l.status FROM {drawn} d
            LEFT JOIN (FROM {frame.of_dataset("labels")}
                       WHERE consensus_id = {literal(consensus)}) l USING (account_id)
            WHERE l.label IS NULL AND (l.p_low IS NULL OR l.n_claims = 0)),
        said AS (
            SELECT account_id, list_distinct(list(answer)) AS answers
            FROM {standing_claims(frame.store.relation("claims", frame.version))}
            WHERE dataset = {literal(frame.campaign.dataset)} AND claimant_kind = 'person'
            GROUP BY account_id)
        SELECT CASE WHEN list_contains(s.answers, 'hybrid') THEN 'hybrid (a person with automation)'
                    WHEN list_contains(s.answers, 'cannot tell') THEN 'cannot tell'
                    WHEN o.status = 'disputed' THEN 'disputed between annotators'
                    WHEN f.status IN ('suspended', 'deleted', 'deactivated', 'gone')
                        THEN 'suspended or deleted before they were seen'
                    WHEN o.status = 'too few' THEN 'with too few votes'
                    ELSE 'skipped or not seen yet' END AS reason, count(*)
        FROM open o LEFT JOIN said s USING (account_id)
        LEFT JOIN {frame.table} f USING (account_id) GROUP BY reason""")
    return Counter({str(reason): int(n) for reason, n in rows})


def _errors(posterior: NDArray[np.bool_], answered: NDArray[np.bool_]) -> list[str]:
    if not answered.any():
        return []
    if posterior.any():
        return [
            f"Annotators' errors are modelled: {int(posterior.sum()):,} labels are consensus"
            " posteriors with their bounds, carried through; errors that accounts share (as within"
            " coordinated groups) are taken as fully correlated."
        ]
    return [
        "Labels are taken as right: this consensus gives no posterior bounds. For annotators'"
        " errors carried through, settle them with a model: botbench consensus --method bayesian."
    ]
