"""Tables of labelling: claims, what people were asked, and the labels from the claims."""

from __future__ import annotations

from typing import Literal

from curation.store.schema.columns import (
    ACCOUNT,
    DATASET,
    PULL,
    ClaimantKind,
    Column,
    Joint,
    LabelStatus,
    LogEvent,
    Purpose,
    Table,
    count,
    share,
    text,
    text_map,
    texts,
    time,
)

LABELLED = (
    Table(
        "claims",
        "Somebody said something of an account, at a time, on the evidence seen then: appended,"
        " never overwritten.",
        ("claim_id",),
        (
            text("claim_id", "sha256 of the canonical JSON of what was claimed", True),
            DATASET,
            ACCOUNT,
            text("claimant", "who says so", True),
            text("claimant_kind", "what sort of claimant", True, ClaimantKind),
            text("answer", "the answer, in the scheme's words; NULL in a bare retraction"),
            texts("kinds", "kinds of bot"),
            share("confidence", "the claimant's own certainty"),
            texts("reasons", "codes of the code book"),
            text("note", "free text"),
            time("evidence_at", "the observation that was seen"),
            text("batch_id", "the batch it was asked in"),
            text("scheme_version", "the scheme it was answered under"),
            text("card_hash", "sha256 of the card that was shown"),
            Column("scores_shown", "BOOLEAN", "whether detector scores were on the card"),
            time("made_at", "when it was said"),
            Column("lead_time_s", "DOUBLE", "seconds it took", minimum=0),
            text_map("attributes", "quality, stratum, part, annotation id and revision, ..."),
            text("retracts", "the claim_id this one takes back"),
            PULL,
        ),
    ),
    Table(
        "batches",
        "A drawn set of accounts to look at.",
        ("batch_id",),
        (
            text("batch_id", "sha256 of what determines the draw, shortened", True),
            DATASET,
            text("design", "the canonical design string, such as stratified(by=lang, n=100)", True),
            count("seed", "the draw's seed", True),
            count("population", "accounts that could be drawn", True),
            count("size", "accounts drawn", True),
            count("copies", "people asked for each account", True),
            count("drawn_from", "the store version it was drawn from", True),
            time("made_at", "when it was drawn", content=False),
            text(
                "purpose",
                "what it is for; NULL is a sample. Only samples are probability samples for"
                " estimates",
                words=Purpose,
            ),
            text(
                "joint",
                "how joint inclusion probabilities follow: n_h(n_h-1)/(N_h(N_h-1)) within a stratum"
                " and products across, or products everywhere (Poisson sampling); NULL where it was"
                " not drawn by chance",
                words=Joint,
            ),
            text_map(
                "strata",
                "stratum to what it was drawn from, as JSON: population, size, lowest and highest"
                " probability",
            ),
            text("scores", "sha256 of the scores that the design used"),
            text("of_batch", "the batch that an adjudication or a training belongs to"),
        ),
    ),
    Table(
        "assignments",
        "One account of a batch, once for each copy asked for.",
        ("batch_id", "account_id", "copy"),
        (
            text("batch_id", "the batch", True),
            ACCOUNT,
            count("copy", "from 1 to the batch's copies", True),
            text("stratum", "the stratum it was drawn from"),
            share(
                "inclusion_probability",
                "probability of being in the batch, conditional on earlier batches; NULL where part"
                " is not sample",
            ),
            text("annotator", "who was asked; NULL for whoever comes"),
            text(
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
            text("batch_id", "the batch", True),
            ACCOUNT,
            count("copy", "which copy", True),
            count("revision", "1, 2, ... as people join, leave or report", True),
            text(
                "annotator",
                "the pseudonym of who is asked; NULL where the account was taken out of everybody's"
                " queue",
            ),
            text("why", "pushed, joined, left, set aside, reported", True),
            time("made_at", "when it was so decided", content=False),
        ),
    ),
    Table(
        "annotation_log",
        "Every state of every annotation that was seen: without it neither an edit nor a deletion"
        " can be told.",
        ("server", "project", "annotation_id", "updated_at", "event"),
        (
            text("server", "the Label Studio server, or the export's own name", True),
            text("project", "project id", True),
            text("annotation_id", "annotation id", True),
            time("updated_at", "its revision"),
            text("event", "what was seen", True, LogEvent),
            text("payload_hash", "sha256 of the annotation's JSON", True),
            text("claim_id", "the claim it became"),
            text("batch_id", "the batch it was asked in"),
            text("account_key", "the opaque key that stood for the account"),
            text("claimant", "the pseudonym of who said so"),
            text("task", "the server's number of the task"),
            text("number", "the server's number of the annotation"),
            text("reason", "why it was rejected"),
            Column("lead_time_s", "DOUBLE", "seconds it took", minimum=0),
        ),
    ),
    Table(
        "labels",
        "What the claims of an account come to, under one method; can always be recomputed.",
        ("consensus_id", "dataset", "account_id"),
        (
            text("consensus_id", "sha256 of method, scheme and the claims used, shortened", True),
            DATASET,
            ACCOUNT,
            text(
                "label", "bot or human; NULL where it is not judged", words=Literal["bot", "human"]
            ),
            share("p_bot", "probability of bot"),
            share(
                "p_low",
                "lower end of the 95 % posterior interval of p_bot; NULL where the method has none",
                later=True,
            ),
            share("p_high", "upper end of it", later=True),
            count("n_claims", "votes counted, one for each claimant", True),
            text("status", "how settled it is", True, LabelStatus),
            text("method", "how it was computed", True),
        ),
    ),
    Table(
        "consensus_runs",
        "Which consensus of a data set counts: the last one asked for, even where its labels were"
        " there.",
        ("dataset", "run"),
        (
            DATASET,
            count("run", "1, 2, ... within the data set; the highest is the newest", True),
            text("consensus_id", "the consensus asked for", True),
            time("made_at", "when it was asked for", content=False),
        ),
    ),
)
