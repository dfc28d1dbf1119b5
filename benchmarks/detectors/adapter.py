"""A scikit-learn classifier as a detector, and how it reaches the process that it runs in.

A detector that is registered is named, and its process imports it by that name. A classifier that
somebody has as an object, such as a class of a notebook, has no such name. It is pickled here
(cloudpickle; code of modules that are not installed goes with it) and unpickled in the fenced child
process only, which sees what any detector sees. Nothing that comes from a child is unpickled.
"""

from __future__ import annotations

import hashlib
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.accounts import Accounts, Floats
from benchmarks.detectors.base import Detector, Labels
from benchmarks.detectors.registry import BALANCED, Spec
from botbench.core.errors import UserError, brief

if TYPE_CHECKING:
    import pandas as pd

REVISION = 1
"""Raised when the same classifier comes to give other scores."""
FAMILIES = ("profile", "timing", "text", "content", "network")
"""The families of features that a classifier gets unless it declares others."""
OURS = ("botbench", "benchmarks", "curation")


class DetectorAdapter(Detector):
    """A plain scikit-learn classifier as a detector: no class of botbench is needed.

    `estimator` has `fit(X, y)` and `predict_proba` (or `decision_function`, which is then
    calibrated on the training part by Platt's method). It is cloned for each fit. X is a data frame
    of the features (float64, NaN where unknown); where the classifier refuses NaN, the median of
    the training part stands in. y is 1 for bots, 0 for humans. Every `random_state` that is None is
    set by the protocol's seed. Accounts of which nothing is known are left out of training and get
    the share of bots as their score.

    `name` is the detector's name on boards, by default that of the class. `features` are families
    (profile, timing, text, content, network) or single features. `threshold` is the rule that
    chooses the decision threshold on the training part (`fixed(0.5)`).
    """

    def __init__(
        self,
        estimator: Any,
        name: str | None = None,
        features: Sequence[str] = FAMILIES,
        threshold: str = BALANCED,
        random_state: int | None = None,
    ) -> None:
        super().__init__(random_state)
        self.estimator = estimator
        self.name = name
        self.features = features
        self.threshold = threshold

    def fit(self, accounts: Accounts, y: Labels) -> Self:
        """Fit a clone of the classifier; raises UserError for a single class."""
        self.begin(y)
        there = _known(accounts.values)
        self.model_ = None
        if len(np.unique(y[there])) == 2:
            self.model_ = self._model().fit(_frame(accounts)[there], y[there])
            if list(self.model_.classes_) != [0, 1]:
                raise UserError(
                    f"{type(self.estimator).__name__} has the classes {list(self.model_.classes_)}"
                    " after fit; it must keep 0 and 1."
                )
        return self

    def predict_proba(self, accounts: Accounts) -> Floats:
        """The classifier's probabilities, float64[n, 2]."""
        there = _known(accounts.values)
        proba = np.tile([1 - self.share_, self.share_], (len(accounts), 1))
        if self.model_ is not None and there.any():
            proba[there] = np.asarray(self.model_.predict_proba(_frame(accounts)[there]))
        return proba

    def _model(self) -> Any:
        from sklearn.base import clone
        from sklearn.calibration import CalibratedClassifierCV
        from sklearn.impute import SimpleImputer
        from sklearn.pipeline import make_pipeline

        model = clone(self.estimator)
        seeds = {
            name: self.random_state
            for name, value in model.get_params(deep=True).items()
            if value is None and name.rpartition("__")[2] == "random_state"
        }
        model.set_params(**seeds)
        if not hasattr(model, "predict_proba"):
            model = CalibratedClassifierCV(model, ensemble=False, cv=3)
        if not _takes_nan(self.estimator):
            imputer = SimpleImputer(strategy="median", keep_empty_features=True)
            model = make_pipeline(imputer.set_output(transform="pandas"), model)
        return model


def _known(values: Floats) -> NDArray[np.bool_]:
    return np.asarray(~np.isnan(values).all(axis=1), dtype=np.bool_)


def _frame(accounts: Accounts) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(accounts.values, columns=list(accounts.names))


def _takes_nan(estimator: Any) -> bool:
    from sklearn.utils import get_tags

    try:
        return bool(get_tags(estimator).input_tags.allow_nan)
    except Exception:  # a classifier of another library may have no tags, or older ones
        return False


@dataclass(frozen=True)
class Given(Spec):
    """A detector that was given as an object: `pickled` is what its process unpickles.

    Here it is bytes only. `hashed` is its identity: bytes and the versions of its packages.
    """

    pickled: bytes = field(default=b"", repr=False)
    package_versions: tuple[tuple[str, str], ...] = ()
    hashed: str = ""

    def fresh(self) -> Detector:
        """Unpickle it. Only the fenced child may call this."""
        import cloudpickle

        detector = cloudpickle.loads(self.pickled)
        if not isinstance(detector, Detector):
            raise TypeError(f"{self.name} is no detector")
        return detector

    @property
    def modules(self) -> list[str]:
        """None that could be imported by name."""
        return []

    @property
    def version(self) -> str:
        """As `Spec.version`."""
        return self.hashed

    @property
    def versions(self) -> dict[str, str]:
        """As `Spec.versions`."""
        return dict(self.package_versions)

    @property
    def trained_on(self) -> tuple[str, ...]:
        """It declares nothing."""
        return ()

    @property
    def scores_file(self) -> Path | None:
        """It has none."""
        return None

    @property
    def places(self) -> dict[str, Path]:
        """It names no files."""
        return {}


def _not_here(**_: Any) -> Detector:
    raise RuntimeError("a detector that was given as an object runs in child processes only")


def given(estimator: Any) -> Given:
    """The spec of a classifier (or a `DetectorAdapter` of one), pickled for its process.

    Raises UserError for what is no classifier, has no scores, or cannot be pickled.
    """
    adapter = estimator if isinstance(estimator, DetectorAdapter) else DetectorAdapter(estimator)
    inner = adapter.estimator
    _check(inner)
    pickled = _pickled(adapter)
    versions = _versions(inner)
    name = adapter.name or title(inner)
    declared = (REVISION, name, adapter.threshold, tuple(adapter.features), versions)
    total = hashlib.sha256(repr(declared).encode())
    total.update(pickled)
    return Given(
        name,
        _not_here,
        needs=(),
        uses=tuple(adapter.features),
        cites="",
        about=f"Given as an object: {title(inner)}.",
        floor=False,
        threshold=adapter.threshold,
        pickled=pickled,
        package_versions=versions,
        hashed=total.hexdigest()[:16],
    )


def unpickled(name: str, pickled: bytes) -> Given:
    """The spec that a child unpickles and fits."""
    return Given(name, _not_here, (), (), "", "", False, BALANCED, pickled=pickled)


def title(estimator: Any) -> str:
    """A classifier's name: its class; of a pipeline those of its steps.

    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn.svm import SVC
    >>> title(make_pipeline(StandardScaler(), SVC()))
    'StandardScaler+SVC'
    """
    steps = getattr(estimator, "steps", None)
    if type(estimator).__name__ == "Pipeline" and steps:
        return "+".join(
            type(step).__name__ for _, step in steps if step not in (None, "passthrough")
        )
    return type(estimator).__name__


def _check(estimator: Any) -> None:
    if isinstance(estimator, type):
        raise UserError(
            f"{estimator.__name__} is a class; give an object of it: {estimator.__name__}()."
        )
    lacking = [m for m in ("fit", "get_params", "set_params") if not hasattr(estimator, m)]
    if lacking:
        raise UserError(
            f"{type(estimator).__name__} has no {' and no '.join(lacking)}, so it is no"
            " scikit-learn classifier. Give one, or a detector's name (botbench detectors)."
        )
    if not hasattr(estimator, "predict_proba") and not hasattr(estimator, "decision_function"):
        raise UserError(
            f"{type(estimator).__name__} has neither predict_proba nor decision_function, so it"
            " gives no scores."
        )


def _pickled(adapter: DetectorAdapter) -> bytes:
    import cloudpickle
    from sklearn.base import clone

    try:
        fresh = DetectorAdapter(
            clone(adapter.estimator), adapter.name, tuple(adapter.features), adapter.threshold
        )
        with _code_goes_along(adapter.estimator):
            return bytes(cloudpickle.dumps(fresh))
    except Exception as error:  # an estimator's own code runs here
        raise UserError(
            f"{type(adapter.estimator).__name__} cannot be sent to the process that it would run"
            f" in: {brief(error)}."
        ) from None


@contextmanager
def _code_goes_along(estimator: Any) -> Iterator[None]:
    """Pickle the code of modules that are not installed, which the child might not find.

    A changed module then has another hash.
    """
    import cloudpickle

    modules = [m for m in _modules(estimator) if _is_users(m)]
    for module in modules:
        cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in modules:
            cloudpickle.unregister_pickle_by_value(module)


def _modules(estimator: Any) -> list[ModuleType]:
    """The modules of the classes of an estimator and of what it is made of."""
    parts = [estimator, *estimator.get_params(deep=True).values()]
    kinds = {kind for part in parts for kind in type(part).__mro__}
    kinds |= {part for part in parts if isinstance(part, type)}
    names = {k.__module__ for k in kinds} | {
        m for part in parts if callable(part) and (m := getattr(part, "__module__", None))
    }
    return [sys.modules[name] for name in sorted(names) if name in sys.modules]


def _is_users(module: ModuleType) -> bool:
    """Whether a module is neither installed nor botbench's own."""
    file = getattr(module, "__file__", None)
    if module.__name__ == "__main__" or file is None or module.__name__.split(".")[0] in OURS:
        return False
    kinds = ("stdlib", "platstdlib", "purelib", "platlib")
    places = {Path(sysconfig.get_path(kind)).resolve() for kind in kinds}
    return not any(Path(file).resolve().is_relative_to(place) for place in places)


def _versions(estimator: Any) -> tuple[tuple[str, str], ...]:
    """numpy, scikit-learn, and the packages of the classifier's classes, with their versions."""
    found: Mapping[str, str] = {}
    for name in ("numpy", "scikit-learn", *{m.__name__.split(".")[0] for m in _modules(estimator)}):
        try:
            found = {**found, name: installed(name)}
        except PackageNotFoundError:
            continue
    return tuple(sorted(found.items()))
