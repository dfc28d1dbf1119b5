"""The labelling page: Label Studio's configuration, built from the scheme, with our CSS around card
and questions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from html import escape
from pathlib import Path

from curation.annotation.scheme.scheme import Choice, Scheme

CSS = Path(__file__).parent / "page.css"
CARD, ANSWER, KINDS, REASONS, CONFIDENCE, NOTE = (
    "card",
    "answer",
    "kinds",
    "reasons",
    "confidence",
    "note",
)
MEDIA = "media"
"""Not a question: the key that takes the blur off. What it leaves in a result is no part of an
answer.
"""
PAUSE = "pause"
"""A task's line above the questions: that it is time for a break, or nothing."""


def config(scheme: Scheme) -> str:
    """The project's XML: the card on the left, the questions on the right, a key for every choice."""
    document = scheme.document
    answers = document.answers.values()
    for_kinds, judged, sure = (
        _asked(some)
        for some in (
            [a for a in answers if a.kinds],
            [a for a in answers if not a.report],
            [a for a in answers if a.sure and not a.report],
        )
    )
    questions = "".join(
        (
            _question(
                ANSWER,
                document.question,
                document.answers.items(),
                "ac-one",
                required="Choose an answer.",
            ),
            (
                _question(
                    KINDS, "Which kind?", document.kinds.items(), "ac-two", for_kinds, many=True
                )
                if document.kinds
                else ""
            ),
            (
                _question(
                    REASONS,
                    "What in the card says so?",
                    document.reasons.items(),
                    "ac-three",
                    judged,
                    many=True,
                )
                if document.reasons
                else ""
            ),
            _question(
                CONFIDENCE,
                "How sure are you?",
                document.confidence.items(),
                "ac-row",
                sure,
                required="Say how sure you are.",
            ),
            _note(_asked()),
            _media(),
        )
    )
    return (
        f'<View className="ac-page"><Style>{CSS.read_text(encoding="utf-8")}</Style><View'
        f' className="ac-left"><HyperText name="{CARD}" value="$card" inline="true"/></View><View'
        ' className="ac-right"><View className="ac-q"><View className="ac-pause"><Header'
        f' value="${PAUSE}" size="6"/></View>{questions}</View></View></View>'
    )


def config_hash(xml: str) -> str:
    """By which an edit of a project's configuration is noticed; blank ends and kinds of line end
    are no edit.

    >>> config_hash("<View/>\\r\\n") == config_hash("<View/>") != config_hash("<View></View>")
    True
    """
    return hashlib.sha256(xml.replace("\r\n", "\n").strip().encode()).hexdigest()[:16]


def _asked(answers: Iterable[Choice] = ()) -> str:
    """Attributes that show a question only once one of these answers was given (any, where none is
    named).
    """
    titles = ",".join(a.title for a in answers)
    value = f" whenChoiceValue={_quoted(titles)}" if titles else ""
    return f' visibleWhen="choice-selected" whenTagName="{ANSWER}"{value}'


def _question(
    name: str,
    title: str,
    choices: Iterable[tuple[str, Choice]],
    shape: str,
    when: str = "",
    *,
    many: bool = False,
    required: str = "",
) -> str:
    how = "multiple" if many else "single"
    must = f' required="true" requiredMessage={_quoted(required)}' if required else ""
    options = "".join(_choice(word, choice, hints=name == ANSWER) for word, choice in choices)
    return (
        f'<View className="ac-g {shape}"{when}><Header value={_quoted(title)} size="6"/>'
        f'<Choices name="{name}" toName="{CARD}" choice="{how}"{must}>{options}</Choices></View>'
    )


def _choice(word: str, choice: Choice, *, hints: bool) -> str:
    """One choice; its alias is the scheme's word, which is what comes back in the results."""
    hint = f"<small>{escape(choice.hint)}</small>" if choice.hint and hints else ""
    shown = f"<kbd>{choice.key}</kbd>{escape(choice.title)}{hint}"
    return (
        f"<Choice value={_quoted(choice.title)} alias={_quoted(word)} hotkey={_quoted(choice.key)}"
        f" html={_quoted(shown)}/>"
    )


def _media() -> str:
    words = "Show what is blurred"
    return (
        f'<View className="ac-g ac-media-key"><Choices name="{MEDIA}" toName="{CARD}"'
        f' choice="multiple"><Choice value="{words}" alias="shown" hotkey="v"'
        f" html={_quoted(f'<kbd>v</kbd>{words}')}/></Choices></View>"
    )


def _note(when: str) -> str:
    return (
        f'<View className="ac-g"{when}><TextArea name="{NOTE}" toName="{CARD}" rows="1"'
        ' maxSubmissions="1" editable="true" placeholder="Note (optional). Enter keeps'
        ' it."/></View>'
    )


def _quoted(text: str) -> str:
    return f'"{escape(text, quote=True)}"'
