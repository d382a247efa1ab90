"""What an event may hold, wherever it comes from."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from .reading import Number

_Window = Annotated[int, Field(ge=-(2**53), lt=2**53)]


class Event(BaseModel):
    """An event of an arm at the end of a window; which of its numbers there are depends on what happened."""

    window: Number
    arm: str
    event: str
    reason: str | None = None
    model: str | None = None
    training_set: str | None = None
    first_window: _Window | None = None
    last_window: _Window | None = None
    static: Number | Literal["all"] | None = None
    rows: Number | None = None
    fits: Number = 1
    since: _Window | None = None
    gain: float | None = None
    lower: float | None = None

    @model_validator(mode="after")
    def _counted(self) -> Self:
        if self.event == "retrain" and self.rows is None:
            raise ValueError("a retrain says on how many rows")
        return self
