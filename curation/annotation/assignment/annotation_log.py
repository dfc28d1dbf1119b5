"""The log of annotations: every state of an annotation that a sync or an import has read."""

from __future__ import annotations

_NEWEST_FIRST = """
    updated_at DESC NULLS LAST,
    list_position(['rejected', 'answered', 'edited', 'skipped', 'deleted'], event) DESC"""


def latest_states(log: str) -> str:
    """SQL for the newest state of each annotation in `log`, the table annotation_log."""
    return f"""(FROM {log}
        QUALIFY row_number() OVER (PARTITION BY annotation_id ORDER BY {_NEWEST_FIRST}) = 1)"""
