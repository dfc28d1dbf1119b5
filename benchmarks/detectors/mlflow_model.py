"""A model that was logged to MLflow, judged like any detector."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Self

import numpy as np

from benchmarks.data.accounts import Accounts, Floats
from benchmarks.detectors import HALF, Detector, Labels, detector, safe_loading
from benchmarks.detectors.base import PLACES
from botbench.core import mlflow_store
from botbench.core.errors import UserError, first_line
from botbench.core.mlflow_store import tracking_uri
from botbench.untrusted import json_documents, yaml_documents

SCHEMES = ("models:/", "runs:/")


def folder_of(model: str) -> Path:
    """The folder of a logged model.

    `models:/NAME/VERSION` and `runs:/RUN/PATH` are resolved by MLflow; a folder has a relative
    path. Raises UserError if there is none.
    """
    if model in PLACES:
        return PLACES[model]
    if model.startswith(SCHEMES):
        return _fetched(model)
    path = Path(model)
    if path.is_absolute() or ".." in path.parts:
        raise UserError(
            f"mlflow: name {path.name} relative to the folder you run in, or as"
            " models:/NAME/VERSION (a detector's name stands on boards, and a path of your machine"
            " should not)."
        )
    if not (path / "MLmodel").is_file():
        raise UserError(
            f"There is no MLflow model in {model}: expected a folder that holds MLmodel, or"
            " models:/NAME/VERSION."
        )
    return path


def _fetched(model: str) -> Path:
    uri = tracking_uri()
    file = mlflow_store.database(uri)
    if file and not file.exists():
        raise UserError(
            f"MLflow has no database {file}, so it does not give {model}. Run in the folder where"
            " the model was logged, or set MLFLOW_TRACKING_URI."
        )
    mlflow_store.client(uri)
    import mlflow

    try:
        return Path(mlflow.artifacts.download_artifacts(artifact_uri=model, tracking_uri=uri))
    except Exception as error:  # MLflow's stores fail in many ways
        raise UserError(
            f"MLflow does not give {model}: {first_line(error)}. Is MLFLOW_TRACKING_URI right?"
        ) from error


def described(folder: Path) -> dict[str, Any]:
    """The contents of MLmodel. Raises UserError if it cannot be read."""
    description = yaml_documents.read(folder / "MLmodel")
    flavours = description.get("flavors") if isinstance(description, dict) else None
    if not isinstance(flavours, dict) or not isinstance(flavours.get("sklearn", {}), dict):
        raise UserError(
            f"{folder / 'MLmodel'} is not readable as the description of an MLflow model."
        )
    return dict(description)


def loaded(folder: Path) -> Any:
    """Load the model, through skops if it was logged so.

    Pickles and pyfunc run their author's code, so they load only if trusted. Raises UserError for
    an untrusted model.
    """
    flavour = described(folder)["flavors"].get("sklearn", {})
    if flavour.get("serialization_format") == "skops":
        return safe_loading.load(folder / Path(str(flavour.get("pickled_model"))).name)
    if not safe_loading.trusted():
        raise UserError(
            "That MLflow model is not in the skops format: loading it runs code of whoever logged"
            ' it. Log it with serialization_format="skops"; or, if you trust its maker as you would'
            " their program, say --trust."
        )
    import mlflow

    return (
        mlflow.sklearn.load_model(str(folder)) if flavour else mlflow.pyfunc.load_model(str(folder))
    )


def inputs(folder: Path, model: Any) -> list[str]:
    """The features the model reads, in order, from its signature or its fit.

    Raises UserError without names.
    """
    from curation.features import FEATURES

    signature = described(folder).get("signature") or {}
    text = (signature.get("inputs") if isinstance(signature, dict) else None) or "[]"
    columns = json_documents.parse(str(text).encode(), f"The signature of {folder / 'MLmodel'}")
    if not isinstance(columns, list) or not all(isinstance(c, dict) for c in columns):
        raise UserError(f"The signature of {folder / 'MLmodel'} is no list of columns.")
    named = [str(column.get("name")) for column in columns]
    names = named or [str(name) for name in getattr(model, "feature_names_in_", ())]
    if not names:
        raise UserError(
            "The MLflow model does not name its inputs; log it with a signature whose columns are"
            " features of botbench."
        )
    if strange := [name for name in names if name not in FEATURES]:
        raise UserError(
            f"The MLflow model reads {', '.join(strange[:5])}; no such feature is known to botbench"
            " (botbench features lists them)."
        )
    return names


@detector(
    "mlflow",
    uses=("profile", "timing", "text", "content", "network"),
    threshold=HALF,
    asks=("model",),
    cites="none: whoever logged the model",
    about=(
        "Applies a model logged to MLflow to the features it names; skops by default, pickles only"
        " with --trust; learns nothing."
    ),
    revision=1,
)
class MlflowModel(Detector):
    """The model's probability of its class 1, True or bot; an account of which it knows nothing
    gets the share of bots.
    """

    def __init__(self, model: str = "") -> None:
        self.model = model

    def places(self) -> dict[str, Path]:
        """The folder of the model."""
        return {self.model: folder_of(self.model)} if self.model else {}

    def fingerprint(self) -> str:
        """sha256 over the names and contents of the model's files."""
        if not self.model:
            return ""
        folder = folder_of(self.model)
        total = hashlib.sha256()
        for file in sorted(p for p in folder.rglob("*") if p.is_file()):
            total.update(
                file.relative_to(folder).as_posix().encode()
                + b"\n"
                + hashlib.sha256(file.read_bytes()).digest()
            )
        return total.hexdigest()

    def fit(self, accounts: Accounts, y: Labels) -> Self:  # noqa: ARG002, the contract's signature
        """Load the model; it is not trained again."""
        self.begin(y)
        folder = folder_of(self.model)
        self.loaded_ = loaded(folder)
        self.inputs_ = inputs(folder, self.loaded_)
        return self

    def predict_proba(self, accounts: Accounts) -> Floats:
        """float64[n, 2]. Raises UserError if the model gives no probabilities."""
        import pandas as pd

        p = np.full(len(accounts), self.share_)
        read = {
            n: accounts.feature(n) if n in accounts.names else np.full(len(accounts), np.nan)
            for n in self.inputs_
        }
        table = pd.DataFrame(read)
        has_values = ~table.isna().to_numpy().all(axis=1)
        if has_values.any():
            p[has_values] = self._told(table[has_values])
        return np.column_stack([1 - p, p])

    def _told(self, table: Any) -> Floats:
        if hasattr(self.loaded_, "predict_proba"):
            classes = [str(c).lower() for c in self.loaded_.classes_]
            bot = next(
                (i for i, c in enumerate(classes) if c in {"1", "1.0", "true", "bot"}),
                len(classes) - 1,
            )
            rows = table if hasattr(self.loaded_, "feature_names_in_") else table.to_numpy()
            scores = np.asarray(self.loaded_.predict_proba(rows), dtype=np.float64)[:, bot]
        else:
            scores = np.asarray(self.loaded_.predict(table), dtype=np.float64)
            scores = scores[:, -1] if scores.ndim == 2 else scores
        if not ((scores >= 0) & (scores <= 1)).all():
            raise UserError(
                f"The MLflow model {self.model} does not give probabilities from 0 to 1."
            )
        return scores


def log_folder(model: Any, names: list[str], folder: Path) -> None:
    """Write a scikit-learn classifier on botbench's features as an MLflow model folder (skops)."""
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    signature = ModelSignature(inputs=Schema([ColSpec("double", name) for name in names]))
    mlflow.sklearn.save_model(
        model,
        str(folder),
        serialization_format="skops",
        skops_trusted_types=sorted(safe_loading.TYPES),
        signature=signature,
        pip_requirements=["scikit-learn", "skops"],
    )
