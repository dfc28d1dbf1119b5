"""The registry of detectors, and detectors by a name that may hold options."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version as installed
from typing import Any, TypeVar

from benchmarks.detectors.base import Detector
from botbench.core import canonical_names, code_versions
from botbench.core.errors import UserError, unknown
from botbench.core.registry import Registry

Made = TypeVar("Made", bound="Callable[..., Detector]")

BALANCED = "best-balanced-accuracy(folds=3)"
HALF = "fixed(0.5)"


@dataclass(frozen=True)
class Spec:
    """One registered detector: its factory, needs, uses, citation and description.

    `floor` marks a floor row (a constant, one question); `threshold` is the canonical rule that
    chooses the decision threshold on the training part; `packages` are further distributions it
    runs on. `transductive` means that it reads the accounts to be scored as a whole, so that one
    account's score depends on the others. `options` come from its name; `asks` are required
    options. `published` is the method's name in published tables (datasets/published), if they have
    its scores. `revision` is the declared version of its scores: raise it whenever they change.
    Without one, the syntax of its modules is used.
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
        """A new estimator with that seed, if it takes one."""
        estimator = self.fresh()
        return (
            estimator.set_params(random_state=seed)
            if "random_state" in estimator.get_params()
            else estimator
        )

    @cached_property
    def modules(self) -> list[str]:
        """The modules of its code: where it is registered, its class and its base classes."""
        classes = {kind.__module__ for kind in type(self.fresh()).__mro__}
        return sorted(
            m
            for m in classes | {self.make.__module__}
            if m.split(".")[0] not in {"sklearn", "builtins"}
        )

    @cached_property
    def version(self) -> str:
        """Hash of its revision, parameters and packages; a change means new cells.

        Without a declared revision, the normalised syntax of its modules is hashed.
        """
        estimator = self.fresh()
        declared = (
            self.threshold,
            self.needs,
            self.uses,
            _parameters(estimator),
            estimator.fingerprint(),
        )
        total = hashlib.sha256(repr(declared).encode())
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


def _parameters(estimator: Detector) -> list[tuple[str, str]]:
    return sorted(
        (name, repr(value))
        for name, value in estimator.get_params().items()
        if name != "random_state"
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
        fields = (
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
        DETECTORS.add(name, Spec(name, make, *fields))
        return make

    return register


def detectors() -> dict[str, Spec]:
    """Every registered detector by name, ours and third parties'."""
    return {name: spec for name, spec in DETECTORS.all().items() if isinstance(spec, Spec)}


def complete() -> list[Spec]:
    """Every registered detector without required options, by name: a suite's `all`."""
    return [spec for spec in detectors().values() if not spec.asks]


def get(name: str) -> Spec:
    """The detector of a name with options; `get(text).name` is the canonical name.

    Raises UserError naming the closest detector or option.
    """
    base, options = canonical_names.parse(name, "detector", "random-forest(trees=500)")
    registered = detectors()
    if base not in registered:
        raise DETECTORS.missing(base, registered)
    return with_options(registered[base], options)


def options_of(spec: Spec) -> dict[str, Any]:
    """The options that a detector's name may give, with their defaults (all but the seed)."""
    parameters = inspect.signature(spec.make).parameters.values()
    return {
        p.name: p.default
        for p in parameters
        if p.name != "random_state" and p.default is not inspect.Parameter.empty
    }


def with_options(spec: Spec, options: Mapping[str, Any]) -> Spec:
    """The detector with options; those at their default are left out of its name.

    Raises UserError for an unknown option, a value of another type, and a missing option that it
    asks for.
    """
    allowed = options_of(spec)
    for name, value in options.items():
        if name not in allowed:
            raise unknown(f"option of {spec.name}", name, allowed)
        _check_type(spec, name, value, allowed[name])
    if missing := [name for name in spec.asks if not options.get(name)]:
        example = ", ".join(f'{name}="..."' for name in missing)
        raise UserError(
            f"The detector {spec.name} needs its {' and '.join(missing)}: write"
            f" {spec.name}({example})."
        )
    kept = tuple(
        (name, options[name])
        for name in allowed
        if name in options and options[name] != allowed[name]
    )
    if not kept:
        return spec
    named = replace(spec, name=canonical_names.write(spec.name, kept), options=kept)
    return replace(named, threshold=named.fresh().rule() or spec.threshold)


def _check_type(spec: Spec, name: str, value: Any, default: Any) -> None:
    """Check that an option has its default's type.

    A whole number is accepted for a fraction, and anything for None.
    """
    wanted = (int, float) if type(default) is float else type(default)
    if default is not None and (
        not isinstance(value, wanted) or isinstance(value, bool) != isinstance(default, bool)
    ):
        raise UserError(f"{spec.name}: {name} must be {type(default).__name__}, got {value!r}.")
