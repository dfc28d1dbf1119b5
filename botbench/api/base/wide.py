"""Frames that say all of their columns where they are printed."""

from __future__ import annotations

from typing import Any

import pandas as pd


class Wide(pd.DataFrame):
    """A data frame whose text has every column; what is made from it is a plain data frame.

    Of nine columns pandas prints the first and the last where the terminal has 80 columns.
    """

    @property
    def _constructor(self) -> Any:
        return pd.DataFrame

    def __repr__(self) -> str:
        """Every column, and as many rows as pandas shows."""
        most = int(pd.get_option("display.max_rows") or len(self))
        return self.to_string(max_rows=most, line_width=None)
