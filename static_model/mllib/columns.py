"""What is known of the columns midway through a saved pipeline."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from static_model.steps import Step
from static_model.tokenizing import Tokens

from .stage import Stage


class Terms(NamedTuple):
    """A column of terms: the column of texts that they come from, how it is cut, and how many tokens make a term."""

    column: str
    tokens: Tokens
    n: int


@dataclass(slots=True)
class Columns:
    """What is known, midway through the pipeline, of the columns that the stages have made.

    Attributes:
        made: numbers and vectors, as the steps that make their features, side by side.
        terms: columns of terms.
        required: columns of the records without which Spark fails or drops the record, in the order of the stages.
        notes: where a record that Spark fails on or drops is scored nevertheless, a sentence each.
    """

    made: dict[str, tuple[Step, ...]] = field(default_factory=dict)
    terms: dict[str, Terms] = field(default_factory=dict)
    required: dict[str, None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def put(self, name: str, *steps: Step) -> None:
        """A stage has made this column; whatever had the name before is gone."""
        self.terms.pop(name, None)
        self.made[name] = steps

    def put_terms(self, name: str, terms: Terms) -> None:
        """A stage has made this column of terms."""
        self.made.pop(name, None)
        self.terms[name] = terms

    def of_records(self, stage: Stage, name: str) -> str:
        """The name, after making sure that it is a column of the records."""
        if name in self.made or name in self.terms:
            raise stage.refuse(f"it reads '{name}', which a stage before it has made; only the records' own columns")
        return name

    def vector(self, stage: Stage, name: str) -> tuple[Step, ...]:
        """The steps of a vector that a stage has made."""
        if name not in self.made:
            raise stage.refuse(f"its vector '{name}' comes from no stage before it")
        return self.made[name]

    def require(self, *names: str) -> None:
        """Spark fails on a record without these, or drops it."""
        self.required |= dict.fromkeys(names)
