"""The tables a user may ask for: what a column would buy, what each encoding is worth, and the kinds of attack.

Each fits the kept algorithm on the same training part and tries it on the same held-out rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documentation uses

from producer.dataset import Dataset
from producer.errors import ContractError
from static_model.assessment import assess

from .algorithms import Parameters, for_kinds
from .fitting import VALIDATION_ROWS, prepared, validate
from .rows import LABEL, column
from .selection import THRESHOLD
from .settings import ENCODINGS, Algorithm, Settings
from .validation import Advance, encoded
from .vectors import vectors_of

Row: TypeAlias = Mapping[str, str | float | None]
KIND = "__kind"
METRICS = ("accuracy", "balanced_accuracy", "f1", "mcc", "roc_auc", "pr_auc")


@dataclass(frozen=True, slots=True, eq=False)
class Variants:
    """The tables that were asked for; empty if they weren't.

    Attributes:
        with_without: `column, used`, metrics, the `ceiling` that no model passes, and `note`: two rows a column.
        encodings: `encoding, note` and metrics, a row for each encoding and one without words.
        kinds: actual and predicted kinds of the held-out rows, and which algorithm predicted them.
    """

    with_without: Sequence[Row] = ()
    encodings: Sequence[Row] = ()
    kinds: Kinds | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Kinds:
    """What a model of several classes says of the held-out rows: kind by kind, in one order."""

    algorithm: str
    names: Sequence[str]
    actual: Sequence[str]
    predicted: Sequence[str]


def planned_variants(settings: Settings, dataset: Dataset) -> int:
    """How many fits the tables take."""
    numbers = any(c.type != "string" for c in dataset.features)
    encodings = (len(ENCODINGS) + numbers) * settings.compare_encodings
    return 2 * len(settings.with_without) + encodings + settings.kinds


def make_variants(
    training: DataFrame,
    held: DataFrame,
    dataset: Dataset,
    settings: Settings,
    kept: tuple[Algorithm, Parameters],
    advance: Advance,
) -> Variants:
    """Make the tables that the settings ask for.

    Args:
        training: the training part.
        held: the held-out rows that decide.
        dataset: the contract.
        settings: how the model was trained.
        kept: the kept algorithm and its point of the grid.
        advance: called with 1 after each fit.
    """
    fit = _Fit(training, held, *kept, advance)
    return Variants(
        with_without=_with_without(fit, dataset, settings),
        encodings=_encodings(fit, dataset, settings) if settings.compare_encodings else (),
        kinds=_kinds(fit, dataset, settings) if settings.kinds else None,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    training: DataFrame
    held: DataFrame
    algorithm: Algorithm
    parameters: Parameters
    advance: Advance

    def figures(self, dataset: Dataset, settings: Settings) -> dict[str, float | None]:
        """The metrics of the kept algorithm with this contract's features and these settings."""
        try:
            with (
                prepared(self.training, dataset, settings) as ready,
                encoded(ready, self.held, VALIDATION_ROWS) as unseen,
            ):
                labels, scores = validate(ready.fit(self.algorithm, self.parameters, seed=settings.seed), unseen)
        finally:
            self.advance(1)
        found = assess(labels, scores, threshold=THRESHOLD, prevalence=None, cost_fp=1.0, cost_fn=1.0)
        return {name: found[name] for name in METRICS}

    def ceiling(self, dataset: Dataset) -> float:
        """The best accuracy of anything that sees this contract's features only, on all rows together."""
        columns = [*(column(c.name) for c in dataset.features), F.col(LABEL)]
        rows = self.training.select(columns).unionByName(self.held.select(columns))
        return vectors_of(rows, dataset.features).ceiling


def only(dataset: Dataset, features: set[str]) -> Dataset:
    """The same contract with exactly these features."""
    columns = tuple(c.model_copy(update={"feature": c.name in features}) for c in dataset.columns)
    return dataset.model_copy(update={"columns": columns})


def _with_without(fit: _Fit, dataset: Dataset, settings: Settings) -> list[Row]:
    used = {c.name for c in dataset.features}
    notes = {c.name: c.note for c in dataset.columns}
    found: list[Row] = []
    for name in settings.with_without:
        for features, word in ((used - {name}, "without"), (used | {name}, "with")):
            contract = only(dataset, features)
            figures = {**fit.figures(contract, settings), "ceiling": fit.ceiling(contract)}
            found.append({"column": name, "used": word, **figures, "note": notes[name]})
    return found


def _encodings(fit: _Fit, dataset: Dataset, settings: Settings) -> list[Row]:
    words = {c.name for c in dataset.features if c.type == "string"}
    numbers = {c.name for c in dataset.features} - words
    found: list[Row] = []
    if numbers:
        found.append({"encoding": "none", **fit.figures(only(dataset, numbers), settings), "note": "words left out"})
    for encoding in ENCODINGS:
        try:
            figures: dict[str, float | None] = fit.figures(
                dataset, replace(settings, encode=encoding, encode_columns=())
            )
            note = ""
        except ContractError as error:
            figures, note = dict.fromkeys(METRICS), str(error)
        found.append({"encoding": encoding, **figures, "note": note})
    return found


def _kinds(fit: _Fit, dataset: Dataset, settings: Settings) -> Kinds:
    """Fit the kept family, or a forest where it knows two classes only, on the kinds of the same training rows."""
    kind = F.coalesce(column(dataset.kind_name or ""), F.lit(""))
    counted = fit.training.groupBy(kind.alias(KIND)).count().orderBy(F.desc("count"), KIND).collect()
    names = [row[KIND] for row in counted]
    place = F.array_position(F.array(*(F.lit(name) for name in names)), kind) - 1
    training, held = fit.training.withColumn(KIND, place.cast("double")), fit.held.withColumn(KIND, kind)
    with (
        prepared(training, dataset, settings, also=(KIND,)) as ready,
        encoded(ready, held, VALIDATION_ROWS, also=(KIND,)) as unseen,
    ):
        algorithm, unfitted = for_kinds(fit.algorithm, fit.parameters, settings, seed=settings.seed, **ready.shape)
        model = unfitted.setLabelCol(KIND).fit(ready.vectors)
        scored = model.transform(unseen).select(KIND, F.col("prediction").cast("int")).toArrow()
    fit.advance(1)
    predicted = [names[place] for place in scored["prediction"].to_pylist()]
    return Kinds(algorithm, names, scored[KIND].to_pylist(), predicted)
