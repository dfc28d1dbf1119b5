"""Estimates from the detector's errors on other data, valid if those errors transfer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.study.data.detector_evidence import Evidence, evidence
from benchmarks.study.estimators import quantify
from benchmarks.study.estimators.estimate import Estimate, Refused, Refuted, Sized
from benchmarks.study.estimators.refutation import Errors, can_refute, miscalibrated, refuted
from benchmarks.study.estimators.rogan_gladen import rogan_gladen
from botbench.core.errors import UserError
from botbench.text import numbers

if TYPE_CHECKING:
    from benchmarks.study.study import Study

MOST = 5_000
"""Scores of the campaign that quantifiers look at: a fixed draw of accounts by the hash of their
id.
"""

TRANSFER = "The detector errs on this campaign as it did on the accounts labelled elsewhere: "
UNCHECKED, HELD = "only a sample could check that.", "the sample does not contradict that."


def estimates(study: Study, sized: Sized) -> Iterator[Estimate | Refused]:
    """Rogan-Gladen, and for accounts the quantifiers, if the detector's errors are known."""
    detector = study.campaign.detector
    if detector is None or (detector.evidence is None and detector.sensitivity is None):
        return
    if study.refused_scores:
        yield Refused(f"share of {sized.quantity}, from errors elsewhere", study.refused_scores)
        return
    held_out = evidence(study.frame)
    found = refuted(study.labelled, sized.size, Errors(*errors(study, held_out)))
    if found:
        transfer = TRANSFER + f"the sample contradicts that. {found.sentence}"
    else:
        transfer = TRANSFER + (HELD if can_refute(study.labelled) else UNCHECKED)
    made = [_corrected(study, sized, held_out)]
    if held_out is not None and sized.quantity == "accounts":
        made += _quantified(study, sized, held_out)
    for one in made:
        if isinstance(one, Refused):
            yield one
        else:
            yield replace(
                one, assumptions=(transfer, *one.assumptions), refuted=one.refuted or found
            )


def _corrected(study: Study, sized: Sized, held_out: Evidence | None) -> Estimate | Refused:
    se, sp, n_se, n_sp = errors(study, held_out)
    try:
        got = rogan_gladen(sized.naive or 0.0, se, sp, study.frame.accounts, n_se, n_sp)
    except UserError as error:
        return Refused(f"share of {sized.quantity}, Rogan-Gladen", str(error))
    about = (
        f"Sensitivity {numbers.score(se)} and specificity {numbers.score(sp)} were measured"
        " elsewhere"
        + (
            f", on {n_se:,.0f} bots and {n_sp:,.0f} people."
            if n_se and n_sp
            else " and are taken as exact."
        )
    )
    more = (
        ("Errors are the same for accounts that post much as for others.",)
        if sized.quantity != "accounts"
        else ()
    )
    return Estimate(
        f"share of {sized.quantity}",
        None,
        "Rogan-Gladen (Lang and Reiczigel)",
        got.value,
        got.low or 0.0,
        1.0 if got.high is None else got.high,
        sized.naive,
        0,
        0,
        (about, *more),
    )


def errors(
    study: Study, held_out: Evidence | None
) -> tuple[float, float, float | None, float | None]:
    """Sensitivity, specificity and the accounts behind them, as given or from the evidence."""
    detector = study.campaign.detector
    assert detector is not None
    if detector.sensitivity is not None and detector.specificity is not None:
        return (
            detector.sensitivity,
            detector.specificity,
            detector.n_sensitivity,
            detector.n_specificity,
        )
    assert held_out is not None
    flagged, bots = held_out.score >= held_out.threshold, held_out.y == 1
    return (
        float(flagged[bots].mean()),
        float((~flagged)[~bots].mean()),
        float(bots.sum()),
        float((~bots).sum()),
    )


def _quantified(study: Study, sized: Sized, held_out: Evidence) -> Iterator[Estimate | Refused]:
    rows = study.frame.query(
        f"SELECT score FROM {study.frame.table} WHERE score IS NOT NULL"
        f" ORDER BY md5(account_id), account_id LIMIT {MOST}"
    )
    here = np.array([r[0] for r in rows], dtype=np.float64)
    bots = int(held_out.y.sum())
    for method in quantify.METHODS:
        value, low, high = quantify.quantify(
            method, here, held_out.score, held_out.y, study.campaign.seed
        )
        wrong = _miscalibrated(study, sized, held_out) if method == "BotPercent" else None
        assumptions = (
            *((f"The sample contradicts this method. {wrong.sentence}",) if wrong else ()),
            (
                f"Learnt from {bots:,} bots and {len(held_out.y) - bots:,} people elsewhere; the"
                " interval is a bootstrap over them and over the campaign's scores, and knows"
                " nothing of a shift between the two."
            ),
            quantify.METHODS[method],
        )
        yield Estimate(
            quantity="share of accounts",
            group=None,
            method=method,
            value=value,
            low=low,
            high=high,
            naive=sized.naive,
            n_labelled=0,
            n_bots_labelled=0,
            assumptions=assumptions,
            refuted=wrong,
        )


def _miscalibrated(study: Study, sized: Sized, held_out: Evidence) -> Refuted | None:
    heat = quantify.temperature(held_out.score, held_out.y)
    scores = quantify.tempered(study.labelled.score, heat)
    return miscalibrated(study.labelled, sized.size, scores)
