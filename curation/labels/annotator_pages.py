"""Pages of annotators' quality: one for each, without the others' figures, and one for the lead."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from botbench.core.files import write_text
from botbench.html.environment import DOCUMENT
from botbench.html.environment import page as render

HERE = Path(__file__).parent


def write(folder: Path, document: Mapping[str, Any]) -> dict[str, Any]:
    """Write the pages; returns {"lead": path, "annotators": {name: path}}. The same figures give
    the same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    scope = re.sub(
        r"[^A-Za-z0-9._-]", "_", "-".join(filter(None, (document["dataset"], document["batch"])))
    )
    files = {
        r["annotator"]: folder / f"quality-{scope}-{_slug(r['annotator'])}.html"
        for r in document["annotators"]
    }
    lead = folder / f"quality-{scope}-lead.html"
    group = _group(document)
    write_text(
        lead,
        _page(
            document,
            document["annotators"],
            None,
            {name: file.name for name, file in files.items()},
            group,
        ),
    )
    for row in document["annotators"]:
        write_text(files[row["annotator"]], _page(document, [row], row, {}, group))
    return {"lead": lead, "annotators": files}


def _slug(name: str) -> str:
    """A file name that does not show the person's name to somebody who lists the folder."""
    return hashlib.sha256(name.encode()).hexdigest()[:12]


def _group(document: Mapping[str, Any]) -> dict[str, float | None]:
    """The medians of all, which a private page shows where at least five annotators have them."""
    rows = document["annotators"]
    if len(rows) < 5:
        return {}
    medians: dict[str, float | None] = {}
    for name in ("sensitivity", "specificity", "with_others"):
        values = [
            r[name]["value"]
            for r in rows
            if r.get(name) and r[name]["value"] is not None and r[name]["n"] >= 10
        ]
        medians[name] = median(values) if len(values) >= 5 else None
    return medians


def _page(
    document: Mapping[str, Any],
    rows: list[dict[str, Any]],
    person: dict[str, Any] | None,
    links: Mapping[str, str],
    group: Mapping[str, float | None],
) -> str:
    from curation.labels.annotator_figures import ENOUGH

    simulated = [
        *(["The accounts are made up: nobody in them exists."] if document["simulated"] else []),
        *(
            [f"Nobody gave the answers of {', '.join(document['simulated_annotators'])}."]
            if document["simulated_annotators"] and person is None
            else []
        ),
    ]
    rows = sorted(rows, key=lambda r: not r["warnings"])

    return render(
        HERE / "quality.html.j2",
        [DOCUMENT, HERE / "quality.css"],
        style_attributes=True,
        d=document,
        rows=rows,
        person=person,
        links=links,
        group=group,
        enough=ENOUGH,
        simulated=simulated,
        talk=[r["annotator"] for r in rows if r["warnings"]],
    )
