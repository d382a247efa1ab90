"""Another policy, held to a budget."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from online.interfaces import Attempt, Features, Policy, Pool, RunningPolicy, Situation, Spent

if TYPE_CHECKING:
    AnyPolicy: TypeAlias = Policy
else:
    from online.registry import component

    AnyPolicy = component("policy")


class Budgeted(BaseModel):
    """Asks when `policy` does, until `retrains` fits are made or `rows` labelled rows trained on; then no more.

    Rejected fits and those of folds are charged, too. What is left limits each attempt: the training sets that the
    arm names first are served first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["budgeted"] = "budgeted"
    policy: AnyPolicy
    retrains: int | None = Field(default=None, ge=0)
    rows: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _limited(self) -> Self:
        if self.retrains is None and self.rows is None:
            raise ValueError("a budget needs a limit: give retrains=N, rows=N or both")
        return self

    @property
    def dates(self) -> bool:
        """Whether the policy inside dates the change."""
        return self.policy.dates

    @property
    def needs_labels(self) -> bool:
        """Whether the policy inside looks at labels."""
        return getattr(self.policy, "needs_labels", True)

    def begin(self, pool: Pool) -> Purse:
        """The policy inside begins, and nothing is spent."""
        return Purse(self, self.policy.begin(pool))


@dataclass(slots=True)
class Purse:
    """The policy at work.

    Attributes:
        spent: what the arm had paid when the latest window's labels were known.
        asked: whether that window led to an attempt, whose price isn't known yet.
    """

    budget: Budgeted
    policy: RunningPolicy
    spent: Spent = field(default_factory=Spent)
    asked: bool = False

    def step(self, seen: Situation) -> Attempt | None:
        """What the policy inside asks for, as far as the budget goes."""
        self.spent = seen.spent
        attempt = self._allow(self.policy.step(seen))
        self.asked = attempt is not None
        return attempt

    def look(self, window: int, features: Features) -> Attempt | None:
        """Let the policy inside look, if it is one that does."""
        look = getattr(self.policy, "look", None)
        return None if look is None or self.asked else self._allow(look(window, features))

    def _allow(self, attempt: Attempt | None) -> Attempt | None:
        if attempt is None:
            return None
        fits = _least(attempt.most_fits, self.budget.retrains, self.spent.fits)
        rows = _least(attempt.most_rows, self.budget.rows, self.spent.rows)
        nothing_left = (self.budget.retrains is not None and self.spent.fits >= self.budget.retrains) or rows == 0
        return None if nothing_left else replace(attempt, most_fits=fits, most_rows=rows)


def _least(asked: int | None, budget: int | None, spent: int) -> int | None:
    """The smaller of two limits, of which the budget is what is left of it."""
    limits = [limit for limit in (asked, None if budget is None else max(0, budget - spent)) if limit is not None]
    return min(limits, default=None)
