"""The template environment, and how a page is made: template, style sheets, script, policy.

Templates are beside the module of their page and extend `base.html.j2`. A page opens from disk
without network: style sheets and scripts are written into it, and its Content-Security-Policy
allows only these, even if an escape failed.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botbench.text import numbers
from botbench.text.escaping import readable, to_html, to_line, visible

if TYPE_CHECKING:
    from jinja2 import Environment

HERE = Path(__file__).parent
FIGURES = HERE / "base.css"
"""The style sheet of pages with figures: boards, studies, annotation status."""
CHARTS = HERE / "charts.css"
"""The style sheet of charts, beside FIGURES."""
DOCUMENT = HERE / "document.css"
"""The style sheet of pages of text: reports, datasheets, changes."""


@cache
def environment(folder: Path) -> Environment:
    """Templates of the folder, then shared ones; values are escaped, undefined names are errors."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    jinja = Environment(
        loader=FileSystemLoader([folder, HERE]),
        autoescape=True,
        finalize=_readable,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.filters |= {
        "visible": visible,
        "line": to_line,
        "isolated": lambda text: Markup(to_html(text)),
        "thousands": lambda n: f"{n:,}",
        "share": numbers.share,
        "percent": numbers.percent,
    }
    jinja.globals["numbers"] = numbers
    return jinja


def _readable(value: Any) -> Any:
    """Any text that a template shows, made `readable` also without a filter; HTML stays."""
    return readable(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def page(
    template: Path,
    styles: Sequence[Path],
    *,
    script: str = "",
    style_attributes: bool = False,
    filters: Mapping[str, Callable[..., Any]] | None = None,
    **values: Any,
) -> str:
    """A page's HTML: a pure function of the values.

    `styles` are style sheets in their order. `style_attributes` allows `style=` in the page, for
    bars whose width is a number.
    """
    room = environment(template.parent)
    room.filters |= filters or {}
    css = "".join(style.read_text(encoding="utf-8") for style in styles)
    allowed = _policy(css, script, style_attributes)
    return room.get_template(template.name).render(css=css, script=script, policy=allowed, **values)


def _policy(css: str, script: str, style_attributes: bool) -> str:
    style = "'unsafe-inline'" if style_attributes else _digest(css)
    sources = [
        "default-src 'none'",
        f"style-src {style}",
        *([f"script-src {_digest(script)}"] if script else []),
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return "; ".join(sources)


def _digest(code: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'"
