"""Saved detectors: a folder with the model (skops, no pickle), its facts and training accounts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.accounts import Accounts, Floats
from benchmarks.detectors import Detector, Spec, get, learning, safe_loading
from benchmarks.detectors.registry import Described
from benchmarks.prediction.confined import Confined
from botbench.core.errors import UserError, first_line
from botbench.untrusted import json_documents

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Trained:
    """A fitted detector with all that is needed to apply it.

    `made` is the detector, or what holds another distribution's in a child process. `names` are its
    training features, in order, `typical` their medians over the training accounts (float64[k]);
    `releases` are the training releases, with content hashes; `platform` and `account_id` are the
    training accounts.
    """

    spec: Spec
    made: Detector | Confined
    threshold: float
    seed: int
    names: tuple[str, ...]
    typical: Floats
    releases: tuple[dict[str, Any], ...]
    platform: NDArray[np.object_]
    account_id: NDArray[np.object_]

    def score(self, view: Accounts) -> Floats:
        """p_bot of the view's accounts, float64[n]."""
        return self.told(view)[0]

    def told(self, view: Accounts) -> tuple[Floats, NDArray[np.bool_]]:
        """p_bot of the view's accounts, float64[n], and which it cannot tell, bool[n]."""
        if isinstance(self.made, Confined):
            return self.made.score(view)
        return learning.scores(self.made, view), learning.abstentions(self.made, view)

    @property
    def simulated(self) -> bool:
        """Whether anybody simulated taught it."""
        return any(r["simulated"] for r in self.releases)


def save(trained: Trained, folder: Path) -> None:
    """Write model.skops, model.json and trained_on.parquet (platform, account_id).

    Raises UserError for a folder that holds something else, and for detectors that cannot be kept.
    """
    import skops.io

    from botbench.core.files import write_json

    made = trained.made
    if trained.spec.asks or (isinstance(made, Detector) and learning.remembers(made)):
        raise UserError(
            f"{trained.spec.name} cannot be kept: what it knows stands in files that it reads when"
            " it scores. Train it anew each time, with --train."
        )
    if folder.exists() and any(folder.iterdir()) and not (folder / "model.json").is_file():
        raise UserError(f"--save: {folder} holds something else; give a new folder.")
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(made, Confined):
        made.save(folder / "model.skops")
    else:
        skops.io.dump(made, folder / "model.skops")
    write_ledger(trained, folder / "trained_on.parquet")
    write_json(
        folder / "model.json",
        {
            "detector": trained.spec.name,
            "detector_version": trained.spec.version,
            "threshold": trained.threshold,
            "seed": trained.seed,
            "features": list(trained.names),
            "typical": [None if np.isnan(v) else float(v) for v in trained.typical],
            "revision": trained.spec.revision,
            "trained_on": list(trained.releases),
            "accounts": len(trained.account_id),
            "versions": trained.spec.versions,
        },
    )


def write_ledger(trained: Trained, file: Path) -> None:
    """Write a detector's training accounts: Parquet with platform and account_id."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    whom = {"platform": trained.platform, "account_id": trained.account_id}
    pq.write_table(pa.table({name: pa.array(ids, pa.string()) for name, ids in whom.items()}), file)


def load(folder: Path, spec: Spec) -> Trained:
    """Read a trained detector; only our types and scikit-learn's are accepted (see `trust`).

    Raises UserError if there is none, or if another detector or other code wrote it.
    """
    file = folder / "model.json"
    if not file.is_file():
        raise UserError(
            f"There is no saved detector in {folder}. Make one: botbench predict {spec.name} FILE"
            " --train RELEASE --save DIR."
        )
    document = _facts(file)
    if get(document["detector"]).name != spec.name:
        raise UserError(f"{folder} holds a {document['detector']}, not a {spec.name}.")
    if not _same_code(document, spec) and not safe_loading.trusted():
        raise UserError(
            f"{folder} was trained by other code of {spec.name} or other packages"
            f" ({document['versions']}) than are here; train it anew with --train."
        )
    detector = _made(folder / "model.skops", spec)
    accounts = ledger(folder)
    return Trained(
        spec,
        detector,
        float(document["threshold"]),
        int(document["seed"]),
        tuple(document["features"]),
        np.array([np.nan if v is None else v for v in document["typical"]], dtype=np.float64),
        tuple(document["trained_on"]),
        accounts["platform"].to_numpy(zero_copy_only=False),
        accounts["account_id"].to_numpy(zero_copy_only=False),
    )


def _made(file: Path, spec: Spec) -> Detector | Confined:
    if isinstance(spec, Described):
        return Confined(spec, file)
    detector = safe_loading.load(file)
    if not isinstance(detector, Detector):
        raise UserError(f"{file} holds no detector but a {type(detector).__name__}.")
    return detector


FACTS: dict[str, tuple[type, ...]] = {
    "detector": (str,),
    "versions": (dict,),
    "threshold": (int, float),
    "seed": (int,),
    "features": (list,),
    "typical": (list,),
    "trained_on": (list,),
}


def _facts(file: Path) -> dict[str, Any]:
    """The contents of model.json. Raises UserError if they are not what `save` writes."""
    document = json_documents.read(file)
    wrong = [
        name
        for name, kinds in FACTS.items()
        if not isinstance(document, dict) or not isinstance(document.get(name), kinds)
    ]
    if not wrong and not all(isinstance(v, int | float | None) for v in document["typical"]):
        wrong = ["typical"]
    if not wrong and not all(
        isinstance(r, dict) and "simulated" in r for r in document["trained_on"]
    ):
        wrong = ["trained_on"]
    if wrong:
        raise UserError(
            f"{file} is not what botbench predict --save writes: {', '.join(wrong)} is missing or"
            " of another type. Train the model anew, or get the folder again."
        )
    return dict(document)


def _same_code(document: dict[str, Any], spec: Spec) -> bool:
    """Whether a saved model was made by this revision of the detector, on these packages.

    Models of botbench 0.1 name a hash of source bytes and no revision; they were made by what is
    revision 1 today.
    """
    if "revision" in document:
        return bool(document.get("detector_version") == spec.version)
    return spec.revision == 1 and bool(document["versions"] == spec.versions)


def ledger(folder: Path) -> pa.Table:
    """The training accounts of a saved detector: platform and account_id (text).

    Raises UserError if there is no such list in the folder, or it cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = folder / "trained_on.parquet"
    try:
        found = pq.read_table(file, columns=["platform", "account_id"])
        return found.cast(pa.schema([("platform", pa.string()), ("account_id", pa.string())]))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UserError(
            f"{file} is not a list of training accounts ({first_line(error, 200)})."
            " Train the model anew, or get the folder again."
        ) from None
