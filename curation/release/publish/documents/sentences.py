"""Facts as sentences: the same words in the datasheet, the README and the Croissant file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botbench.text import numbers

Facts = Mapping[str, Any]

KINDS = {
    "person": "people",
    "dataset": "the source's own labels",
    "platform": "the platform",
    "rule": "rules",
    "model": "models",
}


def counts(f: Facts) -> str:
    """How many accounts, of which label, and what was left out."""
    out = ", ".join(f"{n:,} {reason}" for reason, n in f["left_out"].items())
    return (
        f"{f['accounts']:,} accounts on {f['platform']}: {f['bots']:,} labelled bot,"
        f" {f['humans']:,} labelled human. Labelled but left out: {out or 'none'}. {f['posts']:,}"
        " posts of them are in the release (internal tier)."
    )


def collection(f: Facts) -> str:
    """Where the rows came from, and how many were kept."""
    rows = [
        f"{p['read']:,} rows for {p['table']} read, {p['kept']:,} kept, {p['duplicate']:,}"
        f" duplicates, {p['quarantined']:,} set aside"
        for p in f["pulls"]
    ]
    made = "The accounts are simulated. " if f["simulated"] else ""
    when = (
        f" Profiles were observed from {f['observed'][0]} to {f['observed'][1]}."
        if f["observed"]
        else " The source does not say when."
    )
    posts = f" Posts are from {f['posted'][0]} to {f['posted'][1]}." if f["posted"] else ""
    return f"{made}{'; '.join(rows) or 'The rows were not pulled by botbench'}.{when}{posts}"


def missing(f: Facts) -> str:
    """What share of bots and of humans have each kind of evidence."""
    told = [
        f"{name} {_percent(s['bot'])} of bots and {_percent(s['human'])} of humans"
        for name, s in f["evidence"].items()
        if s["bot"] not in (None, 1.0) or s["human"] not in (None, 1.0)
    ]
    return (
        f"Share of accounts that have a value: {'; '.join(told)}."
        if told
        else "Every account has every value."
    )


def raw(f: Facts) -> str:
    """Whether the raw data are kept, and by whom."""
    return (
        "The rows as they were read stay in the maintainer's store (internal tier); this"
        f" publication holds what its tier ({f['tier']}) lists: {f['tier_meaning']}"
    )


def claimants(f: Facts) -> str:
    """Who made the claims."""
    parts = [
        f"{KINDS[c['kind']]} ({c['claimants']:,} claimant{'s' * (c['claimants'] != 1)},"
        f" {c['claims']:,} claims on {c['accounts']:,} accounts)"
        for c in f["claimants"]
    ]
    return (
        f"Claims were made by {', '.join(parts)}."
        if parts
        else "There are no claims in the release."
    )


def labelling(f: Facts) -> str:
    """What a label means and how it was settled."""
    meaning = (f["card"].get("label") or {}).get("meaning")
    said = f"What the source's label means: {meaning}. " if meaning else ""
    return f"{said}{claimants(f)} Labels were settled by: {', '.join(f['method'])}."


def votes_per_account(f: Facts) -> str:
    """Votes on one account, on average."""
    n = f["votes"]["per_account"]
    return f"{numbers.score(n, 2)} on average" if n is not None else "none"


def agreement(f: Facts) -> str:
    """How often two claimants of one kind agreed."""
    v = f["votes"]
    if not v["pairs"]:
        return (
            "No account has two votes of the same kind of claimant, so agreement cannot be"
            " measured."
        )
    return (
        f"Two claimants of the same kind gave the same answer in {numbers.share(v['agreed'])} of"
        f" {v['pairs']:,} pairs of votes on {v['accounts']:,} accounts (plain share of pairs, not"
        " corrected for chance)."
    )


def sampling(f: Facts) -> str:
    """How accounts were drawn for people to look at."""
    if not f["batches"]:
        return "No sample was drawn: the release holds the accounts that the source chose."
    drawn = [
        f"{b['design']} with seed {b['seed']}: {b['size']:,} of {b['population']:,} accounts,"
        f" {b['copies']} {'people' if b['copies'] != 1 else 'person'} each"
        for b in f["batches"]
    ]
    return f"Drawn with known probabilities: {'; '.join(drawn)}."


def biases(f: Facts) -> list[str]:
    """Known biases of the data."""
    apart = [
        (name, s)
        for name, s in f["evidence"].items()
        if s["bot"] is not None and s["human"] is not None and abs(s["bot"] - s["human"]) >= 0.2
    ]
    found = [
        f"Having {name} at all tells the classes apart: {_percent(s['bot'])} of bots,"
        f" {_percent(s['human'])} of humans."
        for name, s in apart
    ]
    if f["languages"]:
        total = sum(x["accounts"] for x in f["languages"])
        found.append(
            "Languages of accounts (where said): "
            + ", ".join(
                f"{x['lang']} {numbers.percent(x['accounts'] / total)}" for x in f["languages"][:5]
            )
            + "."
        )
    found += [f"Known issue: {text}" for text in f["card"].get("known_issues") or []]
    share = f["bots"] / f["accounts"]
    found.append(
        f"{numbers.share(share)} of the accounts are bots because of how they were chosen;"
        " that is no estimate of any prevalence."
    )
    return found


def limits(_: Facts) -> str:
    """Consequences for use."""
    return (
        "A label says what claimants thought of an account at a time, on what they saw; it is not a"
        " statement about a person. Scores measured here hold for accounts chosen like these; see"
        " RESPONSIBLE-USE.md."
    )


def validation(f: Facts) -> str:
    """How validation went."""
    v = f["validation"]
    if v.get("success"):
        return "Validation passed: every rule of every suite that applies held."
    return (
        f"Validation failed on {', '.join(v.get('failed', []))} and was accepted: {f['accepted']}."
    )


def audits(f: Facts) -> str:
    """What an audit of the data set found."""
    if not f["audit"]:
        return "No audit (shortcuts, leakage, duplicates) was kept with this release."
    checks = f["audit"]["checks"]
    issues = [
        f"{c['check']} ({c['detail'] or c['value']})" for c in checks if c["outcome"] == "issue"
    ]
    passed = [c["check"] for c in checks if c["outcome"] == "passed"]
    return (
        f"An audit ran {len(checks)} checks. Issues: {'; '.join(issues) or 'none'}. Passed:"
        f" {', '.join(passed) or 'none'}."
    )


def splits(f: Facts) -> str:
    """The splits and their sizes."""
    return (
        "; ".join(
            f"{s['split_id']}: train {s['train']:,}, validation {s['validation']:,}, test"
            f" {s['test']:,}"
            for s in f["splits"]
        )
        + "."
    )


def preprocessing(f: Facts) -> str:
    """What was done to the rows."""
    return (
        "Rows were typed and checked; those that could not be read were set aside with the reason,"
        f" none was repaired. The latest observation of each account is kept. {labelling(f)}"
    )


def personal(f: Facts) -> str:
    """What of persons is in the files."""
    ids = (
        "Account ids are salted hashes; the salt stays with the maintainer."
        if f["ids"] == "salted"
        else (
            "Account ids are the platform's own, from which public profiles can be found while they"
            " exist."
        )
    )
    return f"{ids} People who labelled appear under pseudonyms outside the internal tier."


def retention(f: Facts) -> str:
    """How long the data are kept, and how an account is removed."""
    days = f["retention_days"]
    keep = (
        f"The data of this tier are to be deleted {days:,} days after {f['made_at'][:10]}."
        if days
        else "No end of retention is set for this tier."
    )
    return (
        f"{keep} Accounts are taken out on request (RESPONSIBLE-USE.md); each removal is a new"
        " version that supersedes this one."
    )


def versions(f: Facts) -> str:
    """What this version supersedes and why."""
    erased = (
        f" Accounts were erased after this version was made, {len(f['erasures'])} time(s); its"
        " files were rewritten without them."
        if f["erasures"]
        else ""
    )
    if not f["parent"]:
        return f"This is the first version.{erased}"
    return (
        f"Version {f['version']} supersedes {f['parent']}. Why:"
        f" {f['because'] or 'no reason was given'}.{erased}"
    )


def _percent(share: float | None) -> str:
    return "none" if share is None else numbers.percent(share)
