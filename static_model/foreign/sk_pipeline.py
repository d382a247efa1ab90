"""A fitted scikit-learn pipeline, read as values: from its input columns through its steps to its classifier."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from producer.dataset import Dataset
from producer.errors import ModelError

from .columns import Features, features_of, named_features, steps_of
from .part import Foreign, Part
from .sk_estimators import ESTIMATORS, read_estimator
from .sk_features import TRANSFORMERS, transform


def read_object(loaded: Any, dataset: Dataset) -> Foreign:
    """Read a pipeline or a bare classifier.

    Args:
        loaded: what skops made of the file; nothing of it is called.
        dataset: the contract of the records.

    Raises:
        ModelError: a step isn't supported, or it doesn't fit the contract.
    """
    *before, last = _flat(Part("", loaded))
    features, notes = _inputs((before or [last])[0], dataset)
    for part in before:
        features = transform(part, features)
    if last.name not in ESTIMATORS:
        raise last.refuse(f"the last step must be one of these classifiers: {', '.join(ESTIMATORS)}")
    features, estimator, threshold = read_estimator(last, features, dataset)
    steps = steps_of(features, last.refuse)
    return Foreign("scikit-learn", tuple(part.name for part in [*before, last]), steps, estimator, threshold, notes)


def _flat(part: Part) -> Iterator[Part]:
    """The steps in order; those of a pipeline inside the pipeline stand in its place."""
    if part.name != "Pipeline":
        yield part
        return
    if not part.value.steps:
        raise part.refuse("it has no steps")
    for number, (_, step) in enumerate(part.value.steps, start=1):
        if step is not None and not (isinstance(step, str) and step == "passthrough"):
            yield from _flat(part.inside(number, step))


def _inputs(first: Part, dataset: Dataset) -> tuple[Features, tuple[str, ...]]:
    """The columns that the first step was fitted on, and what is to be said of them."""
    if first.name not in TRANSFORMERS and first.name not in ESTIMATORS:
        raise first.refuse(f"only these are supported: {', '.join([*TRANSFORMERS, *ESTIMATORS, 'Pipeline'])}")
    names = getattr(first.value, "feature_names_in_", None)
    if names is not None:
        return named_features([str(name) for name in np.asarray(names).tolist()], dataset), ()
    features, wanted = features_of(dataset), int(first.value.n_features_in_)
    listed = ", ".join(column.name for column in dataset.features)
    if wanted != len(features):
        raise ModelError(
            f"the model was fitted on {wanted} columns without names, but the contract '{dataset.name}' has "
            f"{len(features)} features: {listed}; add the missing ones with --feature, or fit it on a DataFrame"
        )
    return features, (f"The model names no columns: the contract's features are taken in their order: {listed}.",)
