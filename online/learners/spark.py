"""The Spark learner: the saved model's family and hyper-parameters, fitted by Spark as the static model was."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from online.interfaces import Training
from static_model.artifact import Model

from .prepare import prepare


class Spark(BaseModel):
    """Fits Spark's classifier of the same family; what is returned is its portable twin, which scores without Spark.

    Spark and the twin agree on the rows, or there is no fit. The fit repeats exactly for the same rows and seed. It
    takes a second or more, and a Spark that runs in this process; without one each fit starts its own, which takes
    seven. Where the static model was fitted by Spark, the difference to `scikit-learn` is the engine's.

    Attributes:
        refit_features: fit the feature steps on the rows, too (`static_model.refitting` says which can be).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    by: ClassVar[Literal["rows"]] = "rows"
    needs_spark: ClassVar[bool] = True

    kind: Literal["spark"] = "spark"
    refit_features: bool = False

    def fit(self, rows: Training, *, like: Model, seed: int) -> Model:
        """A new model like `like`, from rows of both classes; its `info` says in how many parts Spark worked on them.

        Raises:
            BrokerError: there is no Java.
            ModelError: Spark has no family that can replace `like` (see `family_of`), it can't do without numbers that
                are missing, Spark fails, or it and the twin disagree.
        """
        from static_model.session import spark_session
        from static_model.training.refit import fit_features
        from static_model.training.settings import partitions_for

        ready = prepare(rows, like=like, refit_features=self.refit_features)
        with spark_session() as session:
            estimator = fit_features(
                session, ready.features, rows.labels, like=like.estimator, algorithm=ready.family, seed=seed
            )
        facts = {"engine": self.kind, "partitions": partitions_for(len(rows.labels))}
        return replace(like, steps=ready.steps, estimator=estimator, info=facts)
