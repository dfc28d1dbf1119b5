"""Bluesky's event streams as Jetstream writes them: one event a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from botbench.core.sql import literal, literals
from botbench.core.strict_model import StrictModel
from botbench.text.numbers import counted
from curation.ingest.atproto import records
from curation.ingest.reading.json import objects, parsed_once, value
from curation.ingest.recognition.head import Guess, Head
from curation.ingest.sources import Traits, format_
from curation.store.schema import Answer

if TYPE_CHECKING:
    from curation.ingest.reading.files import SourceFile
    from curation.ingest.reading.stage import Stage

SUSPENDED, GONE = ("takendown", "suspended"), ("deleted",)


class Options(StrictModel):
    """Options of `bluesky-events`."""

    answers: dict[str, Answer] = Field(
        {"bot": "bot"}, description="what labels of labelers mean: value to answer"
    )


def recognise(head: Head) -> Guess | None:
    """Events of accounts, or labels."""
    if head.share("did", "time_us", "kind") > 0.5:
        return Guess(0.98)
    return Guess(0.9) if head.share("src", "uri", "val", "cts") > 0.5 else None


@format_(
    "bluesky-events",
    options=Options,
    traits=Traits(
        platform="bluesky",
        fills=("accounts", "posts", "edges", "claims"),
        unknown="handles and profiles, but for accounts that changed them; counts; what was before",
        recognise=recognise,
    ),
)
def read(stage: Stage, files: list[SourceFile], options: Options) -> None:
    """Events of Bluesky as Jetstream writes them, and labels of labelers: posts, reposts, follows,
    likes, changes of profiles and accounts.
    """
    for file in files:
        events = stage.keep(
            "events",
            parsed_once(
                f"""j, coalesce({value("j", "did")},
                    coalesce({records.did_of(value("j", "uri"))}, {value("j", "uri")})) AS did,
                {value("j", "kind")} AS kind, {value("j", "commit.operation")} AS operation,
                {value("j", "commit.collection")} AS collection, {value("j", "time_us")} AS seen,
                'at://' || {value("j", "did")} || '/' || {value("j", "commit.collection")} || '/'
                    || {value("j", "commit.rkey")} AS uri, {value("j", "val")} AS val,
                {value("j", "identity.handle")} AS handle, {literal(file.name)} AS _member,
                row AS _row, raw AS _raw""",
                objects(stage, file),
            ),
        )
        relation = stage.keep(
            "records",
            f"""SELECT did, uri, collection, json_extract(j, '$.commit.record') AS record, _member,
                _row, _raw FROM {events} WHERE operation IN ('create', 'update')
                AND uri NOT IN (SELECT uri FROM {events} WHERE operation = 'delete')""",
        )
        stage.add_once("accounts", _seen(events), "account_id", "_order")
        stage.add("accounts", _changes(events))
        stage.add_once("accounts", _profiles(relation, events), "account_id, observed_at", "_order")
        records.add(stage, relation)
        stage.add("claims", records.self_labels(relation))
        stage.add_once("claims", _labels(events, options), "account_id, claimant", "_order DESC")
        stage.reject_rows("posts", _broken(events))
        _tell(stage, file, events)


def _seen(events: str) -> str:
    return (
        f"SELECT did AS account_id, _member, _row, _row AS _order FROM {events}"
        f" WHERE did LIKE 'did:%' AND val IS NULL"
    )


def _changes(events: str) -> str:
    """Observations of accounts: whether they are active, and handles that they took."""
    status = value("j", "account.status")
    return f"""SELECT did AS account_id,
        coalesce({value("j", "account.time")}, {value("j", "identity.time")}) AS observed_at,
        handle,
        CASE WHEN kind <> 'account' THEN NULL WHEN {value("j", "account.active")} = 'true'
             THEN 'active' WHEN {status} IN ({literals(SUSPENDED)}) THEN 'suspended'
             WHEN {status} IN ({literals(GONE)}) THEN 'deleted' ELSE 'unknown' END AS status,
        CASE WHEN {status} IS NOT NULL THEN MAP {{'account_status': {status}}} END AS extra,
        _member, _row, _raw FROM {events}
        WHERE kind = 'account' OR handle IS NOT NULL"""


def _profiles(relation: str, events: str) -> str:
    seen = f"(SELECT _row, seen FROM {events})"
    return (
        "SELECT p.* EXCLUDE (_order), s.seen AS observed_at, p._row AS _order FROM"
        f" ({records.profiles(relation)}) p JOIN {seen} s USING (_row)"
    )


def _labels(events: str, options: Options) -> str:
    """Claims of labelers; a label that is negated later is not one."""
    cases = " ".join(f"WHEN {literal(v)} THEN {literal(a)}" for v, a in options.answers.items())
    found = (
        f"SELECT did AS account_id, CASE val {cases} END AS answer,"
        f" {value('j', 'src')} AS claimant, 'platform' AS claimant_kind,"
        f" {value('j', 'cts')} AS made_at, {value('j', 'neg')} AS neg, _member, _row, _raw,"
        f" {value('j', 'cts')} AS _order FROM {events}"
        f" WHERE val IN ({literals(options.answers) or 'NULL'})"
    )
    latest = (
        "QUALIFY row_number() OVER (PARTITION BY account_id, claimant ORDER BY _order DESC) = 1"
    )
    return (
        f"SELECT * EXCLUDE (neg) FROM (SELECT * FROM ({found}) {latest})"
        " WHERE coalesce(neg, 'false') <> 'true'"
    )


def _broken(events: str) -> str:
    """Lines that are no event."""
    return (
        "SELECT _member, _row, 'bad_json' AS _reason, 'this is not one event of the network' AS"
        f" _message, _raw FROM {events} WHERE kind IS NULL AND val IS NULL"
    )


def _tell(stage: Stage, file: SourceFile, events: str) -> None:
    """Note deletions and records of other programs."""
    row = stage.connection.execute(
        f"SELECT count(*) FILTER (operation = 'delete'), count(*) FILTER (operation <> 'delete' AND"
        f" NOT starts_with(collection, 'app.bsky.')) FROM {events}"
    ).fetchone() or (0, 0)
    if row[0]:
        stage.notes[f"deleted {file.name}"] = (
            f"{counted(row[0], 'deletion')} in {file.name}; what they delete is not read."
        )
    if row[1]:
        stage.notes[f"foreign {file.name}"] = (
            f"{counted(row[1], 'event')} of {file.name}: records of other programs on the same"
            " network."
        )
