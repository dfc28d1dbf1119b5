"""The personal archive of Twitter and X: scripts that assign a list to `window.YTD...`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from botbench.core.sql import literal
from botbench.core.strict_model import StrictModel
from curation.ingest.reading import entities, tweets
from curation.ingest.reading.json import malformed, objects, value
from curation.ingest.recognition.head import Guess, Head, look
from curation.ingest.sources import Traits, format_

if TYPE_CHECKING:
    from curation.ingest.reading.files import SourceFile
    from curation.ingest.reading.stage import Stage

TWEETS = ("tweets", "tweet")
EDGES = {"follower": "follower.accountId", "following": "following.accountId"}
KNOWN = (*TWEETS, *EDGES, "account")
BROKEN = "json_type(j) IS DISTINCT FROM 'OBJECT'"
OWN = r"^https?://(?:twitter|x)\.com/([A-Za-z0-9_]+)/status/"


class Options(StrictModel):
    """Options of `twitter-archive`."""

    account_id: str | None = Field(
        None,
        description=(
            "the id of the archive's owner, where account.js is not among the files; without either"
            " it is `<file stem>:owner`"
        ),
    )


def recognise(head: Head) -> Guess | None:
    """A script that begins as an archive's do."""
    if head.script in KNOWN:
        return Guess(1.0)
    return None


@format_(
    "twitter-archive",
    options=Options,
    traits=Traits(
        platform="twitter",
        fills=("accounts", "posts", "edges"),
        unknown="the owner's id without account.js; whether a post is a repost, but for `RT @`, and"
        " the cut end of its text; profile counts",
        recognise=recognise,
    ),
)
def read(stage: Stage, files: list[SourceFile], options: Options) -> None:
    """The personal archive of Twitter and X (`data/tweets.js`, with account.js, follower.js and
    following.js where they are there).
    """
    kinds = {file.name: look(file).script for file in files}
    accounts = [f for f in files if kinds[f.name] == "account"]
    # The account's own script says who wrote the posts; the e-mail address in it is not read.
    owner = options.account_id or _owner(stage, accounts)
    for file in accounts:
        stage.add("accounts", _account(stage, file))
    for file in files:
        who = literal(owner or f"{file.stem}:owner")
        if kinds[file.name] in TWEETS:
            found = _tweets(stage, file)
            if not accounts:
                stage.add("accounts", _unseen(file, found, who))
            stage.add("posts", tweets.posts(file, found, who))
            entities.tell_cut(stage, file)
        elif kinds[file.name] in EDGES:
            stage.add("edges", _edges(stage, file, kinds[file.name], who))
    if owner is None:
        stage.notes["owner"] = (
            "The archive's owner has no id here: account.js is not among the files. Say it on the"
            " card: options: {account_id: ...}."
        )


def _owner(stage: Stage, files: list[SourceFile]) -> str | None:
    for file in files:
        row = stage.connection.execute(
            f"SELECT {value('j', 'account.accountId')} FROM {objects(stage, file)} LIMIT 1"
        ).fetchone()
        if row and row[0]:
            return str(row[0])
    return None


def _account(stage: Stage, file: SourceFile) -> str:
    return f"""SELECT {value("j", "account.accountId")} AS account_id,
        {value("j", "account.username")} AS handle,
        {value("j", "account.accountDisplayName")} AS display_name,
        {value("j", "account.createdAt")} AS created_at,
        {literal(file.name)} AS _member, row AS _row, {malformed(BROKEN)}
        FROM {objects(stage, file)}"""


def _tweets(stage: Stage, file: SourceFile) -> str:
    """The tweets as `j`; older archives have them bare."""
    return (
        "(SELECT CASE WHEN json_type(j, '$.tweet') = 'OBJECT' THEN j->'tweet' ELSE j END AS j, raw,"
        f" row FROM {objects(stage, file)})"
    )


def _unseen(file: SourceFile, found: str, who: str) -> str:
    """The owner, of whom only the handle is known, from links to the owner's own pictures."""
    media = "json_extract_string(j, '$.extended_entities.media[0].expanded_url')"
    own = f"contains({media}, '/status/' || {value('j', 'id_str')} || '/')"
    handle = f"nullif(regexp_extract({media}, {literal(OWN)}, 1), '')"
    return (
        f"SELECT {who} AS account_id, mode({handle}) FILTER ({own}) AS handle,"
        f" {literal(file.name)} AS _member, 0 AS _row FROM {found}"
    )


def _edges(stage: Stage, file: SourceFile, kind: str, who: str) -> str:
    other = value("j", EDGES[kind])
    source, target = (other, who) if kind == "follower" else (who, other)
    return (
        f"SELECT {source} AS source_id, {target} AS target_id, 'follows' AS kind,"
        f" {literal(file.name)} AS _member, row AS _row, raw AS _raw,"
        f" {malformed(BROKEN)}"
        f" FROM {objects(stage, file)}"
    )
