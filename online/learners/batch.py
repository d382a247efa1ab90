"""The scikit-learn learner: the same family and hyper-parameters as the saved model, fitted in this process."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from static_model.artifact import Estimator, Forest
from static_model.fitted import forest_from_sklearn, linear_from_sklearn


class ScikitLearn(BaseModel):
    """Fits scikit-learn's random forest or logistic regression on the features that the saved model computes.

    The fit is single-threaded and repeats exactly for the same rows and seed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["scikit-learn"] = "scikit-learn"

    def fit(
        self, features: npt.NDArray[np.float64], labels: npt.NDArray[np.int8], *, like: Estimator, seed: int
    ) -> Estimator:
        """A new estimator like `like`, from float64[n, d] and int8[n] with both classes in it."""
        if isinstance(like, Forest):
            return _forest(features, labels, like=like, seed=seed)
        return _logistic_regression(features, labels, parameters=dict(like.parameters))


def _forest(features: npt.NDArray[np.float64], labels: npt.NDArray[np.int8], *, like: Forest, seed: int) -> Estimator:
    from sklearn.ensemble import RandomForestClassifier

    parameters = dict(like.parameters)
    classifier = RandomForestClassifier(
        n_estimators=int(parameters["trees"]),
        max_depth=int(parameters["max_depth"]),
        min_samples_leaf=int(parameters["min_instances"]),
        max_features="sqrt",
        random_state=seed,
        n_jobs=1,
    )
    return forest_from_sklearn(classifier.fit(features, labels), parameters=parameters)


def _logistic_regression(
    features: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int8],
    *,
    parameters: dict[str, int | float | str],
) -> Estimator:
    from sklearn.linear_model import LogisticRegression

    # Spark standardises inside the fit and penalises the standardised coefficients; its penalty is per row.
    mean, scale = features.mean(axis=0), features.std(axis=0, ddof=1)
    scale[features.min(axis=0) == features.max(axis=0)] = 1.0  # its rounding errors are no scale
    strength = float(parameters["reg_param"]) * len(labels)
    classifier = LogisticRegression(
        C=1 / strength if strength else np.inf, max_iter=int(parameters["max_iter"]), tol=1e-6
    )
    classifier.fit((features - mean) / scale, labels)
    return linear_from_sklearn(classifier, scale_mean=mean, scale_std=scale, parameters=parameters)
