"""Build the documentation as a site that opens from disk: `python docs/make_site.py [FOLDER]`.

The pages are those of docs/, README.md and the pages beside it; a page for each command is made
from its `--help`, one for each name of `import botbench` from its docstring, one for each notebook
from its kept outputs. Nothing is fetched, and the site asks for nothing outside itself.
"""

from __future__ import annotations

import html
import json
import logging
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
BESIDE = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "architecture.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "datasets/README.md": "cards.md",
}
"""Pages that are not in docs/, and their names on the site."""
TUTORIALS = ("python",)
HOW_TO = (
    *("annotating", "annotation", "sampling", "labels", "validation", "versions", "publishing"),
    *("study", "study-questions", "submissions", "site", "audits", "responsible-use"),
)
REFERENCE = (
    *("contracts", "tables", "features", "detectors", "protocols", "metrics", "cards", "card"),
    *("glossary", "store"),
)
EXPLANATION = (
    *("architecture", "intervals", "study-coverage", "pre-registration", "reliability", "stack"),
    *("security", "contributing", "changelog"),
)
WIDTH = {"terminal_width": 84, "max_content_width": 84}
"""Characters of a line of `--help`."""
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
FENCE = re.compile(r"(^```.*?^```[^\n]*$)", re.MULTILINE | re.DOTALL)


def build(target: Path) -> Path:
    """Build the site into `target`, replacing what an earlier build left there; its first page."""
    from mkdocs.commands.build import build as mkdocs_build
    from mkdocs.config import load_config

    with tempfile.TemporaryDirectory(prefix="botbench-docs-") as scratch:
        work = Path(scratch)
        settings = work / "mkdocs.yml"
        settings.write_text(yaml.safe_dump(_settings(_pages(work / "docs"))), encoding="utf-8")
        config = load_config(
            str(settings), site_dir=str(work / "site"), docs_dir=str(work / "docs"), strict=True
        )
        config.plugins.on_startup(command="build", dirty=False)
        mkdocs_build(config)
        config.plugins.on_shutdown()
        _replace(work / "site", target)
    return target / "index.html"


def _replace(made: Path, target: Path) -> None:
    """Put the new site where an earlier one was; a folder that holds something else is refused."""
    if target.exists():
        if any(target.iterdir()) and not (target / "sitemap.xml").is_file():
            raise SystemExit(f"{target} holds something else than a site; name another folder.")
        shutil.rmtree(target)
    shutil.copytree(made, target)


def _settings(nav: list[Any]) -> dict[str, Any]:
    """The settings of mkdocs."""
    scheme = [
        {"media": f"(prefers-color-scheme: {name})", "scheme": value, "primary": "indigo"}
        for name, value in (("light", "default"), ("dark", "slate"))
    ]
    toggles = (("dark", "material/weather-night"), ("light", "material/weather-sunny"))
    for one, (other, icon) in zip(scheme, toggles, strict=True):
        one["toggle"] = {"icon": icon, "name": f"Switch to {other}"}  # type: ignore[assignment]
    return {
        "site_name": "botbench",
        "theme": {
            "name": "material",
            "font": False,
            "palette": scheme,
            "features": ["navigation.tabs", "navigation.indexes", "content.code.copy"],
        },
        "extra": {"polyfills": ["assets/iframe-worker.js"], "generator": False},
        "extra_css": ["assets/site.css"],
        "plugins": [
            "offline",
            "search",
            {
                "mkdocstrings": {
                    "handlers": {
                        "python": {
                            "paths": [str(ROOT)],
                            "options": {
                                "show_source": False,
                                "show_root_heading": True,
                                "show_root_full_path": False,
                                "show_bases": False,
                                "show_signature_annotations": True,
                                "separate_signature": True,
                                "heading_level": 1,
                                "docstring_style": "sphinx",
                                "merge_init_into_class": True,
                                "extensions": [f"{DOCS / 'site_files' / 'doctests.py'}:Doctests"],
                                "filters": ["!^_"],
                            },
                        }
                    }
                }
            },
        ],
        "markdown_extensions": ["admonition", "attr_list", "tables", "toc", "pymdownx.superfences"],
        "validation": {"links": {"not_found": "warn", "unrecognized_links": "warn"}},
        "nav": nav,
    }


def _pages(folder: Path) -> list[Any]:
    """Write every page below `folder`; the site's contents by kind."""
    (folder / "assets").mkdir(parents=True)
    for asset in ("iframe-worker.js", "site.css"):
        shutil.copy(DOCS / "site_files" / asset, folder / "assets" / asset)
    shutil.copytree(DOCS / "images", folder / "images")
    sources = {p: p.name for p in sorted(DOCS.glob("*.md")) if p.name != "README.md"}
    sources |= {ROOT / name: new for name, new in BESIDE.items()}
    for source, name in sources.items():
        text = _relinked(source.read_text(encoding="utf-8"), source, sources)
        (folder / name).write_text(text, encoding="utf-8")
    notebooks = _notebooks(folder, sources)
    return [
        {"Home": "index.md"},
        {"Tutorials": [*_there(folder, TUTORIALS), *notebooks]},
        {"How-to": _there(folder, HOW_TO)},
        {
            "Reference": [
                {"Commands": _commands(folder)},
                {"Python": _objects(folder)},
                *_there(folder, (*REFERENCE, *_unnamed(sources))),
            ]
        },
        {"Explanation": _there(folder, EXPLANATION)},
    ]


def _there(folder: Path, names: Iterator[str] | tuple[str, ...]) -> list[str]:
    return [f"{name}.md" for name in names if (folder / f"{name}.md").is_file()]


def _unnamed(sources: dict[Path, str]) -> tuple[str, ...]:
    """Pages that no list above names: they stand with the reference."""
    named = {"index", *TUTORIALS, *HOW_TO, *REFERENCE, *EXPLANATION}
    return tuple(n.removesuffix(".md") for n in sources.values() if n[:-3] not in named)


def _relinked(text: str, source: Path, sources: dict[Path, str], depth: int = 0) -> str:
    """The page with links to where pages are on the site; links to other files become text."""

    def link(found: re.Match[str]) -> str:
        mark, words, target = found.groups()
        path, hash_, anchor = target.partition("#")
        if not path or "://" in path or path.startswith("mailto:"):
            return found.group(0)
        place = (source.parent / path).resolve()
        place = place / "README.md" if place.is_dir() else place
        up = "../" * depth
        if place.suffix == ".ipynb" and place.is_relative_to(DOCS / "notebooks"):
            return f"{mark}[{words}]({up}notebooks/{place.stem}.md)"
        if place in sources:
            return f"{mark}[{words}]({up}{sources[place]}{hash_}{anchor})"
        if place.is_relative_to(DOCS / "images"):
            return f"{mark}[{words}]({up}images/{place.name})"
        if place == DOCS / "README.md":
            return words
        return f"{words} (`{path.lstrip('./')}`)" if path.lstrip("./") not in words else words

    parts = FENCE.split(text)
    return "".join(p if p.startswith("```") else LINK.sub(link, p) for p in parts)


def _commands(folder: Path) -> list[Any]:
    """A page for each command from its `--help`, by panel."""
    import typer.main

    from botbench.commands.main import build as application

    (folder / "commands").mkdir()
    panels: dict[str, list[Any]] = {}
    root = typer.main.get_command(application())
    context = root.context_class(root, info_name="botbench", **WIDTH)
    for name, command, made in _leaves(root, context):
        text = command.get_help(made)
        file = f"commands/{name.replace(' ', '-')}.md"
        about = (command.get_short_help_str(200) or "").rstrip(".")
        page = f"# {name}\n\n{html.escape(about)}.\n\nMade from `botbench {name} --help`.\n\n"
        fence = f"```text\n{text.rstrip()}\n```\n"
        (folder / file).write_text(page + fence, encoding="utf-8")
        panel = _panel(command)
        panels.setdefault(panel, []).append({name: file})
    return [{panel: pages} for panel, pages in panels.items()]


def _leaves(command: Any, context: Any) -> Iterator[tuple[str, Any, Any]]:
    """Every command that does something, with its words and its context."""
    if not hasattr(command, "list_commands"):
        yield context.command_path.removeprefix("botbench "), command, context
        return
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        if found is None or found.hidden:
            continue
        made = found.context_class(found, parent=context, info_name=name, **WIDTH)
        yield from _leaves(found, made)


def _panel(command: Any) -> str:
    """The panel of a command: the folder that its function stands in."""
    module = getattr(command.callback, "__module__", "")
    found = re.match(r"botbench\.commands\.(\w+)\.", module)
    return found[1].capitalize() if found else "Other"


def _objects(folder: Path) -> list[Any]:
    """A page for each name of `import botbench` from its docstring: functions, then objects."""
    import botbench

    (folder / "objects").mkdir()
    kinds: dict[str, list[Any]] = {"Functions": [], "Objects": []}
    for name in botbench.__all__:
        if name.startswith("__"):
            continue
        thing = getattr(botbench, name)
        kind = "Objects" if isinstance(thing, type) else "Functions"
        file = f"objects/{name if kind == 'Functions' else 'class-' + name}.md"
        text = f"---\ntitle: {name}\n---\n\n::: {thing.__module__}.{name}\n"
        (folder / file).write_text(text, encoding="utf-8")
        kinds[kind].append({name: file})
    return [{kind: pages} for kind, pages in kinds.items()]


def _notebooks(folder: Path, sources: dict[Path, str]) -> list[Any]:
    """A page for each notebook with the outputs that it keeps."""
    (folder / "notebooks").mkdir()
    pages = []
    for path in sorted((DOCS / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        text = "\n\n".join(_cell(cell) for cell in cells)
        name = f"notebooks/{path.stem}.md"
        (folder / name).write_text(_relinked(text, path, sources, 1), encoding="utf-8")
        pages.append(name)
    return pages


def _cell(cell: dict[str, Any]) -> str:
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        return source
    parts = [f"```python\n{source}\n```"]
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if "text/html" in data:
            # Blank lines would end the block of HTML.
            parts.append(re.sub(r"\n\s*\n", "\n", "".join(data["text/html"])).strip())
        else:
            said = output.get("text") or data.get("text/plain") or ""
            parts.append(f"```text\n{''.join(said).rstrip()}\n```")
    return "\n\n".join(parts)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    print(build(Path(sys.argv[1] if len(sys.argv) > 1 else "docs-site").resolve()))
