"""The documentation's site: whole (strict), from disk, with no outside request."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

import botbench

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(
    not (ROOT / "docs" / "make_site.py").is_file(),
    reason="the documentation is not beside the tests (installed wheel)",
)


@pytest.fixture(scope="module")
def maker():
    spec = importlib.util.spec_from_file_location("make_site", ROOT / "docs" / "make_site.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def site(maker, tmp_path_factory):
    return maker.build(tmp_path_factory.mktemp("docs") / "site").parent


def pages(site):
    return {
        p.relative_to(site).as_posix(): p.read_text(encoding="utf-8") for p in site.rglob("*.html")
    }


def test_every_command_and_name_has_a_page_with_its_help_or_docstring(site):
    found = pages(site)
    assert {"commands/pull.html", "commands/study-run.html", "commands/annotate-push.html"} <= set(
        found
    )
    assert "--quarantine-limit" in found["commands/pull.html"]
    for name in (n for n in botbench.__all__ if not n.startswith("__")):
        kind = "class-" if isinstance(getattr(botbench, name), type) else ""
        page = found[f"objects/{kind}{name}.html"]
        first = getattr(botbench, name).__doc__.strip().split("\n")[0].split("`")[0].split("'")[0]
        assert first[:40] in page, name
    assert 'class="highlight"' in found["objects/score.html"]


def test_pages_ask_for_nothing_outside(site):
    for name, text in pages(site).items():
        asked = re.findall(r'<(?:script|img|iframe)[^>]*\ssrc="([^"]+)"', text)
        asked += re.findall(
            r'<link(?![^>]*rel="(?:canonical|prev|next)")[^>]*\shref="([^"]+)"', text
        )
        assert not [a for a in asked if "//" in a and not a.startswith("data:")], name


def test_links_between_pages_lead_somewhere(site):
    for name, text in pages(site).items():
        if name == "404.html":
            continue
        for target in re.findall(r'<a[^>]*\shref="([^"#:]+)(?:#[^"]*)?"', text):
            assert (site / name).parent.joinpath(target).resolve().is_file(), (name, target)


def test_the_search_index_is_a_script_for_pages_from_disk(site):
    text = (site / "search" / "search_index.js").read_text(encoding="utf-8")
    index = json.loads(text.removeprefix("var __index = "))
    assert any("quarantine" in d["text"] for d in index["docs"])


def test_a_folder_that_is_no_site_is_not_replaced(maker, tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(SystemExit, match="holds something else than a site"):
        maker._replace(tmp_path, tmp_path)
    assert (tmp_path / "mine.txt").is_file()
