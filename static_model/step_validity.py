"""What must hold of a feature step by itself, before anything is computed with it."""

from __future__ import annotations

import numpy as np

from .steps import Coded, Hashed, Index, Membership, NGrams, Numeric, OneHot, Picked, Scaled, Step, WordVectors
from .tokenizing import problem_of as problem_of_tokens

MAX_WIDTH = 2**20
"""Features that one hashing step may make."""


def problem_of(step: Step) -> str:
    """What is wrong with a step, as the end of a sentence that begins with its name; nothing if it is sound."""
    match step:
        case Scaled():
            return problem_of(step.step) or _problem_of_operations(step)
        case Picked():
            return problem_of(step.step) or _problem_of_picks(step)
        case Numeric():
            return _problem_of_numbers(step)
        case Hashed():
            strangers = set(step.categorical) - set(step.columns)
            problem = f"takes words from {min(strangers)!r}, which it doesn't read" if strangers else ""
            return problem or _problem_of_sizes(step.width, len(step.columns))
        case NGrams():
            return _problem_of_sizes(step.width, step.n) or problem_of_tokens(step.tokens)
        case WordVectors():
            return _problem_of_vectors(step) or problem_of_tokens(step.tokens)
    return _problem_of_labels(step)


def _problem_of_numbers(step: Numeric) -> str:
    if step.fill is not None and not np.isfinite(step.fill):
        return "fills with what is no finite number"
    if step.missing is not None and (step.fill is None or not np.isfinite(step.missing)):
        return "takes a number for missing that isn't finite, or that it doesn't fill"
    return ""


def _problem_of_sizes(*sizes: int) -> str:
    return "" if min(sizes) >= 1 and max(sizes) <= MAX_WIDTH else f"must have sizes from 1 to {MAX_WIDTH:,}"


def _problem_of_vectors(step: WordVectors) -> str:
    if len(set(step.words)) != len(step.words) or len(step.words) != len(step.vectors) or not step.words:
        return "must have some words, each once and with a vector"
    if {len(vector) for vector in step.vectors} != {step.width} or not np.isfinite(step.vectors).all():
        return "must have vectors of the same length, of finite numbers"
    return _problem_of_sizes(step.width)


def _problem_of_labels(step: OneHot | Index | Membership | Coded) -> str:
    size = len(step.labels)
    if len(set(step.labels)) != size:
        return "names a label twice"
    if isinstance(step, OneHot) and not 1 <= step.width <= size + 2:
        return f"has {size} labels and a width of {step.width}; the width must be from 1 to the number of labels and 2"
    if isinstance(step, Membership):
        places = {place for places in step.sets for place in places}
        last = size + (step.missing is not None)
        if not places | {step.missing or 0} <= set(range(last + 1)):
            return f"has a set with a place outside of 0 to {last}"
    if isinstance(step, Coded):
        whole = len(step.numbers) == size and np.isfinite([*step.numbers, step.other, step.missing]).all()
        return "" if whole else "must have a finite number for each label, for other words and for missing ones"
    return ""


def _problem_of_picks(step: Picked) -> str:
    chosen = step.features
    if not chosen or len(set(chosen)) != len(chosen) or min(chosen) < 0 or max(chosen) >= step.step.width:
        return f"must pick some of its {step.step.width} features, each once"
    return ""


def _problem_of_operations(step: Scaled) -> str:
    for operation, values in step.operations:
        if len(values) != (0 if operation == "float32" else step.width) or not np.isfinite(values).all():
            return f"must {operation} {step.width} finite numbers, one for each feature"
        if operation == "divide" and 0.0 in values:
            return "divides by zero"
    return ""
