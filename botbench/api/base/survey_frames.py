"""A campaign's accounts, sample and scores as frames or arrays, read for the estimators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from botbench.api.base import given
from botbench.core.errors import UserError
from botbench.text.numbers import counted

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.study.estimators.labelled_sample import LabelledSample

Floats = npt.NDArray[np.float64]
LEAST_CHANCE = 1e-15
"""The least inclusion probability: no frame has more accounts than its inverse."""
MOST_STRATA = 30
"""With more distinct inclusion probabilities than this, draws count as independent."""


def accounts_of(accounts: Any) -> tuple[pd.Index[Any], Any]:
    """The ids of everybody, and the column `size`, where there is one."""
    import pandas as pd

    size = None
    if isinstance(accounts, dict) or hasattr(accounts, "columns") or _is_table(accounts):
        frame = given.frame(accounts, "accounts")
        given.columns(frame, ("account_id",), "accounts")
        ids = given.ids(frame["account_id"], "account_id")
        size = frame["size"].to_numpy() if "size" in frame else None
    else:
        ids = given.ids(given.flat(accounts, "accounts"), "account_id")
    return _unique(pd.Index(ids), "accounts"), size


def _is_table(values: Any) -> bool:
    return hasattr(values, "column_names")


def _unique(ids: pd.Index[Any], name: str) -> pd.Index[Any]:
    if ids.has_duplicates:
        twice = ids[ids.duplicated()].unique()
        raise UserError(
            f"{name} names {counted(len(twice), 'account')} more than once, such as {twice[0]!r};"
            " give one row an account."
        )
    return ids


def sizes_of(sizes: Any, ids: pd.Index[Any], own: Any) -> dict[str, Floats]:
    """What each account counts for, by quantity; `accounts` (1 each) is the first."""
    found: dict[str, Floats] = {"accounts": np.ones(len(ids))}
    if sizes is not None and own is not None:
        raise UserError("accounts has a column size and sizes is given too; give one of them.")
    if own is not None:
        found["posts"] = _amounts(own, "size")
    elif sizes is None:
        return found
    elif isinstance(sizes, dict) and "account_id" not in sizes:
        for name, values in sizes.items():
            _in_order(values, ids, f"sizes[{name!r}]")
            found[str(name)] = _amounts(values, f"sizes[{name!r}]", len(ids))
    elif isinstance(sizes, dict) or hasattr(sizes, "columns") or _is_table(sizes):
        for name, values in _by_id(sizes, ids, "sizes").items():
            found[name] = _amounts(values, name)
    else:
        _in_order(sizes, ids, "sizes")
        found["posts"] = _amounts(sizes, "sizes", len(ids))
    return found


def _by_id(values: Any, ids: pd.Index[Any], name: str) -> dict[str, Any]:
    """The columns of a frame with `account_id`, in the order of everybody; 0 for who is absent."""
    frame = given.frame(values, name)
    given.columns(frame, ("account_id",), name)
    index = _unique(_index(frame), name)
    if not index.isin(ids).any():
        raise UserError(
            f"{name} has none of these accounts; are the ids written alike?"
            f" {name}: {index[0]!r}, accounts: {ids[0]!r}."
        )
    columns = [c for c in frame if c != "account_id"]
    if not columns:
        raise UserError(f"{name} has only account_id; give a column for each quantity.")
    return {
        ("posts" if c == "size" else str(c)): frame[c].set_axis(index).reindex(ids, fill_value=0)
        for c in columns
    }


def _in_order(values: Any, ids: pd.Index[Any], name: str) -> None:
    """Refuse a Series that is indexed by the same accounts in another order."""
    import pandas as pd

    if not isinstance(values, pd.Series) or len(values) != len(ids):
        return
    index = values.index.astype(str)
    if not index.equals(ids) and index.sort_values().equals(ids.sort_values()):
        raise UserError(
            f"{name} is a Series indexed by these accounts in another order. Put it into their"
            " order (.loc[ids]), or give an array (.to_numpy())."
        )


def _index(frame: pd.DataFrame) -> pd.Index[Any]:
    import pandas as pd

    return pd.Index(given.ids(frame["account_id"], "account_id"))


def _amounts(values: Any, name: str, n: int | None = None) -> Floats:
    found = given.numbers(values, name)
    if n is not None and len(found) != n:
        raise UserError(f"{name} has {len(found):,} values for {n:,} accounts.")
    if (found < 0).any():
        raise UserError(f"{name}[{int((found < 0).argmax())}] is below 0; a size is 0 or more.")
    return found


def scores_of(scores: Any, ids: pd.Index[Any]) -> Floats | None:
    """The score of everybody, NaN where there is none."""
    import pandas as pd

    if scores is None:
        return None
    if isinstance(scores, dict) or hasattr(scores, "columns") or _is_table(scores):
        frame = given.frame(scores, "scores")
        given.columns(frame, ("account_id", "p_bot"), "scores")
        index = _unique(_index(frame), "scores")
        there = pd.Series(frame["p_bot"].to_numpy(), index=index).reindex(ids)
        if there.isna().all():
            raise UserError(
                "scores has no score of any of these accounts; are the ids written alike?"
                f" scores: {index[0]!r}, accounts: {ids[0]!r}."
            )
    else:
        flat = given.flat(scores, "scores")
        if len(flat) != len(ids):
            raise UserError(f"scores has {len(flat):,} values for {len(ids):,} accounts.")
        _in_order(scores, ids, "scores")
        there = pd.Series(flat, index=ids)
    known = there.notna().to_numpy()
    if not known.any():
        raise UserError("scores holds no score; leave it out, or give one an account.")
    found = np.full(len(ids), np.nan)
    found[known] = given.probabilities(there[known].to_numpy(), "p_bot")
    return found


def sample_of(
    sample: Any,
    ids: pd.Index[Any],
    amounts: Mapping[str, Floats],
    p: Floats | None,
    threshold: float,
) -> tuple[LabelledSample, list[str], str]:
    """The drawn accounts as the estimators want them, notes, and how joint draws are taken."""
    from benchmarks.study.estimators.labelled_sample import LabelledSample
    from botbench.stats.design_based import Draw
    from botbench.stats.design_based import sample as weighted

    frame = given.frame(sample, "sample")
    given.columns(frame, ("account_id", "label", "probability"), "sample")
    drawn = _unique(_index(frame), "sample")
    place = ids.get_indexer(drawn)
    inside = place >= 0
    notes = _outside(inside, drawn, ids)
    y = _labels(frame["label"])
    chance = given.numbers(frame["probability"], "probability")
    if (bad := (chance < LEAST_CHANCE) | (chance > 1)).any():
        first = int(bad.argmax())
        raise UserError(
            f"probability[{first}] is {chance[first]:g}; an inclusion probability is above 0 (at"
            f" least {LEAST_CHANCE:g}) and at most 1."
        )
    stratum, joint = _strata(frame, chance)
    answered = ~np.isnan(y)
    nothing = np.zeros(len(drawn), dtype=np.int64)
    draw = Draw(nothing, stratum, chance, answered, (joint,))
    at = np.where(inside, place, 0)
    score = np.full(len(drawn), np.nan) if p is None else np.where(inside, p[at], np.nan)
    labelled = LabelledSample(
        tuple(drawn),
        draw,
        weighted(draw) if answered.any() else None,
        y,
        y,
        y,
        np.zeros(len(drawn)),
        answered & (np.nan_to_num(y) >= 0.5),
        score,
        inside,
        {name: np.where(inside, size[at], 0.0) for name, size in amounts.items()},
        {},
        _rules(answered, joint, len(np.unique(stratum))),
        None if answered.any() else f"None of the {len(drawn):,} drawn accounts has a label.",
        np.where(np.isnan(score), np.nan, (score >= threshold).astype(np.float64)),
        ~np.isnan(score),
    )
    return labelled, notes, joint


def _outside(inside: npt.NDArray[np.bool_], drawn: Any, ids: Any) -> list[str]:
    if not inside.any():
        raise UserError(
            "No account of sample is among accounts; are the ids written alike? sample:"
            f" {drawn[0]!r}, accounts: {ids[0]!r}."
        )
    if inside.all():
        return []
    return [
        f"{int((~inside).sum()):,} of {len(inside):,} drawn accounts are not among accounts: they"
        " were drawn from a larger frame, and count as outside the campaign."
    ]


def _labels(values: Any) -> Floats:
    """1 for bots, 0 for people, NaN without an answer or where it leaves the account out."""
    from curation.annotation.scheme.scheme import Scheme

    meanings = Scheme.load().labels
    there = values.notna().to_numpy()
    said = values.to_numpy(dtype=object)
    leaves_out = np.array(
        [isinstance(v, str) and v in meanings and meanings[v] is None for v in said[there]], bool
    )
    judged = np.flatnonzero(there)[~leaves_out]
    y = np.full(len(said), np.nan)
    if len(judged):
        y[judged] = given.labels(said[judged], "label")
    return y


def _strata(frame: pd.DataFrame, chance: Floats) -> tuple[npt.NDArray[np.int64], str]:
    """The stratum of each drawn account, and how joint probabilities follow."""
    from botbench.stats.design_based import INDEPENDENT, SIMPLE

    nothing = np.zeros(len(chance), dtype=np.int64)
    if "stratum" in frame:
        stratum = given.groups(frame["stratum"], "stratum")
        if (stratum < 0).any():
            raise UserError(f"stratum of row {int((stratum < 0).argmax())} is missing.")
        for one in np.unique(stratum):
            own = chance[stratum == one]
            if own.max() - own.min() > 1e-9 * own.max():
                return nothing, INDEPENDENT
        return stratum, SIMPLE
    values, stratum = np.unique(chance, return_inverse=True)
    enough = (np.bincount(stratum) >= 2) | (values == 1)
    if len(values) <= MOST_STRATA and enough.all():
        return stratum.astype(np.int64), SIMPLE
    return nothing, INDEPENDENT


def _rules(answered: npt.NDArray[np.bool_], joint: str, strata: int) -> tuple[str, ...]:
    """Sentences on the design, the missing answers and the errors of annotators."""
    how = f"{joint}, {counted(strata, 'stratum', 'strata')}"
    rules = [f"Drawn with the inclusion probabilities that were given ({how})."]
    missing = int((~answered).sum())
    rules.append(
        f"{missing:,} of {len(answered):,} drawn accounts have no answer. They are taken as like"
        " the answered ones of their stratum (where accounts were drawn by size: of about their"
        " size); limits without that assumption stand beside."
        if missing
        else "Every drawn account has an answer."
    )
    rules.append("Labels are taken as right: annotators' errors are not modelled.")
    return tuple(rules)


def fair(labelled: LabelledSample, p: Floats | None) -> tuple[bool, str]:
    """Whether scores may be used, and why not."""
    if p is None:
        return False, ""
    missing = int(np.isnan(p).sum())
    if labelled.made_for_the_sample(missing / len(p)):
        return False, (
            f"{missing:,} of the {len(p):,} accounts have no score, and whether one has depends on"
            " whether it was drawn: such scores tell nothing of the others and are not used. Score"
            " every account."
        )
    said = (
        f"{missing:,} of {len(p):,} accounts have no score and are given the mean of the others'."
    )
    return True, said if missing else ""
