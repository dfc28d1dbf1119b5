"""Pages and Markdown in which foreign text stays text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from curation.validation.report import visible

_MARKUP = re.compile(r"([\\`*_{}\[\]#!|~])")


def render(template: Path, **values: Any) -> str:
    """A Jinja page with everything escaped; the same values give the same bytes."""
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters |= {
        "visible": visible,
        "thousands": lambda n: f"{n:,}",
        "typed": lambda text: "\n".join(map(visible, text.splitlines())),
    }
    css = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
    return environment.from_string(template.read_text(encoding="utf-8")).render(**values, css=css)


def literal(value: object) -> str:
    r"""Foreign text in Markdown: no tag, link, emphasis or list comes of it, and it stays on its
    line.

    >>> literal("<b>1. *x*</b>\n# y")
    '&lt;b&gt;1. \\*x\\*&lt;/b&gt; \\# y'
    """
    text = visible(" ".join(str("" if value is None else value).split()))
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(sign, entity)
    return _MARKUP.sub(r"\\\1", text)
