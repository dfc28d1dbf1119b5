"""The cells of a suite: tasks, keys, and the fields of cell.json known before a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.data import duplicates, moves
from benchmarks.detectors import Spec, complete, get
from benchmarks.detectors.adapter import Given
from benchmarks.execution import earlier_cells
from benchmarks.execution.cells import Task, cell_key
from benchmarks.execution.suite import Suite
from benchmarks.protocols import Facts, parse
from botbench.core.errors import UserError
from botbench.core.progress import Progress
from botbench.core.version import __version__

if TYPE_CHECKING:
    from curation.release.release import Release


NONE: Mapping[str, Given] = {}


@dataclass(frozen=True)
class Planned:
    """One planned cell: task, detector, and the fields of cell.json known before a run."""

    task: Task
    spec: Spec
    document: dict[str, Any]


def find_releases(home: Path, references: Sequence[str]) -> list[Release]:
    """The releases a suite names. Raises UserError that names every missing one."""
    from curation.release import release

    releases, missing = [], []
    for reference in references:
        try:
            releases.append(release.load(home, reference, verify=True))
        except UserError as error:
            missing.append(str(error))
    if missing:
        raise UserError(
            f"{len(missing)} of the suite's {len(references)} releases cannot be read. "
            + " ".join(missing)
        )
    counts = Counter(r.reference for r in releases)
    twice = [reference for reference, n in counts.items() if n > 1]
    if twice:
        raise UserError(f"The suite names the same release twice: {', '.join(sorted(twice))}.")
    return releases


def prepare(home: Path, releases: Sequence[Release], progress: Progress) -> str:
    """Compute the releases' features unless cached; returns the version of the feature code."""
    from curation.features import cached, code_version

    progress.stage("features", len(releases))
    for release in releases:
        cached(release, home / "cache" / "features")
        progress.step(release.reference)
    return code_version()


def prepare_moves(
    home: Path, suite: Suite, releases: Sequence[Release], progress: Progress
) -> None:
    """Write the releases after each move of the suite's protocols, with features, unless cached."""
    from curation.features import cached

    protocols = [parse(text) for text in suite.protocols]
    wanted = {(move, protocol.seed) for protocol in protocols for move in protocol.moves if move}
    of_two_classes = [r for r in releases if r.info["bots"] and r.info["humans"]]
    progress.stage("moves", len(wanted) * len(of_two_classes))
    for release in of_two_classes:
        for move, seed in sorted(wanted):
            after = moves.after_move(
                release.path, release.content_hash, move, seed, home / "cache" / "moves"
            )
            cached(after, home / "cache" / "features")
            progress.step(f"{release.reference}: {move}")


def plan(
    home: Path,
    suite: Suite,
    releases: Sequence[Release],
    features: str,
    given: Mapping[str, Given] = NONE,
) -> list[Planned]:
    """The suite's cells, in its order: protocol by protocol, plan by plan, detector by detector.

    `given` are detectors that were given as objects, by their name in the suite.
    """
    specs: list[Spec] = (
        complete()
        if suite.detectors == "all"
        else [given.get(name) or get(name) for name in suite.detectors]
    )
    facts = [facts_of(release) for release in releases]
    by_reference = {release.reference: release for release in releases}
    groups = {
        release.reference: beyond
        for release in releases
        if (beyond := duplicates.beyond_profiles(release.path))
    }
    earlier = earlier_cells.index(home)
    return [
        _planned(
            Task(
                home,
                "",
                spec.name,
                text,
                one,
                fits=_fits(suite, text, spec),
                given=given.get(spec.name),
            ),
            spec,
            by_reference,
            groups,
            features,
            earlier=earlier,
        )
        for text in suite.protocols
        for one in parse(text).plans(_within(suite, text, facts))
        for spec in specs
        if _wanted(suite, text, spec)
    ]


def _fits(suite: Suite, protocol: str, spec: Spec) -> int:
    """How often the suite has the detector fitted on each of the protocol's folds."""
    return suite.fits_of(spec.name) if parse(protocol).refitted else 1


def _within(suite: Suite, protocol: str, facts: Sequence[Facts]) -> list[Facts]:
    """The releases that the suite lets a protocol see."""
    limits = suite.narrowed.get(protocol)
    return [
        f
        for f in facts
        if limits is None or limits.releases is None or {f.name, f.reference} & set(limits.releases)
    ]


def _wanted(suite: Suite, protocol: str, spec: Spec) -> bool:
    """Whether the suite runs a detector under a protocol.

    Floor detectors always run, so that each score can be compared with them.
    """
    limits = suite.narrowed.get(protocol)
    return limits is None or limits.detectors is None or spec.floor or spec.name in limits.detectors


def facts_of(release: Release) -> Facts:
    """The facts on a release that protocols may use."""
    info = release.info
    splits = tuple(s if isinstance(s, str) else s["split_id"] for s in info.get("splits", ()))
    return Facts(
        release.reference, release.dataset, info["accounts"], info["bots"], info["humans"], splits
    )


def _planned(
    task: Task,
    spec: Spec,
    releases: dict[str, Release],
    groups: Mapping[str, str],
    features: str,
    *,
    earlier: dict[str, str],
) -> Planned:
    plan, protocol = task.plan, parse(task.protocol)
    used = {reference: releases[reference] for reference in (*plan.train, *plan.test)}
    hashes = {reference: release.content_hash for reference, release in used.items()}
    alike = [groups[reference] for reference in used if reference in groups]
    key = cell_key(spec, task.protocol, plan, hashes, features, task.fits, alike)
    if earlier and not alike and task.fits == 1 and earlier_cells.comparable(spec, task.protocol):
        same_computation = earlier_cells.identity(
            spec.name,
            task.protocol,
            train=plan.train,
            test=plan.test,
            hashes=hashes,
            versions=spec.versions,
        )
        key = earlier.get(same_computation, key)
    document = {
        "cell_key": key,
        "key_form": earlier_cells.KEY_FORM,
        "detector": spec.name,
        "detector_version": spec.version,
        "detector_about": spec.about,
        "needs": list(spec.needs),
        "uses": list(spec.uses),
        "cites": spec.cites,
        "floor": spec.floor,
        "protocol": task.protocol,
        "transductive": spec.transductive,
        "trained_on": list(spec.trained_on),
        "train": list(plan.train),
        "test": "+".join(plan.test),
        "hashes": hashes,
        "seed": protocol.seed,
        "kind": protocol.kind_of(plan),
        "worst": protocol.worst,
        "moves": list(protocol.moves),
        "training_draws": task.fits,
        "threshold_rule": spec.threshold,
        "versions": {"botbench": __version__, **spec.versions},
        "simulated": any(bool(r.info.get("simulated")) for r in used.values()),
        "mlflow_run_id": None,
    }
    return Planned(replace(task, key=key, version=spec.version), spec, document)
