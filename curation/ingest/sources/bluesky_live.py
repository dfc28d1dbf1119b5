"""Pages of Bluesky's interface as `botbench pull bluesky` keeps them: one answer a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from botbench.core.sql import literal, literals
from botbench.core.strict_model import StrictModel
from curation.ingest.live import settle
from curation.ingest.live.campaign import LIVE
from curation.ingest.reading.json import objects, value
from curation.ingest.sources import Traits, bluesky_api, format_
from curation.store.schema import Answer

if TYPE_CHECKING:
    from curation.ingest.reading.files import SourceFile
    from curation.ingest.reading.stage import Stage

TAKEDOWN = "!takedown"
OPT_OUT = "!no-unauthenticated"
ITSELF = "the account itself"
PLATFORM = "bluesky"
ONE_CLAIM = "account_id, claimant, attributes"


class Options(StrictModel):
    """Options of `bluesky-live`."""

    answers: dict[str, Answer] = Field(
        {"bot": "bot"},
        description="what labels of accounts mean: value to answer; others mean `cannot tell`",
    )


@format_(
    "bluesky-live",
    options=Options,
    traits=Traits(
        platform="bluesky",
        fills=("accounts", "posts", "claims"),
        unknown="labels of labelers that were not asked for",
    ),
)
def read(stage: Stage, files: list[SourceFile], options: Options) -> None:
    """Answers of Bluesky's interface with the time at which they came. Labels of accounts are
    claims of their labelers; accounts that are gone are observations of their status.
    """
    settle.prepare(stage)
    with stage.newest_of_each(posts="likes DESC NULLS LAST"):
        for file in files:
            found = objects(stage, file)
            about = stage.keep("about", _about(file, found))
            relation = stage.keep("bluesky", bluesky_api.items(file, f"({_pages(found)})"))
            people = stage.keep("people", _people(relation, about))
            once = "account_id, observed_at"
            stage.add_once("accounts", _accounts(people), once, "_order DESC, _row")
            stage.add("accounts", _missing(about))
            stage.add("posts", bluesky_api.posts(relation))
            labels = stage.keep("labels", _labels(people))
            stage.add_once("claims", _claims(labels, options), ONE_CLAIM, "_order, _row")
            stage.add_once("claims", _takedowns(about), "account_id, claimant", "_row")
            _note(stage, people, labels)
    settle.settle(stage)


def _about(file: SourceFile, found: str) -> str:
    """One row a page: when it came, whether by a login, whose labels it holds, who is missing."""
    return (
        f"SELECT row AS _row, {literal(file.name)} AS _member, {value('j', f'{LIVE}.at')} AS seen,"
        f" {value('j', f'{LIVE}.login')} = 'true' AS login,"
        f" json_extract_string(j, '$.{LIVE}.labelers[*]') AS labelers,"
        f" {value('j', f'{LIVE}.host')} AS host,"
        f" json_extract(j, '$.missing[*]') AS missing FROM {found}"
    )


def _pages(found: str) -> str:
    """The pages that hold items; one of missing accounts alone, or an empty list, holds none."""
    return f"SELECT * FROM {found} WHERE j IS NULL OR NOT json_exists(j, '$.missing')"


def _people(relation: str, about: str) -> str:
    """Accounts with when they were seen; `full` says whether it is the whole profile."""
    return (
        f"SELECT p.*, s.seen, s.login, s.labelers, p.a->>'$.followersCount' IS NOT NULL AS is_full"
        f" FROM {bluesky_api.people_of(relation)} p JOIN {about} s USING (_row)"
    )


def _accounts(people: str) -> str:
    """Whole profiles, and of each account that only wrote something, its last appearance."""
    once = (
        f"SELECT * FROM {people} QUALIFY row_number() OVER (PARTITION BY a->>'$.did',"
        " CASE WHEN is_full THEN seen END ORDER BY seen DESC, _row DESC) = 1"
    )
    return bluesky_api.accounts(f"({once})", observed="seen", order="is_full::INTEGER")


def _missing(about: str) -> str:
    """Accounts that are gone: what became of them, when it was seen."""
    each = f"SELECT unnest(missing) AS m, seen, _member, _row FROM {about}"
    return (
        f"SELECT {value('m', 'did')} AS account_id, seen AS observed_at,"
        f" {value('m', 'status')} AS status, MAP {{'said': {value('m', 'code')}}} AS extra,"
        f" _member, _row, m::VARCHAR AS _raw FROM ({each})"
    )


def _labels(people: str) -> str:
    """Labels of accounts, one a row, with who gave them."""
    each = (
        f"SELECT a->>'$.did' AS account_id, unnest(json_extract(a, '$.labels[*]')) AS l, seen,"
        f" login, is_full, _member, _row FROM {people}"
    )
    src = value("l", "src")
    return (
        f"SELECT *, {value('l', 'val')} AS label, {src} = account_id AS is_own,"
        f" CASE WHEN {src} = account_id THEN {literal(ITSELF)} ELSE {src} END AS claimant,"
        f" {value('l', 'cts')} AS made_at,"
        f" coalesce({value('l', 'neg')}, 'false') = 'true' AS is_back FROM ({each})"
        f" WHERE {src} IS NOT NULL"
    )


def _claims(labels: str, options: Options) -> str:
    """Claims of labelers, and of accounts that call themselves bots."""
    cases = " ".join(f"WHEN {literal(v)} THEN {literal(a)}" for v, a in options.answers.items())
    meant = literals(options.answers) or "NULL"
    return f"""SELECT account_id, CASE label {cases} ELSE 'cannot tell' END AS answer, claimant,
        CASE WHEN is_own THEN 'person' ELSE 'platform' END AS claimant_kind, made_at,
        MAP {{'label': label}} AS attributes, _member, _row, l::VARCHAR AS _raw, made_at AS _order
        FROM {labels} WHERE NOT is_back AND label <> '{OPT_OUT}'
            AND (NOT is_own OR label IN ({meant}))"""


def _takedowns(about: str) -> str:
    """What the platform says of accounts that it suspended; it is not that they are bots."""
    each = f"SELECT unnest(missing) AS m, seen, _member, _row FROM {about}"
    return (
        f"SELECT {value('m', 'did')} AS account_id, 'cannot tell' AS answer, '{PLATFORM}' AS"
        f" claimant, 'platform' AS claimant_kind, seen AS made_at, MAP {{'label': '{TAKEDOWN}'}} AS"
        f" attributes, _member, _row, m::VARCHAR AS _raw, _row AS _order FROM ({each})"
        f" WHERE {value('m', 'status')} = 'suspended'"
    )


def _note(stage: Stage, people: str, labels: str) -> None:
    """Fill the tables of what is compared with the store."""
    stage.connection.execute(
        f"INSERT INTO {settle.SEEN} SELECT a->>'$.did', seen::TIMESTAMPTZ,"
        f" list_concat([{literal(ITSELF)}, '{PLATFORM}'], coalesce(labelers, [])) FROM {people}"
        " WHERE is_full"
    )
    stage.connection.execute(
        f"INSERT INTO {settle.NEGATED} SELECT account_id, claimant, label, made_at::TIMESTAMPTZ,"
        f" _member, _row FROM {labels} WHERE is_back"
    )
    stage.connection.execute(
        f"INSERT INTO {settle.OPTED_OUT} SELECT DISTINCT account_id FROM {labels}"
        f" WHERE is_own AND NOT login AND label = '{OPT_OUT}' AND NOT is_back"
    )
