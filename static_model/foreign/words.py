"""What an import says: what was read, what can't be known, and what a retraining will fit."""

from __future__ import annotations

from collections.abc import Sequence

from static_model.estimators import Estimator, Linear
from static_model.steps import columns_of, features_width

from .importing import Imported
from .learner import describe_learner

WHAT = {"spark": "Spark pipeline", "scikit-learn": "scikit-learn pipeline", "onnx": "ONNX graph"}
PARTS = 12
"""So many of a model's parts are listed."""


def sentences(done: Imported) -> list[str]:
    """The sentences, in order."""
    foreign, model = done.foreign, done.model
    columns = dict.fromkeys(name for step in foreign.steps for name in columns_of(step))
    own = " (named)" if model.threshold != foreign.threshold else ""
    return [
        f"Read: {WHAT[foreign.kind]}: {_listed(foreign.parts)}.",
        f"Columns: {', '.join(columns)} ({features_width(foreign.steps)} features).",
        f"Estimator: {size_of(model.estimator)}; positive above a score of {model.threshold:.6g}{own}.",
        *foreign.notes,
        "Not known: the rows that it was trained on, and how it does on others. There is no hold-out, so a drift "
        "detector starts without a pool.",
        f"A retraining fits: {describe_learner(model.estimator.parameters)}.",
    ]


def _listed(parts: Sequence[str]) -> str:
    left = len(parts) - PARTS
    return " > ".join(parts) if left <= 0 else f"{' > '.join(parts[: PARTS - 1])} > {left} more > {parts[-1]}"


def size_of(estimator: Estimator) -> str:
    """An estimator and its size in words."""
    if isinstance(estimator, Linear):
        name = {"log": "logistic regression", "hinge": "linear SVC"}.get(estimator.loss, "linear model")
        return f"{name}, {estimator.coefficients.size:,} coefficients"
    trees, nodes = getattr(estimator, "roots", ()), getattr(estimator, "feature", ())
    name = type(estimator).__name__
    if not len(trees):
        return name
    kind = "decision tree" if name == "Forest" and len(trees) == 1 else {"Forest": "forest"}.get(name, "boosted trees")
    return f"{kind}, {len(trees):,} tree{'s' if len(trees) > 1 else ''} of {len(nodes):,} nodes"
