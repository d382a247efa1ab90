"""What Spark's trees compare, as comparisons of numbers: a split on categories becomes a feature of its own.

Spark sends a feature's listed categories left. A set of words' places that go right is a `Membership` feature, which is
0 or 1 and is compared with 0.5; each distinct set is made once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from static_model.steps import Index, Membership, OneHot, Step, features_width

from .stage import Stage

Places = tuple[int, ...]
Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Splits:
    """The nodes of trees over the features that `steps` make; arrays as in `Forest`."""

    steps: tuple[Step, ...]
    feature: Ints
    threshold: npt.NDArray[np.float64]
    left: Ints
    right: Ints


def translate(
    stage: Stage,
    steps: tuple[Step, ...],
    *,
    feature: Ints,
    listed: Sequence[npt.NDArray[np.float64]],
    sizes: npt.NDArray[np.int32],
    left: Ints,
    right: Ints,
) -> Splits:
    """Turn Spark's splits into comparisons.

    Args:
        stage: for refusals.
        steps: what makes the features that Spark's trees look at; `Index` among them.
        feature: int32[nodes], as Spark numbers features; -1 in a leaf.
        listed: per node, the threshold or the categories that go left.
        sizes: int32[nodes], how many categories the feature has; -1 if it is a number.
        left: int32[nodes], children.
        right: int32[nodes], children.
    """
    width = features_width(steps)
    inner = feature >= 0
    if feature.max(initial=-1) >= width:
        raise stage.refuse(f"it uses feature {feature.max()}, its pipeline makes {width}")
    owner = [step for step in steps for _ in range(step.width)]
    sets: dict[Step, dict[Places, int]] = {step: {} for step in steps if isinstance(step, Index)}
    threshold, swapped = np.zeros(len(feature)), np.zeros(len(feature), bool)
    place_in_set = np.zeros(len(feature), np.int64)
    for node in np.flatnonzero(inner).tolist():
        step, values, size = owner[feature[node]], listed[node], int(sizes[node])
        if isinstance(step, Index):
            known = sets[step]
            place_in_set[node] = known.setdefault(_going_right(step, values, size), len(known))
            threshold[node] = 0.5
        elif size < 0 and len(values) == 1:
            threshold[node] = values[0]
        elif size == 2 and len(values) == 1 and isinstance(step, OneHot):
            # 0 or 1: sending {0} left is `x <= 0.5`, sending {1} left the same with the children swapped.
            threshold[node], swapped[node] = 0.5, values[0] == 1.0
        else:
            raise stage.refuse("it splits numbers into categories; use numbers as numbers")
    at, new_steps = _renumbered(steps, sets)
    moved = np.where(inner, at[np.maximum(feature, 0)] + place_in_set, -1).astype(np.int32)
    return Splits(new_steps, moved, threshold, np.where(swapped, right, left), np.where(swapped, left, right))


def _going_right(step: Index, values: npt.NDArray[np.float64], size: int) -> Places:
    """The words' places that go right; the last place is that of unknown words."""
    places = range(len(step.labels) + 1)
    if size < 0:
        return tuple(place for place in places if place > values[0])
    left = {int(value) for value in values}
    # Spark keeps the smaller side of a split: a place that it has never heard of goes left if that is the right one.
    unheard_goes_left = len(left) > size // 2
    return tuple(p for p in places if (p not in left if p < size else not unheard_goes_left))


def _renumbered(
    steps: tuple[Step, ...], sets: dict[Step, dict[Places, int]]
) -> tuple[npt.NDArray[np.int64], tuple[Step, ...]]:
    """For each of Spark's features its new number, and the steps with memberships in the places of indices."""
    at: list[int] = []
    found: list[Step] = []
    width = 0
    for step in steps:
        new = Membership(step.column, step.labels, tuple(sets[step])) if isinstance(step, Index) else step
        at += [width] if isinstance(step, Index) else range(width, width + step.width)
        width += new.width
        if new.width:
            found.append(new)
    return np.array(at, np.int64), tuple(found)
