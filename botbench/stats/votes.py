"""Votes of annotators as arrays of codes, from a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

Array = NDArray[Any]


@dataclass(frozen=True)
class Votes:
    """One answer for each account and annotator, as codes: three arrays of one length.

    `answers` names the codes of `answer` in their order, which is the order of ordinal figures.
    """

    account: Array
    annotator: Array
    answer: Array
    accounts: int
    annotators: tuple[str, ...]
    answers: tuple[str, ...]

    @classmethod
    def of(cls, table: pa.Table, order: Sequence[str] | None = None) -> Votes:
        """Votes from a table (account, annotator, answer; text).

        `order` names the answers in order (unused ones do no harm); they are sorted by name without
        it. Raises ValueError if an annotator answers an account twice.
        """
        account, _ = _codes(table["account"])
        annotator, people = _codes(table["annotator"])
        answer, words = _codes(table["answer"])
        names = list(order) if order is not None else sorted(words)
        if missing := sorted(set(words) - set(names)):
            raise ValueError(f"the order of answers lacks {', '.join(missing)}")
        if len(np.unique(account.astype(np.int64) * max(len(people), 1) + annotator)) < len(
            account
        ):
            raise ValueError("an annotator has two answers of one account; expected one")
        places = np.array([names.index(w) for w in words], dtype=np.int64)
        accounts = int(account.max(initial=-1)) + 1
        return cls(
            account,
            annotator,
            places[answer] if len(words) else answer,
            accounts,
            tuple(people),
            tuple(names),
        )

    def without(self, annotator: int) -> Votes:
        """The votes of all others (a place in `annotators`)."""
        rest = self.annotator != annotator
        return replace(
            self,
            account=self.account[rest],
            annotator=self.annotator[rest],
            answer=self.answer[rest],
        )

    def counts(self) -> Array:
        """How often each account got each answer: (accounts, answers)."""
        k = len(self.answers)
        flat = np.bincount(self.account * k + self.answer, minlength=self.accounts * k)
        return flat.reshape(self.accounts, k)


def _codes(column: pa.ChunkedArray) -> tuple[Array, list[str]]:
    import pyarrow as pa

    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    return (
        encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64),
        encoded.dictionary.to_pylist(),
    )
