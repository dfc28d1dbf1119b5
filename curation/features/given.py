"""Given features: numbers about accounts that others computed, mapped by a card under `features`.

They are kept with the account (`extra`, under a prefix) as the file has them, and are a family of
their own. Each data set has its own; botbench cannot compute them for new accounts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

FAMILY = "given"
PREFIX = "given:"
"""Before the name of a given feature in `accounts.extra`."""
FEATURE = "given_"
"""Before the name of a given feature among a detector's features."""


def described(card: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The unit and the source of each given feature of a card, by name.

    >>> described({"reads": [{"options": {"accounts": {"account_id": "id"}}}]})
    {}
    >>> described({"reads": [{"options": {"accounts": 1200}}]})
    {}
    """
    return {
        name: {"unit": str(feature["unit"]), "source": str(feature["source"])}
        for mapping in _mappings(card)
        for name, feature in (mapping.get("features") or {}).items()
    }


def _mappings(card: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The mappings of `accounts`, of which a card has one or a list for each reading."""
    for read in card.get("reads") or ():
        given = (read.get("options") or {}).get("accounts")
        # Of another format, `accounts` is something else: the simulator's is a number.
        several = given if isinstance(given, list | tuple) else [given]
        yield from (one for one in several if isinstance(one, Mapping))
