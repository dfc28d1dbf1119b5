"""Second step of a sync: rows from Label Studio's JSON, each annotation checked by its scheme (the
server accepts any answer).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botbench.core.hashing import short_hash
from botbench.untrusted.json_documents import is_whole, mended
from curation.annotation.assignment.pseudonyms import (
    Pseudonyms,
    project_of,
    user_identity,
    user_number,
)
from curation.annotation.assignment.roster import Roster
from curation.annotation.label_studio import labelling_config
from curation.annotation.scheme.scheme import Scheme
from curation.annotation.scheme.store_schemes import SchemeBook

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.store.store import Store

Json = dict[str, Any]
CHOICES = (
    labelling_config.ANSWER,
    labelling_config.KINDS,
    labelling_config.REASONS,
    labelling_config.CONFIDENCE,
)
SINGLE = (labelling_config.ANSWER, labelling_config.CONFIDENCE)


class RefusedError(Exception):
    """An annotation cannot become a claim; the message is the reason."""


def seen_schema() -> pa.Schema:
    """The columns of an annotation that was read: `annotation_id` is unique over servers, `number`
    is the server's own id.
    """
    import pyarrow as pa

    text, time, words = pa.string(), pa.timestamp("us", tz="UTC"), pa.list_(pa.string())
    return pa.schema(
        [
            ("annotation_id", text),
            ("number", text),
            ("task", text),
            ("project", text),
            ("batch_id", text),
            ("account_key", text),
            ("event", text),
            ("reason", text),
            ("claimant", text),
            ("person_known", pa.bool_()),
            ("edited_by", text),
            ("answer", text),
            ("kinds", words),
            ("confidence", pa.float64()),
            ("reasons", words),
            ("note", text),
            ("evidence_at", time),
            ("scheme_version", text),
            ("card_hash", text),
            ("scores_shown", pa.bool_()),
            ("updated_at", time),
            ("lead_time_s", pa.float64()),
            ("payload_hash", text),
        ]
    )


@dataclass(frozen=True)
class Reader:
    """Turns tasks into rows. `emails` names the server's users by id (an export file names them
    itself or not at all); `fallback` is the scheme of tasks that do not say under which scheme they
    were asked.

    `server` is the name of the server that a file came from: without it a number in a file means
    nobody. `logged` are annotations (id, revision, content, claimant) that files left in the log
    before servers had names, `adopted` the people (project, number) who gave them: they keep their
    pseudonym. `owners` are the pseudonyms of people with projects of their own, by name."""

    schemes: SchemeBook
    people: Pseudonyms
    emails: dict[int, str]
    fallback: Scheme
    server: str = ""
    logged: frozenset[tuple[str, datetime | None, str, str]] = frozenset()
    adopted: frozenset[tuple[str, int | str]] = frozenset()
    owners: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, store: Store, emails: dict[int, str], scheme: Scheme | None, server: str = ""
    ) -> Reader:
        """The reader of a store's annotations, under its schemes or one given by hand."""
        schemes = SchemeBook(store.home)
        if scheme:
            schemes.keep(scheme)  # later checks of these claims need to know what they could say
        owners = {name: pseudonym for pseudonym, name in Roster.load(store.home).names().items()}
        people = Pseudonyms(store.home)
        return cls(schemes, people, emails, scheme or Scheme.load(), server, owners=owners)

    def knowing(self, tasks: Iterable[Json], logged: Iterable[Json]) -> Reader:
        """The reader of a file of a named server, if files were logged (rows of the log) before
        servers had names: what the file repeats of them keeps its id, and who said it their
        pseudonym.
        """
        states = frozenset(
            (r["annotation_id"], r["updated_at"], r["payload_hash"], r["claimant"]) for r in logged
        )
        adopted = {
            (project_of(task, annotation), number)
            for task in tasks
            for annotation in task.get("annotations") or []
            if (number := user_number(annotation)) is not None
            and self._state(task, annotation, number) in states
        }
        return replace(self, logged=states, adopted=frozenset(adopted))

    def _state(
        self, task: Json, annotation: Json, number: int | str | None
    ) -> tuple[str, datetime | None, str, str]:
        """How an annotation would have been logged before servers had names."""
        project = project_of(task, annotation)
        person = user_identity(number, {}, project)[0]
        try:
            revision = _time(annotation, "updated_at")
        except RefusedError:
            revision = None
        return (
            str(annotation.get("unique_id") or f"{project}:{annotation.get('id')}"),
            revision,
            payload_hash(annotation),
            self.people.pseudonym(person),
        )

    def read(self, tasks: Iterable[Json]) -> pa.Table:
        """One row (columns of `seen_schema`) for each annotation: answered, skipped, or rejected
        with its reason.
        """
        import pyarrow as pa

        rows = [
            self.row(task, annotation)
            for task in tasks
            for annotation in task.get("annotations") or []
        ]
        return pa.Table.from_pylist(rows, schema=seen_schema())

    def row(self, task: Json, annotation: Json) -> Json:
        """One annotation; with half a character in a text it is rejected, and shown mended."""
        whole = is_whole([task.get("meta"), task.get("data"), task.get("project"), annotation])
        if not whole:
            task, annotation = mended({**task, "annotations": None}), mended(annotation)
        row = self._subject(task, annotation)
        try:
            if not whole:
                raise RefusedError(
                    "a text holds half a character (a lone surrogate) or bytes that are no UTF-8,"
                    " which the store cannot keep"
                )
            row["updated_at"] = _time(annotation, "updated_at")
            self._check_owner(task, row)
            return {**row, **self._content(task, annotation, row["scheme_version"])}
        except RefusedError as refusal:
            return {**row, "event": "rejected", "reason": str(refusal)}

    def _subject(self, task: Json, annotation: Json) -> Json:
        """Which annotation it is, of which task and by whom: the columns that need no check."""
        meta, data = task.get("meta") or {}, task.get("data") or {}
        project = project_of(task, annotation)
        number = str(annotation.get("id"))
        annotation_id = self._id(task, annotation)
        server = "" if (project, user_number(annotation)) in self.adopted else self.server
        person, is_email = user_identity(
            annotation.get("completed_by"), self.emails, project, server
        )
        # Nobody knows whether two unknown people are one.
        person = person or f"nobody known, annotation {annotation_id}"
        editor, editor_is_email = user_identity(annotation.get("updated_by"), self.emails, project)
        return {
            "annotation_id": annotation_id,
            "number": number,
            "task": str(task.get("id")),
            "project": project,
            "batch_id": _text(meta.get("batch")),
            "account_key": _key(data, meta),
            "claimant": self.people.pseudonym(person),
            "person_known": is_email,
            "edited_by": (
                self.people.pseudonym(editor)
                if is_email and editor_is_email and editor != person
                else None
            ),
            "scheme_version": str(meta.get("scheme") or self.fallback.version),
            "card_hash": _text(meta.get("card_hash")),
            "scores_shown": meta.get("scores_shown") is True,
            "payload_hash": payload_hash(annotation),
        }

    def _id(self, task: Json, annotation: Json) -> str:
        """The annotation's id: a project of `push` has a mark of its own; any other project and
        annotation is a number on its server.
        """
        plain = f"{project_of(task, annotation)}:{annotation.get('id')}"
        marked = (task.get("meta") or {}).get("project")
        if annotation.get("unique_id"):
            return str(annotation["unique_id"])
        if not self.server or marked:
            return plain
        known = self._state(task, annotation, user_number(annotation)) in self.logged
        return plain if known else f"{self.server}:{plain}"

    def _check_owner(self, task: Json, row: Json) -> None:
        """A person's own project takes no answers of another person of the roster."""
        owner = self.owners.get(str((task.get("meta") or {}).get("part")))
        if owner and row["claimant"] != owner and row["claimant"] in self.owners.values():
            raise RefusedError(f"{row['claimant']} answered in the project of {owner}")

    def _content(self, task: Json, annotation: Json, version: str) -> Json:
        """Its event and answer; raises RefusedError."""
        meta = task.get("meta") or {}
        row: Json = {
            "lead_time_s": _seconds(annotation.get("lead_time")),
            "evidence_at": _time(meta, "evidence_at") if meta.get("evidence_at") else None,
        }
        _check_card(task.get("data") or {}, meta)
        if annotation.get("was_cancelled"):
            return {**row, "event": "skipped"}
        return {
            **row,
            "event": "answered",
            **answered(annotation.get("result"), self._scheme(version)),
        }

    def _scheme(self, version: str) -> Scheme:
        scheme = self.fallback if version == self.fallback.version else self.schemes.get(version)
        if scheme is None:
            raise RefusedError(
                f"the scheme {version} is not known to this store; name its file by --scheme"
            )
        return scheme


def answered(result: object, scheme: Scheme) -> Json:
    """answer, kinds, confidence, reasons and note of one result list; raises RefusedError if the
    scheme does not allow it.

    >>> bot = {"from_name": "answer", "type": "choices", "value": {"choices": ["bot"]}}
    >>> answered([bot], Scheme.load())["answer"]
    'bot'
    """
    given: dict[str, list[str]] = {}
    for item in result if isinstance(result, list) else [None]:
        if isinstance(item, dict) and item.get("from_name") == labelling_config.MEDIA:
            continue
        name, values = _item(item)
        if name in given:
            raise RefusedError(f"{name} is answered twice")
        given[name] = values
    words: dict[str, Iterable[str]] = {
        labelling_config.ANSWER: scheme.answers,
        labelling_config.KINDS: scheme.kinds,
        labelling_config.REASONS: scheme.reasons,
        labelling_config.CONFIDENCE: scheme.confidence,
    }
    for name in CHOICES:
        _check_words(name, given.get(name, []), list(words[name]))
    if not given.get(labelling_config.ANSWER):
        raise RefusedError("it has no answer")
    answer = given[labelling_config.ANSWER][0]
    kinds, note = (
        given.get(labelling_config.KINDS),
        "\n".join(given.get(labelling_config.NOTE, [])) or None,
    )
    if kinds and not scheme.answers[answer].kinds:
        raise RefusedError(
            f"kinds are not asked of the answer {answer!r} (found {', '.join(kinds)})"
        )
    if note and len(note) > scheme.document.note.longest:
        raise RefusedError(
            f"the note has {len(note)} characters; at most {scheme.document.note.longest} are"
            " allowed"
        )
    step = given.get(labelling_config.CONFIDENCE)
    return {
        "answer": answer,
        "kinds": sorted(kinds) if kinds else None,
        "reasons": sorted(given.get(labelling_config.REASONS, [])) or None,
        "confidence": scheme.confidence[step[0]] if step else None,
        "note": note,
    }


def _item(item: object) -> tuple[str, list[str]]:
    """One result's question and its values."""
    if not isinstance(item, dict) or not isinstance(item.get("value"), dict):
        raise RefusedError("its result is not a list of answered questions")
    name = item.get("from_name")
    if name == labelling_config.NOTE:
        values = item["value"].get("text")
        values = [values] if isinstance(values, str) else values
    elif name in CHOICES:
        values = item["value"].get("choices")
    else:
        raise RefusedError(f"the scheme has no question {str(name)[:60]!r}")
    if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
        raise RefusedError(f"{name} holds no list of words")
    if any("\0" in v for v in values):
        raise RefusedError(f"{name} holds a NUL byte, which the store cannot keep")
    return name, values


def _check_words(name: str, values: list[str], allowed: list[str]) -> None:
    for value in values:
        if value not in allowed:
            raise RefusedError(
                f"{name}: expected one of {', '.join(allowed)} (found {value[:60]!r})"
            )
    if len(set(values)) < len(values) or (name in SINGLE and len(values) > 1):
        wanted = "one word" if name in SINGLE else "each word once"
        raise RefusedError(f"{name}: expected {wanted} (found {', '.join(values)[:120]})")


def payload_hash(annotation: Json) -> str:
    """sha256 (shortened) of an annotation's content: its results without their random ids, and
    whether it was skipped.
    """
    result = annotation.get("result")
    items = (
        [
            (
                {k: v for k, v in i.items() if k in ("from_name", "type", "value")}
                if isinstance(i, dict)
                else i
            )
            for i in result
        ]
        if isinstance(result, list)
        else result
    )
    content = (
        sorted((short_hash(i, 64) for i in items), key=str) if isinstance(items, list) else items
    )
    return short_hash({"said": content, "skipped": bool(annotation.get("was_cancelled"))}, 32)


def _check_card(data: Json, meta: Json) -> None:
    """The card in the task must be the one that was made; only the hash is kept of it."""
    from curation.annotation.card.card import card_hash

    if (
        meta.get("card_hash")
        and isinstance(data.get("card"), str)
        and card_hash(data["card"]) != meta["card_hash"]
    ):
        raise RefusedError("the card in its task is not the one that was pushed")


def _text(value: object) -> str | None:
    """A text, or None for anything else that a file may say there."""
    return value if isinstance(value, str) else None


def _key(data: Json, meta: Json) -> str | None:
    key = data.get("account_key") or meta.get("account_key") or data.get("account_id")
    return None if key is None else str(key)


def _time(source: Json, field: str) -> datetime:
    try:
        moment = datetime.fromisoformat(str(source.get(field)))
    except ValueError:
        text = str(source.get(field))[:60]
        raise RefusedError(
            f"{field}: expected a time such as 2026-01-31T12:00:00Z (found {text!r})"
        ) from None
    if not 1900 < moment.year < 2200:
        raise RefusedError(f"{field}: {moment.year} is no year of an annotation")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _seconds(value: object) -> float | None:
    is_duration = (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and value >= 0
    )
    return float(value) if is_duration else None  # type: ignore[arg-type]
