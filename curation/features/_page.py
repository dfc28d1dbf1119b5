"""The reference page of features, made from their docstrings."""

from __future__ import annotations

from curation.features._registry import FEATURES, families


def reference_page() -> str:
    """Every feature as Markdown; a test compares it with docs/features.md."""
    lines = [
        "# Features",
        "",
        "Made from `curation/features/` by `botbench features --markdown`; do not edit.",
        "",
        (
            "Each reads one account. Where the columns it needs are missing, it is missing (NULL),"
            " never zero."
        ),
        "",
    ]
    for family in families():
        lines += [
            f"## {family}",
            "",
            "| feature | unit | definition | needs | source |",
            "| --- | --- | --- | --- | --- |",
        ]
        for f in FEATURES.values():
            if f.family == family:
                needs = ", ".join(f"`{need}`" for need in f.needs)
                lines.append(
                    f"| `{f.name}` | {f.unit} | {one_line(f.doc)} | {needs} | {f.source} |"
                )
        lines.append("")
    return "\n".join(lines)


def one_line(doc: str) -> str:
    """A docstring as one line, safe in a table's cell."""
    return " ".join(doc.split()).replace("|", "\\|")
