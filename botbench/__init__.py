"""Make labelled data sets of bot and human accounts, and benchmark bot detectors on them.

    import botbench as bb

Importing it loads nothing: each name below is loaded from `botbench.api` when it is first used.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from benchmarks.detectors.adapter import DetectorAdapter as DetectorAdapter
    from botbench.api.audit import ReleaseAudit as ReleaseAudit
    from botbench.api.audit import TableAudit as TableAudit
    from botbench.api.audit import audit as audit
    from botbench.api.audit import audit_table as audit_table
    from botbench.api.base.table import Table as Table
    from botbench.api.batch import Batch as Batch
    from botbench.api.board import Board as Board
    from botbench.api.board import compare as compare
    from botbench.api.dataset import Dataset as Dataset
    from botbench.api.demo import demo as demo
    from botbench.api.evaluate import Evaluation as Evaluation
    from botbench.api.evaluate import evaluate as evaluate
    from botbench.api.labels import Consensus as Consensus
    from botbench.api.prediction.predict import Prediction as Prediction
    from botbench.api.prediction.predict import predict as predict
    from botbench.api.pull import Pull as Pull
    from botbench.api.release import Release as Release
    from botbench.api.release import load as load
    from botbench.api.score import Scores as Scores
    from botbench.api.score import score as score
    from botbench.api.study import Study as Study
    from botbench.api.study import study as study
    from botbench.api.validation import Validation as Validation
    from botbench.api.votes import Agreement as Agreement
    from botbench.api.votes import agreement as agreement
    from botbench.api.votes import consensus as consensus
    from botbench.api.workspace import Workspace as Workspace
    from botbench.api.workspace import open as open
    from botbench.core.errors import Findings as Findings
    from botbench.core.errors import UserError as UserError
    from botbench.core.version import __version__ as __version__

_HOMES = {
    "Agreement": "botbench.api.votes",
    "Batch": "botbench.api.batch",
    "Board": "botbench.api.board",
    "Consensus": "botbench.api.labels",
    "Dataset": "botbench.api.dataset",
    "DetectorAdapter": "benchmarks.detectors.adapter",
    "Evaluation": "botbench.api.evaluate",
    "Findings": "botbench.core.errors",
    "Prediction": "botbench.api.prediction.predict",
    "Pull": "botbench.api.pull",
    "Release": "botbench.api.release",
    "ReleaseAudit": "botbench.api.audit",
    "Scores": "botbench.api.score",
    "Study": "botbench.api.study",
    "Table": "botbench.api.base.table",
    "TableAudit": "botbench.api.audit",
    "UserError": "botbench.core.errors",
    "Validation": "botbench.api.validation",
    "Workspace": "botbench.api.workspace",
    "__version__": "botbench.core.version",
    "agreement": "botbench.api.votes",
    "audit": "botbench.api.audit",
    "audit_table": "botbench.api.audit",
    "compare": "botbench.api.board",
    "consensus": "botbench.api.votes",
    "demo": "botbench.api.demo",
    "evaluate": "botbench.api.evaluate",
    "load": "botbench.api.release",
    "open": "botbench.api.workspace",
    "predict": "botbench.api.prediction.predict",
    "score": "botbench.api.score",
    "study": "botbench.api.study",
}
"""The module that each public name is loaded from."""

__all__ = [  # noqa: PLE0604, the names are those of the table
    *_HOMES
]


def __getattr__(name: str) -> object:
    """A public name, loaded when it is first used; AttributeError with the closest name."""
    from importlib import import_module

    if name not in _HOMES:
        if name.startswith("__"):
            raise AttributeError(f"module 'botbench' has no attribute {name!r}")
        from difflib import get_close_matches

        close = get_close_matches(name, _HOMES, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise AttributeError(f"module 'botbench' has no attribute {name!r}.{hint}")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names, also those not loaded yet."""
    return sorted({*globals(), *_HOMES})
