"""The base of files that people write: cards, campaigns, suites, manifests, schemes."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class StrictModel(BaseModel):
    """A model without unknown fields, whose values do not change after they were checked."""

    model_config = ConfigDict(extra="forbid", frozen=True)
