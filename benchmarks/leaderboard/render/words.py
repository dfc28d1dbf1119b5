"""Names of features and reasons for missing scores, in words that a person says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache


def in_words(said: str) -> str:
    """A text in which each name of a feature is its definition, as short as that allows.

    >>> in_words("posts_total (in 4 of 5 folds)")
    'posts the platform counts (in 4 of 5 folds)'
    >>> in_words("no_such_feature <= 3")
    'no_such_feature at most 3'
    """
    words = _definitions()
    name = r"\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b|\b[a-z]+(?= <= | \(in \d)"
    return re.sub(name, lambda m: words.get(m[0], m[0]), said).replace(" <= ", " at most ")


@cache
def _definitions() -> dict[str, str]:
    """The first clause of each feature's definition; one word that is its own name stays."""
    from curation.features import FEATURES

    found = {}
    for name, one in FEATURES.items():
        whole = " ".join(one.doc.split()).replace(", divided", " divided")
        clause = re.split(r"[;:.(`]|, ", whole, maxsplit=1)[0].strip()
        if clause:
            found[name] = clause[0].lower() + clause[1:]
    return found


def few_words(reasons: Mapping[str, int], known: int, wanted: int) -> str:
    """Why a detector is not ranked, in one line: how often each reason keeps it from a score.

    >>> few_words({"not applicable: a@1 has no posts_total": 2, "failed: out of memory": 1}, 2, 5)
    'not ranked: scored on 2 of 5; 2 lack posts total; failed on 1: out of memory'
    """
    counted: dict[str, int] = {}
    for reason, n in reasons.items():
        kind = _kind(reason)
        counted[kind] = counted.get(kind, 0) + n
    parts = [_counted(kind, n) for kind, n in counted.items()]
    return "; ".join([f"not ranked: scored on {known} of {wanted}", *parts])


def _counted(kind: str, n: int) -> str:
    text = kind.format(n=n)
    if n > 1:
        return text
    return text.replace("1 lack ", "1 lacks ", 1).replace("1 have ", "1 has ", 1)


def _kind(reason: str) -> str:
    status, _, text = reason.partition(": ")
    literal = text.replace("{", "{{").replace("}", "}}")
    if found := re.search(r"(?: has|The data set has|holds) no ([a-z_ ,-]+)$", text):
        return f"{{n}} lack {found[1].replace('_', ' ')}"
    if found := re.search(r" has ([a-z_ -]+) of (bots|humans) only", text):
        only = "people" if found[2] == "humans" else "bots"
        return f"{{n}} have {found[1].replace('_', ' ')} of {only} only"
    if status == "failed":
        return f"failed on {{n}}: {literal}"
    if not text:
        return f"{status.replace('{', '{{').replace('}', '}}')} on {{n}}"
    return f"{{n}} not applicable: {literal}"
