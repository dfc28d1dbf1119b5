"""Detectors: one file each or a family, registered by decorator; third parties by entry point
`botbench.detectors`.

A detector is a scikit-learn estimator over the `Accounts` view::

    @detector("my-detector", needs=("profile",), cites="Me 2026", about="What it looks at.")
    class MyDetector(Detector):
        def fit(self, accounts, y): ...             # y: int8[n], 1 = bot; sets self.classes_
        def predict_proba(self, accounts): ...      # float64[n, 2]: human, bot

`needs` names what must be there, `uses` what is also given where it is there: feature families
(profile, timing, text, content), single features, profile columns (`posts_total`, `handle`, ...),
`posts`, `edges`, and `post_id` for true post ids. A data set that lacks what is needed makes the
cell *not applicable*. In a distribution of its own, name the entry point as the detector. `domains`
gives a detector, while it learns, a number for each training data set that means nothing elsewhere;
the accounts to be scored have none.

A detector's options are those of its constructor: `random-forest(trees=500)` is a detector too, and
that string its name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from benchmarks.data.accounts import Accounts, Floats
from botbench.core import code_versions
from botbench.core.errors import UserError, unknown
from botbench.core.registry import Registry

Labels = NDArray[np.int8]
Made = TypeVar("Made", bound="Callable[..., Detector]")

BALANCED = "best-balanced-accuracy(folds=3)"
HALF = "fixed(0.5)"


class Detector(ClassifierMixin, BaseEstimator):
    """What every detector has: scikit-learn's parameters, a seed, and two classes (0 human, 1 bot)."""

    def __init__(self, random_state: int | None = None) -> None:
        self.random_state = random_state

    def fit(self, accounts: Accounts, y: Labels) -> Self:
        """Learn from n accounts and their labels (int8[n], 1 = bot); returns itself. Raises
        UserError for a single class.
        """
        raise NotImplementedError

    def begin(self, y: Labels) -> None:
        """What every `fit` begins with: the classes, and the share of bots for accounts of which
        nothing is known.

        Raises UserError where the labels are of one class.
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

    def explain(self) -> str | None:
        """What was learnt, in a few words, where a few words can say it (a tree's question)."""
        return None

    def scores_file(self) -> Path | None:
        """A file of predictions that the bench joins to the accounts, as their feature
        `external_p_bot`.
        """
        return None

    def fingerprint(self) -> str:
        """A hash of what its predictions depend on beside code and options (a file's content);
        empty where nothing.
        """
        return ""

    def trained_on(self) -> tuple[str, ...]:
        """Releases that taught it before it came here, as far as it declares them: accounts in them
        are not news to it.
        """
        return ()

    def rule(self) -> str | None:
        """The threshold rule that its options ask for, where they do."""
        return None


class FeatureModel(Detector):
    """A scikit-learn classifier over the matrix of declared features; `model` says which.

    An account of which nothing is known neither teaches nor is judged by its silence: it gets the
    training part's share of bots. Else a detector of posts would learn that whoever has none is
    human, because so the data were collected.
    """

    def model(self) -> Any:
        """The unfitted classifier or pipeline, seeded with `random_state`."""
        raise NotImplementedError

    def matrix(self, accounts: Accounts, learning: bool = False) -> tuple[tuple[str, ...], Floats]:  # noqa: ARG002, for others
        """Names and values (float64[n, k], NaN where missing) that the model reads; what is fitted
        is fitted while `learning`.
        """
        return accounts.names, accounts.values

    def weights(self, accounts: Accounts, y: Labels) -> Floats | None:  # noqa: ARG002, for others to say
        """What each account counts in training, float64[n]; None for all alike."""
        return None

    def fit(self, accounts: Accounts, y: Labels) -> Self:
        """Fit the model on the features; imputation and scaling are part of it, so they see the
        training part only.
        """
        self.begin(y)
        names, values = self.matrix(accounts, learning=True)
        known = _known(values)
        labels = y[known]
        # A feature missing in all of the training part teaches nothing, and some models cannot bear
        # one.
        weights = self.weights(accounts, y)
        varying = varies(values[known])
        # Boosting with weights cannot bear a feature of one value either.
        self.features_ = np.flatnonzero(
            ~np.isnan(values).all(axis=0) if weights is None else varying
        )
        self.names_ = tuple(names[i] for i in self.features_)
        self.model_ = None
        taught = values[known][:, self.features_]
        if len(np.unique(labels)) == 2 and varying.any():
            model = self.model()
            self.model_ = (
                model.fit(taught, labels)
                if weights is None
                else _weighted(model, taught, labels, weights[known])
            )
        return self

    def predict_proba(self, accounts: Accounts) -> Floats:
        """The model's probabilities, float64[n, 2]."""
        _, values = self.matrix(accounts)
        known = _known(values)
        proba = np.tile([1 - self.share_, self.share_], (len(accounts), 1))
        if self.model_ is not None and known.any():
            proba[known] = self.model_.predict_proba(values[known][:, self.features_])
        return proba


def _known(values: Floats) -> NDArray[np.bool_]:
    return np.asarray(~np.isnan(values).all(axis=1), dtype=np.bool_)


def varies(values: Floats) -> NDArray[np.bool_]:
    """Which features have at least two known values, bool[k]; some models refuse to learn from
    less.

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


@dataclass(frozen=True)
class Spec:
    """One registered detector: how to make it, what it needs and uses, whom it cites, what it looks
    at.

    `floor` marks what every other detector must beat (a constant, one question); `threshold` is the
    canonical rule by which the decision threshold is chosen on the training part; `packages` are
    further distributions it runs on. `transductive` says that it looks at the accounts to be scored
    as a whole, so that one account's score depends on the others; `options` were given in its name;
    `asks` are options without which it cannot be. `published` is the method by which others' tables
    (datasets/published) call it, where they have scores of it. `revision` is the declared version
    of its scores: raise it whenever they change. Without one, the syntax of its modules stands for
    it.
    """

    name: str
    make: Callable[..., Detector]
    needs: tuple[str, ...]
    uses: tuple[str, ...]
    cites: str
    about: str
    floor: bool
    threshold: str
    packages: tuple[str, ...] = ()
    transductive: bool = False
    asks: tuple[str, ...] = ()
    published: str | None = None
    revision: int | None = None
    options: tuple[tuple[str, Any], ...] = ()

    def fresh(self) -> Detector:
        """A fresh estimator with the options of its name."""
        return self.make(**dict(self.options))

    def seeded(self, seed: int) -> Detector:
        """A fresh estimator with that seed, where it takes one."""
        made = self.fresh()
        return made.set_params(random_state=seed) if "random_state" in made.get_params() else made

    @cached_property
    def modules(self) -> list[str]:
        """The modules its code stands in: where it is registered, its class and the classes under
        it.
        """
        classes = {kind.__module__ for kind in type(self.fresh()).__mro__}
        return sorted(
            m
            for m in classes | {self.make.__module__}
            if m.split(".")[0] not in {"sklearn", "builtins"}
        )

    @cached_property
    def version(self) -> str:
        """The hash of its revision, its parameters and the packages it runs on; a change means new
        cells.

        Where no revision is declared, the normalised syntax of its modules counts instead.
        """
        made = self.fresh()
        told = (self.threshold, self.needs, self.uses, _parameters(made), made.fingerprint())
        total = hashlib.sha256(repr(told).encode())
        if self.revision is not None:
            total.update(f"revision {self.revision}\n".encode())
        else:
            for module in self.modules:
                total.update(code_versions.of_module(module).encode())
        for package, number in self.versions.items():
            total.update(f"{package}=={number}\n".encode())
        return total.hexdigest()[:16]

    @cached_property
    def versions(self) -> dict[str, str]:
        """The packages its predictions depend on, with their versions."""
        return {name: installed(name) for name in ("numpy", "scikit-learn", *self.packages)}


def _parameters(made: Detector) -> list[tuple[str, str]]:
    return sorted(
        (name, repr(value)) for name, value in made.get_params().items() if name != "random_state"
    )


DETECTORS: Registry[Any] = Registry("detector", "benchmarks.detectors", "botbench.detectors")


def detector(
    name: str,
    *,
    needs: tuple[str, ...] = (),
    uses: tuple[str, ...] = (),
    cites: str,
    about: str,
    floor: bool = False,
    threshold: str = BALANCED,
    packages: tuple[str, ...] = (),
    transductive: bool = False,
    asks: tuple[str, ...] = (),
    published: str | None = None,
    revision: int | None = None,
) -> Callable[[Made], Made]:
    """Register a detector class, or a function that makes one, under `name`.

    `revision` declares the version of its scores; see `Spec`.
    """

    def register(make: Made) -> Made:
        said = (
            needs,
            uses,
            cites,
            about,
            floor,
            threshold,
            packages,
            transductive,
            asks,
            published,
            revision,
        )
        DETECTORS.add(name, Spec(name, make, *said))
        return make

    return register


def detectors() -> dict[str, Spec]:
    """Every registered detector by name, ours and third parties'."""
    return {name: spec for name, spec in DETECTORS.all().items() if isinstance(spec, Spec)}


def complete() -> list[Spec]:
    """Every registered detector that needs no options, by name: what a suite means by `all`."""
    return [spec for spec in detectors().values() if not spec.asks]


def options_of(spec: Spec) -> dict[str, Any]:
    """The options that a detector's name may give, with their defaults."""
    from benchmarks.detectors import _options

    return _options.known(spec)


def get(name: str) -> Spec:
    """The detector a name says, with its options: `get(text).name` is the canonical name, and `get`
    of that the same.

    Raises UserError naming the closest detector or option.
    """
    from benchmarks.detectors import _options

    base, options = _options.parse(name)
    found = detectors()
    if base not in found:
        raise unknown("detector", base, found)
    return _options.given(found[base], options)
