"""The system's C library through ctypes."""

from __future__ import annotations

import ctypes
from functools import cache


@cache
def libc() -> ctypes.CDLL:
    """The library, whose errors `ctypes.get_errno` tells.

    Every new one makes a class of functions: for each rule, in each child, it would add up.
    """
    return ctypes.CDLL(None, use_errno=True)
