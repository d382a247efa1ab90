"""What all training sets share."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from .interfaces import Rows, Span

HowMany: TypeAlias = Annotated[int, Field(ge=1)] | Literal["all"]
"""Of the static rows: a seeded sample of so many, or all."""


class SetOfRows(BaseModel):
    """A training set of the stream's labelled rows, of static rows, or of both.

    Attributes:
        minimum: below this many rows there is no fit.
        ratio: undersampling: at most so many rows of the larger class for each of the smaller one, after all else.
        needs_date: whether it needs a policy that dates changes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    needs_date: ClassVar[bool] = False

    minimum: int = Field(default=20, ge=2)
    ratio: float | None = Field(default=None, ge=1)

    def chosen(self, first: int, last: int, **options: Any) -> Rows:
        """The rows of windows `first` to `last`, undersampled as asked."""
        return Rows(Span(max(0, first), last), ratio=self.ratio, **options)
