"""The instructions: one text for the project and the docs, made from the scheme."""

import re
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import yaml

from curation.annotation.label_studio import instructions
from curation.annotation.scheme.scheme import DEFAULT, Scheme

PAGE = Path(__file__).parents[4] / "docs" / "annotating.md"


def test_the_page_in_the_docs_is_made_from_the_scheme():
    assert PAGE.read_text(encoding="utf-8") == instructions.as_markdown(Scheme.load()), (
        "run: botbench annotate instructions > docs/annotating.md"
    )


def test_every_answer_has_a_worked_example_and_every_reason_its_meaning():
    scheme, page = Scheme.load(), instructions.as_html(Scheme.load())
    for answer in scheme.answers.values():
        assert f"<b>{answer.key} {answer.title}</b>" in page
        assert answer.example and escape(answer.example) in page
    for reason in scheme.reasons.values():
        assert f"<b>{reason.key} {reason.title}</b>" in page
    assert "It is an answer like the others" in page  # what cannot tell is for
    assert "Take breaks" in page and "insulting" in page


def test_the_examples_name_keys_that_are_there():
    """`You answer 1, then r (amplifier), ...`: after a change of keys this would be wrong."""
    scheme = Scheme.load()
    titles = {
        c.key: c.title.lower() for some in (scheme.kinds, scheme.reasons) for c in some.values()
    }
    for answer in scheme.answers.values():
        told = answer.example
        assert f"You answer {answer.key}" in told
        for key, name in re.findall(r"\b([a-z]) \(([a-z ]+)\)", told):
            assert titles[key].startswith(name), f"{answer.title}: {key} is {titles[key]!r}"


def test_what_a_scheme_says_stays_text():
    document = yaml.safe_load(DEFAULT.read_text(encoding="utf-8"))
    document["answers"]["bot"]["example"] = "<script>alert(1)</script>"

    found = set()
    reader = HTMLParser()
    reader.handle_starttag = lambda tag, attrs: found.add(tag)
    reader.feed(instructions.as_html(Scheme.of(document)))
    assert found == {"div", "h3", "h4", "p", "b"}
