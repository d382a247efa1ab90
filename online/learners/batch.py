"""The scikit-learn learner: the saved model's family and hyper-parameters, or those it names, in this process."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from static_model.artifact import Estimator
from static_model.fitted import boosted_from_sklearn, forest_from_sklearn, linear_from_sklearn

from .families import family_of

Parameters = dict[str, int | float | str]


class ScikitLearn(BaseModel):
    """Fits scikit-learn's classifier of the same family on the features that the saved model computes.

    The fit is single-threaded and repeats exactly for the same rows and seed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["scikit-learn"] = "scikit-learn"

    def fit(
        self, features: npt.NDArray[np.float64], labels: npt.NDArray[np.int8], *, like: Estimator, seed: int
    ) -> Estimator:
        """A new estimator like `like`, from float64[n, d] and int8[n] with both classes in it.

        Its `parameters` are those of `like`, so that it is retrained in the same way again.

        Raises:
            ModelError: nothing of scikit-learn can replace `like` (see `family_of`).
        """
        parameters = dict(like.parameters)
        match family_of(like):
            case "decision_tree" | "random_forest" as family:
                trees = int(parameters["trees"]) if family == "random_forest" else 1
                return _forest(features, labels, parameters=parameters, trees=trees, seed=seed)
            case "gradient_boosted_trees":
                return _boosted(features, labels, parameters=parameters, seed=seed)
            case "logistic_regression":
                return _linear(features, labels, parameters=parameters, loss="log", seed=seed)
            case "linear_svc":
                return _linear(features, labels, parameters=parameters, loss="hinge", seed=seed)


def _forest(
    features: npt.NDArray[np.float64], labels: npt.NDArray[np.int8], *, parameters: Parameters, trees: int, seed: int
) -> Estimator:
    from sklearn.ensemble import RandomForestClassifier

    several = trees > 1  # a single tree sees all rows and all features
    classifier = RandomForestClassifier(
        n_estimators=trees,
        max_depth=int(parameters["max_depth"]),
        min_samples_leaf=int(parameters["min_instances"]),
        max_features="sqrt" if several else None,
        bootstrap=several,
        random_state=seed,
        n_jobs=1,
    )
    return forest_from_sklearn(classifier.fit(features, labels), parameters=parameters)


def _boosted(
    features: npt.NDArray[np.float64], labels: npt.NDArray[np.int8], *, parameters: Parameters, seed: int
) -> Estimator:
    from sklearn.ensemble import GradientBoostingClassifier

    classifier = GradientBoostingClassifier(
        n_estimators=int(parameters["trees"]),
        max_depth=int(parameters["max_depth"]),
        min_samples_leaf=int(parameters["min_instances"]),
        learning_rate=float(parameters["step_size"]),
        random_state=seed,
    )
    return boosted_from_sklearn(classifier.fit(features, labels), parameters=parameters)


def _linear(
    features: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int8],
    *,
    parameters: Parameters,
    loss: Literal["log", "hinge"],
    seed: int,
) -> Estimator:
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    # Spark standardises inside the fit and penalises the standardised coefficients; its penalty is per row.
    mean, scale = features.mean(axis=0), features.std(axis=0, ddof=1)
    scale[features.min(axis=0) == features.max(axis=0)] = 1.0  # its rounding errors are no scale
    strength = float(parameters["reg_param"]) * len(labels)
    steps = int(parameters["max_iter"])
    if loss == "log":
        classifier = LogisticRegression(C=1 / strength if strength else np.inf, max_iter=steps, tol=1e-6)
    else:
        # Without a penalty there is nothing that a linear SVC of scikit-learn could be given: a tiny one comes close.
        classifier = LinearSVC(
            C=1 / strength if strength else 1e6, loss="hinge", max_iter=100 * steps, random_state=seed
        )
    classifier.fit((features - mean) / scale, labels)
    return linear_from_sklearn(classifier, scale_mean=mean, scale_std=scale, parameters=parameters, loss=loss)
