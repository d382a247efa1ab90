"""Which of a stranger's two classes is the contract's class 1."""

from __future__ import annotations

import math
from collections.abc import Sequence

from producer.dataset import Dataset
from producer.errors import ModelError


def positive_place(classes: Sequence[object], dataset: Dataset) -> int:
    """The place of class 1 among the two classes of a classifier.

    Classes are the numbers 0 and 1, False and True, or words of the contract's label.

    Raises:
        ModelError: there aren't two, or they aren't the contract's.
    """
    label = dataset.label
    found = [_class(value, label.positive, label.negative) for value in classes]
    if sorted(found, key=str) != [0, 1]:
        raise ModelError(
            f"the classifier's classes are {', '.join(map(repr, classes)) or 'not known'}; a model needs two, 0 and 1 "
            f"or words of the contract's label (1 is {', '.join(label.positive)}; 0 is {', '.join(label.negative)})"
        )
    if not isinstance(classes[0], str) and {"0", "1"} & set(label.positive) == {"0"}:
        raise ModelError(
            f"the classifier's classes are numbers, but the contract '{dataset.name}' calls '0' positive: which is "
            "meant can't be known; save a classifier whose classes are the contract's words"
        )
    return found.index(1)


def half(positive: int) -> float:
    """The threshold of a classifier that predicts the more probable class, and the first of its two where they tie.

    >>> half(1), half(0) < 0.5
    (0.5, True)
    """
    return 0.5 if positive == 1 else math.nextafter(0.5, 0.0)


def _class(value: object, positive: Sequence[str], negative: Sequence[str]) -> int | None:
    if isinstance(value, str):
        return 1 if value in positive else 0 if value in negative else None
    if isinstance(value, bool | int | float) and value in (0, 1):
        return int(value)
    return None
