"""The registry of detectors, and detectors by a name that may hold options."""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.metadata import version as installed
from pathlib import Path
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

    @property
    def base(self) -> str:
        """The name that it is registered under: its name without options."""
        return self.name.partition("(")[0]

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

    @cached_property
    def trained_on(self) -> tuple[str, ...]:
        """The releases on which it was pretrained, as far as it declares them."""
        return tuple(self.fresh().trained_on())

    @cached_property
    def scores_file(self) -> Path | None:
        """The file of scores that the bench joins for it, if any."""
        return self.fresh().scores_file()

    @cached_property
    def places(self) -> dict[str, Path]:
        """The files that it reads when it fits, by the name it knows them by."""
        return self.fresh().places()


@dataclass(frozen=True)
class Described(Spec):
    """Another distribution's detector, known by what a child process said of it.

    Its code is not imported here: asking it for an estimator raises RuntimeError.
    """

    told: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def modules(self) -> list[str]:
        """The modules of its code."""
        return [str(name) for name in self.told["modules"]]

    @cached_property
    def version(self) -> str:
        """As `Spec.version`."""
        return str(self.told["version"])

    @cached_property
    def versions(self) -> dict[str, str]:
        """As `Spec.versions`."""
        return {str(name): str(number) for name, number in self.told["versions"].items()}

    @cached_property
    def trained_on(self) -> tuple[str, ...]:
        """As `Spec.trained_on`."""
        return tuple(map(str, self.told["trained_on"]))

    @cached_property
    def scores_file(self) -> Path | None:
        """As `Spec.scores_file`, where an option names it.

        Raises UserError for another file: the bench may read what a stranger must not see.
        """
        if not self.told["scores_file"]:
            return None
        file = Path(self.told["scores_file"])
        if not any(isinstance(value, str) and Path(value) == file for _, value in self.options):
            raise UserError(
                f"The detector {self.name} asks for the scores in {file}, which is none of its"
                " options: the bench opens files that its user names, and no others."
            )
        return file

    @cached_property
    def places(self) -> dict[str, Path]:
        """None: a stranger names nothing that the bench should open for it."""
        return {}


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


Describe = Callable[[Sequence[str] | None], Mapping[str, Any]]
_DESCRIBE: list[Describe] = []
_TOLD: dict[tuple[Any, ...], dict[str, Spec]] = {}
FIELDS = ("needs", "uses", "packages", "asks")
"""Fields of a `Spec` that are tuples of names."""


def describe_by(describe: Describe) -> None:
    """Learn of other distributions' detectors from `describe`, and import none of them here.

    It is called with names, or with None for all, and gives `described` of another process.
    """
    _DESCRIBE[:] = [describe]


def detectors() -> dict[str, Spec]:
    """Every registered detector by name, ours and third parties'."""
    found = DETECTORS.own() if _DESCRIBE else DETECTORS.all()
    ours = {name: spec for name, spec in found.items() if isinstance(spec, Spec)}
    others = _told_of(None) if _DESCRIBE else {}
    return dict(sorted({**others, **ours}.items()))


def _told_of(names: Sequence[str] | None) -> dict[str, Spec]:
    """The detectors of other distributions as another process describes them, by name."""
    points = sorted({(p.name, p.value) for p in DETECTORS.points()})
    key = tuple(sys.path), tuple(points), names and tuple(names)
    if not points:
        return {}
    if key not in _TOLD:
        told = _DESCRIBE[0](names)
        for name, sentence in told["left_out"].items():
            DETECTORS.leave_out(str(name), str(sentence))
        _TOLD[key] = {one["name"]: _from_document(one) for one in told["detectors"]}
    return _TOLD[key]


def described(names: Sequence[str] | None) -> dict[str, Any]:
    """JSON of detectors: those of these names with options, or all that are not ours for None."""
    if names is None:
        ours = set(DETECTORS.own())
        specs = [s for n, s in DETECTORS.all().items() if n not in ours and isinstance(s, Spec)]
    else:
        specs = [get(name) for name in names]
    return {"detectors": [_document(spec) for spec in specs], "left_out": DETECTORS.left_out}


def _document(spec: Spec) -> dict[str, Any]:
    simple = ("name", "cites", "about", "floor", "threshold", "transductive", "published")
    return {
        **{name: getattr(spec, name) for name in (*simple, *FIELDS, "revision")},
        "options": list(spec.options),
        "modules": spec.modules,
        "version": spec.version,
        "versions": spec.versions,
        "trained_on": list(spec.trained_on),
        "scores_file": str(spec.scores_file) if spec.scores_file else None,
        "may_have": options_of(spec),
    }


def _from_document(told: Mapping[str, Any]) -> Spec:
    """The detector of a document, without its estimator."""
    name = str(told["name"])
    options = tuple((str(o), tuple(v) if isinstance(v, list) else v) for o, v in told["options"])
    if canonical_names.parse(name, "detector", name)[1] != dict(options):
        raise UserError(f"The detector {name} says that it has other options than its name.")

    def refuse(**_: Any) -> Detector:
        raise RuntimeError(f"{name} is another distribution's: it runs in child processes only")

    return Described(
        name,
        refuse,
        tuple(map(str, told["needs"])),
        tuple(map(str, told["uses"])),
        str(told["cites"]),
        str(told["about"]),
        bool(told["floor"]),
        str(told["threshold"]),
        tuple(map(str, told["packages"])),
        bool(told["transductive"]),
        tuple(map(str, told["asks"])),
        None if told["published"] is None else str(told["published"]),
        None if told["revision"] is None else int(told["revision"]),
        options,
        told,
    )


def one(base: str, options: Mapping[str, Any]) -> Spec:
    """A detector with options that were checked before; nothing that they name is read."""
    spec: Spec = DETECTORS.load(base)
    return replace(spec, options=tuple(options.items()))


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
    if options and isinstance(registered[base], Described):
        (spec,) = _told_of([name]).values()
        if spec.base != base or any(options.get(o, ...) != value for o, value in spec.options):
            raise UserError(f"The detector {name} says that it is {spec.name}: nobody asked that.")
        return spec
    return with_options(registered[base], options)


def options_of(spec: Spec) -> dict[str, Any]:
    """The options that a detector's name may give, with their defaults (all but the seed)."""
    if isinstance(spec, Described):
        return dict(spec.told["may_have"])
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
