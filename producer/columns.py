"""The parts of a record contract: a column, how its cells are cleaned and repaired, and what the label means."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Clean(BaseModel):
    """How the dirt in a column's cells is read. Without any of it a cell must be what its type says.

    Attributes:
        missing: words that stand for "not known", compared without the blanks around them; the value is null.
        units: for numbers, the factor that a suffix stands for: `{K = 1024}` reads `2K` as 2048.
        blanks: for numbers, blanks inside are left out: `1 024` is 1024.
        text: for numbers, what a cell that is none becomes: refused, or missing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    missing: tuple[str, ...] = ()
    units: dict[str, float] = Field(default_factory=dict)
    blanks: bool = False
    text: Literal["refuse", "missing"] = "refuse"

    def __hash__(self) -> int:
        """Equal values, equal hash: a contract is a key of caches."""
        return hash((self.missing, tuple(sorted(self.units.items())), self.blanks, self.text))

    @property
    def needed(self) -> bool:
        """Whether there is anything to clean."""
        return self != Clean()


class Repair(BaseModel):
    """A value that another column knows better: `column := plus_of + add`, unless both are `unless_both`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    plus_of: str
    add: float
    unless_both: float | None = None


class Column(BaseModel):
    """One field of a record.

    `feature = false` keeps a column out of the model until it is asked for by name; `note` says why.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    type: Literal["int", "float", "string", "label"]
    feature: bool = True
    note: str = ""
    clean: Clean = Field(default=Clean(), exclude_if=lambda clean: not clean.needed)

    @property
    def nullable(self) -> bool:
        """Whether a value may be missing."""
        return bool(self.clean.missing) or self.clean.text == "missing"


class Label(BaseModel):
    """How the words in the label column map to the two classes: `positive` to 1, `negative` to 0.

    `kind` names the column that says which kind of attack a record is, if there is one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    positive: tuple[str, ...] = Field(min_length=1)
    negative: tuple[str, ...] = Field(min_length=1)
    kind: str | None = Field(default=None, exclude_if=lambda kind: kind is None)
