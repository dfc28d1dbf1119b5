"""The datasheet (Gebru et al. 2021): the store's facts, the answers, and the open questions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from curation.release.publish.documents import answers as asking
from curation.release.publish.documents import sentences
from curation.release.publish.documents.answers import Answers

NOBODY = "Only a person can answer these, and nobody has yet."
TEMPLATE = Path(__file__).parent / "datasheet.html.j2"


def filled(
    facts: Mapping[str, Any], answers: Answers
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Sections of what is known (question, the store's facts, a person's answer), and the questions
    that only a person can answer and nobody has.
    """
    every = {
        title: [_question(q, facts, answers) for q in questions]
        for title, questions in asking.sections().items()
    }
    known = {t: [q for q in asked if q["facts"] or q["answer"]] for t, asked in every.items()}
    sections = [{"title": t, "questions": asked} for t, asked in known.items() if asked]
    return sections, [q for asked in every.values() for q in asked if q["open"]]


def _question(
    question: Mapping[str, Any], facts: Mapping[str, Any], answers: Answers
) -> dict[str, Any]:
    names = question.get("fact", [])
    known = [
        text
        for name in ([names] if isinstance(names, str) else names)
        for text in _fact(name, facts)
    ]
    said = answers.text(question["answer"]) if "answer" in question else None
    return {
        "question": question["question"],
        "facts": known,
        "answer": said,
        "name": question.get("answer"),
        "open": "answer" in question and said is None,
    }


def _fact(name: str, facts: Mapping[str, Any]) -> list[str]:
    if name == "licence":
        return [f"Licence as the source states it: {facts['licence'] or 'none stated'}."]
    if name == "software":
        from botbench.core.version import __version__

        return [
            f"botbench {__version__} made this release; every step can be run again from the"
            " source's files."
        ]
    found = getattr(sentences, name)(facts)
    return list(found) if isinstance(found, list) else [found]


def html(facts: Mapping[str, Any], answers: Answers) -> str:
    """The datasheet as one page that opens from disk; whatever was typed is text, never markup."""
    from curation.release.publish.documents.pages import render

    sections, unanswered = filled(facts, answers)
    return render(TEMPLATE, facts=facts, sections=sections, unanswered=unanswered)


def markdown(facts: Mapping[str, Any], answers: Answers) -> str:
    """The datasheet as Markdown, with the same words."""
    from botbench.text.escaping import to_markdown

    lines = [
        f"# Datasheet of {to_markdown(facts['title'])}",
        "",
        (
            f"Release {facts['reference']}, tier {facts['tier']}. Questions after Gebru et al."
            " 2021, Datasheets for Datasets."
        ),
        "",
    ]
    sections, unanswered = filled(facts, answers)
    for section in sections:
        lines += [f"## {section['title']}", ""]
        for q in section["questions"]:
            lines += [f"**{q['question']}**", ""]
            lines += [f"{to_markdown(text)}\n" for text in q["facts"]]
            if q["answer"]:
                lines += [f"The maintainer says: {to_markdown(q['answer'])}", ""]
    if unanswered:
        lines += ["## Unanswered", "", NOBODY, ""]
        lines += [f"- {q['question']} (`{q['name']}`)" for q in unanswered] + [""]
    return "\n".join(lines)
