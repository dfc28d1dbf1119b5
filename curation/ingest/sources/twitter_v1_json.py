"""Twitter v1.1 JSON: user objects, objects that hold a user, or whole tweets with their authors."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import Field

from botbench.core.sql import literal, literals
from botbench.core.strict_model import StrictModel
from botbench.text.numbers import counted
from curation.ingest.reading import entities, tweets, users
from curation.ingest.reading.json import each_listed, malformed, objects, parsed_once, value
from curation.ingest.reading.stage import QUARANTINE
from curation.ingest.recognition.head import Guess, Head, look
from curation.ingest.sources import Traits, format_

if TYPE_CHECKING:
    from curation.ingest.reading.files import SourceFile
    from curation.ingest.reading.stage import Stage


class Options(StrictModel):
    """Options of `twitter-v1-json`."""

    user: str | None = Field(
        None,
        description=(
            "member that holds the user; by default `user` where there is one, else the object"
        ),
    )
    observed_at: str | None = Field(
        None, description="member that says when the user looked like this, such as created_at"
    )
    posts: bool = Field(False, description="the objects are tweets: read them as posts too")
    answer: str | None = Field(
        None, description="member of the object that holds the label, where it stands here"
    )
    answers: dict[str, str] = Field(
        default_factory=dict, description="what the label's codes mean: code to answer"
    )


NOTICES = (
    "delete",
    "scrub_geo",
    "limit",
    "status_withheld",
    "user_withheld",
    "disconnect",
    "warning",
    "friends",
    "friends_str",
)
"""What a stream says between two tweets: an object whose only member has this name."""
SEARCH = "statuses"
"""The member in which an answer to a search has its tweets."""


def recognise(head: Head) -> Guess | None:
    """Tweets with their users, or users."""
    head = head.within((SEARCH,))
    head = replace(head, objects=[o for o in head.objects if not _is_notice(o)])
    if head.share("user.screen_name", "id_str") > 0.5 or head.share("user.screen_name", "id") > 0.5:
        if head.share("user.followers_count") > 0.5:
            return Guess(0.95, {"posts": True, "observed_at": "created_at"})
        return Guess(0.8, {"posts": True})
    if head.share("screen_name", "followers_count", "statuses_count") > 0.5:
        return Guess(0.9)
    return None


@format_(
    "twitter-v1-json",
    options=Options,
    version=3,
    traits=Traits(
        platform="twitter",
        fills=("accounts", "posts"),
        unknown="edits; what of a long tweet was cut off where `extended_tweet` is missing",
        recognise=recognise,
    ),
)
def read(stage: Stage, files: list[SourceFile], options: Options) -> None:
    """User objects of Twitter's interface v1.1, alone or inside tweets: an array, or one object a
    line.
    """
    for file in files:
        found = objects(stage, file)
        if options.posts:
            found = _tweets(stage, file, found)
        stage.add("accounts", _accounts(file, found, options))
        _tell_unsaid(stage, file, found, options)
        if options.posts:
            stage.add("posts", tweets.posts(file, found))
            entities.tell_cut(stage, file)
        if options.answer:
            stage.add("claims", _claims(file, found, options))


def _is_notice(item: dict[str, Any]) -> bool:
    return len(item) == 1 and next(iter(item)) in NOTICES


def _tweets(stage: Stage, file: SourceFile, found: str) -> str:
    """SQL in brackets of the tweets, without what a stream says between them, which is noted."""
    if any(isinstance(o.get(SEARCH), list) for o in look(file).objects[:1]):
        return (
            f"(SELECT j, row, coalesce(raw, j::VARCHAR) AS raw FROM (SELECT unnest("
            f"{each_listed((SEARCH,))}) AS j, row, CASE WHEN j IS NULL THEN raw END AS raw"
            f" FROM {found}))"
        )
    named = f"list_contains([{literals(NOTICES)}], json_keys(j)[1])"
    keys = f"len(json_keys(j)) = 1 AND {named}"
    notice = f"coalesce(json_type(j) = 'OBJECT' AND {keys}, false)"
    # Only what begins as a notice does is parsed; a name may be written with escapes.
    begins = rf"""^\s*\{{\s*"([^"]*\\|({"|".join(NOTICES)})")"""
    notice = f"CASE WHEN regexp_matches(raw, {literal(begins)}) THEN {notice} ELSE false END"
    row = stage.connection.execute(f"SELECT count(*) FROM {found} WHERE {notice}").fetchone()
    if not row or not row[0]:
        return found
    stage.notes[f"notices {file.name}"] = (
        f"{counted(row[0], 'notice')} of the stream in {file.name} (deletions, limits and the like)"
        f" {'is no tweet' if row[0] == 1 else 'are no tweets'}; what was deleted later is still"
        " read."
    )
    return f"(SELECT * FROM {found} WHERE NOT {notice})"


def _user(options: Options) -> str:
    """SQL of the user object; NULL where there is none."""
    if options.user:
        return f"json_extract(j, {literal('$.' + options.user)})"
    return (
        "CASE WHEN json_type(j, '$.user') = 'OBJECT' THEN j->'user' WHEN json_type(j) = 'OBJECT'"
        " THEN j END"
    )


def _with_user(file: SourceFile, found: str, options: Options) -> str:
    return (
        f"(SELECT {literal(file.name)} AS _member, row AS _row, raw AS _raw, j, {_user(options)} AS"
        f" u FROM {found})"
    )


def _tell_unsaid(stage: Stage, file: SourceFile, found: str, options: Options) -> None:
    """Note how many users of a file have counts that are not said."""
    counts = [column for column, path in users.V1.items() if path in users.V1_COUNTS]
    where = f"_member = {literal(file.name)}"
    lacking = f"{where} AND ({' OR '.join(f'{column} IS NULL' for column in counts)})"
    missing = stage.connection.execute(
        f"SELECT 1 FROM pull_accounts WHERE {lacking}"
        f" UNION ALL SELECT 1 FROM {QUARANTINE} WHERE {where} LIMIT 1"
    ).fetchone()
    if missing is None:
        # Each row is staged with all counts: the file need not be read again.
        return
    listed = ", ".join(literal(f"$.{path}") for path in users.V1_COUNTS)
    row = stage.connection.execute(
        f"SELECT count(*) FROM {_with_user(file, found, options)}"
        f" WHERE list_contains(json_extract_string(u, [{listed}]), '{users.UNSAID}')"
    ).fetchone()
    if row and row[0]:
        stage.notes[f"unsaid_counts {file.name}"] = (
            f"{counted(row[0], 'user')} of {file.name} {'has' if row[0] == 1 else 'have'} counts of"
            " -1, which Twitter writes where it does not say them: they are missing, not zero."
        )


def _accounts(file: SourceFile, found: str, options: Options) -> str:
    observed = f"{value('j', options.observed_at)} AS observed_at, " if options.observed_at else ""
    columns = users.columns("u", users.V1, ("id", "id_str"))
    return parsed_once(
        f"{users.account_id('u', ('id_str', 'id'))} AS account_id, {observed}{columns},"
        f" _member, _row, _raw, {malformed('u IS NULL')}",
        _with_user(file, found, options),
        "u",
    )


def _claims(file: SourceFile, found: str, options: Options) -> str:
    answer = value("j", options.answer or "")
    codes = " ".join(
        f"WHEN {literal(code)} THEN {literal(meaning)}" for code, meaning in options.answers.items()
    )
    mapped = f"CASE {answer} {codes} ELSE {answer} END" if codes else answer
    return (
        f"SELECT {users.account_id('u', ('id_str', 'id'))} AS account_id, {mapped} AS answer,"
        f" _member, _row, _raw, {malformed('u IS NULL')} FROM {_with_user(file, found, options)}"
    )
