"""Fitted scikit-learn transformers, read as values: what each does to the features, in the order of its arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from static_model.steps import Operation

from .columns import Feature, Features, Unknown, Word
from .part import Part
from .sk_words import one_hot, ordinal


def transform(part: Part, features: Features) -> Features:
    """The features after a step.

    Raises:
        ModelError: the step isn't supported, or not as it was fitted; it's named by class and place.
    """
    if part.name not in TRANSFORMERS:
        raise part.refuse(f"only these are supported: {', '.join(TRANSFORMERS)}")
    part.check_width(features)
    return TRANSFORMERS[part.name](part, features)


def _pipeline(part: Part, features: Features) -> Features:
    for number, (_, step) in enumerate(part.value.steps, start=1):
        if step is not None and not (isinstance(step, str) and step == "passthrough"):
            features = transform(part.inside(number, step), features)
    return features


def _columns(part: Part, features: Features) -> Features:
    """A `ColumnTransformer`: each of its parts gets some columns; what they make stands side by side."""
    if part.value.transformer_weights:
        raise part.refuse("it weighs its parts; only transformer_weights=None is supported")
    names = [str(name) for name in getattr(part.value, "feature_names_in_", ())]
    made: list[Feature] = []
    for number, (_, step, columns) in enumerate(part.value.transformers_, start=1):
        chosen = tuple(features[place] for place in _places(part, columns, names, len(features)))
        if isinstance(step, str) and step in ("drop", "passthrough"):
            made += chosen if step == "passthrough" else ()
        elif chosen:
            made += transform(part.inside(number, step), chosen)
    return tuple(replace(feature, sparse=bool(part.value.sparse_output_)) for feature in made)


def _places(part: Part, columns: Any, names: Sequence[str], width: int) -> list[int]:
    """A choice of columns as scikit-learn keeps it: one or several names or places, a mask, or a slice of places."""
    if isinstance(columns, slice):
        if not all(bound is None or isinstance(bound, int) for bound in (columns.start, columns.stop, columns.step)):
            raise part.refuse("it chooses columns by a slice of names; name them one by one")
        return list(range(width))[columns]
    values = np.asarray(columns).ravel()
    if values.dtype == np.bool_ and len(values) == width:
        return [int(place) for place in np.flatnonzero(values)]
    return [names.index(value) if isinstance(value, str) else range(width)[value] for value in values.tolist()]


def _identity(part: Part, features: Features) -> Features:
    if part.value.func is not None:
        raise part.refuse("it calls a function; only the identity is supported")
    return features


def _arithmetic(part: Part, features: Features, *operations: tuple[Operation, Any]) -> Features:
    """The operations in their order, each with a number for every feature; without numbers it isn't done."""
    part.check_numbers(features)
    for operation, values in operations:
        if values is not None:
            numbers = np.broadcast_to(np.asarray(values, np.float64), len(features)).tolist()
            features = tuple(f.then(operation, number) for f, number in zip(features, numbers, strict=True))
    return features


def _standard_scaler(part: Part, features: Features) -> Features:
    fitted = part.value
    mean = fitted.mean_ if fitted.with_mean else None
    return _arithmetic(
        part, features, ("subtract", mean), *_spread(features, fitted.scale_ if fitted.with_std else None)
    )


def _spread(features: Features, scale: Any) -> tuple[tuple[Operation, Any], ...]:
    """Division by the scale; where scikit-learn keeps the features sparse it multiplies by the inverse instead."""
    if scale is None or not any(feature.sparse for feature in features):
        return (("divide", scale),)
    return (("multiply", 1.0 / np.asarray(scale, np.float64)),)


def _robust_scaler(part: Part, features: Features) -> Features:
    fitted = part.value
    center = fitted.center_ if fitted.with_centering else None
    scale = fitted.scale_ if fitted.with_scaling else None
    return _arithmetic(part, features, ("subtract", center), *_spread(features, scale))


def _max_abs_scaler(part: Part, features: Features) -> Features:
    clipped = bool(getattr(part.value, "clip", False))
    bounds: tuple[tuple[Operation, Any], ...] = (("at-least", -1.0), ("at-most", 1.0)) if clipped else ()
    return _arithmetic(part, features, *_spread(features, part.value.scale_), *bounds)


def _min_max_scaler(part: Part, features: Features) -> Features:
    fitted = part.value
    low, high = fitted.feature_range if fitted.clip else (None, None)
    moved: tuple[tuple[Operation, Any], ...] = (("multiply", fitted.scale_), ("add", fitted.min_))
    return _arithmetic(part, features, *moved, ("at-least", low), ("at-most", high))


def _imputer(part: Part, features: Features) -> Features:
    fitted = part.value
    missing = fitted.missing_values
    if not (missing is None or (isinstance(missing, float) and np.isnan(missing))):
        raise part.refuse(f"it takes {missing!r} for missing; only NaN and None are supported")
    values = np.asarray(fitted.statistics_).tolist()
    made = [_filled(part, f, value) for f, value in zip(features, values, strict=True) if not _nothing(value)]
    if fitted.indicator_ is not None:
        places = np.asarray(fitted.indicator_.features_).tolist()
        made += [_indicator(part, features[place]) for place in places]
    return tuple(made)


def _nothing(value: object) -> bool:
    """What an imputer has for a column that had no value at all: the column is left out."""
    return value is None or (isinstance(value, float) and np.isnan(value))


def _filled(part: Part, feature: Feature, value: Any) -> Feature:
    base = feature.base
    if isinstance(base, Unknown):
        raise part.refuse(feature.problem)
    if isinstance(base, Word):
        if not isinstance(value, str):
            raise part.refuse(f"it fills the words of '{base.column}' with {value!r}")
        return replace(feature, base=Word(base.column, base.fill if base.fill is not None else value))
    if isinstance(value, str):
        raise part.refuse(f"it fills the numbers of '{base.column}' with the word '{value}'")
    return feature.then("fill", value)


def _indicator(part: Part, feature: Feature) -> Feature:
    """1 where the value is missing, else 0: a missing value stays one between any bounds."""
    if feature.problem:
        raise part.refuse(feature.problem)
    return feature.then("at-most", 0.0).then("at-least", 0.0).then("fill", 1.0)


TRANSFORMERS: Mapping[str, Callable[[Part, Features], Features]] = {
    "Pipeline": _pipeline,
    "ColumnTransformer": _columns,
    "SimpleImputer": _imputer,
    "StandardScaler": _standard_scaler,
    "MinMaxScaler": _min_max_scaler,
    "MaxAbsScaler": _max_abs_scaler,
    "RobustScaler": _robust_scaler,
    "OneHotEncoder": one_hot,
    "OrdinalEncoder": ordinal,
    "FunctionTransformer": _identity,
}
"""What reads each supported class."""
