"""Where MLflow's tracking store is, and a quiet client of it."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any


def tracking_uri() -> str:
    """MLFLOW_TRACKING_URI, else the SQLite file of the current folder's `mlruns`."""
    return (
        os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{Path('mlruns').absolute()}/mlflow.db"
    )


def client(uri: str) -> Any:
    """MLflow's client of a tracking store, without telemetry and without messages of migrations."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = os.environ["DO_NOT_TRACK"] = "true"
    from mlflow.tracking import MlflowClient

    for name in ("alembic", "mlflow", "mlflow.store.db.utils"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return MlflowClient(tracking_uri=uri)
