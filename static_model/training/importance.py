"""Which columns a fitted classifier leans on."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from pyspark.ml.stat import Summarizer

from .algorithms import FEATURES
from .fitting import Prepared


def top_features(classifier: Any, ready: Prepared) -> Mapping[str, float]:
    """Each column's share, the largest first; the shares add up to 1, unless nothing was learned.

    Of trees it is Spark's impurity importance, of a linear model the size of its coefficients for standardised
    features; the features of one column are added up. Trap: neither says what the column causes, and columns that
    say the same share the credit.
    """
    if hasattr(classifier, "featureImportances"):
        sizes = classifier.featureImportances.toArray()
    else:
        deviations = ready.vectors.select(Summarizer.std(ready.vectors[FEATURES])).head()[0].toArray()
        sizes = np.abs(classifier.coefficients.toArray()) * deviations
    ends = np.cumsum([0, *(width for _, width in ready.encoder.widths)])
    sums = [float(sizes[a:b].sum()) for a, b in pairwise(ends)]
    total = sum(sums) or 1.0
    shares = {name: value / total for (name, _), value in zip(ready.encoder.widths, sums, strict=True)}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))
