"""`botbench.study`: how much of a campaign is bots, from frames or from a store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from botbench.api.base import drawn, given, survey_frames
from botbench.api.base.shown import Shown, grid
from botbench.core.errors import UserError
from botbench.html.fragment import Fragment, Grid
from botbench.text import numbers
from botbench.text.numbers import counted

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.study.estimators.estimate import Estimate, Sized
    from benchmarks.study.estimators.labelled_sample import LabelledSample
    from benchmarks.study.report.answers import Answers
    from curation.store.store import Store


FLAGGED = "Upright line: what the detector flags, not corrected for its errors."


class Study(Shown):
    """The shares of a campaign that are bots, each with its interval.

    `estimates` are rows as in `botbench study --json`, the ones to quote first; `refused` says what
    is not given and why; `notes` what is odd about what was given. `report` is the page of a study
    from a store, else None.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = dict(document)
        self.estimates: list[dict[str, Any]] = list(self.document["estimates"])
        self.refused: list[dict[str, str]] = list(self.document["refused"])
        self.notes: list[str] = list(self.document["notes"])
        self.report = self.document["report"]

    @property
    def simulated(self) -> bool:
        """Whether the accounts were made by a program."""
        return bool(self.document.get("simulated"))

    def frame(self) -> pd.DataFrame:
        """A row an estimate: quantity, group, method, value, low, high, naive, n_labelled, few, ...

        `naive` is the share that the detector flags, not corrected; `default` marks the one to
        quote; `worst_low` and `worst_high` assume nothing of those without an answer.
        """
        import pandas as pd

        columns = [
            *("quantity", "group", "method", "value", "low", "high", "naive", "n_labelled"),
            *("n_bots_labelled", "n_errors_labelled", "few", "default", "worst_low", "worst_high"),
        ]
        return pd.DataFrame(self.estimates, columns=columns)

    def to_dict(self) -> dict[str, Any]:
        """The document of `botbench study --json`."""
        return self.document

    def view(self) -> Fragment:
        """The shares to quote as a chart, every method as a table, and what is refused."""
        name = self.document.get("campaign") or "these accounts"
        quoted = [e for e in self.estimates if e["default"]]
        accounts = counted(self.document["accounts"], "account")
        columns = ["quantity", "group", "method", "value", "low", "high", "naive", "few"]
        assumed = list(dict.fromkeys(said for e in quoted for said in e["assumptions"]))
        rows = grid(self.frame()[columns], "every method", folded=True)
        assumptions = Grid(
            "assumptions", ["what the intervals assume"], [[a] for a in assumed], True
        )
        return Fragment(
            f"How much of {name} is bots: {accounts}",
            sentences=[*self.notes, *([FLAGGED] if any(e["naive"] for e in quoted) else [])],
            warnings=[f"Not given: {r['quantity']}: {r['reason']}" for r in self.refused[:5]],
            simulated=self.simulated,
            charts=[drawn.shares(quoted, "share of bots with its 95 % interval")] if quoted else [],
            tables=[rows, assumptions] if quoted else [],
            more=".frame()",
        )

    def __repr__(self) -> str:
        """Each share to quote with its interval, and what is refused."""
        simulated = " (simulated)" if self.simulated else ""
        name = self.document.get("campaign") or "frames"
        lines = [f"Study of {name}{simulated}: {counted(self.document['accounts'], 'account')}"]
        for e in self.estimates:
            if e["default"]:
                group = f" ({e['group']})" if e["group"] else ""
                flagged = "" if e["naive"] is None else f"; flagged {numbers.share(e['naive'])}"
                few = "; few" if e["few"] else ""
                share = numbers.share_interval(e["value"], e["low"], e["high"])
                lines.append(f"{e['quantity']}{group}: {share} by {e['method']}{flagged}{few}")
        lines += [f"not given: {r['quantity']}: {r['reason']}" for r in self.refused]
        return "\n".join([*lines, *self.notes])


def study(
    accounts: Any,
    sample: Any,
    scores: Any = None,
    sizes: Any = None,
    *,
    threshold: float = 0.5,
) -> Study:
    """The bots' share of a campaign's accounts (and posts) from an annotated probability sample.

    `accounts` is everybody: a frame with `account_id`, and `size` where there is one (the number of
    posts), or an array of ids. `sample` is who was drawn: `account_id`, `label` (bot, human; 1, 0;
    None without an answer) and `probability`, with which the account was drawn (0 to 1], and where
    the draw was stratified `stratum`. `scores` are a detector's, made without these labels: a frame
    with `account_id` and `p_bot`, or an array [accounts] (NaN where there is none). `sizes` is an
    array [accounts] or a frame with `account_id` and one column a quantity, such as `posts`.
    `threshold` is the least score that is flagged.

    `.estimates` has the share of accounts and of each quantity, by the method to quote (`default`),
    then by the others: docs/study.md. Where few distinct probabilities occur, or strata are named,
    draws count as simple within them; else as independent. Raises UserError for ids that are
    missing, twice or unknown, for labels that are none, and for probabilities outside (0, 1].

    >>> accounts = [f"a{i}" for i in range(200)]
    >>> drawn = {"account_id": accounts[::2], "label": ["bot", "human", "human", "human"] * 25,
    ...          "probability": [0.5] * 100}
    >>> found = study(accounts, drawn)
    >>> e = found.estimates[0]
    >>> e["quantity"], e["value"], round(e["low"], 2), round(e["high"], 2)
    ('share of accounts', 0.25, 0.2, 0.33)
    """
    from benchmarks.study.estimators.estimate import Estimate, Refused, Sized, estimates

    threshold = given.threshold(threshold)
    ids, own = survey_frames.accounts_of(accounts)
    amounts = survey_frames.sizes_of(sizes, ids, own)
    p = survey_frames.scores_of(scores, ids)
    labelled, notes, strata = survey_frames.sample_of(sample, ids, amounts, p, threshold)
    scored, refused_scores = survey_frames.fair(labelled, p)
    if refused_scores:
        notes.append(refused_scores)
    mean = 0.0 if p is None or np.isnan(p).all() else float(np.nanmean(p))
    filled = None if p is None else np.where(np.isnan(p), mean, p)
    found: list[Estimate] = []
    refused: list[Refused] = []
    for quantity, size in amounts.items():
        sized = Sized(
            quantity,
            None,
            labelled.sizes[quantity],
            float(size.sum()),
            0.0 if filled is None else float(size @ filled),
            None if p is None else float(size @ (np.nan_to_num(p, nan=-1.0) >= threshold)),
            float(size @ size),
        )
        several = list(estimates(labelled, sized, score=scored, others=True))
        found += [_with_heavy(one, labelled, sized) for one in several if isinstance(one, Estimate)]
        refused += [one for one in several if isinstance(one, Refused)]
    found.sort(key=lambda e: not e.default)
    posts = amounts.get("posts")
    return Study(
        {
            "campaign": None,
            "accounts": len(ids),
            "posts": None if posts is None else float(posts.sum()),
            "estimates": [e.document() for e in found],
            "refused": [{"quantity": r.quantity, "reason": r.reason} for r in refused],
            "report": None,
            "simulated": False,
            "notes": notes,
            "strata": strata,
        }
    )


def _with_heavy(one: Estimate, labelled: LabelledSample, sized: Sized) -> Estimate:
    """An estimate with a warning where the sample lacks the heavy accounts."""
    from botbench.stats.rare_errors import heavier

    drawn, size = labelled.sample_for(sized.size), sized.size[labelled.answered]
    if drawn is None or not (size > 0).any() or heavier(drawn, size, sized.squares) <= 1:
        return one
    said = (
        f"The sample has too little of the accounts that carry the {sized.quantity}: the interval"
        " is wide for that reason. Annotate these as well."
    )
    return replace(one, assumptions=(*one.assumptions, said))


def of_campaign(
    store: Store,
    file: str | Path,
    out: str | Path | None = None,
    begun: Callable[[int], object] = lambda _: None,
    done: Callable[[str], None] = lambda _: None,
    *,
    engine: str = "duckdb",
) -> tuple[Answers, Path]:
    """Answer a campaign file's questions on an open store, and write the report's folder.

    `engine` reads the campaign's posts out of the store.
    """
    from benchmarks.study.campaign.load import load
    from benchmarks.study.report import answers, report
    from benchmarks.study.study import Study as Opened

    campaign = load(Path(file))
    if campaign.kind == "operation":
        raise UserError(f"{file}: kind: operation has a report of its own: Workspace.operation.")
    asked = answers.chosen(campaign)
    begun(len(asked) + 1)
    opened = Opened.open(store, campaign, engine)
    done("Reading accounts and posts")
    answered = answers.ask(opened, asked, done)
    folder = Path(out) if out is not None else store.home / "studies" / campaign.name
    return answered, report.write(answered, folder).resolve()
