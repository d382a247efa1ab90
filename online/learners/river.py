"""River's incremental models, which learn each record once its label is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from online.interfaces import RunningLearner
from static_model.artifact import Model

Floats = npt.NDArray[np.float64]


class River(BaseModel):
    """One of river's classifiers, as river makes it but for what is named here.

    Attributes:
        model: a logistic regression on standardised features (both learn as they go); a Hoeffding adaptive tree (Bifet
            and Gavaldà 2009); or an adaptive random forest (Gomes et al. 2017).
        warm_up: whether it learns the rows that the starting model was trained on before the stream begins.
        learning_rate: of the logistic regression's coefficients, by stochastic gradient descent.
        trees: of the forest.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    by: ClassVar[Literal["record"]] = "record"
    needs_spark: ClassVar[bool] = False

    kind: Literal["river"] = "river"
    model: Literal["logistic-regression", "hoeffding-adaptive-tree", "adaptive-random-forest"]
    warm_up: bool = True
    learning_rate: float = Field(default=0.01, gt=0, allow_inf_nan=False)
    trees: int = Field(default=10, ge=1, le=1000)

    @model_validator(mode="after")
    def _meant(self) -> Self:
        for name, model in (("learning_rate", "logistic-regression"), ("trees", "adaptive-random-forest")):
            if model != self.model and getattr(self, name) != type(self).model_fields[name].default:
                raise ValueError(f"{name} is of model={model}, and does nothing in model={self.model}")
        return self

    def begin(self, *, like: Model, seed: int) -> RunningLearner:
        """A fresh classifier that has learned nothing; the seed is that of its bootstrap."""
        return _Running(self._made(seed))

    def _made(self, seed: int) -> Any:
        from river import forest, linear_model, optim, preprocessing, tree

        match self.model:
            case "logistic-regression":
                descent = linear_model.LogisticRegression(optimizer=optim.SGD(self.learning_rate))
                return preprocessing.StandardScaler() | descent
            case "hoeffding-adaptive-tree":
                return tree.HoeffdingAdaptiveTreeClassifier(seed=seed)
            case "adaptive-random-forest":
                return forest.ARFClassifier(n_models=self.trees, seed=seed)


@dataclass(slots=True)
class _Running:
    """One classifier at work."""

    classifier: Any
    learned: bool = False

    def score(self, row: Floats) -> float:
        """The probability of class 1; 0.5 where the classifier knows of neither class."""
        if not self.learned:  # not even asked: a forest would size itself by this record
            return 0.5
        found = self.classifier.predict_proba_one(_features(row))
        return float(found.get(True, 0.0)) if any(found.values()) else 0.5

    def learn(self, row: Floats, label: int) -> None:
        """Learn one record."""
        self.classifier.learn_one(_features(row), bool(label))
        self.learned = True


def _features(row: Floats) -> dict[int, float]:
    """A record as river takes it; a missing number is left out, as it would never leave river's running means."""
    return {place: value for place, value in enumerate(row.tolist()) if value == value}
