"""Other distributions' detectors, trained, kept and applied in a child process.

Their code is never imported in the process of the command: it holds the store, and its environment
has secrets. The child is fenced in like those of the bench (`benchmarks.isolation`).
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.accounts import Accounts, Floats
from benchmarks.detectors import Spec
from benchmarks.execution import fitting
from benchmarks.isolation.children import Child, Failed, Refused
from benchmarks.protocols import Pool
from botbench.core.errors import UserError


class Confined:
    """A detector in a child process, which was fitted there or takes a kept model.

    A kept model is loaded when accounts are scored, because the child may only read files that are
    named when it starts. The child ends with this object.
    """

    def __init__(self, spec: Spec, kept: Path | None = None) -> None:
        self.spec, self.kept = spec, kept
        self._child: Child | None = None

    def fit(
        self, view: Accounts, y: NDArray[np.int8], group: NDArray[np.int64], own: int, inner: int
    ) -> float:
        """Fit on the view with labels y and duplicate groups; the threshold."""
        with _told(self.spec):
            child = self._start(view)
            threshold, _, _ = child.fit(
                self.spec.base,
                dict(self.spec.options),
                view,
                {"y": y, "group": group},
                rule=self.spec.threshold,
                own=own,
                inner=inner,
            )
        return threshold

    def score(self, view: Accounts) -> tuple[Floats, NDArray[np.bool_]]:
        """p_bot of the view's accounts, float64[n], and which it cannot tell, bool[n]."""
        with _told(self.spec):
            child = self._child
            if child is None:
                child = self._start(view)
                child.load(self.spec.base, self._file())
            said = child.score(view)
            return said.p, said.abstained

    def save(self, file: Path) -> None:
        """Write the fitted detector as a skops file, which is not read here."""
        if self._child is None:
            file.write_bytes(self._file().read_bytes())
            return
        with _told(self.spec), file.open("wb") as out:
            for piece in self._child.keep():
                out.write(piece)

    def _file(self) -> Path:
        if self.kept is None:
            raise AssertionError("neither fitted nor kept")
        return self.kept.absolute()

    def _start(self, view: Accounts) -> Child:
        files = [records.path for records in (view.posts, view.edges) if records]
        child = Child([*files, *([self._file()] if self.kept else [])], self.spec.places)
        weakref.finalize(self, child.close)
        self._child = child
        return child


@contextmanager
def _told(spec: Spec) -> Iterator[None]:
    """Tell a failure in the child as a mistake that the detector's author can mend."""
    try:
        yield
    except (Failed, Refused) as error:
        raise UserError(f"{spec.name} could not be trained or applied: {error}.") from error


def fit(
    spec: Spec, view: Accounts, pool: Pool, train: NDArray[np.int64], seed: int
) -> fitting.Fitted:
    """Like `fitting.fit`, in a child process."""
    inner, own, order = fitting.streams((seed, 0, 0))
    rows = order.permutation(train)
    made = Confined(spec)
    threshold = made.fit(view.take(rows), pool.y[rows], pool.group[rows], own, inner)
    return fitting.Fitted(made, threshold, rows, order)
