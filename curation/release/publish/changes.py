"""Differences between two versions of a release: accounts, labels and the claims behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botbench.core.sql import literal
from botbench.text.escaping import to_markdown
from curation.release.publish.documents.pages import render
from curation.store import salts

if TYPE_CHECKING:
    from curation.release.publish.tiers import Tier
    from curation.release.release import Release
    from curation.store.store import Store

TEMPLATE = Path(__file__).parent / "changes.html.j2"
NO_CLAIM = "none: the rule or the version of the store differs"
SHOWN = 1_000
"""Accounts listed on the page for each sort of change; the counts are of all."""


@dataclass(frozen=True)
class Changes:
    """The changes from one version to a later one.

    `accounts` lists each changed account: id, change, label before and after, status after, and the
    claims made between the two versions (claimant, kind, answer, time). `counts` is by change;
    `because` is the maintainer's reason.
    """

    old: str
    new: str
    because: str | None
    counts: dict[str, int]
    accounts: list[dict[str, Any]]

    def document(self) -> dict[str, Any]:
        """The changes as one JSON document."""
        return {
            "from": self.old,
            "to": self.new,
            "because": self.because,
            **self.counts,
            "accounts": self.accounts,
        }


def between(store: Store, old: Release, new: Release, tier: Tier | None = None) -> Changes:
    """Compare two versions of one release; a tier sets how ids and claimants are published."""
    rows = store.arrow(_query(store, old, new, tier)).to_pylist()
    counts = {
        what: sum(r["change"] == what for r in rows) for what in ("added", "removed", "relabelled")
    }
    return Changes(
        old.reference, new.reference, new.info.get("because"), counts, [dict(r) for r in rows]
    )


def _query(store: Store, old: Release, new: Release, tier: Tier | None) -> str:
    account, claimant = "account_id", "claimant"
    if tier is not None:
        secret = salts.salt(store.home, salts.PUBLISHED)
        if tier.ids == "salted":
            account = salts.hashed(secret, f"account {new.platform}", "account_id")
        if tier.annotators == "pseudonymous":
            who = salts.hashed(secret, "annotator", "claimant")
            claimant = (
                f"CASE WHEN claimant_kind = 'person' THEN 'annotator-' || {who} ELSE claimant END"
            )
    before, after, old_claims = (
        f"read_parquet({literal(r.file(t))})"
        for r, t in ((old, "labels"), (new, "labels"), (old, "claims"))
    )
    status = (
        f"SELECT account_id, any_value(status) AS status FROM {store.relation('labels')} WHERE"
        f" dataset = {literal(new.dataset)} AND consensus_id = {literal(new.info['consensus_id'])}"
        " GROUP BY 1"
    )
    new_claim = f"""{{
        'claimant': {claimant}, 'kind': claimant_kind,
        'answer': coalesce(answer, 'took a claim back'), 'made_at': made_at::VARCHAR}}"""
    claims = f"""
        SELECT account_id, list({new_claim} ORDER BY made_at, claimant) AS claims
        FROM {store.relation("claims")}
        WHERE dataset = {literal(new.dataset)}
          AND claim_id NOT IN (SELECT claim_id FROM {old_claims})
        GROUP BY account_id"""
    return f"""
        SELECT CASE WHEN o.label IS NULL THEN 'added' WHEN n.label IS NULL THEN 'removed'
                    ELSE 'relabelled' END AS change,
               {account} AS account_id, o.label AS before, n.label AS after, status,
               coalesce(claims, []) AS claims
        FROM (SELECT account_id, label FROM {before}) o
        FULL JOIN (SELECT account_id, label FROM {after}) n USING (account_id)
        LEFT JOIN ({status}) USING (account_id) LEFT JOIN ({claims}) USING (account_id)
        WHERE o.label IS DISTINCT FROM n.label ORDER BY change, 2"""


def html(changes: Changes, facts: Mapping[str, Any]) -> str:
    """The diff page: opens from disk, no script, whatever was typed is text."""
    groups = [
        (what, [a for a in changes.accounts if a["change"] == what])
        for what in ("added", "removed", "relabelled")
    ]
    return render(
        TEMPLATE,
        changes=changes,
        facts=facts,
        shown=SHOWN,
        groups=[(w, a[:SHOWN], len(a)) for w, a in groups if a],
    )


def markdown(changes: Changes) -> str:
    """The counts and the accounts as Markdown."""
    c = changes.counts
    lines = [
        f"# From {changes.old} to {changes.new}",
        "",
        f"Why: {to_markdown(changes.because or 'no reason was given')}.",
        "",
        f"{c['added']:,} accounts added, {c['removed']:,} removed, {c['relabelled']:,} relabelled.",
        "",
    ]
    if changes.accounts:
        lines += [
            "| account | change | before | after | claims made between the versions |",
            "| --- | --- | --- | --- | --- |",
        ]
        lines += [
            f"| {to_markdown(a['account_id'])} | {a['change']} | {a['before'] or '–'} |"
            f" {a['after'] or a['status'] or '–'} |"
            f" {'; '.join(to_markdown(claim(x)) for x in a['claims']) or NO_CLAIM} |"
            for a in changes.accounts[:SHOWN]
        ]
    if len(changes.accounts) > SHOWN:
        lines.append(
            f"\n{len(changes.accounts) - SHOWN:,} more: `botbench releases --diff {changes.old}"
            f" {changes.new} --json`."
        )
    return "\n".join(lines) + "\n"


def claim(fields: Mapping[str, Any]) -> str:
    """One claim in words.

    >>> of = {"claimant": "annotator-1", "kind": "person"}
    >>> claim({**of, "answer": "bot", "made_at": "2026-01-02 03:04:05+00"})
    'annotator-1 (person): bot, 2026-01-02'
    """
    when = f", {fields['made_at'][:10]}" if fields["made_at"] else ""
    return f"{fields['claimant']} ({fields['kind']}): {fields['answer']}{when}"
