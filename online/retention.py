"""What retention has taken from a topic, said so that a user knows which numbers are gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from producer.errors import ContractError

from .outcome import Range, join_ranges, say_ranges


def gone_error(
    topic: str, offsets: Mapping[int, Range], number: int, left: Iterable[npt.NDArray[np.int64]] | None
) -> ContractError:
    """The error for a run that can't go on, as messages that it has yet to read were deleted.

    Args:
        topic: where it reads.
        offsets: by partition, the first and the last offset that is gone.
        number: the first number that the run has yet to read.
        left: the numbers that the topic still holds, part by part; None where its messages carry none.

    >>> gone_error("dns", {0: (1, 2)}, 4, [np.array([1, 7]), np.array([4, 5])]).args[0][:89]
    "topic 'dns' no longer holds what this run has yet to read, its numbers 6: offsets 1 to 2 "
    """
    places = ", ".join(f"offsets {first} to {last} of partition {p}" for p, (first, last) in offsets.items())
    return ContractError(
        f"topic '{topic}' no longer holds what this run has yet to read, {_numbers(number, left)}: {places} were "
        "deleted since it was started (retention). What is in the run is whole. Replay the stream onto a topic that "
        "keeps its messages, or start a new run: it names what is missing"
    )


def _numbers(number: int, left: Iterable[npt.NDArray[np.int64]] | None) -> str:
    parts = [part[part >= number] for part in left or ()]
    last = max((int(part.max()) for part in parts if len(part)), default=None)
    if last is None:
        return f"its number {number:,} and those after it"
    gone = np.setdiff1d(np.arange(number, last, dtype=np.int64), np.concatenate(parts))
    return f"its numbers {say_ranges(join_ranges(gone.tolist(), []))}"
