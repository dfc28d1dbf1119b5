"""HTML pages of a publication, with everything escaped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from botbench.text.escaping import to_line


def render(template: Path, **values: Any) -> str:
    """A Jinja page with everything escaped; the same values give the same bytes."""
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters |= {
        "visible": to_line,
        "thousands": lambda n: f"{n:,}",
        "typed": lambda text: "\n".join(map(to_line, text.splitlines())),
    }
    css = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
    return environment.from_string(template.read_text(encoding="utf-8")).render(**values, css=css)
