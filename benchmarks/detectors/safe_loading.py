"""Load models without running their authors' code: skops with few types, unless trusted."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from botbench.core.errors import UserError
from botbench.untrusted import zips

ASKED = "BOTBENCH_TRUST"
"""Set by `--trust` on the command line for this run and its workers; a suite or a model can never
set it.
"""
TYPES = {
    "numpy.dtype",
    "sklearn.tree._tree.Tree",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.model_selection._split.StratifiedKFold",
}
"""Types beside skops' own list that scikit-learn's models hold and that run nothing when they are
made.
"""
FUNCTIONS = {"benchmarks.detectors.linear.squeeze"}
LIMITS = zips.Limits(entries=20_000, size=2_000_000_000, ratio=1_000, directory=4_000_000)
MOVED = {"benchmarks.detectors.words": "benchmarks.detectors.text_models"}
"""Modules that saved models of botbench 0.1 name, and where their classes are now."""


def trusted() -> bool:
    """Whether the user passed `--trust`."""
    return os.environ.get(ASKED) == "1"


def trust() -> None:
    """Trust every model loaded from now on, here and in workers, as the user has asked."""
    os.environ[ASKED] = "1"


def load(file: Path) -> Any:
    """Load a skops file. Raises UserError for foreign types, unless trusted."""
    import skops.io

    if not file.is_file():
        raise UserError(f"There is no model file {file}.")
    _check_archive(file)
    try:
        model = _with_moved_modules(file)
        unknown = set(skops.io.get_untrusted_types(data=model))
    except Exception as error:  # whatever is not a skops file: a pickle, a text, half a download
        raise UserError(
            f"{file} is not a skops file ({type(error).__name__}). Pickles are loaded from MLflow"
            " models only, with --trust."
        ) from error
    strange = sorted(name for name in unknown if name not in TYPES | FUNCTIONS and not _ours(name))
    if strange and not trusted():
        raise UserError(
            f"{file} holds {', '.join(strange[:5])}, which could run code of whoever made it. If"
            " you trust its maker as you would their program, say --trust."
        )
    try:
        return skops.io.loads(model, trusted=sorted(unknown))
    except Exception as error:  # a schema that names what its types cannot be made of
        raise UserError(
            f"{file} cannot be loaded: its parts do not fit together ({type(error).__name__})."
            " Train the model anew, or get the file again."
        ) from error


def _check_archive(file: Path) -> None:
    """Raise UserError for a zip that is a bomb, is encrypted or names an entry twice."""
    try:
        with zips.opened(file, LIMITS) as archive:
            if problem := next(zips.problems(archive, LIMITS), None):
                raise zips.UnreadableZip(file.name, problem)
    except zips.UnreadableZip as error:
        raise UserError(
            f"{file} is not a skops file ({error.problem}). Pickles are loaded from MLflow models"
            " only, with --trust."
        ) from error


def _with_moved_modules(file: Path) -> bytes:
    """The skops archive, with the names of modules that have moved since it was written."""
    import io
    import zipfile

    archive = file.read_bytes()
    with zipfile.ZipFile(io.BytesIO(archive)) as old:
        schema = old.read("schema.json").decode()
        current = schema
        for before, now in MOVED.items():
            current = current.replace(f'"__module__": "{before}"', f'"__module__": "{now}"')
        if current == schema:
            return archive
        rewritten = io.BytesIO()
        with zipfile.ZipFile(rewritten, "w") as new:
            for item in old.infolist():
                content = current.encode() if item.filename == "schema.json" else old.read(item)
                new.writestr(item, content)
    return rewritten.getvalue()


def _ours(name: str) -> bool:
    """Whether a type is a class of our detectors (functions could be anything's argument)."""
    import importlib

    module, _, attribute = name.rpartition(".")
    if not module.startswith("benchmarks.detectors"):
        return False
    try:
        return isinstance(getattr(importlib.import_module(module), attribute, None), type)
    except ImportError:
        return False
