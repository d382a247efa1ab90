"""The scikit-learn learner: the saved model's family and hyper-parameters, or those it names, in this process."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from online.interfaces import Training
from static_model.artifact import Estimator, Model
from static_model.fitted import boosted_from_sklearn, forest_from_sklearn, linear_from_sklearn

from .prepare import Prepared, prepare

Parameters = dict[str, int | float | str]


class ScikitLearn(BaseModel):
    """Fits scikit-learn's classifier of the same family.

    The fit is single-threaded and repeats exactly for the same rows and seed.

    Attributes:
        refit_features: fit the feature steps on the rows, too (`static_model.refitting` says which can be).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    by: ClassVar[Literal["rows"]] = "rows"
    needs_spark: ClassVar[bool] = False

    kind: Literal["scikit-learn"] = "scikit-learn"
    refit_features: bool = False

    def fit(self, rows: Training, *, like: Model, seed: int) -> Model:
        """A new model like `like`, from rows of both classes.

        Its `parameters` are those of `like`, so that it is retrained in the same way again.

        Raises:
            ModelError: nothing of scikit-learn can replace `like` (see `family_of`), or it can't do without numbers
                that are missing.
        """
        ready = prepare(rows, like=like, refit_features=self.refit_features)
        estimator = _fitted(ready, rows.labels, parameters=dict(like.estimator.parameters), seed=seed)
        return replace(like, steps=ready.steps, estimator=estimator, info={"engine": self.kind})


def _fitted(ready: Prepared, labels: npt.NDArray[np.int8], *, parameters: Parameters, seed: int) -> Estimator:
    match ready.family:
        case "decision_tree" | "random_forest" as family:
            trees = int(parameters["trees"]) if family == "random_forest" else 1
            return _forest(ready.features, labels, parameters=parameters, trees=trees, seed=seed)
        case "gradient_boosted_trees":
            return _boosted(ready.features, labels, parameters=parameters, seed=seed)
        case "logistic_regression":
            return _linear(ready.features, labels, parameters=parameters, loss="log", seed=seed)
        case "linear_svc":
            return _linear(ready.features, labels, parameters=parameters, loss="hinge", seed=seed)


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
    from sklearn.exceptions import ConvergenceWarning
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
    with warnings.catch_warnings():  # to stop at `max_iter` is what was asked for
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier.fit((features - mean) / scale, labels)
    return linear_from_sklearn(classifier, scale_mean=mean, scale_std=scale, parameters=parameters, loss=loss)
