"""How objects show themselves in a notebook: whole, small, escaped, in the pages' own style."""

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

import botbench as bb
from botbench.html import fragment
from botbench.html.fragment import Fragment, Grid

HOSTILE = '<script>alert(1)</script>"&\u202e'


class Tags(HTMLParser):
    """Counts what is opened and not closed, and keeps the names of elements and the text."""

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.text = [], set(), []

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def parsed(html):
    tags = Tags()
    tags.feed(html)
    tags.close()
    assert tags.open == []
    return tags


@pytest.fixture(scope="module")
def things(made):
    rng = np.random.default_rng(0)
    ids = np.array([f"u{i}" for i in range(500)])
    bot = rng.random(500) < 0.3
    sample = pd.DataFrame({"account_id": ids[:200], "label": bot[:200], "probability": 0.4})
    votes = pd.DataFrame(
        [
            (f"a{i}", who, "bot" if rng.random() < 0.5 else "human")
            for i in range(30)
            for who in ("ann", HOSTILE)
        ],
        columns=["account", "claimant", "answer"],
    )
    dataset = made.dataset("small")
    table = {
        "method": [HOSTILE],
        "dataset": ["d"],
        "precision": [0.9],
        "recall": [0.9],
        "f1": [0.95],
    }
    return {
        "scores": bb.score(bot, rng.random(500)),
        "study": bb.study(ids, sample, rng.random(500), np.arange(500)),
        "refused": bb.study(ids, sample.assign(label=None)),
        "agreement": bb.agreement(votes),
        "consensus": bb.consensus(votes, method="dawid-skene"),
        "audit": bb.audit_table(table),
        "release": made.load("small"),
        "data set": dataset,
        "table": dataset.accounts,
        "store": made,
    }


def test_each_is_whole_small_and_says_what_it_is(things):
    for name, thing in things.items():
        html = thing._repr_html_()
        assert len(html.encode()) < 50_000, name
        tags = parsed(html)
        assert "script" not in tags.seen, name
        assert not re.search(r"(?:src|href)=|url\(", html), name
        assert "p" in tags.seen and ("table" in tags.seen or name == "refused"), name
        assert repr(thing).strip(), name
        assert isinstance(thing.to_dict(), dict), name
        assert thing.frame() is not None, name


def test_what_strangers_wrote_is_text(things):
    for name in ("audit", "agreement", "consensus"):
        html = things[name]._repr_html_()
        assert "<script>" not in html and "\u202e" not in html
        assert "&lt;script&gt;" in html


def test_no_path_of_this_machine_is_shown(things, made):
    for name, thing in things.items():
        assert str(made.home.parent) not in thing._repr_html_(), name


def test_charts_are_those_of_the_pages(things):
    for name in ("scores", "study", "agreement"):
        html = things[name]._repr_html_()
        assert 'class="chart wide"' in html and 'class="chart narrow"' in html


def test_the_style_has_both_themes_and_touches_nothing_else():
    css = fragment.style()
    assert css.count("--paper:") >= 4
    assert "prefers-color-scheme:dark" in css and "data-jp-theme-light=false" in css
    assert ":root" not in css and "html {" not in css and "body {" not in css
    assert all(rule.strip().startswith((".botbench", "@media", "[data-jp")) for rule in rules(css))


def rules(css):
    """The selectors of the outermost rules."""
    depth, start = 0, 0
    for at, c in enumerate(css):
        if c == "{":
            if not depth:
                yield css[start:at]
            depth += 1
        elif c == "}":
            depth -= 1
            start = at + 1
    assert depth == 0


def test_numbers_missing_values_and_long_tables():
    rows = [[0.5, None, True, 1200, "x" * 500]]
    html = fragment.html(Fragment("t", tables=[Grid("c", "abcde", rows, more=7)], more=".frame()"))
    tags = parsed(html)
    text = " ".join(t.strip() for t in tags.text)
    assert ".500" in text and "–" in text and "yes" in text and "1,200" in text
    assert "7 more rows: .frame()" in text
    assert "x" * 200 not in text
