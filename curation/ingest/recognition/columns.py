"""A card for a table of anybody's columns, and which of them is the label."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botbench.core.errors import UserError
from botbench.text import numbers
from botbench.untrusted import csv_tables
from curation.ingest import packings
from curation.ingest.card_model import Card
from curation.ingest.recognition.head import Guess
from curation.ingest.recognition.names import LABELS, VAGUE, folded, mapped
from curation.ingest.recognition.recognise import Found, Recognised, recognise, slug

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BOT = {"bot", "bots", "spam", "spambot", "spammer", "fake", "automated", "true", "yes", "1"}
HUMAN = {"human", "humans", "genuine", "real", "legit", "legitimate", "user", "false", "no", "0"}
DOUBTFUL = {"spam", "spammer", "fake"}
"""Words for accounts that many data sets call bots, though people may run them."""
SAID = {"meaning": "as the file says", "claimant": "the file"}
"""What a card says of a label that only the file explains."""
MOST = 12
"""A column of labels has at most so many different values."""


def card_for(file: Path, name: str | None = None, platform: str | None = None) -> Found:
    """The card for a file: by its content as `pull FILE` tells it, else by its columns' names.

    Raises UserError for a file that is not there, is no table, or has no column of account ids.
    """
    if not file.is_file():
        what = "is a folder; new card wants a file" if file.is_dir() else "is not there"
        raise UserError(f"{file} {what}.")
    try:
        return _with_label(file, recognise(file, name, platform))
    except UserError as error:
        unknown = error
    if file.suffix.lower() not in (".csv", ".tsv", ".txt"):
        raise unknown
    head = csv_tables.head(file)
    columns = mapped(head.names)
    if "account_id" not in columns:
        raise UserError(
            f"{file} has no column that is known to hold account ids; it has"
            f" {csv_tables.shown(head.names)}. Rename the one that does to account_id, or write the"
            " card by hand: datasets/README.md."
        )
    options: dict[str, Any] = {"type": "csv", "accounts": columns}
    if head.separator != ",":
        options["separator"] = head.separator
    label = label_of(file, [n for n in head.names if n not in columns.values()])
    if label is not None:
        options["claims"] = {"answer": label.answer()}
    document = {
        "id": name or slug(file),
        "title": file.name,
        "platform": platform or "unknown",
        "licence": "not stated",
        "citation": "not stated",
        "sources": [{"file": file.name, "local_only": True}],
        **({"label": SAID} if label else {}),
        "reads": [{"format": "tabular", "options": options}],
    }
    card = Card.model_validate(document)
    guess = Guess(0.5, notes=(label.told(),) if label else ())
    return Found(card, file.parent, (Recognised(file.name, "tabular", guess),))


def _with_label(file: Path, found: Found) -> Found:
    """The card of a table in the schema's columns, with its column of labels where it has one."""
    options = dict(found.card.reads[0].options)
    if found.format != "tabular" or options.get("type") != "csv" or "claims" in options:
        return found
    if packings.packing_of(packings.start_of(file)) or options.get("skip_lines"):
        return found
    read = set(options["accounts"].values())
    label = label_of(file, [n for n in csv_tables.head(file).names if n not in read])
    if label is None:
        return found
    options["claims"] = {"answer": label.answer()}
    document = found.card.model_dump(mode="json", exclude_defaults=True)
    reads = [{"format": "tabular", "options": options}]
    card = Card.model_validate({**document, "label": SAID, "reads": reads})
    guess = Guess(found.sure, notes=(label.told(),))
    return Found(card, found.folder, (Recognised(file.name, "tabular", guess),))


@dataclass(frozen=True)
class Label:
    """A column of labels, the answer of each value that is known, and how often each value is
    there; `blank` rows say nothing.
    """

    column: str
    codes: dict[str, str]
    values: Mapping[str, int]
    blank: int = 0

    def answer(self) -> str | dict[str, Any]:
        """The mapping of a claim's answer, as a card has it."""
        if all(k == v for k, v in self.codes.items()) and not self.blank:
            return self.column
        # A blank is no claim, and no fault.
        blank = {"optional": True, "trim": True} if self.blank else {}
        return {"column": self.column, "codes": self.codes, **blank}

    def told(self) -> str:
        """What was taken for what, for people."""
        taken = [
            f"{', '.join(sorted(values))} for {answer}"
            for answer in ("bot", "human")
            if (values := [v for v, a in self.codes.items() if a == answer])
        ]
        said = f"Of the column {self.column}, {' and '.join(taken)} is taken as the label"
        if unknown := {v: n for v, n in self.values.items() if v not in self.codes}:
            rows = numbers.counted(sum(unknown.values()), "row")
            said += f"; what {', '.join(sorted(unknown))} means is not known ({rows})"
        if self.blank:
            said += f"; a blank ({numbers.counted(self.blank, 'row')}) is no claim"
        if doubtful := sorted(v for v in self.codes if v.strip().lower() in DOUBTFUL):
            said += (
                f". An account of the kind {' or '.join(doubtful)} may be run by a person: look at"
                " what the authors meant"
            )
        return f"{said}. Correct `codes` on the card where this is wrong."


def label_of(file: Path, names: Sequence[str]) -> Label | None:
    """The column of labels; None where there is none.

    A value that is not known to mean bot or human is no code: its rows will be set aside.
    """
    by_name = {folded(name): name for name in reversed(names)}
    for known in LABELS:
        if known not in by_name:
            continue
        column = by_name[known]
        texts = csv_tables.rows(file, [column])[0][column].to_pylist()
        values = Counter(text for text in texts if text is not None and text.strip())
        codes = coded(values)
        answers = set(codes.values())
        sure = answers == {"bot", "human"} and len(codes) == len(values)
        if len(values) <= MOST and (sure if known in VAGUE else answers):
            return Label(column, codes, values, len(texts) - values.total())
    return None


def coded(values: Mapping[str, int]) -> dict[str, str]:
    """The answers that values of a label mean, as far as they are known.

    >>> coded({"1": 3, "0": 9, "maybe": 1})
    {'1': 'bot', '0': 'human'}
    """
    meaning = {value: value.strip().lower() for value in values}
    return {
        value: "bot" if word in BOT else "human"
        for value, word in meaning.items()
        if word in BOT | HUMAN
    }
