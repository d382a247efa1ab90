"""Fitted scikit-learn encoders of words, read as values: which words set which feature, or stand for which number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from static_model.steps import Coded

from .columns import Feature, Features, Unknown, Word, member
from .part import Part


def one_hot(part: Part, features: Features) -> Features:
    """A `OneHotEncoder`: dropped, rare and unknown words as it was told to treat them."""
    if part.value.handle_unknown == "error":
        raise part.refuse("it fails on a word that it doesn't know; fit it with handle_unknown='ignore'")
    return tuple(made for place, feature in enumerate(features) for made in _one_hot(part, feature, place))


def _one_hot(part: Part, feature: Feature, place: int) -> list[Feature]:
    word, (labels, missing) = _word(part, feature), _labels(part, place)
    outputs = _outputs(part, place, len(labels) + (missing is not None))
    dropped = _dropped(part, place)
    sets: list[list[int]] = [[] for _ in range(max(outputs, default=-1) + 1)]
    places = _places(labels, missing)
    for own, output in zip(places, outputs, strict=True):
        sets[output].append(own)
    infrequent = _rare(part, place)
    if infrequent is not None and part.value.handle_unknown in ("infrequent_if_exist", "warn"):
        sets[outputs[infrequent[0]]] += [len(labels)]
    if dropped is not None:
        del sets[outputs[dropped]]
    taken = None if missing is None else len(labels) + 1
    made = [member(word, labels, found, missing=taken, nullable=feature.nullable) for found in sets]
    return [replace(f, sparse=bool(part.value.sparse_output)) for f in made]


def _places(labels: tuple[str, ...], missing: int | None) -> list[int]:
    """The places of the encoder's categories, in its order: a missing one has the place after that of unknown words."""
    places = list(range(len(labels)))
    if missing is not None:
        places.insert(missing, len(labels) + 1)
    return places


def _outputs(part: Part, place: int, count: int) -> list[int]:
    """Which feature each category sets before one is dropped; rare ones share the last."""
    mappings = getattr(part.value, "_default_to_infrequent_mappings", None)
    if mappings is None or mappings[place] is None:
        return list(range(count))
    return [int(output) for output in mappings[place]]


def _rare(part: Part, place: int) -> list[int] | None:
    rare = getattr(part.value, "_infrequent_indices", None)
    return None if rare is None or rare[place] is None else [int(index) for index in rare[place]]


def _dropped(part: Part, place: int) -> int | None:
    """The category whose feature is left out."""
    dropped = part.value.drop_idx_ if part.value.drop is not None else None
    return None if dropped is None or dropped[place] is None else int(dropped[place])


def _word(part: Part, feature: Feature) -> Word:
    if isinstance(feature.base, Unknown):
        raise part.refuse(feature.problem)
    if not isinstance(feature.base, Word):
        raise part.refuse(f"it encodes the numbers of '{feature.base.column}'; only words are supported")
    return feature.base


def _labels(part: Part, place: int) -> tuple[tuple[str, ...], int | None]:
    """The words that a column was fitted on, and a missing one's place among them, if it was fitted on that too."""
    categories = np.asarray(part.value.categories_[place]).tolist()
    missing = [at for at, value in enumerate(categories) if value is None or value != value]
    words = tuple(str(value) for at, value in enumerate(categories) if at not in missing)
    if len(missing) > 1 or not all(isinstance(c, str) for at, c in enumerate(categories) if at not in missing):
        raise part.refuse("it was fitted on values that aren't words")
    return words, missing[0] if missing else None


def ordinal(part: Part, features: Features) -> Features:
    """An `OrdinalEncoder`: the place of each word, and the numbers that stand for unknown and for missing ones."""
    if part.value.handle_unknown != "use_encoded_value":
        raise part.refuse(
            "it fails on a word that it doesn't know; fit it with handle_unknown='use_encoded_value', unknown_value=-1"
        )
    return tuple(_ordinal(part, feature, place) for place, feature in enumerate(features))


def _ordinal(part: Part, feature: Feature, place: int) -> Feature:
    word, (labels, missing) = _word(part, feature), _labels(part, place)
    if missing is not None and _rare(part, place) is not None:
        raise part.refuse("it was fitted on missing and on rare words; only one of the two is supported")
    codes = _outputs(part, place, len(labels) + (missing is not None))
    numbers = [float(code) for at, code in enumerate(codes) if at != missing]
    other = float(part.value.unknown_value)
    nothing = other
    if missing is not None:  # None is a word like any other to it; only NaN is a missing one
        nan = place in part.value._missing_indices
        nothing = float(part.value.encoded_missing_value if nan else codes[missing])
    if word.fill is not None:
        nothing = numbers[labels.index(word.fill)] if word.fill in labels else other
    if not feature.nullable:
        nothing = other
    if not np.isfinite([other, nothing]).all():
        raise part.refuse(f"it has no number for unknown or missing words of '{word.column}'; fit it with numbers")
    return Feature(Coded(word.column, labels, tuple(numbers), other, nothing), nullable=False)
