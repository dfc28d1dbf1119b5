"""The audit of a release, computed once: a release does not change, so neither do its findings."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.audits import dataset
from botbench.core import code_versions
from botbench.core.files import write_json
from botbench.text import comparing

if TYPE_CHECKING:
    from curation.release.release import Release


def cached_audit(home: Path, release: Release) -> dict[str, Any]:
    """The document of `audit dataset`, cached by code, content and compared releases."""
    others = sorted(f"{name}@{versions[-1]}" for name, versions in _listed(home).items())
    modules = [
        *(c.run.__module__ for c in dataset.checks().values()),
        dataset.__name__,
        comparing.__name__,
    ]
    code = [code_versions.of_module(name) for name in modules]
    key = hashlib.sha256(
        json.dumps([release.reference, release.content_hash, others, code]).encode()
    ).hexdigest()[:24]
    path = home / "cache" / "audits" / f"{key}.json"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, dataset.audit(home, release.reference).document())
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def _listed(home: Path) -> dict[str, list[int]]:
    from curation.release import release

    return release.listed(home)
