"""Retention periods: remove a publication's data on its tier's day and leave a notice."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botbench.core.errors import UserError
from botbench.core.hashing import file_sha256
from curation.release.publish.folder import listed

if TYPE_CHECKING:
    from curation.store.store import Store

NOTICE = ("release.json", "CITATION.cff", "RESPONSIBLE-USE.md", "SHA256SUMS", "EXPIRED.md")


def expire(store: Store, on: str | None = None) -> dict[str, Any]:
    """Remove the data of each publication whose period is over on a day (default: today)."""
    day = _day(on)
    gone = []
    for publication in listed(store.home):
        period = publication.info["tier_document"].get("retention_days")
        until = datetime.fromisoformat(publication.info["release_made_at"]).date() + timedelta(
            days=period or 0
        )
        if not period or until > day:
            continue
        doomed = [p for p in publication.path.rglob("*") if p.is_file() and p.name not in NOTICE]
        about = publication.info
        text = (
            f"# {about['reference']}, tier {about['tier']}: expired\n\nIts retention period ended"
            f" on {until}; the data were removed. Whoever holds a copy is asked to delete it too.\n"
        )
        (publication.path / "EXPIRED.md").write_text(text, encoding="utf-8")
        for path in doomed:
            path.unlink()
        info = {**publication.info, "files": [], "expired": str(until)}
        (publication.path / "release.json").write_text(
            json.dumps(info, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        kept = sorted(
            p for p in publication.path.rglob("*") if p.is_file() and p.name != "SHA256SUMS"
        )
        sums = "".join(f"{file_sha256(p)}  {p.relative_to(publication.path)}\n" for p in kept)
        (publication.path / "SHA256SUMS").write_text(sums, encoding="utf-8")
        gone.append(
            {"publication": publication.info["folder"], "until": str(until), "files": len(doomed)}
        )
    return {"on": str(day), "expired": gone}


def _day(on: str | None) -> date:
    try:
        return date.fromisoformat(on) if on else datetime.now(UTC).date()
    except ValueError:
        raise UserError(f"{on!r} is no day; write it as 2028-01-31.") from None
