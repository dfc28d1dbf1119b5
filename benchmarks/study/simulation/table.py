"""The coverage table as Markdown: what holds, and what fails shown as failing."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.study.simulation.coverage import (
    ALONE,
    CASES,
    DEFAULT,
    HELD,
    NORMAL,
    PLAIN,
    POWERED,
    ROGAN,
    TRUSTING,
    Row,
)
from benchmarks.study.simulation.worlds import ACCOUNTS, DETECTORS, Setting

METHODS = (DEFAULT, ALONE, NORMAL, POWERED, PLAIN)
TITLES = {
    "accounts": "Share of accounts, from a uniform sample",
    "posts": "Share of posts, from a sample in proportion to posts",
    "posts, uniform sample": "Share of posts, from a uniform sample (what the product warns of)",
}

HEAD = """# Coverage of the intervals of `botbench study`

Made by `{command}`; do not edit. All of it is simulated.

Each cell: the share of {campaigns:,} campaigns whose 95 % interval held the true share, and in
brackets the interval's median width. **✗ marks a coverage below {held:.2f} by more than two Monte
Carlo errors** ({error:.4f} each). A campaign is a sample from a world of {accounts:,} accounts (a
new world every 100 campaigns); posts are lognormal (sigma 1.2), bots post 1.6 times as much as
people. Detectors: {detectors}.
Noisy annotators: three votes an account, sensitivities .90, .85, .80, specificities .97, .95, .93;
their consensus posteriors and bounds (Dawid-Skene with a weak prior, bootstrap) are carried
through.

*default*: PPI++ with the score test inverted at the effective number of accounts; under 30 labelled
bots, people or detector errors of equal weight (60 bots or people where a few accounts carry
the sample), the errors are counted exactly. *sample alone*: the same interval without the detector.
*normal interval*: estimate and 1.96 standard errors. *PPI++ always*: without the rule of 30.
*PPI*: without tuning.

{summary}
"""


def page(rows: Sequence[Row], command: str) -> str:
    """The whole page."""
    campaigns = max(r.campaigns for r in rows if r.setting.labels)
    detectors = "; ".join(f"*{name}*, {about}" for name, about in DETECTORS.items())
    error = next(r.error for r in rows if r.campaigns == campaigns)
    parts = [
        HEAD.format(
            command=command,
            campaigns=campaigns,
            held=HELD,
            error=error,
            accounts=ACCOUNTS,
            detectors=detectors,
            summary=summary(rows),
        )
    ]
    parts += [_case(rows, case) for case in CASES]
    parts.append(_trusting(rows))
    parts.append(_elsewhere(rows))
    return "\n".join(p for p in parts if p)


def summary(rows: Sequence[Row]) -> str:
    """Coverage of the default by case, worst coverage, and width beside the sample alone."""
    lines = [
        (
            "| case | default holds in | lowest coverage | median width beside the sample alone |"
            " least |"
        ),
        "| --- | --- | --- | --- | --- |",
    ]
    for case in CASES:
        default = {r.setting: r for r in rows if (r.case, r.method) == (case, DEFAULT)}
        alone = {r.setting: r for r in rows if (r.case, r.method) == (case, ALONE)}
        ratios = sorted(default[s].width / alone[s].width for s in default if alone[s].width > 0)
        held = sum(r.holds for r in default.values())
        middle = ratios[len(ratios) // 2] if ratios else 1.0
        lines.append(
            f"| {TITLES[case]} | {held} of {len(default)} settings |"
            f" {min(r.coverage for r in default.values()):.3f} | {middle:.2f} |"
            f" {min(ratios, default=1.0):.2f} |"
        )
    return "\n".join(lines)


def _cell(row: Row | None) -> str:
    if row is None:
        return "–"
    value = f"{row.coverage:.3f} ({row.width:.3f})"
    return value if row.holds else f"**✗ {value}**"


def _named(setting: Setting) -> str:
    who = "noisy" if setting.noisy else "right"
    return f"{setting.share:.0%} | {setting.labels:,} | {setting.detector} | {who}"


def _case(rows: Sequence[Row], case: str) -> str:
    cells = {(r.setting, r.method): r for r in rows if r.case == case}
    settings = list(dict.fromkeys(r.setting for r in rows if r.case == case and r.setting.labels))
    lines = [
        f"## {TITLES[case]}",
        "",
        f"| bots | labels | detector | annotators | {' | '.join(METHODS)} |",
        f"| {' | '.join(['---'] * (4 + len(METHODS)))} |",
    ]
    lines += [
        f"| {_named(s)} | {' | '.join(_cell(cells.get((s, m))) for m in METHODS)} |"
        for s in settings
    ]
    return "\n".join([*lines, ""])


def _trusting(rows: Sequence[Row]) -> str:
    """Coverage of the default if a noisy majority is taken as right."""
    chosen = [r for r in rows if r.method == TRUSTING and r.case in ("accounts", "posts")]
    if not chosen:
        return ""
    by = {(r.setting, r.case): r for r in chosen}
    lines = [
        "## Where erring annotators are taken as right",
        "",
        (
            "The majority of three noisy votes as if it were the truth: the "
            "intervals are as narrow, and off the mark."
        ),
        "",
        "| bots | labels | detector | annotators | accounts | posts |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for setting in dict.fromkeys(r.setting for r in chosen):
        lines.append(
            f"| {_named(setting)} | {_cell(by.get((setting, 'accounts')))} |"
            f" {_cell(by.get((setting, 'posts')))} |"
        )
    return "\n".join([*lines, ""])


def _elsewhere(rows: Sequence[Row]) -> str:
    """Coverage of methods that take the detector's errors from other data.

    They hold if the detector errs alike here, and fail if its errors have shifted.
    """
    quantified = [
        r
        for r in rows
        if r.case == "accounts"
        and (r.method == ROGAN or not r.setting.labels)
        and not r.setting.noisy
    ]
    if not quantified:
        return ""
    methods = list(dict.fromkeys(r.method for r in quantified))
    counts = ", ".join(
        f"{m}: {max(r.campaigns for r in quantified if r.method == m):,}" for m in methods
    )
    lines = [
        "## Errors taken from elsewhere",
        "",
        f"No label here, 500 bots and 500 people labelled elsewhere. Campaigns: {counts}.",
        "",
        f"| bots | detector | {' | '.join(methods)} |",
        f"| {' | '.join(['---'] * (2 + len(methods)))} |",
    ]
    by: dict[tuple[float, str, str], Row] = {}
    for r in quantified:
        by.setdefault((r.setting.share, r.setting.detector, r.method), r)
    for share, detector in dict.fromkeys((r.setting.share, r.setting.detector) for r in quantified):
        lines.append(
            f"| {share:.0%} | {detector} |"
            f" {' | '.join(_cell(by.get((share, detector, m))) for m in methods)} |"
        )
    return "\n".join([*lines, ""])
