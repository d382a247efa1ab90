"""A memo and a policy in which everything is written down beforehand, to look at an arm's own decisions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from online.arms import Arm
from online.contestant import Contestant
from online.interfaces import Attempt, Event, Features, Losses, Outcome, Pool, Rows, Situation
from online.memo import Fit, Refused

RECORDS = 1000


@dataclass
class ScriptedMemo:
    """Errors by model and window; each fit is named after the windows that it was trained on, such as 3-5.

    Attributes:
        errors: the rows that a model gets wrong in a window.
        refused: fits that are refused, by name.
        asked: what was to be fitted.
    """

    errors: Callable[[str, int], Sequence[int]] = lambda model, window: range(20)
    refused: tuple[str, ...] = ()
    asked: list[Rows] = field(default_factory=list)

    def losses(self, model: str, window: int) -> Losses:
        """1 in the rows that are wrong."""
        losses = np.zeros(RECORDS)
        losses[list(self.errors(model, window))] = 1
        return losses

    def outcome(self, model: str, window: int) -> Outcome:
        """All labels are 0, so that the scores are the losses."""
        losses = self.losses(model, window)
        return Outcome(window, np.zeros(RECORDS, np.int8), losses, losses, 0.5)

    def features(self, window: int) -> Features:
        """None that anybody looks at."""
        return np.zeros((RECORDS, 1))

    def count(self, rows: Rows) -> int:
        """A thousand for each window."""
        assert rows.span is not None
        return RECORDS * (rows.span.last - rows.span.first + 1)

    def fit(self, learner: object, rows: Rows, *, minimum: int) -> Fit | Refused:
        """A model that is named after its rows."""
        assert rows.span is not None
        self.asked.append(rows)
        name = f"{rows.span.first}-{rows.span.last}"
        if rows.without is not None:
            name += f" without {rows.without.part}"
        return Refused("it was to be") if name in self.refused else Fit(name, self.count(rows))


@dataclass
class Asking:
    """A policy that asks for a fit after the windows named, and keeps what it is shown."""

    attempts: dict[int, Attempt]
    shown: list[Situation] = field(default_factory=list)

    def begin(self, pool: Pool) -> Asking:
        """Itself."""
        return self

    def step(self, seen: Situation) -> Attempt | None:
        """What was written down for this window."""
        self.shown.append(seen)
        return self.attempts.get(seen.outcome.window)


@dataclass
class Scene:
    """One arm on scripted windows.

    Attributes:
        policy: what it was shown.
        events: window and event.
        predicting: the models that predict each window, the champion first.
    """

    policy: Asking
    events: list[tuple[int, Event]] = field(default_factory=list)
    predicting: list[tuple[str, ...]] = field(default_factory=list)

    def having(self, kind: str, key: str = "model") -> list[tuple[int, Any]]:
        """Window and one value of all events of that kind."""
        return [(window, event[key]) for window, event in self.events if event["event"] == kind]


def scene(at: Sequence[int] | dict[int, Attempt], memo: ScriptedMemo, *, windows: int, late: int = 0, **parts) -> Scene:
    """Let an arm whose policy asks after these windows go through so many, with labels `late` windows late."""
    attempts = at if isinstance(at, dict) else {window: Attempt("asked") for window in at}
    found = Scene(Asking(attempts))
    arm = Contestant(
        Arm.model_construct(name="arm", policy=found.policy, **parts), champion="start", pool=Pool(2000, 40)
    )
    for index in range(windows):
        found.predicting.append(arm.models)
        now: Any = SimpleNamespace(index=index, complete=True)
        due = (index - late,) if index >= late else ()
        found.events += [(index, event) for event in arm.learn(now, due, memo)]  # type: ignore[arg-type]
    return found
