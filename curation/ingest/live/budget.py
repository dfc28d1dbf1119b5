"""What a campaign may cost: requests, and money on networks that charge for each item."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path

from botbench.core.errors import UserError
from botbench.core.strict_model import StrictModel
from botbench.untrusted import yaml_documents

PRICES = Path(__file__).with_name("prices.yaml")
EXAMPLE = "write for example 5USD, 200requests, or 5USD,200requests"
_AMOUNT = re.compile(r"\$?\s*([0-9]+(?:\.[0-9]+)?)\s*(usd|\$|requests?)?", re.IGNORECASE)


class Prices(StrictModel):
    """What a network charges: USD by kind of item, since when, and where that is written."""

    items: dict[str, Decimal]
    as_of: date
    source: str

    def of(self, counts: Mapping[str, int]) -> Decimal:
        """The price of so many items by kind, in USD."""
        return sum((self.items.get(k, Decimal(0)) * n for k, n in counts.items()), Decimal(0))

    def sentence(self) -> str:
        """The prices, for people."""
        each = ", ".join(f"a {kind} {price} USD" for kind, price in self.items.items())
        return f"{each} (as of {self.as_of}, {self.source})"


@cache
def _listed() -> dict[str, Prices]:
    document = yaml_documents.read(PRICES)
    return {name: Prices.model_validate(entry) for name, entry in document.items()}


def prices(network: str, changed: Mapping[str, Decimal] | None = None) -> Prices | None:
    """What a network charges, with the user's own prices in place of the listed ones.

    None for a network that charges nothing. Raises UserError for a kind of item without a price.
    """
    listed = _listed().get(network)
    if not changed:
        return listed
    if listed is None:
        raise UserError(f"{network} charges nothing; --price is for {', '.join(_listed())}.")
    if strange := sorted(set(changed) - set(listed.items)):
        raise UserError(
            f"{network} charges for {', '.join(listed.items)}, not for {', '.join(strange)}."
        )
    items = {**listed.items, **changed}
    return listed.model_copy(update={"items": items, "source": "the prices given with --price"})


def told(network: str) -> str:
    """What a network charges, for people; raises UserError for one that charges nothing."""
    listed = prices(network)
    if listed is None:
        raise UserError(f"{network} charges nothing.")
    return listed.sentence()


def of_accounts(network: str, accounts: int, posts: int) -> float:
    """The highest price of so many accounts with so many posts each, in USD.

    >>> of_accounts("x", 100, 100)
    51.0
    """
    listed = prices(network)
    return float(listed.of({"user": accounts, "post": accounts * posts})) if listed else 0.0


@dataclass
class Budget:
    """What may be spent over all runs of a campaign, and what is spent; None is no limit."""

    requests: int | None = None
    usd: Decimal | None = None
    requests_made: int = 0
    usd_spent: Decimal = field(default_factory=Decimal)

    @property
    def usd_left(self) -> Decimal | None:
        """The money that is left; None without a limit."""
        return None if self.usd is None else self.usd - self.usd_spent

    def exhausted(self, price: Decimal = Decimal(0)) -> str | None:
        """Why one more request of at most this price cannot be made; None where it can."""
        if self.requests is not None and self.requests_made >= self.requests:
            return f"the budget of {self.requests:,} requests is spent"
        left = self.usd_left
        if left is not None and price > left:
            return f"of the budget of {self.usd} USD, {self.usd_spent} USD are spent"
        return None


def parsed(text: str | None) -> Budget:
    """A budget as people write it.

    >>> parsed("5USD").usd, parsed("200 requests").requests, parsed("$2.50, 10requests").usd
    (Decimal('5'), 200, Decimal('2.50'))
    """
    budget = Budget()
    for part in (text or "").split(",") if text else ():
        found = _AMOUNT.fullmatch(part.strip())
        unit = (found[2] or ("$" if "$" in part else "")).lower() if found else ""
        if found is None or not unit or (unit.startswith("request") and "." in found[1]):
            raise UserError(f"--budget {text!r} is no budget; {EXAMPLE}.")
        if unit.startswith("request"):
            budget.requests = int(found[1])
        else:
            budget.usd = Decimal(found[1])
    return budget


def own_prices(text: str | None) -> dict[str, Decimal]:
    """Prices as people write them.

    >>> own_prices("post=0.004,user=.01")
    {'post': Decimal('0.004'), 'user': Decimal('0.01')}
    """
    found = {}
    for part in (text or "").split(",") if text else ():
        kind, _, amount = part.partition("=")
        try:
            price = Decimal(amount.strip())
        except InvalidOperation:
            price = Decimal(-1)
        if not kind.strip() or not price.is_finite() or price < 0:
            raise UserError(f"--price {text!r} is no list of prices; write post=0.005,user=0.01.")
        found[kind.strip()] = price
    return found
