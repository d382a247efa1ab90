"""Make capymoa.json: what CapyMOA's evaluators say about a stream of labels and predictions.

Run in an environment of its own, never in the project's, with a Java 17 on the path:

    python -m venv capymoa && capymoa/bin/pip install capymoa==0.15.1 numpy
    capymoa/bin/python tests/analysis/reference/make_capymoa.py > tests/analysis/reference/capymoa.json

Labels and predictions are kept in the file, so that the numbers can be checked without this script.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from typing import Any

import numpy as np

SEED, RECORDS, WINDOW, ALPHA = 20, 5_000, 500, 0.995
ONE_CLASS = slice(6 * WINDOW, 7 * WINDOW)
KEPT = ("accuracy", "kappa", "kappa_t", "kappa_m", "precision_1", "recall_1", "f1_score_1")


def stream() -> tuple[np.ndarray, np.ndarray]:
    """Labels with a memory and a shift of their share, one window of class 0 only; predictions that get worse."""
    rng = np.random.default_rng(SEED)
    labels = np.zeros(RECORDS, np.int8)
    draws, renewed = rng.random(RECORDS), rng.random(RECORDS) < 0.4
    for record in range(1, RECORDS):
        share = 0.3 if record < RECORDS // 2 else 0.6
        labels[record] = draws[record] < share if renewed[record] else labels[record - 1]
    labels[ONE_CLASS] = 0
    wrong = rng.random(RECORDS) < np.where(np.arange(RECORDS) < 3_200, 0.1, 0.35)
    return labels, labels ^ wrong


def per_window(evaluator: Any, labels: np.ndarray, predictions: np.ndarray) -> dict[str, list]:
    """The evaluator's numbers in percent after every WINDOW records; NaN is null."""
    for label, prediction in zip(labels.tolist(), predictions.tolist(), strict=True):
        evaluator.update(label, prediction)
    frame = evaluator.metrics_per_window()
    found = {name: [float(value) for value in frame[name]] for name in KEPT if name in frame}
    return {name: [None if np.isnan(v) else v for v in values] for name, values in found.items()}


def evaluators() -> dict[str, Any]:
    """CapyMOA's three ways to evaluate. Imported here: the project's own environment has no CapyMOA."""
    from capymoa.evaluation import ClassificationEvaluator, ClassificationWindowedEvaluator
    from capymoa.stream import Schema
    from moa.evaluation import FadingFactorClassificationPerformanceEvaluator

    schema = Schema.from_custom(["x", "class"], target="class", categories={"class": ["0", "1"]})
    fading = ClassificationEvaluator(schema, window_size=WINDOW)
    # Put there afterwards: the wrapper prepares what it is given, and MOA's fading evaluator refuses that, as two of
    # its options have the letter a.
    fading.moa_basic_evaluator = FadingFactorClassificationPerformanceEvaluator()
    fading.moa_basic_evaluator.alphaOption.setValue(ALPHA)
    return {
        "prequential": ClassificationEvaluator(schema, window_size=WINDOW),
        "windowed": ClassificationWindowedEvaluator(schema, window_size=WINDOW),
        "fading": fading,
    }


def main() -> None:
    """Print the file."""
    labels, predictions = stream()
    about = {
        "made by": "tests/analysis/reference/make_capymoa.py",
        "with": f"CapyMOA {version('capymoa')} (MOA's jar inside its wheel), numpy {version('numpy')}, "
        f"Python {sys.version.split()[0]}",
        "how": f"{RECORDS} seeded labels and predictions, given to evaluator.update one by one; metrics_per_window() "
        f"after every {WINDOW}. 'prequential' is ClassificationEvaluator (everything so far), 'windowed' is "
        "ClassificationWindowedEvaluator, 'fading' is MOA's FadingFactorClassificationPerformanceEvaluator. "
        "Percentages; null is NaN. labels and predictions: bits, numpy.packbits(...).tobytes().hex()",
        "seed": SEED,
    }
    bits = {name: np.packbits(bit).tobytes().hex() for name, bit in (("labels", labels), ("predictions", predictions))}
    numbers = {name: per_window(evaluator, labels, predictions) for name, evaluator in evaluators().items()}
    print(
        json.dumps({"about": about, "records": RECORDS, "window": WINDOW, "alpha": ALPHA, **bits, **numbers}, indent=1)
    )


if __name__ == "__main__":
    main()
