"""What the windows told of so far come to, arm by arm."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from online.tracker import count_cost

from .values import ArmStatus, Committed

PARTS = ("scored", "dead", "set_aside", "missing")


@dataclass(slots=True)
class _Arm:
    windows: int = 0
    labelled: int = 0
    right: float = 0
    alarms: int = 0
    fits: int = 0
    promoted: int = 0
    model: str | None = None
    version: int = 0
    since: int | None = None


@dataclass(slots=True)
class Tally:
    """Adds up windows as they come; each arm's in order."""

    numbers: dict[int, int] = field(default_factory=dict)
    books: Counter[str] = field(default_factory=Counter)
    _arms: dict[str, _Arm] = field(default_factory=dict)

    def add(self, found: Committed) -> None:
        """Take in a window, or what arms added to it."""
        for row in found.rows[:1]:
            if found.window not in self.numbers:
                self.numbers[found.window] = row.last_seq - row.first_seq + 1
                self.books.update(scored=row.records, dead=row.dead, set_aside=row.set_aside, missing=row.missing)
        for row in found.rows:
            arm = self._arms.setdefault(row.arm, _Arm())
            arm.windows += 1
            arm.labelled += row.labelled
            arm.right += (row.values["tp"] or 0) + (row.values["tn"] or 0)
            if row.model != arm.model:
                arm.model, arm.version, arm.since = row.model, arm.version + 1, row.window
            cost = count_cost((event.model_dump() for event in found.events), row.arm)
            arm.alarms += cost.alarms
            arm.fits += cost.fits
            arm.promoted += cost.promoted

    def arm(self, name: str, policy: str) -> ArmStatus:
        """How an arm stands; one of which nothing was seen yet has no model in force."""
        arm = self._arms.get(name, _Arm())
        return ArmStatus(
            name=name,
            policy=policy,
            windows=arm.windows,
            accuracy=arm.right / arm.labelled if arm.labelled else None,
            alarms=arm.alarms,
            fits=arm.fits,
            promoted=arm.promoted,
            model=arm.model,
            version=arm.version,
            since=arm.since,
        )
