"""The report of an operation: its sections, and the JSON document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.study.operation import activity, members, rank_rows, together
from benchmarks.study.operation.amplified import amplified, passed_on, sites
from benchmarks.study.operation.differences import differences
from benchmarks.study.operation.members import Members
from benchmarks.study.operation.notes import notes
from benchmarks.study.operation.opening import opening
from benchmarks.study.operation.pushed import every_row, pushed, robustness
from benchmarks.study.operation.rank_rows import Ranking, Settings
from benchmarks.study.questions import Answer, Figure, Table

if TYPE_CHECKING:
    from benchmarks.study.study import Study


@dataclass(frozen=True)
class Section:
    """One part of the page."""

    name: str
    title: str
    answer: Answer


@dataclass(frozen=True)
class Operation:
    """An operation's answers: ranking, rates, groups (documents), the path of the network, and the
    sections of its page.
    """

    study: Study
    members: Members
    ranking: Ranking
    rates: list[tuple[str, str, int]]
    groups: list[dict[str, Any]]
    network: str
    sections: tuple[Section, ...]
    notes: tuple[str, ...]

    @property
    def leads(self) -> list[tuple[Section, str]]:
        """The answer of each section in a sentence."""
        return [(s, s.answer.lead) for s in self.sections if s.answer.lead]

    @property
    def pieces(self) -> list[Figure | Table]:
        """Every figure and table, also the rankings that stand in files alone."""
        of_page = [
            b for s in self.sections for b in s.answer.blocks if isinstance(b, Figure | Table)
        ]
        return [*of_page, *every_row(self.ranking)]

    def document(self, report: str) -> dict[str, Any]:
        """The contract of `botbench study FILE --json` with `kind: operation`."""
        return {
            "campaign": self.study.campaign.name,
            "kind": "operation",
            "accounts": len(self.members.ids),
            "posts": int(self.members.posts.sum()),
            "ranking": [r.document() for r in self.ranking.rows],
            "rates": [{"account": a, "day": d, "posts": n} for a, d, n in self.rates],
            "groups": self.groups,
            "network": self.network,
            "report": report,
            "simulated": self.study.simulated,
            "notes": list(self.notes),
            "provenance": self.study.provenance,
        }


def ask(study: Study, folder: Path, done: Callable[[str], None] = lambda _: None) -> Operation:
    """Answer everything about an operation; the network is written into `folder`.

    Raises UserError if the cohort has no account or posted nothing in the window.
    """
    campaign = study.campaign
    settings = Settings.read(campaign.settings.get("operation", {}), campaign.seed)
    found = members.read(study)
    ranking = rank_rows.rank(found, settings, campaign.events, done)
    network = together.network(found, lambda trace: done(f"Acting together: {trace}"))
    acting = network.groups()
    done("Rates, categories, sites")
    sections = (
        Section("missing", "What is missing", opening(found, ranking)),
        Section("pushed", "What it pushed when", pushed(ranking, campaign.events, settings.top)),
        Section("doubt", "If the list of accounts is wrong", robustness(ranking, found.size)),
        Section("categories", "How its parts differ", differences(found)),
        Section("amplified", "Whom it amplified", amplified(found)),
        Section("spread", "How one text spread", passed_on(found)),
        Section("pace", "Who posted how often", activity.pace(found)),
        Section("sites", "Which sites it linked to", sites(found)),
        Section("span", "When it began and stopped", activity.span(found, campaign.events)),
        Section("groups", "Who acted together", together.answer(network, acting)),
    )
    return Operation(
        study,
        found,
        ranking,
        activity.rates(found),
        acting,
        str(network.write(folder)),
        tuple(s for s in sections if s.answer.blocks),
        tuple(notes(found)),
    )
