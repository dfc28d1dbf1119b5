"""Old import names of documented plug-in modules, kept for one version after a move."""

from __future__ import annotations

import importlib
import sys
import warnings


def moved(old: str, new: str) -> None:
    """Let the module `old` be the module `new`, with a DeprecationWarning that names both."""
    warnings.warn(
        f"{old} has moved to {new}. The old name works in this version and not in the next.",
        DeprecationWarning,
        stacklevel=3,
    )
    sys.modules[old] = importlib.import_module(new)
