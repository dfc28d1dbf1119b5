"""Common substrings of many strings, by a suffix array (for Digital DNA)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


class Suffixes:
    """The sorted suffixes of strings over a small alphabet, with common prefix lengths.

    `owner` (int64[m]) is the string a suffix belongs to, `left` how much of that string is left,
    `shared` the common prefix with the suffix before (never past a string's end). Prefix doubling
    (Manber & Myers 1993): m log m sorts of integers.
    """

    def __init__(self, strings: Sequence[NDArray[np.uint8]]) -> None:
        lengths = np.array([len(s) for s in strings], dtype=np.int64)
        self.strings = len(lengths)
        letters = np.concatenate([*strings, np.empty(0, dtype=np.uint8)]).astype(np.int64) + 1
        owner = np.repeat(np.arange(len(lengths)), lengths)
        ends = np.repeat(np.cumsum(lengths), lengths)
        left = ends - np.arange(len(letters))
        ranks = self._ranks_by_doubling(letters, left)
        order = np.argsort(ranks[-1], kind="stable")
        self.owner, self.left = owner[order], left[order]
        self.shared = self._common(ranks, order, left)

    @staticmethod
    def _ranks_by_doubling(letters: Ints, left: Ints) -> list[Ints]:
        """Ranks of the suffixes by their first 1, 2, 4, ... letters.

        Beyond a string's end, the letter is 0.
        """
        ranks = (
            [np.unique(letters, return_inverse=True)[1].astype(np.int64) + 1]
            if len(letters)
            else [letters]
        )
        step, longest = 1, int(left.max()) if len(left) else 0
        while step < longest:
            before = ranks[-1]
            after = np.zeros_like(before)
            reach = np.flatnonzero(left > step)
            after[reach] = before[reach + step]
            ranks.append(
                np.unique(before * (int(before.max()) + 1) + after, return_inverse=True)[1].astype(
                    np.int64
                )
                + 1
            )
            step *= 2
        return ranks

    @staticmethod
    def _common(ranks: list[Ints], order: Ints, left: Ints) -> Ints:
        """Common prefix of neighbours, added up from equal powers of two, largest first."""
        first, second = order[:-1].copy(), order[1:].copy()
        room = np.minimum(left[first], left[second]) if len(order) else np.empty(0, dtype=np.int64)
        done = np.zeros(len(room), dtype=np.int64)
        for power in range(len(ranks) - 1, -1, -1):
            step = 1 << power
            may = np.flatnonzero(room - done >= step)
            agree = may[
                ranks[power][first[may] + done[may]] == ranks[power][second[may] + done[may]]
            ]
            done[agree] += step
        return np.concatenate([np.zeros(min(len(order), 1), dtype=np.int64), done])

    def groups(self, length: int) -> tuple[Ints, Ints, Ints]:
        """(owner, substring, number of strings) for substrings of that length.

        Each owner and substring occurs once.
        """
        long = np.flatnonzero(self.left >= length)
        # The common prefix of two long enough suffixes is the least of those between them.
        apart = self.shared[: long[-1] + 1] < length if len(long) else np.empty(0, dtype=np.bool_)
        breaks = np.logical_or.reduceat(apart, np.append(0, long[:-1] + 1)) if len(long) else apart
        substring = np.cumsum(breaks)
        pairs = np.unique(substring * self.strings + self.owner[long])
        which = pairs // self.strings
        return (
            pairs % self.strings,
            which,
            np.bincount(which, minlength=1)[which] if len(which) else which,
        )

    def curve(self) -> Ints:
        """The k-common-substring curve, int64[strings].

        Entry k - 1 is the length of the longest substring that k strings contain.
        """
        curve = np.zeros(self.strings, dtype=np.int64)
        for length in range(1, int(self.left.max()) + 1 if len(self.left) else 1):
            most = int(self.groups(length)[2].max(initial=0))
            curve[:most] = length
        return curve

    def shared_with(self, k: int, lengths: Sequence[int] | None = None) -> Ints:
        """Each string's longest substring that at least k strings contain, int64[strings].

        The string itself counts. `lengths` are those tried, in rising order (all by default); the
        result is the longest of them.
        """
        longest = np.zeros(self.strings, dtype=np.int64)
        for length in (
            lengths
            if lengths is not None
            else range(1, int(self.left.max()) + 1 if len(self.left) else 1)
        ):
            owner, _, strings = self.groups(length)
            fitting = owner[strings >= k]
            if not len(fitting):
                break
            longest[fitting] = length
        return longest


def grid(longest: int) -> list[int]:
    """Lengths to try: every one to 16, then in steps of an eighth.

    >>> grid(25)
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24]
    """
    lengths = list(range(1, min(longest, 16) + 1))
    while lengths and lengths[-1] + max(1, lengths[-1] // 8) <= longest:
        lengths.append(lengths[-1] + lengths[-1] // 8)
    return lengths
