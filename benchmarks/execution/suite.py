"""A suite: releases, detectors, protocols and metrics, from a YAML file or `benchmarks/suites/`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from benchmarks.data.floor_rows import FLOORS
from botbench.core.errors import UserError, unknown
from botbench.core.files import no_file
from botbench.core.strict_model import StrictModel
from botbench.untrusted import yaml_documents

NAMED = Path(__file__).parents[1] / "suites"
ALL = "all"
KINDS = ("literal[", "list[", "dict[", "constrained-int")
"""What pydantic adds to the place of a mistake where a field may be of several kinds."""
Fits = Annotated[int, Field(ge=1, le=100, strict=True)]


class Narrowed(StrictModel):
    """The detectors and releases to which a suite limits a protocol, to save time."""

    detectors: list[str] | None = None
    releases: list[str] | None = None


class Suite(StrictModel):
    """A benchmark's definition.

    `releases` are NAME (the newest) or NAME@VERSION; protocols are canonical strings. `narrowed`
    limits some of the protocols to some of the suite's detectors and releases. `fits` is how often
    each detector is fitted where a protocol has one fold (`training_draws`): one
    number for all, or numbers by detector, with `all` for those that are not named.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    about: str = ""
    releases: list[str] = Field(min_length=1)
    detectors: Literal["all"] | list[str] = "all"
    protocols: list[str] = Field(min_length=1)
    metrics: Literal["all"] | list[str] = "all"
    fits: Fits | dict[str, Fits] = 1
    narrowed: dict[str, Narrowed] = Field(default_factory=dict)

    def fits_of(self, detector: str) -> int:
        """How often a detector is fitted."""
        if isinstance(self.fits, int):
            return self.fits
        return self.fits.get(detector, self.fits.get(ALL, 1))

    def document(self) -> dict[str, Any]:
        """The suite as plain data; one fit is not mentioned, as in earlier versions."""
        said = self.model_dump()
        if said["fits"] == 1:
            del said["fits"]
        return said


def named() -> dict[str, Path]:
    """The suites that come with botbench, by name."""
    return {path.stem: path for path in sorted(NAMED.glob("*.yaml"))}


def load(which: str | Path) -> Suite:
    """A suite by name or from a file, every name in it checked and protocols made canonical.

    Raises UserError with every mistake: the field, what was expected and what was found.
    """
    path = Path(which)
    if not path.is_file():
        is_folder = path.is_dir() and str(which) not in named()
        if path.suffix or path.parent != Path() or is_folder:
            raise UserError(
                f"{no_file('suite file', path)}. Suites that come with botbench:"
                f" {', '.join(named())}."
            )
        if str(which) not in named():
            raise unknown("suite", str(which), named())
        path = named()[str(which)]
    return check(yaml_documents.read(path, "The suite"), str(path))


def with_floor_rows(suite: Suite) -> tuple[Suite, list[str]]:
    """The suite with every floor row among its detectors, and the names of those it lacked."""
    if suite.detectors == ALL:
        return suite, []
    lacking = [name for name in FLOORS if name not in suite.detectors]
    return suite.model_copy(update={"detectors": [*lacking, *suite.detectors]}), lacking


def check(document: Any, where: str) -> Suite:
    """The suite of a document, with canonical protocols. Raises UserError with every mistake."""
    if not isinstance(document, dict):
        raise UserError(
            f"{where}: expected a mapping with name, releases and protocols, got"
            f" {type(document).__name__}."
        )
    try:
        suite = Suite.model_validate(document)
    except ValidationError as error:
        raise UserError(_sentences(error, where)) from error
    mistakes = [*_unknown_names(suite), *_repeated(suite)]
    if mistakes:
        raise UserError(f"{where}: " + " ".join(dict.fromkeys(mistakes)))
    from benchmarks.detectors import get
    from benchmarks.protocols import parse

    named_: Any = (
        suite.detectors
        if suite.detectors == "all"
        else [get(name).name for name in suite.detectors]
    )
    narrowed = {str(parse(text)): limits for text, limits in suite.narrowed.items()}
    fits = suite.fits
    if not isinstance(fits, int):
        fits = {name if name == ALL else get(name).name: k for name, k in fits.items()}
    return suite.model_copy(
        update={
            "protocols": [str(parse(text)) for text in suite.protocols],
            "detectors": named_,
            "narrowed": narrowed,
            "fits": fits,
        }
    )


def _sentences(error: ValidationError, where: str) -> str:
    lines = []
    for mistake in error.errors():
        field = ".".join(str(part) for part in mistake["loc"] if not str(part).startswith(KINDS))
        lines.append(f"{field}: {mistake['msg']} (got {mistake['input']!r})")
    fields = ", ".join(Suite.model_fields)
    return f"{where}: {'; '.join(dict.fromkeys(lines))}. A suite has {fields}."


def _unknown_names(suite: Suite) -> Iterable[str]:
    from benchmarks import detectors, protocols

    asked: list[str] = [] if suite.detectors == "all" else list(suite.detectors)
    for name in asked:
        try:
            detectors.get(name)
        except UserError as error:
            yield str(error)
    for text in suite.protocols:
        try:
            protocols.parse(text)
        except UserError as error:
            yield str(error)
    yield from _unknown_metrics(suite)
    yield from _unknown_limits(suite)


def _unknown_limits(suite: Suite) -> Iterable[str]:
    """Limits of protocols, or to detectors and releases, that the suite does not name."""
    if not isinstance(suite.fits, int) and suite.detectors != "all":
        yield from (
            str(unknown("detector of this suite, for fits", name, suite.detectors))
            for name in suite.fits
            if name not in (ALL, *suite.detectors)
        )
    for text, limits in suite.narrowed.items():
        if text not in suite.protocols:
            yield str(unknown("protocol of this suite", text, suite.protocols))
        for what, wanted, there in (
            ("detector", limits.detectors, suite.detectors),
            ("release", limits.releases, suite.releases),
        ):
            if wanted and there != "all":
                yield from (
                    str(unknown(f"{what} of this suite", name, there))
                    for name in wanted
                    if name not in there
                )


def _unknown_metrics(suite: Suite) -> Iterable[str]:
    if suite.metrics == "all":
        return
    from benchmarks.metrics import mistake

    yield from filter(None, map(mistake, suite.metrics))


def _repeated(suite: Suite) -> Iterable[str]:
    for field in ("releases", "detectors", "protocols", "metrics"):
        values = getattr(suite, field)
        if values != "all" and len(set(values)) < len(values):
            yield f"{field} names {next(v for v in values if values.count(v) > 1)!r} twice."
