"""Tracker, events and dead letters of a run: from its segments, or from what was exported of them if they are lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.frames import WINDOWS, to_table, windows_frame
from online.label_store import held_labels
from producer.errors import RunError

from .exports import check_dead_letters, check_events, check_tracker, read_dead_letters, read_events, read_tracker
from .reading import SHOWN, Unreadable
from .segments import Held

Row = dict[str, Any]
NO_VERDICT = (
    "There is no verdict: it takes each record's predictions, and the segments that held them are lost. Totals, "
    "metrics and costs are those of windows.csv and events.jsonl."
)


@dataclass(frozen=True, slots=True, eq=False)
class Letters(Collection[Row]):
    """A run's dead letters, as dead_letters.jsonl has them: read anew each time, as there may be millions."""

    held: Held

    def __iter__(self) -> Iterator[Row]:
        """One after the other, in the order of the stream."""
        return self.held.letters()

    def __len__(self) -> int:
        """How many there are."""
        return self.held.dead.total()

    def __contains__(self, letter: object) -> bool:
        """Whether this is one of them; all of them are read for that."""
        return any(letter == one for one in self)


@dataclass(frozen=True, slots=True)
class Tables:
    """Rows of the tracker, events and dead letters, in the order of the stream."""

    rows: Sequence[Row]
    events: Sequence[Row]
    dead: Collection[Row]


def from_segments(path: Path, held: Held, missing: list[str], *, finished: bool) -> Tables:
    """What the segments say; exports that say something else are named."""
    checks = (
        check_tracker(path / "windows.csv", held.rows, finished=finished),
        check_events(path / "events.jsonl", held, finished=finished),
        check_dead_letters(path / "dead_letters.jsonl", held, finished=finished),
    )
    missing += filter(None, checks)
    return Tables(held.rows, held.events, Letters(held))


def from_exports(path: Path, missing: list[str]) -> Tables:
    """What was exported, where no segment can be read: counts, but no predictions."""
    try:
        rows, bad = read_tracker(path / "windows.csv")
    except Unreadable as why:
        missing.append(f"windows.csv {why}. Copy it from where the run was made.")
        return Tables((), (), ())
    if bad:
        missing.append(f"windows.csv is damaged: {bad:,} lines are cut, doubled or don't add up; they are left out.")
    return Tables(
        rows,
        read_events(path / "events.jsonl", missing),
        read_dead_letters(path / "dead_letters.jsonl", missing),
    )


def whole(
    rows: Iterable[Row], missing: list[str], *, finished: bool, windows: int | None
) -> tuple[list[Row], tuple[str, ...]]:
    """The rows of windows that all arms have seen, and the arms that haven't seen all windows yet and are left out.

    An interruption leaves an arm without the last windows. A finished run has all arms in all windows: there it is
    windows that are left out, unless an arm is lost in half of them.

    Args:
        rows: of the tracker.
        missing: takes a sentence on the windows that are lost.
        finished: whether the run is.
        windows: how many it has then, if that is known.
    """
    seen: defaultdict[str, set[int]] = defaultdict(set)
    for row in rows:
        seen[row["arm"]].add(row["window"])
    everywhere = set().union(*seen.values())
    partial = tuple(arm for arm in seen if arm != "static" and _late(seen[arm], everywhere, finished=finished))
    kept = everywhere.intersection(*(seen[arm] for arm in seen if arm not in partial))
    _name_lost(kept, max(windows or 0 if finished else 0, max(everywhere, default=-1) + 1), missing)
    good = [row for row in rows if row["window"] in kept and row["arm"] not in partial]
    return sorted(good, key=lambda row: int(row["window"])), tuple(sorted(partial))


def _late(seen: set[int], everywhere: set[int], *, finished: bool) -> bool:
    return 2 * len(seen) <= len(everywhere) or (not finished and max(seen) < max(everywhere))


def _name_lost(kept: set[int], windows: int, missing: list[str]) -> None:
    if len(kept) < windows:
        first = ", ".join(map(str, islice((index for index in range(windows) if index not in kept), SHOWN)))
        count = windows - len(kept)
        more = f" and {count - SHOWN:,} more" if count > SHOWN else ""
        missing.append(
            f"Windows {first}{more} can't be reported ({count:,} of {windows:,}): all that is said is said of the "
            "others, and spans of windows are counted without them."
        )


def to_windows(rows: Sequence[Row]) -> pd.DataFrame:
    """The tracker as a frame."""
    plain = ({**row, "complete": row["complete"] in (True, "true")} for row in rows)
    return windows_frame(to_table(plain, WINDOWS))


def known_labels(
    path: Path, manifest: Mapping[str, Any], held: Held | None, missing: list[str]
) -> Mapping[int, int] | None:
    """By window, how many labels were there when it reached the arms, where labels came apart; None if none did.

    Where that is lost, None, too, and a sentence says what it means.
    """
    if "labels" not in manifest["identity"]:
        return None
    try:
        labels = held_labels(path, manifest)
        if held is None or sorted(held.files) != list(range(len(held.files))):
            raise RunError("it takes all windows, and some are lost")
        name = held.dataset.label_name
        windows = (held.read(index).window for index in range(len(held.files)))
        return {window.index: int(labels.known(window, window.records.column(name)).sum()) for window in windows}
    except RunError as error:
        missing.append(f"Which labels came in time isn't known: {error}. Labels used are counted as if all had.")
        return None
