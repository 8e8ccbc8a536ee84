"""The model of parameters, codebooks and lines of packs."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class FrozenModel(BaseModel):
    """A model that does not change and takes no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")
