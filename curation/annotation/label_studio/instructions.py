"""The instructions for annotators: one page made from the scheme, for the project and the docs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Literal

from curation.annotation.scheme.scheme import Scheme
from curation.annotation.scheme.sections import SECTIONS

PAUSE_EVERY = 25
"""Accounts after which the page suggests a break."""

_HOW = (
    (
        "The card on the left holds what is known of one account. The questions are on the right."
        " Answer with one key; then only what that answer needs is asked. Most accounts take well"
        " under a minute."
    ),
    (
        "Keys: the answer, then the kinds (of bots and hybrids), the reasons (their letters stand"
        " beside the parts of the card they point to), and how sure you are. The same key again"
        " takes a choice back. If you change your answer, look at the reasons and at how sure you"
        " are again: they stay as they were. Ctrl+Enter sends and opens the next account; Page Down"
        " and Page Up move the card. The note is optional."
    ),
    (
        "There is no right answer that the card hides from you: nobody has told it. Look at several"
        " parts before you decide. One odd thing proves little: people post at night, repost a"
        " great deal, and have no bio."
    ),
    (
        "What the card does not know, it says (Not known here). What is not known speaks neither"
        " for nor against."
    ),
    (
        "Names, bios and posts are shown as they were written; a mark such as U+202E stands for a"
        " character that cannot be seen. Please do not look accounts up elsewhere: they may have"
        " changed, and they may notice. Please do not talk about single accounts with the others"
        " before everybody has answered."
    ),
)
_CARE = (
    (
        "The posts are real posts: some are insulting, cruel or obscene. Pictures and posts that"
        " the platform marked as sensitive are blurred; v shows them, and nobody has to press it."
    ),
    (
        f"Take breaks: the page suggests one every {PAUSE_EVERY} accounts. You may stop at any"
        " time, and what you have sent is kept. Skip (Ctrl+Space) what you do not want to look at;"
        " nobody asks why."
    ),
    "In what is published you are a pseudonym.",
)


@dataclass(frozen=True)
class Block:
    """A heading, a paragraph, or an entry of a list (with its key and name)."""

    kind: Literal["title", "heading", "paragraph", "entry"]
    text: str
    name: str = ""


def blocks(scheme: Scheme) -> Iterator[Block]:
    """The blocks of the page, from top to bottom."""
    yield Block("title", scheme.document.title)
    yield from (Block("paragraph", text) for text in _HOW)
    yield Block("heading", "The answers, each with an example")
    for answer in scheme.answers.values():
        yield Block(
            "entry",
            ". ".join(filter(None, (_capital(answer.hint), answer.example))),
            f"{answer.key} {answer.title}",
        )
    if scheme.kinds:
        yield Block("heading", "The kinds")
        yield from (
            Block("entry", _capital(kind.hint), f"{kind.key} {kind.title}")
            for kind in scheme.kinds.values()
        )
    if scheme.reasons:
        yield Block("heading", "The reasons, and the part of the card each points to")
        for reason in scheme.reasons.values():
            text = (
                f"{_capital(reason.hint)} ({SECTIONS[reason.section]})."
                if reason.hint
                else f"({SECTIONS[reason.section]})"
            )
            yield Block("entry", text, f"{reason.key} {reason.title}")
    yield Block("heading", "Looking after yourself")
    yield from (Block("paragraph", text) for text in _CARE)


def _capital(hint: str | None) -> str:
    return hint[0].upper() + hint[1:] if hint else ""


def as_html(scheme: Scheme) -> str:
    """The page as HTML. Label Studio inserts it unsanitised, so it holds only our own words and the
    scheme's, escaped.
    """
    tags = {"title": "h3", "heading": "h4", "paragraph": "p", "entry": "p"}

    def element(block: Block) -> str:
        tag, name = tags[block.kind], f"<b>{escape(block.name)}</b> " if block.name else ""
        return f"<{tag}>{name}{escape(block.text)}</{tag}>"

    return f'<div class="ac-in">{"".join(map(element, blocks(scheme)))}</div>'


def as_first(scheme: Scheme) -> str:
    """The page above the first card of a part, open; later it is behind the page's own button."""
    return (
        '<details open class="ac-first"><summary>Instructions: read them once, then close them.'
        f" Later: the button Instructions.</summary>{as_html(scheme)}</details>"
    )


def as_markdown(scheme: Scheme) -> str:
    """The page as Markdown, for docs/annotating.md (a test compares them)."""
    shapes = {
        "title": "# {text}\n",
        "heading": "## {text}\n",
        "paragraph": "{text}\n",
        "entry": "- **{name}** {text}",
    }
    lines = ["<!-- Made from the scheme by `botbench annotate instructions`; do not edit. -->"]
    for block in blocks(scheme):
        if block.kind == "heading" and not lines[-1].endswith("\n"):
            lines.append("")
        lines.append(
            shapes[block.kind]
            .format(text=block.text, name=block.name)
            .replace("  ", " ")
            .rstrip(" ")
        )
    return "\n".join(lines).rstrip("\n") + "\n"
