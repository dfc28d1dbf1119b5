"""The dots and lines of the board as SVG paths over 1,000 units of width; `board.js` draws alike.

One path holds all marks of one class, so a large board stays a small page. A dot is a line of no
length with round ends, whose size does not scale with the picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

ROW = 24
"""The height of a row of a panel, in units."""
Interval = Sequence[float | None]


class Marks:
    """The marks of one metric, on its scale."""

    def __init__(self, scale: Mapping[str, Any]) -> None:
        self.a, self.b = scale["a"], scale["b"]
        self.chance = scale["chance"]

    def x(self, value: float) -> str:
        """The x coordinate of a value as the page says it, a whole number from 20 to 980."""
        said = float(f"{value:.3f}")
        return f"{int(20 + 960 * (said - self.a) / (self.b - self.a) + 0.5)}"

    def line(self, ends: Interval, y: float) -> str:
        """A line from the first to the second value at y; nothing where there is no interval."""
        low, high = ends
        return "" if low is None or high is None else f"M{self.x(low)} {y:g}H{self.x(high)}"

    def dot(self, value: float, y: float) -> str:
        """A dot."""
        return f"M{self.x(value)} {y:g}h0"

    def score(
        self,
        score: Interval | None,
        wide: Interval | None = None,
        ticks: Iterable[float] = (),
        *,
        hollow: bool = False,
    ) -> list[tuple[str, str]]:
        """The (class, path) of one score: its data sets, its wide and its own interval, its dot."""
        paths = [
            ("ch", "" if self.chance is None else f"M{self.x(self.chance)} 0V17"),
            ("tk", "".join(f"M{self.x(t)} 10V17" for t in ticks)),
            ("w", self.line(wide, 8.5) if wide else ""),
        ]
        if score and score[0] is not None:
            paths += [("bi", self.line(score[1:], 8.5)), ("po", self.dot(score[0], 8.5))]
            paths += [("pi", paths[-1][1])] if hollow else []
        return [(name, d) for name, d in paths if d]

    def panel(
        self, rows: Sequence[tuple[Interval | None, Interval | None]], *, hollow: bool
    ) -> list[tuple[str, str]]:
        """The (class, path) of a panel: a row for each detector, its main and its other score.

        `hollow` says whether the main one is too (few accounts), as the other always is.
        """
        paths = dict.fromkeys(("ch", "gap", "ob", "oo", "oi", "bi", "po", "pi"), "")
        if self.chance is not None:
            paths["ch"] = f"M{self.x(self.chance)} 0V{ROW * len(rows)}"
        for i, (main, other) in enumerate(rows):
            y = ROW * i + ROW // 2
            for score, names in (
                (other, ("ob", "oo", "oi")),
                (main, ("bi", "po", "pi")[: 3 if hollow else 2]),
            ):
                if score and score[0] is not None:
                    paths[names[0]] += self.line(score[1:], y)
                    for name in names[1:]:
                        paths[name] += self.dot(score[0], y)
            if main and other and main[0] is not None and other[0] is not None:
                paths["gap"] += self.line((main[0], other[0]), y)
        return [(name, d) for name, d in paths.items() if d]
