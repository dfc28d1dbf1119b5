"""Detectors: one file each or a family, registered by decorator; third parties by entry point `botbench.detectors`.

A detector is a scikit-learn estimator over the `Accounts` view::

    @detector("my-detector", needs=("profile",), cites="Me 2026", about="What it looks at.")
    class MyDetector(Detector):
        def fit(self, accounts, y): ...             # y: int8[n], 1 = bot; sets self.classes_
        def predict_proba(self, accounts): ...      # float64[n, 2]: human, bot

`needs` names what must be there, `uses` what is also given where it is there: feature families (profile, timing, text,
content), single features, profile columns (`posts_total`, `handle`, ...), `posts`, `edges`, and `post_id` for true post
ids. A data set that lacks what is needed makes the cell *not applicable*. In a distribution of its own, name the entry
point as the detector.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from benchmarks.accounts import Accounts, Floats
from curation.errors import unknown
from curation.registry import Registry

Labels = NDArray[np.int8]
Made = TypeVar("Made", bound="Callable[[], Detector]")

BALANCED = "best-balanced-accuracy(folds=3)"
HALF = "fixed(0.5)"


class Detector(ClassifierMixin, BaseEstimator):
    """What every detector has: scikit-learn's parameters, a seed, and two classes (0 human, 1 bot)."""

    def __init__(self, random_state: int | None = None) -> None:
        self.random_state = random_state

    def fit(self, accounts: Accounts, y: Labels) -> Self:
        """Learn from n accounts and their labels (int8[n], 1 = bot); returns itself."""
        raise NotImplementedError

    def predict_proba(self, accounts: Accounts) -> Floats:
        """Scores, float64[n, 2]: human, bot; every account gets one."""
        raise NotImplementedError

    def explain(self) -> str | None:
        """What was learnt, in a few words, where a few words can say it (a tree's question)."""
        return None


class FeatureModel(Detector):
    """A scikit-learn classifier over the matrix of declared features; `model` says which.

    An account of which nothing is known neither teaches nor is judged by its silence: it gets the training part's share
    of bots. Else a detector of posts would learn that whoever has none is human, because so the data were collected.
    """

    def model(self) -> Any:
        """The unfitted classifier or pipeline, seeded with `random_state`."""
        raise NotImplementedError

    def fit(self, accounts: Accounts, y: Labels) -> Self:
        """Fit the model on the features; imputation and scaling are part of it, so they see the training part only."""
        self.classes_ = np.array([0, 1])
        self.share_ = float(np.mean(y))
        known = _known(accounts)
        labels = y[known]
        # A feature missing in all of the training part teaches nothing, and some models cannot bear one.
        self.features_ = np.flatnonzero(~np.isnan(accounts.values).all(axis=0))
        self.names_ = tuple(accounts.names[i] for i in self.features_)
        self.model_ = None
        if len(np.unique(labels)) == 2:
            self.model_ = self.model().fit(accounts.values[known][:, self.features_], labels)
        return self

    def predict_proba(self, accounts: Accounts) -> Floats:
        """The model's probabilities, float64[n, 2]."""
        known = _known(accounts)
        proba = np.tile([1 - self.share_, self.share_], (len(accounts), 1))
        if self.model_ is not None and known.any():
            proba[known] = self.model_.predict_proba(accounts.values[known][:, self.features_])
        return proba


def _known(accounts: Accounts) -> NDArray[np.bool_]:
    return np.asarray(~np.isnan(accounts.values).all(axis=1), dtype=np.bool_)


@dataclass(frozen=True)
class Spec:
    """One registered detector: how to make it, what it needs and uses, whom it cites, what it looks at.

    `floor` marks what every other detector must beat (a constant, one question); `threshold` is the canonical rule by
    which the decision threshold is chosen on the training part; `packages` are further distributions it runs on.
    """

    name: str
    make: Callable[[], Detector]
    needs: tuple[str, ...]
    uses: tuple[str, ...]
    cites: str
    about: str
    floor: bool
    threshold: str
    packages: tuple[str, ...] = ()

    def seeded(self, seed: int) -> Detector:
        """A fresh estimator with that seed, where it takes one."""
        made = self.make()
        return made.set_params(random_state=seed) if "random_state" in made.get_params() else made

    @cached_property
    def modules(self) -> list[str]:
        """The modules its code stands in: where it is registered, its class and the classes under it."""
        classes = {kind.__module__ for kind in type(self.make()).__mro__}
        return sorted(m for m in classes | {self.make.__module__} if m.split(".")[0] not in {"sklearn", "builtins"})

    @cached_property
    def version(self) -> str:
        """The hash of its code, its parameters and the packages it runs on; a change means new cells."""
        total = hashlib.sha256(repr((self.threshold, self.needs, self.uses, _parameters(self.make()))).encode())
        for module in self.modules:
            total.update(source(module))
        for package, number in self.versions.items():
            total.update(f"{package}=={number}\n".encode())
        return total.hexdigest()[:16]

    @cached_property
    def versions(self) -> dict[str, str]:
        """The packages its predictions depend on, with their versions."""
        return {name: installed(name) for name in ("numpy", "scikit-learn", *self.packages)}


def _parameters(made: Detector) -> list[tuple[str, str]]:
    return sorted((name, repr(value)) for name, value in made.get_params().items() if name != "random_state")


def source(module: str) -> bytes:
    """The bytes of a module's file; its name where it has none (typed in, or frozen)."""
    path = getattr(sys.modules.get(module), "__file__", None)
    return Path(path).read_bytes() if path else module.encode()


DETECTORS: Registry[Any] = Registry("detector", "benchmarks.detectors", "botbench.detectors")


def detector(
    name: str, *, needs: tuple[str, ...] = (), uses: tuple[str, ...] = (), cites: str, about: str,
    floor: bool = False, threshold: str = BALANCED, packages: tuple[str, ...] = (),
) -> Callable[[Made], Made]:
    """Register a detector class, or a function that makes one, under `name`."""

    def register(make: Made) -> Made:
        DETECTORS.add(name, Spec(name, make, needs, uses, cites, about, floor, threshold, packages))
        return make

    return register


def detectors() -> dict[str, Spec]:
    """Every registered detector by name, ours and third parties'."""
    return {name: spec for name, spec in DETECTORS.all().items() if isinstance(spec, Spec)}


def get(name: str) -> Spec:
    """The detector called `name`; raises UserError naming the closest one."""
    found = detectors()
    if name not in found:
        raise unknown("detector", name, found)
    return found[name]
