"""A campaign's definition: which accounts and posts, which groups, which sample, which detector."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BeforeValidator,
    Field,
    field_validator,
    model_validator,
)

from botbench.core.strict_model import StrictModel
from botbench.text.folding import hashtag_key

By = Literal["hashtag", "language", "day", "hour", "status", "column", "rule", "file", "cohort"]
Quantity = Literal["accounts", "posts", "reposts", "likes", "reach"]
QUANTITIES: tuple[Quantity, ...] = get_args(Quantity)


def _moment(value: object) -> object:
    """A date or time, UTC where no zone is given; a date is its first moment."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time.min)
    if isinstance(value, datetime) and value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    return value


def _tag(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not (key := hashtag_key(value)):
        raise ValueError("a hashtag, with or without its #")
    return key


Moment = Annotated[datetime, BeforeValidator(_moment)]
Tag = Annotated[str, BeforeValidator(_tag)]


class Window(StrictModel, populate_by_name=True):
    """From the first moment up to, and without, the last; a date is its first moment (UTC)."""

    start: Moment = Field(alias="from")
    end: Moment = Field(alias="to")

    @model_validator(mode="after")
    def _some_time(self) -> Window:
        if self.end <= self.start:
            raise ValueError("'to' must be after 'from'")
        return self


class Group(StrictModel):
    """One way to divide the campaign.

    `by` divides posts by hashtag, language, day or hour, and accounts by the other values.
    """

    by: By
    name: str = ""
    values: tuple[str, ...] = ()
    top: int = Field(8, ge=1, le=50)
    column: str | None = None
    rules: dict[str, tuple[Tag, ...]] = Field(default_factory=dict)
    file: Path | None = None

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Group:
        needed = {"column": self.column, "rule": self.rules, "file": self.file}
        if self.by in needed and not needed[self.by]:
            what = {
                "column": "'column', an accounts column such as location",
                "file": "'file', a CSV of account_id,group",
                "rule": "'rules', such as {left: [hashtag, ...], right: [...]}",
            }[self.by]
            raise ValueError(f"by: {self.by} needs {what}")
        if self.by != "rule" and self.rules:
            raise ValueError("'rules' belongs to by: rule")
        return self

    @property
    def title(self) -> str:
        """The name of the division in reports."""
        return self.name or self.column or self.by


class Cohort(StrictModel):
    """The accounts that a claim links to an operation.

    `posterior` is a Parquet or CSV of account_id and p, the probability that the account is one of
    them; without it the confidence of its claims, where they have one.
    """

    claimant: str | None = None
    claimant_kind: Literal["person", "dataset", "platform", "rule", "model"] | None = None
    answer: str | None = None
    kind: str | None = None
    file: Path | None = None
    posterior: Path | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Cohort:
        if not any((self.claimant, self.claimant_kind, self.answer, self.kind, self.file)):
            raise ValueError("a cohort needs claimant, claimant_kind, answer, kind or file")
        return self


class Missing(StrictModel):
    """Accounts of the operation whose posts are not in the data set: how many, and why."""

    accounts: int = Field(ge=1)
    why: str = ""


class Detector(StrictModel):
    """Scores of every account, and the detector's errors on other data.

    `scores` is Parquet of account_id, p_bot, threshold, as `botbench predict` writes. `evidence` is
    Parquet or CSV of p_bot and label; sensitivity and specificity can replace it.
    """

    scores: Path
    name: str = ""
    threshold: float | None = Field(None, ge=0, le=1)
    model: Path | None = Field(
        None, description="the folder of the saved detector, for its ledger of training accounts"
    )
    trained_on: tuple[str, ...] = Field(
        (), description="releases it was trained on, where neither file nor folder says so"
    )
    accept_trained_here: bool = False
    evidence: Path | None = None
    sensitivity: float | None = Field(None, ge=0, le=1)
    specificity: float | None = Field(None, ge=0, le=1)
    n_sensitivity: int | None = Field(None, ge=1)
    n_specificity: int | None = Field(None, ge=1)

    @model_validator(mode="after")
    def _both_errors(self) -> Detector:
        if (self.sensitivity is None) != (self.specificity is None):
            raise ValueError("sensitivity and specificity are given together")
        return self


class Campaign(StrictModel):
    """The whole campaign file; `dataset` is the data set in the store.

    `accounts` is `all`, `posting` (accounts that posted in the window, with the hashtags), or a
    file with an id a line. `kind` is `share` (how much of it is bots) or `operation` (what the
    cohort did: docs/operation.md); `events` are days to mark in pictures. `sample` is `all` (every
    sample drawn from the data set), batch ids, `none`, or `labelled` (every labelled account; no
    probability sample).
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    title: str = ""
    kind: Literal["share", "operation"] = "share"
    dataset: str
    events: dict[date, str] = Field(default_factory=dict)
    missing: Missing | None = None
    accounts: Literal["all", "posting"] | Path | None = None
    window: Window | None = None
    hashtags: tuple[Tag, ...] = ()
    groups: tuple[Group, ...] = ()
    over_time: Literal["day", "hour"] | None = "day"
    cohort: Cohort | None = None
    detector: Detector | None = None
    sample: Literal["all", "none", "labelled"] | tuple[str, ...] = "all"
    labels: str | None = Field(None, description="a consensus_id; without it the newest")
    at: str | None = Field(
        None, description="a version, tag or date of the store; without it the newest"
    )
    quantities: tuple[Quantity, ...] = QUANTITIES
    questions: tuple[str, ...] = Field(
        (), description="which questions to answer; without it all that can be"
    )
    settings: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="options of single questions, by name"
    )
    seed: int = Field(0, ge=0)

    @field_validator("groups", mode="before")
    @classmethod
    def _short_groups(cls, value: Any) -> Any:
        return (
            [{"by": v} if isinstance(v, str) else v for v in value]
            if isinstance(value, list)
            else value
        )

    @field_validator("sample", mode="before")
    @classmethod
    def _one_batch(cls, value: Any) -> Any:
        return (
            (value,)
            if isinstance(value, str) and value not in {"all", "none", "labelled"}
            else value
        )

    @field_validator("at", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return value if value is None else str(value)

    @property
    def only_posting(self) -> bool:
        """Whether an account belongs to the campaign through its posts."""
        return self.accounts == "posting" or (
            self.accounts is None and bool(self.hashtags or self.window)
        )
