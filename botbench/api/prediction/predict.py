"""`botbench.predict`: a detector on new accounts, trained on releases or kept before."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botbench.api.base import given as checks
from botbench.api.base.shown import Shown, grid
from botbench.core.errors import UserError
from botbench.html.fragment import Fragment
from botbench.text import numbers

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from benchmarks.prediction.predict import Predicted
    from botbench.api.release import Release
    from botbench.api.workspace import Workspace


NOWHERE = frozenset({"unknown", "simulated"})
"""Platforms that are none: nothing is known of where such accounts would be."""


def _counted(platforms: npt.NDArray[np.object_]) -> dict[str, int]:
    """How many accounts are of each platform that is one."""
    import numpy as np

    found, counts = np.unique(platforms.astype(str), return_counts=True)
    none = NOWHERE | {"", "None"}
    return {str(p): int(n) for p, n in zip(found, counts, strict=True) if p not in none}


class Prediction(Shown):
    """Scores of new accounts; `found` holds them as arrays, with the trained detector."""

    def __init__(self, found: Predicted) -> None:
        self.found = found

    @property
    def sentence(self) -> str:
        """How many accounts score as bots, and by what."""
        trained = self.found.trained
        n, bots = len(self.found.p), int((self.found.p >= trained.threshold).sum())
        what = ", ".join(str(r["reference"]) for r in trained.releases)
        return (
            f"Bots by their score: {bots:,} of {numbers.counted(n, 'account')}"
            f" ({numbers.share(bots / max(n, 1))});"
            f" {trained.spec.name} was trained on"
            f" {numbers.counted(len(trained.account_id), 'account')} of"
            f" {what}{' (simulated)' if trained.simulated else ''}. Uncorrected for the detector's"
            " errors: this is no estimate of the share of bots."
        )

    @property
    def undecided(self) -> str:
        """How many accounts the detector cannot tell; empty where it decides all."""
        found = self.found
        if not found.abstained.any():
            return ""
        return (
            f"It cannot tell {int(found.abstained.sum()):,} of them (it decides"
            f" {numbers.share(found.coverage)}): the share above counts these by their scores."
        )

    @property
    def elsewhere(self) -> str:
        """That accounts are of platforms it was not trained on; empty where none is known to be."""
        known = _counted(self.found.trained.platform).keys()
        other = {p: n for p, n in _counted(self.found.platform).items() if p not in known}
        if not known or not other:
            return ""
        return (
            f"{numbers.counted(sum(other.values()), 'account')} of {', '.join(sorted(other))}, and"
            f" it was trained on {', '.join(sorted(known))} alone: what is usual differs, so these"
            " scores are guesses."
        )

    def frame(self) -> pd.DataFrame:
        """A row an account, in the order of ids: account_id, p_bot, threshold, bot, abstained,
        missing, explanation.

        `p_bot` is the score (0 to 1), `bot` whether it reaches the threshold, `abstained`
        whether the detector cannot tell, `missing` what it lacks of the account,
        `explanation` what moved its score.
        """
        import pandas as pd

        from benchmarks.prediction.explain import sentence

        found = self.found
        return pd.DataFrame(
            {
                "account_id": found.account_id.astype(str),
                "p_bot": found.p,
                "threshold": found.trained.threshold,
                "bot": found.p >= found.trained.threshold,
                "abstained": found.abstained,
                "missing": [", ".join(lacks) for lacks in found.missing],
                "explanation": [sentence(causes) for causes in found.moved],
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """The document of `botbench predict --json`."""
        from benchmarks.prediction.predict import document

        return document(self.found)

    def view(self) -> Fragment:
        """How many bots, and the highest scores with what moved each."""
        rows = self.frame().sort_values("p_bot", ascending=False, kind="stable")
        return Fragment(
            type(self).__name__,
            sentences=[s for s in (self.sentence, self.undecided, self.elsewhere) if s],
            simulated=bool(self.found.trained.simulated),
            tables=[grid(rows.reset_index(drop=True), "the highest scores")],
            more=".frame()",
        )

    def __repr__(self) -> str:
        """How many bots, and the highest scores."""
        rows = self.frame().sort_values("p_bot", ascending=False, kind="stable").head(10)
        shown = rows[["account_id", "p_bot", "bot", "explanation"]]
        return f"{type(self).__name__}: {self.sentence}\n{shown.to_string(index=False)}"


@dataclass(frozen=True)
class Asked:
    """What a prediction is made from: releases to train on, or a folder with a kept detector.

    `store` is the store's address, `home` its folder. `save` is where a trained detector is kept,
    `platform` and `observed_at` what a file of accounts does not say.
    """

    detector: str
    home: Path
    store: str | Path
    train: Sequence[str] = ()
    model: Path | None = None
    save: Path | None = None
    seed: int = 0
    platform: str | None = None
    observed_at: str | None = None

    def check(self) -> None:
        """Refuse what cannot be done before anything is read: names, times, releases."""
        from benchmarks.detectors import get
        from curation.release import release

        get(self.detector)
        if self.observed_at is not None:
            try:
                datetime.fromisoformat(self.observed_at)
            except ValueError:
                raise UserError(
                    f"The time of observation {self.observed_at!r} is no time; write 2020-05-01 or"
                    " 2020-05-01T12:00:00+00:00."
                ) from None
        for name in self.train:
            release.load(self.home, name)


def predict(
    detector: str,
    accounts: Any,
    train: Release | str | Sequence[Release | str] | None = None,
    *,
    model: str | Path | None = None,
    save: str | Path | None = None,
    seed: int = 0,
    platform: str | None = None,
    observed_at: str | None = None,
    store: Workspace | str | Path | None = None,
) -> Prediction:
    """Score accounts that nobody has labelled, as `botbench predict` does.

    `detector` is a detector's name (`random-forest(trees=500)`). `accounts` is a file (Twitter's
    JSON or CSV, or a table with account_id and columns of the schema), the name of a data set in
    the store, or a data frame (pandas, Polars, Arrow). `train` is one or several releases; without
    it, the newest of each name in the store. `model` is the folder of a detector that `save` kept
    before. `platform` and `observed_at` say of a file or frame where its accounts are from, and
    when they looked like this. `store` is a workspace or its address, by default the one opened
    last. Raises UserError for unknown names, for what cannot be read, and where the evidence does
    not suffice.
    """
    from botbench.api.workspace import current

    if not isinstance(detector, str):
        raise UserError(
            f"detector is a {type(detector).__name__}; give a detector's name (botbench detectors)."
            " For a classifier of your own: fit it on bb.load(NAME).features()."
        )
    if model is not None and (train is not None or save is not None):
        raise UserError(
            "model= takes a detector that is kept already; train= and save= are for one that is"
            " trained now."
        )
    of, named = _releases(train)
    workspace = of or current(store)
    if not workspace.home.exists():
        raise UserError(
            f"There is no store at {workspace.home}. Open yours: botbench.open(PATH), or make one:"
            " botbench.demo()."
        )
    asked = Asked(
        detector,
        workspace.home,
        workspace.location,
        named,
        None if model is None else Path(model),
        None if save is None else Path(save),
        checks.seed(seed),
        platform,
        observed_at,
    )
    asked.check()
    with tempfile.TemporaryDirectory(prefix="botbench-") as scratch:
        what = _file(accounts, Path(scratch))
        return Prediction(scored(asked, what, Path(scratch)))


def _releases(train: Any) -> tuple[Workspace | None, list[str]]:
    """The workspace of releases that are objects, and each release's reference."""
    from botbench.api.release import Release

    if train is None:
        return None, []
    several = list(train) if isinstance(train, list | tuple) else [train]
    if not several or not all(isinstance(one, Release | str) for one in several):
        raise UserError("train holds no release; give botbench.load(NAME) or its name.")
    loaded = [one for one in several if isinstance(one, Release)]
    if len({r.workspace.home for r in loaded}) > 1:
        raise UserError("The releases are of several stores; give those of one.")
    if parts := [r.reference for r in loaded if r.part is not None]:
        raise UserError(f"{parts[0]} is limited to a part of its split; give the whole release.")
    references = [one.reference if isinstance(one, Release) else one for one in several]
    return (loaded[0].workspace if loaded else None), references


def _file(accounts: Any, scratch: Path) -> str:
    """The path or name of the accounts; a data frame is written to a file first."""
    if isinstance(accounts, str | Path):
        return str(accounts)
    from botbench.api.pull import FRAME, of_frame

    folder = scratch / "given"
    folder.mkdir()
    of_frame(accounts, folder, "frame", None)
    return str(folder / FRAME)


def scored(asked: Asked, accounts: str, scratch: Path) -> Predicted:
    """The scores of a file or data set, read below `scratch`; a detector is trained or loaded."""
    from benchmarks.detectors import get
    from benchmarks.prediction import models, new_accounts, predict

    spec = get(asked.detector)
    train = [] if asked.model is not None else teachers(asked, accounts)
    if asked.save is not None:
        _refuse_sealed(asked.home, train)
    with new_accounts.accounts(
        accounts, asked.platform, asked.observed_at, scratch, asked.store, (*spec.needs, *spec.uses)
    ) as new:
        try:
            if asked.model is not None:
                return predict.apply(models.load(asked.model, spec), new)
            found = predict.train_and_apply(asked.home, spec, train, new, asked.seed)
        except ValueError as error:
            raise UserError(f"{asked.detector} could not be trained or applied: {error}") from error
    if asked.save is not None:
        models.save(found.trained, asked.save)
    return found


def teachers(asked: Asked, accounts: str) -> list[str]:
    """The releases to train on: those named, else the newest of each name in the store.

    Raises UserError where there is none.
    """
    from curation.release import release

    if asked.train:
        return list(asked.train)
    home = asked.home
    found = [n for n in release.listed(home) if release.load(home, n).dataset != accounts]
    if not found:
        raise UserError(
            "There is no release to train on in this store. Make one (botbench release), or name"
            " the folder of a detector that was kept."
        )
    return found


def _refuse_sealed(home: Path, train: Sequence[str]) -> None:
    """A saved model is handed on, and its weights and its card depend on the labels."""
    from curation.release import release
    from curation.release.publish import seals

    for reference in train:
        seals.refuse(home, release.load(home, reference), "a saved model")
