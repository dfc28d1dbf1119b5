"""The one template environment: escaped, strict, and a policy that allows what is in the page."""

import base64
import hashlib
import re
from pathlib import Path

import pytest

import botbench
from botbench.html.environment import DOCUMENT, FIGURES, page

HOSTILE = "<script>alert(1)</script>\u202e"


@pytest.fixture
def template(tmp_path):
    file = tmp_path / "p.html.j2"
    file.write_text(
        '{% extends "base.html.j2" %}{% block main %}<p>{{ name }}</p>'
        "{{ name|isolated }}{{ name|line }}{% endblock %}"
    )
    return file


def hashed(code):
    return base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()


def test_values_are_escaped_and_invisible_characters_are_spelled_out(template):
    html = page(template, [FIGURES], name=HOSTILE)
    assert "<script" not in html and html.count("&lt;script&gt;") == 3
    assert "⟨U+202E⟩" in html and '<i class="ac-cp">U+202E</i>' in html


def test_a_template_that_forgets_the_filter_shows_nothing_invisible(tmp_path):
    """Line ends and tabs are layout; whatever else cannot be seen is spelled out once."""
    file = tmp_path / "p.html.j2"
    file.write_text(
        '{% extends "base.html.j2" %}{% block main %}<p title="{{ name }}">{{ name }}|'
        "{{ name|visible }}|{{ 7 }}{{ none }}</p>{% endblock %}"
    )
    html = page(
        file, [FIGURES], name="a\u202eb\u200b\x1b[1m\n\tc<\u00e9\u00a0" + "Z" + "\u0351" * 60
    )
    said = "a⟨U+202E⟩b⟨U+200B⟩⟨U+001B⟩[1m\n\tc&lt;\u00e9\u00a0Z\u0351\u0351\u0351⟨57 more marks⟩"
    filtered = said.replace("\n", "⟨U+000A⟩").replace("\t", "⟨U+0009⟩")
    assert f'<p title="{said}">{said}|{filtered}|7None</p>' in html


def test_the_policy_allows_the_style_sheets_and_the_script_of_the_page_and_no_others(template):
    html = page(template, [FIGURES, DOCUMENT], script="let a = 1", name="")
    style, script = (
        re.search(f"<{tag}>(.*?)</{tag}>", html, re.S)[1] for tag in ("style", "script")
    )
    policy = re.search('Content-Security-Policy" content="([^"]+)"', html)[1]
    assert f"style-src 'sha256-{hashed(style)}'; script-src 'sha256-{hashed(script)}'" in policy
    assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy
    assert "script-src" not in page(template, [FIGURES], name="")


def test_an_undefined_name_is_an_error(template):
    from jinja2 import UndefinedError

    with pytest.raises(UndefinedError, match="name"):
        page(template, [FIGURES])


def test_no_other_module_makes_an_environment():
    root = Path(botbench.__file__).parents[1]
    makers = [
        file.relative_to(root).as_posix()
        for room in ("botbench", "curation", "benchmarks")
        for file in (root / room).rglob("*.py")
        if re.search(r"\bEnvironment\(", file.read_text(encoding="utf-8"))
    ]
    assert makers == ["botbench/html/environment.py"]


def test_names_on_the_pages_of_annotation_cannot_turn_the_line_around():
    from curation.annotation.monitoring import feedback_page
    from curation.annotation.scheme.scheme import Scheme

    html = feedback_page.page({HOSTILE: []}, Scheme.load())
    assert "<script" not in html and "\u202e" not in html and "⟨U+202E⟩: 0 of 0" in html
