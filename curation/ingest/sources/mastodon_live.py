"""Pages of Mastodon's interface as `botbench pull mastodon` keeps them: one answer a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botbench.core.sql import literal
from botbench.core.strict_model import StrictModel
from curation.ingest.live import settle
from curation.ingest.live.campaign import LIVE
from curation.ingest.reading import entities
from curation.ingest.reading.json import objects, value
from curation.ingest.sources import Traits, format_, mastodon

if TYPE_CHECKING:
    from curation.ingest.reading.files import SourceFile
    from curation.ingest.reading.stage import Stage

ITSELF = "the account itself"
OPT_OUTS = r"#(nobots?|noindex|noarchive)\b"
"""Hashtags in a profile by which people say that they do not want to be collected."""
DELIBERATE = ("mastodon",)
"""Software in which `noindex` is a choice, and not what every account begins with."""


class Options(StrictModel):
    """`mastodon-live` has no options."""


@format_(
    "mastodon-live",
    options=Options,
    traits=Traits(
        platform="mastodon",
        fills=("accounts", "posts", "claims"),
        unknown="posts that the server that was asked has not received",
    ),
)
def read(stage: Stage, files: list[SourceFile], _: Options) -> None:
    """Answers of Mastodon's interface with the time at which they came. The flag `bot` is a claim
    of the account, a suspension one of the server.
    """
    settle.prepare(stage)
    with stage.newest_of_each(posts="likes DESC NULLS LAST"):
        for file in files:
            found = objects(stage, file)
            about = stage.keep("about", _about(file, found))
            others = "json_exists(j, '$.missing') OR json_exists(j, '$.delete')"
            pages = f"(SELECT * FROM {found} WHERE j IS NULL OR NOT ({others}))"
            relation = stage.keep("mastodon", mastodon.items(file, pages))
            people = stage.keep("people", _people(relation, about))
            accounts = mastodon.accounts(people, observed="seen")
            stage.add("accounts", f"SELECT * EXCLUDE (_order) FROM ({accounts})")
            stage.add("accounts", _missing(about))
            stage.add("posts", mastodon.posts(relation))
            stage.add("claims", _claims(people))
            _note(stage, people)
    settle.settle(stage)


def _about(file: SourceFile, found: str) -> str:
    """One row a page: when it came, from which server and software, who is missing."""
    return (
        f"SELECT row AS _row, {literal(file.name)} AS _member, {value('j', f'{LIVE}.at')} AS seen,"
        f" {value('j', f'{LIVE}.host')} AS host, {value('j', f'{LIVE}.software')} AS software,"
        f" json_extract(j, '$.missing[*]') AS missing FROM {found}"
    )


def _people(relation: str, about: str) -> str:
    """The last appearance of each account."""
    return (
        f"SELECT p.*, s.seen, s.host, s.software FROM {mastodon.people_of(relation)} p"
        f" JOIN {about} s USING (_row) QUALIFY row_number() OVER (PARTITION BY {value('o', 'id')}"
        " ORDER BY seen DESC, _row DESC) = 1"
    )


def _missing(about: str) -> str:
    each = f"SELECT unnest(missing) AS m, seen, _member, _row FROM {about}"
    return (
        f"SELECT {value('m', 'id')} AS account_id, seen AS observed_at,"
        f" {value('m', 'status')} AS status, MAP {{'said': {value('m', 'code')}}} AS extra,"
        f" _member, _row, m::VARCHAR AS _raw FROM ({each})"
    )


def _claims(people: str) -> str:
    """What accounts say of themselves, and whom the server has suspended."""

    def one(flag: str, answer: str, claimant: str, kind: str) -> str:
        return (
            f"SELECT {value('o', 'id')} AS account_id, {literal(answer)} AS answer, {claimant} AS"
            f" claimant, {literal(kind)} AS claimant_kind, seen AS made_at,"
            f" MAP {{'label': {literal(flag)}}} AS attributes, _member, _row, o::VARCHAR AS _raw"
            f" FROM {people} WHERE {value('o', flag)} = 'true'"
        )

    own = one("bot", "bot", literal(ITSELF), "person")
    return f"{own} UNION ALL {one('suspended', 'cannot tell', 'host', 'platform')}"


def _note(stage: Stage, people: str) -> None:
    """Fill the tables of what is compared with the store."""
    stage.connection.execute(
        f"INSERT INTO {settle.SEEN} SELECT {value('o', 'id')}, seen::TIMESTAMPTZ,"
        f" [{literal(ITSELF)}, host] FROM {people}"
    )
    said = f"concat_ws(' ', {value('o', 'note')}, json_extract_string(o, '$.fields'))"
    flags = f"{value('o', 'noindex')} = 'true' AND software IN ('{DELIBERATE[0]}')"
    stage.connection.execute(
        f"INSERT INTO {settle.OPTED_OUT} SELECT {value('o', 'id')} FROM {people}"
        f" WHERE regexp_matches(lower({entities.plain(said)}), '{OPT_OUTS}') OR ({flags})"
    )
