"""Parameters, tags, inputs and descriptions of runs in MLflow."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from benchmarks.execution import results
from benchmarks.protocols import kind_between

DIGEST = 36
"""Characters of a content hash that MLflow's digest holds."""


def who() -> dict[str, str]:
    """MLflow's own tags for the user and the source of a run."""
    import getpass

    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a process whose user has no name
        user = "unknown"
    return {
        "mlflow.user": user,
        "mlflow.source.name": "botbench bench",
        "mlflow.source.type": "LOCAL",
    }


def of_suite(run: results.Run) -> dict[str, str]:
    """The suite's own settings as parameters, which MLflow never changes again."""
    return {
        name: (" ".join(map(str, value)) if isinstance(value, list | tuple) else str(value))[:6000]
        for name, value in run.suite.items()
        if name != "name" and value not in (None, "", [], {})
    }


def description(run: results.Run, best: dict[str, str]) -> str:
    """The text of the parent run: what was compared on what, what came out, where the ranks are."""
    simulated = any(r.get("simulated") for r in run.releases)
    releases = ", ".join(f"{r['name']}@{r['version']}" for r in run.releases)
    found = "".join(
        f"\n\nBest, {name.removeprefix('botbench.best.').replace('-', ' ')}: {told}."
        for name, told in best.items()
    )
    return (
        f"Suite {run.suite['name']}: detectors on {releases}"
        f"{' (simulated data are among them)' if simulated else ''}; newest run"
        f" {run.run_id}.{found}\n\nThese are plain means. Intervals, tie groups and ranks:"
        " `botbench leaderboard`. Parameters are those of the suite's first run."
    )


def tags(cell: results.Cell) -> dict[str, str]:
    """The tags of a cell's run, without MLflow's own."""
    info = cell.info
    tags = {
        "cell_key": cell.key,
        "status": cell.status,
        "simulated": str(info["simulated"]).lower(),
        "cites": info["cites"],
        "reason": cell.reason,
        "learnt": info.get("learnt"),
    }
    return {f"botbench.{name}": str(value) for name, value in tags.items() if value}


def parameters(cell: results.Cell) -> dict[str, str]:
    """What determines a cell, as parameters."""
    info = cell.info
    return {
        "detector": cell.detector,
        "detector_version": info["detector_version"],
        "protocol": cell.protocol,
        "kind": cell.info.get("kind") or kind_between(cell.train, cell.test.split("+")),
        "train": " ".join(cell.train) or "none",
        "test": cell.test,
        "seed": str(info["seed"]),
        "threshold_rule": info["threshold_rule"],
        "needs": " ".join(info["needs"]) or "none",
        **{f"version.{package}": number for package, number in info["versions"].items()},
    }


def inputs(cell: results.Cell, run: results.Run) -> Sequence[Any]:
    """The releases as MLflow inputs: `digest` is a prefix of the content hash in the source."""
    from mlflow.data.code_dataset_source import CodeDatasetSource
    from mlflow.entities import Dataset, DatasetInput, InputTag

    tested = cell.test.split("+")
    described = {f"{r['name']}@{r['version']}": r for r in run.releases}
    inputs = []
    for reference in dict.fromkeys([*cell.train, *tested]):
        digest = cell.info["hashes"].get(reference, "")
        source = CodeDatasetSource(tags={"release": reference, "content_hash": digest})
        profile = {
            k: described.get(reference, {}).get(k)
            for k in ("accounts", "bots", "humans", "simulated")
        }
        roles = [
            role for role, names in (("train", cell.train), ("test", tested)) if reference in names
        ]
        inputs.append(
            DatasetInput(
                Dataset(
                    reference,
                    digest[:DIGEST],
                    "code",
                    source.to_json(),
                    profile=json.dumps(profile),
                ),
                [InputTag("mlflow.data.context", " and ".join(roles))],
            )
        )
    return inputs
