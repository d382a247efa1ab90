"""What Spark's trees compare, as comparisons of numbers: a split on categories becomes a feature of its own.

Spark sends a feature's listed categories left. A set of words' places that go right is a `Membership` feature, which is
0 or 1 and is compared with 0.5; each distinct set is made once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from static_model.steps import Index, Membership, OneHot, Picked, Step, features_width

from .stage import Stage

Ints = npt.NDArray[np.int32]
Sets = dict[Step, dict[bytes, int]]


@dataclass(frozen=True, slots=True, eq=False)
class Splits:
    """The nodes of trees over the features that `steps` make; arrays as in `Forest`."""

    steps: tuple[Step, ...]
    feature: Ints
    threshold: npt.NDArray[np.float64]
    left: Ints
    right: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """For each node the threshold or the categories that go left, one node's after the other's.

    Attributes:
        values: float64[all].
        lengths: int[nodes], how many of them are each node's.
        sizes: int32[nodes], how many categories the node's feature has; -1 if it is a number.
    """

    values: npt.NDArray[np.float64]
    lengths: npt.NDArray[np.integer]
    sizes: Ints

    @property
    def starts(self) -> npt.NDArray[np.int64]:
        """Where each node's begin among the values."""
        starts: npt.NDArray[np.int64] = np.cumsum(self.lengths, dtype=np.int64) - self.lengths
        return starts

    @property
    def single(self) -> npt.NDArray[np.float64]:
        """The first value of each node; 0 where there is none."""
        return np.append(self.values, 0.0)[np.where(self.lengths > 0, self.starts, len(self.values))]


def translate(
    stage: Stage, steps: tuple[Step, ...], *, feature: Ints, listed: Listed, left: Ints, right: Ints
) -> Splits:
    """Turn Spark's splits into comparisons.

    Args:
        stage: for refusals.
        steps: what makes the features that Spark's trees look at; `Index` among them.
        feature: int32[nodes], as Spark numbers features; -1 in a leaf.
        listed: what is compared.
        left: int32[nodes], children.
        right: int32[nodes], children.
    """
    inner, width = feature >= 0, features_width(steps)
    if feature.max(initial=-1) >= width:
        raise stage.refuse(f"it uses feature {feature.max()}, its pipeline makes {width}")
    owners = np.append(np.repeat(np.arange(len(steps)), [step.width for step in steps]), -1)[feature]
    words = inner & np.array([*(isinstance(step, Index) for step in steps), False])[owners]
    alone = inner & ~words & (listed.lengths == 1)
    numbers = alone & (listed.sizes < 0)
    # 0 or 1: sending {0} left is `x <= 0.5`, sending {1} left the same with the children swapped.
    binary = alone & (listed.sizes == 2) & np.array([*map(is_binary, steps), False])[owners]
    if (inner & ~(words | numbers | binary)).any():
        raise stage.refuse("it splits numbers into categories; use numbers as numbers")
    sets, place_in_set = _sets(steps, owners, words, listed)
    at, new_steps = _renumbered(steps, sets)
    moved = np.where(inner, np.append(at, 0)[feature] + place_in_set, -1).astype(np.int32)
    threshold = np.where(numbers, listed.single, np.where(words | binary, 0.5, 0.0))
    swapped = binary & (listed.single == 1.0)
    return Splits(new_steps, moved, threshold, np.where(swapped, right, left), np.where(swapped, left, right))


def is_binary(step: Step) -> bool:
    """Whether a step's features are all 0 or 1, as Spark knows of them."""
    return isinstance(step.step if isinstance(step, Picked) else step, OneHot | Membership)


def _sets(
    steps: tuple[Step, ...], owners: npt.NDArray[np.int64], words: npt.NDArray[np.bool_], listed: Listed
) -> tuple[Sets, npt.NDArray[np.int64]]:
    """For each step of words its distinct splits, as the places that go right; for each node which of them it is."""
    sets: Sets = {step: {} for step in steps if isinstance(step, Index)}
    place_in_set, starts = np.zeros(len(owners), np.int64), listed.starts
    for node in np.flatnonzero(words).tolist():
        step = steps[owners[node]]
        assert isinstance(step, Index)
        values = listed.values[starts[node] : starts[node] + listed.lengths[node]]
        known = sets[step]
        going_right = _going_right(len(step.labels), values, int(listed.sizes[node]))
        place_in_set[node] = known.setdefault(going_right.tobytes(), len(known))
    return sets, place_in_set


def _going_right(labels: int, values: npt.NDArray[np.float64], size: int) -> npt.NDArray[np.bool_]:
    """Which of the words' places go right; the last place is that of unknown words."""
    places = np.arange(labels + 1)
    right: npt.NDArray[np.bool_] = places > values[0]
    if size < 0:
        return right
    # Spark keeps the smaller side of a split: a place that it has never heard of goes left if that is the right one.
    right = (places < size) | (len(values) <= size // 2)
    right[values[values < min(size, labels + 1)].astype(np.int64)] = False
    return right


def _renumbered(steps: tuple[Step, ...], sets: Sets) -> tuple[npt.NDArray[np.int64], tuple[Step, ...]]:
    """For each of Spark's features its new number, and the steps with memberships in the places of indices."""
    at: list[int] = []
    found: list[Step] = []
    width = 0
    for step in steps:
        new = _membership(step, sets) if isinstance(step, Index) else step
        at += [width] if isinstance(step, Index) else range(width, width + step.width)
        width += new.width
        if new.width:
            found.append(new)
    return np.array(at, np.int64), tuple(found)


def _membership(step: Index, sets: Sets) -> Membership:
    places = (np.flatnonzero(np.frombuffer(found, np.bool_)) for found in sets[step])
    return Membership(step.column, step.labels, tuple(tuple(found.tolist()) for found in places))
