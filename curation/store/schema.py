"""The tables, said once: columns, types, keys, meaning. DDL, Arrow schemas, the reference page and
the basic validation rules are derived from here and written nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    import pyarrow as pa

Type = Literal[
    "VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN", "TIMESTAMPTZ", "VARCHAR[]", "MAP(VARCHAR, VARCHAR)"
]
ClaimantKind = Literal["person", "dataset", "platform", "rule", "model"]
Answer = Literal["bot", "human", "hybrid", "organisation", "cannot tell"]
Status = Literal["active", "suspended", "deleted", "unknown"]
PostKind = Literal["original", "repost", "reply", "quote", "unknown"]
LabelStatus = Literal["agreed", "disputed", "too few", "adjudicated"]
Part = Literal["train", "validation", "test"]
Purpose = Literal["sample", "training", "gold", "adjudication"]
Joint = Literal["simple within stratum", "independent"]
ValidationOutcome = Literal["passed", "failed"]
Severity = Literal["critical", "warning"]
LogEvent = Literal["answered", "edited", "skipped", "deleted", "rejected"]

EXTRA: Type = "MAP(VARCHAR, VARCHAR)"


@dataclass(frozen=True)
class Column:
    """One column: its DuckDB type, what it means (with the unit), and the rules that hold for every
    row.
    """

    name: str
    type: Type
    meaning: str
    required: bool = False
    vocabulary: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    content: bool = True
    """False for what says how a row came here (pull ids, times of import): not part of content
    hashes or of equality.
    """
    later: bool = False
    """Added after the first schema: left out of canonical rows where it is NULL, so that older
    content keeps its hash.
    """


@dataclass(frozen=True)
class Table:
    """One table: its key (together unique, NULL equal to NULL), its columns and what a row is."""

    name: str
    meaning: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    stored: bool = True
    """False for tables kept as Parquet beside a run instead of in the store."""
    of_versions: bool = False
    """True for what is said of versions: read at the head, not compared by default, and not taken
    back by a restore.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in schema order."""
        return tuple(c.name for c in self.columns)

    @property
    def content(self) -> tuple[str, ...]:
        """The columns that make two rows the same thing or not."""
        return tuple(c.name for c in self.columns if c.content)

    def column(self, name: str) -> Column:
        """The column called `name`; raises KeyError."""
        return (
            next(c for c in self.columns if c.name == name)
            if name in self.names
            else _missing(self.name, name)
        )


def _missing(table: str, name: str) -> Column:
    raise KeyError(f"table {table} has no column {name}")


def _text(
    name: str, meaning: str, required: bool = False, words: object = None, content: bool = True
) -> Column:
    return Column(
        name, "VARCHAR", meaning, required, get_args(words) if words else (), content=content
    )


def _count(name: str, meaning: str, required: bool = False) -> Column:
    return Column(name, "BIGINT", meaning, required, minimum=0)


def _time(name: str, meaning: str, required: bool = False, content: bool = True) -> Column:
    return Column(name, "TIMESTAMPTZ", meaning + " (UTC)", required, content=content)


def _flag(name: str, meaning: str) -> Column:
    return Column(name, "BOOLEAN", meaning)


def _share(name: str, meaning: str, required: bool = False, later: bool = False) -> Column:
    return Column(name, "DOUBLE", meaning, required, minimum=0, maximum=1, later=later)


def _list(name: str, meaning: str) -> Column:
    return Column(name, "VARCHAR[]", meaning)


def _map(name: str, meaning: str) -> Column:
    return Column(name, EXTRA, meaning)


_DATASET = _text("dataset", "the data set's id, the card's folder name", True)
_ACCOUNT = _text(
    "account_id", "the platform's id as text, or where the row stood (`<file stem>:<row>`)", True
)
_PULL = _text("pull_id", "the pull that brought the row", content=False)
_EXTRA = _map("extra", "what the source said and no column holds")

_TABLES = (
    Table(
        "pulls",
        "One reading of one card's files; the same files read by the same reader are the same"
        " pull.",
        ("pull_id",),
        (
            _text("pull_id", "sha256 of card, file hashes and reader version", True),
            _DATASET,
            _text("card", "the card as it was, canonical JSON", True),
            _map("files", "file name to sha256 of its bytes"),
            _text("reader_version", "version of the reading code", True),
            _text("origin", "folder or URL the files came from", content=False),
            _time("started_at", "when reading began", content=False),
            _time("finished_at", "when reading ended", content=False),
        ),
    ),
    Table(
        "ledger",
        "What became of the rows of a pull: read = kept + duplicate + quarantined.",
        ("pull_id", "table_name"),
        (
            _text("pull_id", "the pull", True),
            _text("table_name", "the table the rows were for", True),
            _count("read", "rows read", True),
            _count("kept", "rows written", True),
            _count("duplicate", "rows whose key and content were there already", True),
            _count("quarantined", "rows set aside, each with its reason", True),
        ),
    ),
    Table(
        "accounts",
        "One observation of an account; the latest is an expression, never a stored view.",
        ("dataset", "account_id", "observed_at"),
        (
            _DATASET,
            _ACCOUNT,
            _time(
                "observed_at",
                "when the account looked like this; NULL where the source does not say",
            ),
            _text("platform", "twitter, vk, weibo, ...", True),
            _text("handle", "screen name without @"),
            _text("display_name", "name shown"),
            _text("bio", "description"),
            _text("location", "place as written"),
            _text("url", "link of the profile"),
            _time("created_at", "when the account was made"),
            _count("followers", "accounts following it"),
            _count("following", "accounts it follows"),
            _count("posts_total", "posts the platform counts"),
            _count("likes_total", "likes it gave"),
            _count("listed", "lists it is on"),
            _flag("verified", "verified by the platform"),
            _flag("protected", "posts not public"),
            _flag("default_profile", "profile design never changed"),
            _flag("default_avatar", "no picture of its own"),
            _text("avatar_phash", "perceptual hash of the picture, 16 hex digits"),
            _text("lang", "language code of the account"),
            _text("status", "what the platform says of it", words=Status),
            _map(
                "extra",
                "what the source said and no column holds; `handle_length`, `display_name_length`"
                " and `bio_length` (characters) stand here where a source gives the length and not"
                " the text",
            ),
            _PULL,
        ),
    ),
    Table(
        "posts",
        "One post.",
        ("dataset", "post_id"),
        (
            _DATASET,
            _text("post_id", "the platform's id as text, or `<member>:<row from 1>`", True),
            _text("account_id", "who wrote it", True),
            _time("created_at", "when it was written"),
            _text("text", "exactly as given"),
            _text("lang", "language code"),
            _text("kind", "what sort of post", words=PostKind),
            _text("ref_post_id", "the post it reposts, replies to or quotes"),
            _text(
                "ref_account_id",
                "whose post that is (id, or @handle in lower case where only that is known)",
            ),
            _list("hashtags", "without #, as written"),
            _list("urls", "links in it"),
            _list("mentions", "handles or ids mentioned, without @"),
            _text("source_app", "the client it was sent with"),
            _count("reposts", "times it was reposted"),
            _count("likes", "likes it got"),
            _count("replies", "replies it got"),
            _count("quotes", "times it was quoted"),
            _EXTRA,
            _PULL,
        ),
    ),
    Table(
        "edges",
        "A tie that a source states; ties read off posts are derived, not stored.",
        ("dataset", "source_id", "target_id", "kind"),
        (
            _DATASET,
            _text("source_id", "who follows, reposts, mentions", True),
            _text("target_id", "who is followed, reposted, mentioned", True),
            _text("kind", "follows, reposts, mentions, ...", True),
            Column("weight", "DOUBLE", "how often or how strongly", minimum=0),
            _time("first_at", "when it was first seen"),
            _PULL,
        ),
    ),
    Table(
        "avatars",
        "Our own small copy of a profile picture, re-encoded so that nothing but the picture is"
        " in it.",
        ("dataset", "account_id", "sha256"),
        (
            _DATASET,
            _ACCOUNT,
            _text("sha256", "sha256 of the file that it was made from", True),
            _text("picture", "WebP of at most 96 x 96 pixels, base64", True),
            _text("phash", "perceptual hash of the file's picture, 16 hex digits", True),
            _count("width", "width of the file's picture, pixels", True),
            _count("height", "height of the file's picture, pixels", True),
            _time("seen_at", "when the account had it; NULL where nobody says"),
        ),
    ),
    Table(
        "quarantine",
        "A row set aside, never dropped.",
        ("pull_id", "table_name", "row"),
        (
            _text("pull_id", "the pull", True),
            _text("table_name", "the table it was for", True),
            _text("row", "where it stood: `<member>:<row>`", True),
            _text("reason", "a code such as float_id or key_conflict", True),
            _text("message", "what was wrong, in a sentence", True),
            _text("raw", "the row as it was read"),
        ),
    ),
    Table(
        "claims",
        "Somebody said something of an account, at a time, on the evidence seen then: appended,"
        " never overwritten.",
        ("claim_id",),
        (
            _text("claim_id", "sha256 of the canonical JSON of what was claimed", True),
            _DATASET,
            _ACCOUNT,
            _text("claimant", "who says so", True),
            _text("claimant_kind", "what sort of claimant", True, ClaimantKind),
            _text("answer", "the answer, in the scheme's words; NULL in a bare retraction"),
            _list("kinds", "kinds of bot"),
            _share("confidence", "the claimant's own certainty"),
            _list("reasons", "codes of the code book"),
            _text("note", "free text"),
            _time("evidence_at", "the observation that was seen"),
            _text("batch_id", "the batch it was asked in"),
            _text("scheme_version", "the scheme it was answered under"),
            _text("card_hash", "sha256 of the card that was shown"),
            Column("scores_shown", "BOOLEAN", "whether detector scores were on the card"),
            _time("made_at", "when it was said"),
            Column("lead_time_s", "DOUBLE", "seconds it took", minimum=0),
            _map("attributes", "quality, stratum, part, annotation id and revision, ..."),
            _text("retracts", "the claim_id this one takes back"),
            _PULL,
        ),
    ),
    Table(
        "batches",
        "A drawn set of accounts to look at.",
        ("batch_id",),
        (
            _text("batch_id", "sha256 of what determines the draw, shortened", True),
            _DATASET,
            _text(
                "design", "the canonical design string, such as stratified(by=lang, n=100)", True
            ),
            _count("seed", "the draw's seed", True),
            _count("population", "accounts that could be drawn", True),
            _count("size", "accounts drawn", True),
            _count("copies", "people asked for each account", True),
            _count("drawn_from", "the store version it was drawn from", True),
            _time("made_at", "when it was drawn", content=False),
            _text(
                "purpose",
                "what it is for; NULL is a sample. Only samples are probability samples for"
                " estimates",
                words=Purpose,
            ),
            _text(
                "joint",
                "how joint inclusion probabilities follow: n_h(n_h-1)/(N_h(N_h-1)) within a stratum"
                " and products across, or products everywhere (Poisson sampling); NULL where it was"
                " not drawn by chance",
                words=Joint,
            ),
            _map(
                "strata",
                "stratum to what it was drawn from, as JSON: population, size, lowest and highest"
                " probability",
            ),
            _text("scores", "sha256 of the scores that the design used"),
            _text("of_batch", "the batch that an adjudication or a training belongs to"),
        ),
    ),
    Table(
        "assignments",
        "One account of a batch, once for each copy asked for.",
        ("batch_id", "account_id", "copy"),
        (
            _text("batch_id", "the batch", True),
            _ACCOUNT,
            _count("copy", "from 1 to the batch's copies", True),
            _text("stratum", "the stratum it was drawn from"),
            _share(
                "inclusion_probability",
                "probability of being in the batch, conditional on earlier batches; NULL where part"
                " is not sample",
            ),
            _text("annotator", "who was asked; NULL for whoever comes"),
            _text(
                "part",
                "what the account is there for; NULL is sample. Gold hidden among a sample has the"
                " part gold",
                words=Purpose,
            ),
            Column(
                "scores_shown",
                "BOOLEAN",
                "whether its card shows detector scores, to measure how much they sway people",
            ),
        ),
    ),
    Table(
        "seats",
        "Who is asked for one copy of an account, change by change: the highest revision counts.",
        ("batch_id", "account_id", "copy", "revision"),
        (
            _text("batch_id", "the batch", True),
            _ACCOUNT,
            _count("copy", "which copy", True),
            _count("revision", "1, 2, ... as people join, leave or report", True),
            _text(
                "annotator",
                "the pseudonym of who is asked; NULL where the account was taken out of everybody's"
                " queue",
            ),
            _text("why", "pushed, joined, left, set aside, reported", True),
            _time("made_at", "when it was so decided", content=False),
        ),
    ),
    Table(
        "annotation_log",
        "Every state of every annotation that was seen: without it neither an edit nor a deletion"
        " can be told.",
        ("server", "project", "annotation_id", "updated_at", "event"),
        (
            _text("server", "the Label Studio server, or the export's own name", True),
            _text("project", "project id", True),
            _text("annotation_id", "annotation id", True),
            _time("updated_at", "its revision"),
            _text("event", "what was seen", True, LogEvent),
            _text("payload_hash", "sha256 of the annotation's JSON", True),
            _text("claim_id", "the claim it became"),
            _text("batch_id", "the batch it was asked in"),
            _text("account_key", "the opaque key that stood for the account"),
            _text("claimant", "the pseudonym of who said so"),
            _text("task", "the server's number of the task"),
            _text("number", "the server's number of the annotation"),
            _text("reason", "why it was rejected"),
            Column("lead_time_s", "DOUBLE", "seconds it took", minimum=0),
        ),
    ),
    Table(
        "labels",
        "What the claims of an account come to, under one method; can always be recomputed.",
        ("consensus_id", "dataset", "account_id"),
        (
            _text("consensus_id", "sha256 of method, scheme and the claims used, shortened", True),
            _DATASET,
            _ACCOUNT,
            _text(
                "label", "bot or human; NULL where it is not judged", words=Literal["bot", "human"]
            ),
            _share("p_bot", "probability of bot"),
            _share(
                "p_low",
                "lower end of the 95 % posterior interval of p_bot; NULL where the method has none",
                later=True,
            ),
            _share("p_high", "upper end of it", later=True),
            _count("n_claims", "votes counted, one for each claimant", True),
            _text("status", "how settled it is", True, LabelStatus),
            _text("method", "how it was computed", True),
        ),
    ),
    Table(
        "consensus_runs",
        "Which consensus of a data set counts: the last one asked for, even where its labels were"
        " there.",
        ("dataset", "run"),
        (
            _DATASET,
            _count("run", "1, 2, ... within the data set; the highest is the newest", True),
            _text("consensus_id", "the consensus asked for", True),
            _time("made_at", "when it was asked for", content=False),
        ),
    ),
    Table(
        "splits",
        "Which part an account is in.",
        ("split_id", "dataset", "account_id"),
        (
            _text(
                "split_id", "canonical split string, such as official or stratified(seed=0)", True
            ),
            _DATASET,
            _ACCOUNT,
            _text("part", "train, validation or test", True, Part),
        ),
    ),
    Table(
        "releases",
        "A frozen data set.",
        ("name", "version"),
        (
            _text("name", "the release's name", True),
            _count("version", "1, 2, ...", True),
            _DATASET,
            _count("snapshot_id", "the store version it was frozen from", True),
            _text("content_hash", "sha256 over its canonical rows", True),
            _text("consensus_id", "the consensus its labels come from", True),
            _text("suite_result", "passed, or failed and accepted", True),
            _text("accepted", "the reason given for accepting failed validation"),
            _text("parent", "the release version it follows"),
            _text("notes", "free text"),
            _time("made_at", "when it was frozen", content=False),
        ),
        of_versions=True,
    ),
    Table(
        "tags",
        "A name for a version, always read at the head.",
        ("name",),
        (
            _text("name", "the tag", True),
            _count("version", "the store version it names", True),
            _time("made_at", "when it was set", content=False),
        ),
        of_versions=True,
    ),
    Table(
        "validations",
        "A validation that was run: what it looked at, and what it came to. The same result again"
        " adds no row.",
        ("validation_id",),
        (
            _text(
                "validation_id",
                "sha256 of data set, version, rules and everything found, shortened",
                True,
            ),
            _DATASET,
            _count("version", "the version that brought what was looked at", True),
            _text(
                "release",
                "the release whose files were looked at; NULL where it was the store's tables",
            ),
            _text("outcome", "whether every suite passed", True, ValidationOutcome),
            _text("rules", "sha256 of the rules that were run, shortened", True),
            _map(
                "suites",
                "suite to what became of it, as JSON: outcome, rows, checks run, broken, errors,"
                " warnings",
            ),
            _time("made_at", "when it was run", content=False),
        ),
        of_versions=True,
    ),
    Table(
        "findings",
        "Who breaks a rule, for each validation: one row for each account, or one for the data set"
        " as a whole.",
        ("validation_id", "suite", "rule", "account_id"),
        (
            _text("validation_id", "the validation", True),
            _text("suite", "the table the rule is about", True),
            _text("rule", "the rule's name", True),
            _text(
                "account_id",
                "the account whose rows break it; NULL where it is not about one account",
            ),
            _count("rows", "rows that break it", True),
            _text("detail", "the first of them, in words"),
            _text("severity", "whether it stands in the way of a release", True, Severity),
            Column("known", "BOOLEAN", "whether the data set's card names it as a known issue"),
        ),
        of_versions=True,
    ),
    Table(
        "tombstones",
        "What remains of an erased account: a salted hash, by which it is not pulled again. The"
        " salt stays in the store's folder.",
        ("tombstone",),
        (
            _text(
                "tombstone",
                "first 24 hex digits of the salted sha256 of platform and id, or of platform and"
                " handle",
                True,
            ),
            _text("reason", "why it was erased, in words that do not name it"),
            _time("erased_at", "when", content=False),
        ),
        of_versions=True,
    ),
    Table(
        "retractions_set_aside",
        "A retraction that retracts nothing, because it names another claimant's claim.",
        ("claim_id",),
        (
            _text("claim_id", "the retraction's own claim_id", True),
            _DATASET,
            _ACCOUNT,
            _text("retracts", "the claim_id that it names", True),
            _text("reason", "a code: foreign_retraction", True),
            _text("message", "what is wrong, in a sentence", True),
            _text(
                "raw",
                "the row as it was offered, as JSON; NULL where it was in `claims` before such rows"
                " were set aside, and still is",
            ),
            _time("set_aside_at", "when", content=False),
        ),
        of_versions=True,
    ),
    Table(
        "predictions",
        "What a detector said of an account: the result, of which metrics are a view. Parquet"
        " beside the run.",
        ("run_key", "dataset", "account_id", "repeat"),
        (
            _text("run_key", "the cell's key", True),
            _DATASET,
            _ACCOUNT,
            _count("repeat", "which repeat of the protocol, from 0", True),
            _share(
                "p_bot", "score, higher is more bot-like; NULL where the detector had no evidence"
            ),
            Column(
                "threshold",
                "DOUBLE",
                "bot where p_bot >= threshold; chosen on the training part",
                True,
            ),
            _count("fold", "which fold of the repeat, from 0", True),
            Column(
                "seconds",
                "DOUBLE",
                "scoring time of the fold shared over its accounts",
                minimum=0,
                content=False,
            ),
        ),
        stored=False,
    ),
)

TABLES: dict[str, Table] = {t.name: t for t in _TABLES}
STORED: dict[str, Table] = {t.name: t for t in _TABLES if t.stored}


def ddl(table: Table, prefix: str = "") -> str:
    """`CREATE TABLE` for DuckDB and DuckLake (which knows NOT NULL but no keys).

    >>> ddl(TABLES["tags"])
    'CREATE TABLE IF NOT EXISTS "tags" ("name" VARCHAR NOT NULL, "version" BIGINT NOT NULL, "made_at" TIMESTAMPTZ)'
    """
    columns = ", ".join(
        f'"{c.name}" {c.type}{" NOT NULL" if c.required else ""}' for c in table.columns
    )
    return f'CREATE TABLE IF NOT EXISTS {prefix}"{table.name}" ({columns})'


def arrow_schema(table: Table) -> pa.Schema:
    """The Arrow schema: text as string, times as microseconds in UTC, lists and maps of strings."""
    import pyarrow as pa

    types = {
        "VARCHAR": pa.string(),
        "BIGINT": pa.int64(),
        "DOUBLE": pa.float64(),
        "BOOLEAN": pa.bool_(),
        "TIMESTAMPTZ": pa.timestamp("us", tz="UTC"),
        "VARCHAR[]": pa.list_(pa.string()),
        EXTRA: pa.map_(pa.string(), pa.string()),
    }
    return pa.schema(
        [pa.field(c.name, types[c.type], nullable=not c.required) for c in table.columns]
    )


def reference_page() -> str:
    """The reference page of tables, as Markdown (docs/tables.md is this, and a test keeps it so)."""
    lines = [
        "# Tables",
        "",
        "Made from `curation/store/schema.py` by `botbench tables`; do not edit.",
        "",
    ]
    for table in _TABLES:
        where = "" if table.stored else " (Parquet, not in the store)"
        lines += [
            f"## {table.name}{where}",
            "",
            table.meaning,
            "",
            f"Key: {', '.join(table.key)}.",
            "",
            "| column | type | meaning |",
            "| --- | --- | --- |",
        ]
        for c in table.columns:
            rules = [f"one of {', '.join(c.vocabulary)}"] if c.vocabulary else []
            rules += ["required"] if c.required else []
            tail = f" ({'; '.join(rules)})" if rules else ""
            lines.append(f"| {c.name} | {c.type} | {c.meaning}{tail} |")
        lines.append("")
    return "\n".join(lines)


def rows(table: str, records: list[dict[str, object]]) -> pa.Table:
    """A few records as an Arrow table of the schema; absent columns are NULL, maps may be dicts.

    Raises ValueError naming a column the table does not have.
    """
    import pyarrow as pa

    wanted = TABLES[table]
    for name in {n for record in records for n in record} - set(wanted.names):
        raise ValueError(f"table {table} has no column {name}")
    plain = [
        {n: sorted(v.items()) if isinstance(v, dict) else v for n, v in record.items()}
        for record in records
    ]
    return pa.Table.from_pylist(plain, schema=arrow_schema(wanted))
