"""The labelling page: Label Studio's configuration, made from the scheme, with our style sheet.

Each choice has the key of the scheme; `curation.annotation.scheme.hotkeys` holds the page's own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from curation.annotation.card.card import STYLE
from curation.annotation.scheme.hotkeys import SHOW_MEDIA_HOTKEY
from curation.annotation.scheme.scheme import Choice, Scheme

CSS = Path(__file__).parent / "page.css"
CARD_STARTS = "/* 3. card */\n"
"""Where the card's own style sheet goes in."""
CARD = "card"
FIRST = "first"
"""A task's text above the card: the instructions for the first account of a part, else nothing."""
ANSWER, KINDS, REASONS, CONFIDENCE, NOTE = "answer", "kinds", "reasons", "confidence", "note"
MEDIA = "media"
"""The choice that shows blurred media: no question, and its result is no part of an answer."""
PAUSE = "pause"
"""A task's line above the questions: the place in the batch, and now and then a break."""


def config(scheme: Scheme) -> str:
    """The project's XML: the card on the left, the questions on the right, with all hotkeys."""
    document = scheme.document
    answers = document.answers.values()
    for_kinds = _asked(a for a in answers if a.kinds)
    of_reasons = [a for a in answers if not a.report]
    of_confidence = [a for a in of_reasons if a.sure]
    questions = [
        _question(
            ANSWER,
            document.question,
            document.answers.items(),
            "ac-one",
            required="Choose an answer.",
        )
    ]
    if document.kinds:
        kinds = document.kinds.items()
        questions += [_question(KINDS, "Which kind?", kinds, "ac-two", for_kinds, many=True)]
    if document.reasons:
        title, reasons = "What in the card says so", document.reasons.items()
        questions += [_question_of(REASONS, title, reasons, "ac-three", of_reasons, many=True)]
    questions += [
        _question_of(
            CONFIDENCE,
            "How sure are you",
            document.confidence.items(),
            "ac-row",
            of_confidence,
            required="Say how sure you are.",
        ),
        _note(_asked()),
        _media(),
    ]
    return (
        f'<View className="ac-page"><Style>{_styles()}</Style><View'
        f' className="ac-left"><HyperText name="{FIRST}" value="${FIRST}" inline="true"/><HyperText'
        f' name="{CARD}" value="$card" inline="true"/></View><View'
        ' className="ac-right"><View className="ac-q"><View className="ac-pause"><Header'
        f' value="${PAUSE}" size="6"/></View>{"".join(questions)}</View></View></View>'
    )


def _styles() -> str:
    around, card = (file.read_text(encoding="utf-8") for file in (CSS, STYLE))
    return around.replace(CARD_STARTS, CARD_STARTS + card)


def config_hash(xml: str) -> str:
    """A hash that shows whether a project's configuration was edited; blank ends and kinds of line
    end make no difference.

    >>> config_hash("<View/>\\r\\n") == config_hash("<View/>") != config_hash("<View></View>")
    True
    """
    return hashlib.sha256(xml.replace("\r\n", "\n").strip().encode()).hexdigest()[:16]


def _asked(answers: Iterable[Choice] = ()) -> str:
    """Attributes that show a question only after one of these answers (after any, if none is
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
    header = f'<Header value={_quoted(title)} size="6"/>'
    return _with_header(name, header, choices, shape, when, many=many, required=required)


def _question_of(
    name: str,
    title: str,
    choices: Iterable[tuple[str, Choice]],
    shape: str,
    answers: Sequence[Choice],
    *,
    many: bool = False,
    required: str = "",
) -> str:
    """A question whose title names the answer chosen now.

    Label Studio keeps the choices of this question when the answer is changed; the title then says
    of which answer they are.
    """
    headers = "".join(
        f'<View{_asked([a])}><Header value={_quoted(f"{title}: {a.title}?")} size="6"/></View>'
        for a in answers
    )
    when = _asked(answers)
    return _with_header(name, headers, choices, shape, when, many=many, required=required)


def _with_header(
    name: str,
    header: str,
    choices: Iterable[tuple[str, Choice]],
    shape: str,
    when: str,
    *,
    many: bool,
    required: str,
) -> str:
    how = "multiple" if many else "single"
    must = f' required="true" requiredMessage={_quoted(required)}' if required else ""
    options = "".join(_choice(word, choice, hints=name == ANSWER) for word, choice in choices)
    return (
        f'<View className="ac-g {shape}"{when}>{header}'
        f'<Choices name="{name}" toName="{CARD}" choice="{how}"{must}>{options}</Choices></View>'
    )


def _choice(word: str, choice: Choice, *, hints: bool) -> str:
    """One choice with its hotkey; its alias is the scheme's word, which stands in the results."""
    hint = f"<small>{escape(choice.hint)}</small>" if choice.hint and hints else ""
    shown = f"<kbd>{choice.key}</kbd>{escape(choice.title)}{hint}"
    return (
        f"<Choice value={_quoted(choice.title)} alias={_quoted(word)} hotkey={_quoted(choice.key)}"
        f" html={_quoted(shown)}/>"
    )


def _media() -> str:
    title, key = "Show what is blurred", SHOW_MEDIA_HOTKEY
    return (
        f'<View className="ac-g ac-media-key"><Choices name="{MEDIA}" toName="{CARD}"'
        f' choice="multiple"><Choice value="{title}" alias="shown" hotkey="{key}"'
        f" html={_quoted(f'<kbd>{key}</kbd>{title}')}/></Choices></View>"
    )


def _note(when: str) -> str:
    return (
        f'<View className="ac-g"{when}><TextArea name="{NOTE}" toName="{CARD}" rows="1"'
        ' maxSubmissions="1" editable="true" placeholder="Note (optional). Enter keeps'
        ' it."/></View>'
    )


def _quoted(text: str) -> str:
    return f'"{escape(text, quote=True)}"'
