"""The pool of a cell: the accounts of its releases as integers, and which releases can teach."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.release_arrays import ReleaseArrays
from benchmarks.protocols import Pool

Mask = NDArray[np.bool_]


def without_evidence(
    releases: Sequence[ReleaseArrays], has_evidence: Mask, tested: Mask
) -> list[bool]:
    """For each release, whether it is trained on only and has nothing that the detector declared.

    `has_evidence` and `tested` are bool[n] over the pool. Such releases are excluded from training.
    """
    ends = np.cumsum([len(r) for r in releases])
    slices = [slice(end - len(r), end) for r, end in zip(releases, ends, strict=True)]
    return [not has_evidence[part].any() and not tested[part].any() for part in slices]


def pooled(releases: Sequence[ReleaseArrays], tested: Mask) -> Pool:
    """The accounts of several releases as integers, one release after the other.

    An account that is in two releases of one platform has one identity, and its groups in both
    become one group (connected components of accounts and groups).
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(tested)
    ids = np.concatenate(
        [
            np.char.add(np.char.add(r.platform.astype(str), ":"), r.account_id.astype(str))
            for r in releases
        ]
    )
    groups = np.concatenate(
        [np.char.add(f"{i}:", r.group.astype(str)) for i, r in enumerate(releases)]
    )
    identity = np.unique(ids, return_inverse=True)[1].astype(np.int64)
    group = np.unique(groups, return_inverse=True)[1].astype(np.int64)
    size = n + int(identity.max()) + 1
    ties = coo_array(
        (np.ones(n, dtype=np.int8), (n + identity, size + group)), shape=(size + n, size + n)
    )
    together = connected_components(ties, directed=False)[1][n + identity].astype(np.int64)
    sorts = np.unique(np.concatenate([r.sort for r in releases]).astype(str), return_inverse=True)
    named = np.where(np.char.str_len(sorts[0]) > 0, np.arange(len(sorts[0])), -1)[sorts[1]].astype(
        np.int64
    )
    kinds = sorted({kind for r in releases for kind in r.claimed})
    claimed = {
        k: np.concatenate([r.claimed.get(k, np.full(len(r), -1, dtype=np.int8)) for r in releases])
        for k in kinds
    }
    return Pool(
        tested,
        np.concatenate([r.y for r in releases]),
        together,
        identity,
        np.concatenate([r.part for r in releases]),
        np.concatenate([r.seen for r in releases]),
        named,
        claimed,
        np.repeat(np.arange(len(releases)), [len(r) for r in releases]),
    )
