"""The base classes of detectors: a scikit-learn estimator over the `Accounts` view."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.accounts import Accounts, Floats
from botbench.core.errors import UserError
from botbench.core.light_imports import of_scikit_learn

with of_scikit_learn():
    import sklearn.tree  # noqa: F401 (so that detectors' own imports find it and its like)
    from sklearn.base import BaseEstimator, ClassifierMixin

Labels = NDArray[np.int8]
PLACES: dict[str, Path] = {}
"""Where the bench has put what detectors of this process name: see `Detector.places`."""


class Detector(ClassifierMixin, BaseEstimator):
    """A detector: scikit-learn's parameters, a seed, and two classes (0 human, 1 bot)."""

    def __init__(self, random_state: int | None = None) -> None:
        self.random_state = random_state

    def fit(self, accounts: Accounts, y: Labels) -> Self:
        """Learn from n accounts and labels (int8[n], 1 = bot); returns itself.

        Raises UserError for a single class.
        """
        raise NotImplementedError

    def begin(self, y: Labels) -> None:
        """Start a `fit`: set the classes, and the share of bots for accounts without evidence.

        Raises UserError for a single class.
        """
        self.classes_ = np.array([0, 1])
        if len(np.unique(y)) < 2:
            only = f"{'bots' if len(y) and y[0] else 'humans'} only" if len(y) else "nobody"
            raise UserError(
                f"The training part holds {only}; a detector needs bots and humans to learn from. "
                "Train on a release with both."
            )
        self.share_ = float(np.mean(y))

    def predict_proba(self, accounts: Accounts) -> Floats:
        """Scores, float64[n, 2]: human, bot; every account gets one."""
        raise NotImplementedError

    def abstains(self, accounts: Accounts) -> NDArray[np.bool_]:
        """Which accounts it cannot tell, bool[n]; nobody, unless a detector declares it.

        Such accounts have a score too, by which they are ranked and counted: a detector gains no
        rank by abstaining (selective classification, El-Yaniv & Wiener 2010, JMLR 11).
        """
        return np.zeros(len(accounts), dtype=np.bool_)

    def explain(self) -> str | None:
        """The fitted model in a few words, if that is possible (a tree's question)."""
        return None

    def scores_file(self) -> Path | None:
        """A predictions file that the bench joins to the accounts as feature `external_p_bot`."""
        return None

    def places(self) -> dict[str, Path]:
        """Files or folders that the detector reads when it fits, by the name it knows them by.

        The bench finds them where it runs. The detector runs elsewhere, may read these only, and
        finds their absolute paths in `PLACES`.
        """
        return {}

    def fingerprint(self) -> str:
        """Hash of further inputs of the predictions, such as a file's content, or empty."""
        return ""

    def trained_on(self) -> tuple[str, ...]:
        """The releases on which the detector was pretrained, as far as it declares them.

        Accounts in them are not new to it.
        """
        return ()

    def rule(self) -> str | None:
        """The threshold rule of its options, if any."""
        return None


class FeatureModel(Detector):
    """A scikit-learn classifier over the matrix of declared features, built by `model`.

    Accounts without feature values are skipped in training and scored with the training
    prevalence. Otherwise a detector of posts would learn that accounts without posts are human,
    only because of how the data were collected.
    """

    def model(self) -> Any:
        """The unfitted classifier or pipeline, seeded with `random_state`."""
        raise NotImplementedError

    def matrix(self, accounts: Accounts, learning: bool = False) -> tuple[tuple[str, ...], Floats]:  # noqa: ARG002, for others
        """Names and values (float64[n, k], NaN if missing) that the model reads.

        Transformations are fitted while `learning`.
        """
        return accounts.names, accounts.values

    def weights(self, accounts: Accounts, y: Labels) -> Floats | None:  # noqa: ARG002, for others to say
        """The training weight of each account, float64[n]; None for equal weights."""
        return None

    def fit(self, accounts: Accounts, y: Labels) -> Self:
        """Fit the model on the features.

        Imputation and scaling are part of it, so they see the training part only.
        """
        self.begin(y)
        names, values = self.matrix(accounts, learning=True)
        has_values = _known(values)
        labels = y[has_values]
        # Some models fail on a feature that is missing in all of the training part.
        weights = self.weights(accounts, y)
        varying = varies(values[has_values])
        # Boosting with weights also fails on a feature with one value.
        self.features_ = np.flatnonzero(
            ~np.isnan(values).all(axis=0) if weights is None else varying
        )
        self.names_ = tuple(names[i] for i in self.features_)
        self.model_ = None
        taught = values[has_values][:, self.features_]
        if len(np.unique(labels)) == 2 and varying.any():
            model = self.model()
            self.model_ = (
                model.fit(taught, labels)
                if weights is None
                else _weighted(model, taught, labels, weights[has_values])
            )
        return self

    def predict_proba(self, accounts: Accounts) -> Floats:
        """The model's probabilities, float64[n, 2]."""
        _, values = self.matrix(accounts)
        has_values = _known(values)
        proba = np.tile([1 - self.share_, self.share_], (len(accounts), 1))
        if self.model_ is not None and has_values.any():
            proba[has_values] = self.model_.predict_proba(values[has_values][:, self.features_])
        return proba


def _known(values: Floats) -> NDArray[np.bool_]:
    return np.asarray(~np.isnan(values).all(axis=1), dtype=np.bool_)


def varies(values: Floats) -> NDArray[np.bool_]:
    """Features with at least two different values, bool[k]; some models need them.

    >>> varies(np.array([[1.0, 2.0, np.nan], [1.0, 3.0, np.nan]])).tolist()
    [False, True, False]
    """
    return np.array(
        [len(np.unique(column[~np.isnan(column)])) > 1 for column in values.T], dtype=np.bool_
    )


def _weighted(model: Any, values: Floats, labels: Labels, weights: Floats) -> Any:
    """The model, or the last step of the pipeline, fitted with weights."""
    steps = getattr(model, "steps", None)
    return model.fit(
        values, labels, **{f"{steps[-1][0]}__sample_weight" if steps else "sample_weight": weights}
    )


def balanced(y: Labels) -> Floats:
    """Weights under which both classes count alike, float64[n], mean 1.

    >>> balanced(np.array([1, 0, 0, 0], dtype=np.int8)).round(3).tolist()
    [2.0, 0.667, 0.667, 0.667]
    """
    counts = np.bincount(y, minlength=2)
    return np.asarray(len(y) / (2 * counts[y]), dtype=np.float64)
