"""Random numbers by name and index, each available alone, in any order, on any machine.


Integers come from SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators,
OOPSLA 2014). The rest uses only additions, multiplications and exact scalings, which IEEE 754 gives
to the last bit; so no library's `log` or `exp`, vector width or number of threads changes a byte.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint64]
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Index = NDArray[Any] | int

MASK = (1 << 64) - 1
GOLDEN, FIRST, SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def mix(z: Bits) -> Bits:
    """SplitMix64's finaliser over an array of 64-bit integers (changed in place)."""
    z ^= z >> np.uint64(30)
    z *= np.uint64(FIRST)
    z ^= z >> np.uint64(27)
    z *= np.uint64(SECOND)
    z ^= z >> np.uint64(31)
    return z


class Draws:
    """Draws of one seed, identified by a name and one or two indices (arrays that broadcast)."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def bits(self, name: str, a: Index, b: Index | None = None) -> Bits:
        """64 random bits for each index."""
        key = int.from_bytes(hashlib.sha256(f"{self.seed}:{name}".encode()).digest()[:8], "big")
        z = np.atleast_1d(np.asarray(a)).astype(np.uint64)
        z *= np.uint64(GOLDEN)
        z += np.uint64(key)
        mix(z)
        if b is not None:
            z = (
                z
                + np.atleast_1d(np.asarray(b)).astype(np.uint64) * np.uint64(GOLDEN)
                + np.uint64(1)
            )
            mix(z)
        return z

    def uniform(self, name: str, a: Index, b: Index | None = None) -> Floats:
        """Uniform in [0, 1)."""
        return (self.bits(name, a, b) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def pick(self, name: str, n: Index, a: Index, b: Index | None = None) -> Integers:
        """An integer from 0 to n - 1 (n up to 2^31, one for each index or one for all)."""
        high = self.bits(name, a, b) >> np.uint64(32)
        return ((high * np.asarray(n).astype(np.uint64)) >> np.uint64(32)).astype(np.int64)

    def normal(self, name: str, a: Index, b: Index | None = None) -> Floats:
        """Nearly standard normal: the scaled sum of four 16-bit uniforms, within 3.5 of 0."""
        z = self.bits(name, a, b)
        total = sum(
            ((z >> np.uint64(shift)) & np.uint64(0xFFFF)).astype(np.float64)
            for shift in (0, 16, 32, 48)
        )
        scale = 2.0**-16 * 1.7320508075688772
        return np.asarray((total - 131070.0) * scale)


def exp(x: NDArray[Any]) -> Floats:
    """The exponential to about 1e-7, the same on every machine.

    The power of 2 is exact; the rest is a Taylor series.

    >>> [round(float(v), 5) for v in exp(np.array([0.0, 1.0, -2.5]))]
    [1.0, 2.71828, 0.08208]
    """
    x = np.asarray(x, dtype=np.float64)
    whole = np.floor(x * 1.4426950408889634 + 0.5)
    r = x - whole * 0.6931471805599453
    series = 1.0 + r * (
        1.0 + r * (0.5 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120 + r * (1 / 720)))))
    )
    return np.ldexp(series, whole.astype(np.int32))
