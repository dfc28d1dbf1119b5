"""Tables of splits, releases, validations, tombstones and predictions."""

from __future__ import annotations

from curation.store.schema.columns import (
    ACCOUNT,
    DATASET,
    Column,
    Part,
    Severity,
    Table,
    ValidationOutcome,
    count,
    flag,
    share,
    text,
    text_map,
    time,
)

VERSIONED = (
    Table(
        "splits",
        "Which part an account is in.",
        ("split_id", "dataset", "account_id"),
        (
            text(
                "split_id", "canonical split string, such as official or stratified(seed=0)", True
            ),
            DATASET,
            ACCOUNT,
            text("part", "train, validation or test", True, Part),
        ),
    ),
    Table(
        "releases",
        "A frozen data set.",
        ("name", "version"),
        (
            text("name", "the release's name", True),
            count("version", "1, 2, ...", True),
            DATASET,
            count("snapshot_id", "the store version it was frozen from", True),
            text("content_hash", "sha256 over its canonical rows", True),
            text("consensus_id", "the consensus its labels come from", True),
            text("suite_result", "passed, or failed and accepted", True),
            text("accepted", "the reason given for accepting failed validation"),
            text("parent", "the release version it follows"),
            text("notes", "free text"),
            time("made_at", "when it was frozen", content=False),
        ),
        of_versions=True,
    ),
    Table(
        "tags",
        "A name for a version, always read at the head.",
        ("name",),
        (
            text("name", "the tag", True),
            count("version", "the store version it names", True),
            time("made_at", "when it was set", content=False),
        ),
        of_versions=True,
    ),
    Table(
        "validations",
        "A validation that was run: what it looked at, and what it came to. The same result again"
        " adds no row.",
        ("validation_id",),
        (
            text(
                "validation_id",
                "sha256 of data set, version, rules and everything found, shortened",
                True,
            ),
            DATASET,
            count("version", "the version that brought what was looked at", True),
            text(
                "release",
                "the release whose files were looked at; NULL where it was the store's tables",
            ),
            text("outcome", "whether every suite passed", True, ValidationOutcome),
            text("rules", "sha256 of the rules that were run, shortened", True),
            text_map(
                "suites",
                "suite to what became of it, as JSON: outcome, rows, checks run, broken, errors,"
                " warnings",
            ),
            time("made_at", "when it was run", content=False),
        ),
        of_versions=True,
    ),
    Table(
        "findings",
        "Who breaks a rule, for each validation: one row for each account, or one for the data set"
        " as a whole.",
        ("validation_id", "suite", "rule", "account_id"),
        (
            text("validation_id", "the validation", True),
            text("suite", "the table the rule is about", True),
            text("rule", "the rule's name", True),
            text(
                "account_id",
                "the account whose rows break it; NULL where it is not about one account",
            ),
            count("rows", "rows that break it", True),
            text("detail", "the first of them, in words"),
            text("severity", "whether it stands in the way of a release", True, Severity),
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
            text(
                "tombstone",
                "first 24 hex digits of the salted sha256 of platform and id, or of platform and"
                " handle",
                True,
            ),
            text("reason", "why it was erased, in words that do not name it"),
            time("erased_at", "when", content=False),
        ),
        of_versions=True,
    ),
    Table(
        "retractions_set_aside",
        "A retraction that retracts nothing, because it names another claimant's claim.",
        ("claim_id",),
        (
            text("claim_id", "the retraction's own claim_id", True),
            DATASET,
            ACCOUNT,
            text("retracts", "the claim_id that it names", True),
            text("reason", "a code: foreign_retraction", True),
            text("message", "what is wrong, in a sentence", True),
            text(
                "raw",
                "the row as it was offered, as JSON; NULL where it was in `claims` before such rows"
                " were set aside, and still is",
            ),
            time("set_aside_at", "when", content=False),
        ),
        of_versions=True,
    ),
    Table(
        "predictions",
        "What a detector said of an account: the result, of which metrics are a view. Parquet"
        " beside the run.",
        ("run_key", "dataset", "account_id", "repeat"),
        (
            text("run_key", "the cell's key", True),
            DATASET,
            ACCOUNT,
            count("repeat", "which repeat of the protocol, from 0", True),
            share(
                "p_bot", "score, higher is more bot-like; NULL where the detector had no evidence"
            ),
            Column(
                "threshold",
                "DOUBLE",
                "bot where p_bot >= threshold; chosen on the training part",
                True,
            ),
            count("fold", "which fold of the repeat, from 0", True),
            Column(
                "seconds",
                "DOUBLE",
                "scoring time of the fold shared over its accounts",
                minimum=0,
                content=False,
            ),
            flag(
                "abstained",
                "whether the detector says that it cannot tell; missing in cells of earlier"
                " versions",
            ),
        ),
        stored=False,
    ),
)
