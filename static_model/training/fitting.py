"""A training part made ready, the fits on it, and scores of rows that no fit has seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypedDict

from pyspark.ml import PipelineModel
from pyspark.ml.functions import vector_to_array
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documentation uses

from producer.dataset import Dataset

from .algorithms import FEATURES, Parameters, classifier
from .encodings import Encoder, fit_encoder
from .rows import COPY, IDENTITY, LABEL, WEIGHT, class_weights, column, undersample
from .selection import Validated
from .settings import Algorithm, Settings

THREADS = 3
"""Fits at a time, one more than there are cores mostly: small jobs leave a core idle between their stages."""
VALIDATION_ROWS = 200_000
"""The most rows that a fold or a repeat is validated on, chosen by hash."""
RARE_ROWS = 500
"""Rows of a rare class that a sample keeps, if there are so many."""
HELD_OUT_ROWS = 2_000_000
"""The most held-out rows whose scores are looked at, chosen by hash."""


class Shape(TypedDict):
    """What a classifier must know of the vectors: whether they are weighted, and how many categories they have."""

    weighted: bool
    categories: int


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A training part, balanced and encoded.

    Attributes:
        encoder: the feature stages, fitted on this part alone.
        vectors: `FEATURES`, `LABEL` and, where the classes are weighted, `WEIGHT`; kept in memory.
        settings: how it was made, and how to fit on it.
    """

    encoder: Encoder
    vectors: DataFrame
    settings: Settings

    def fit(self, name: Algorithm, parameters: Parameters, *, seed: int) -> Any:
        """A fitted classifier (no pipeline: it reads `FEATURES`)."""
        return classifier(name, parameters, self.settings, seed=seed, **self.shape).fit(self.vectors)

    @property
    def shape(self) -> Shape:
        """What a classifier must know of the vectors."""
        return {"weighted": WEIGHT in self.vectors.columns, "categories": self.encoder.categories}

    def pipeline(self, classifier: Any) -> PipelineModel:
        """The feature stages and a fitted classifier as one model."""
        return PipelineModel([*self.encoder.stages, classifier])


@contextmanager
def prepared(
    training: DataFrame, dataset: Dataset, settings: Settings, *, also: Sequence[str] = ()
) -> Iterator[Prepared]:
    """Balance and encode a training part; what is kept in memory is let go at the end of the block.

    The rows must be arranged, or chosen from arranged rows, which leaves them so. The columns `also` go along with
    the vectors.

    Raises:
        ContractError: a column can't be a feature.
    """
    arranged = _balanced(training, dataset, settings, also).persist()
    try:
        encoder = fit_encoder(arranged, dataset, settings)
        weights = [WEIGHT] if WEIGHT in arranged.columns else []
        vectors = encoder.transform(arranged).select(FEATURES, LABEL, *weights, *also).persist()
        try:
            yield Prepared(encoder, vectors, settings)
        finally:
            vectors.unpersist()
    finally:
        arranged.unpersist()


def _balanced(training: DataFrame, dataset: Dataset, settings: Settings, also: Sequence[str]) -> DataFrame:
    """The training rows as they are fitted on: balanced as asked, only what is needed of them."""
    kept = training.select(*(column(c.name) for c in dataset.features), LABEL, IDENTITY, COPY, *also)
    if settings.balance == "undersample":
        fraction = settings.positive_fraction
        kept = undersample(kept, ratio=settings.ratio, fraction=fraction, seed=settings.seed_of("balance"))
    if settings.balance == "weights":
        kept = class_weights(kept)
    return kept


def without_seen(unseen: DataFrame, training: DataFrame) -> DataFrame:
    """The rows that have no exact duplicate, in all columns, among the training rows.

    Equal rows are known by their `IDENTITY`, so that two rows may be taken for equal that aren't: with ten million
    rows the chance that this happens at all is below 1 in 100,000.
    """
    return unseen.join(training.select(IDENTITY).distinct(), [IDENTITY], "left_anti")


def fit_all(jobs: Sequence[Callable[[], Any]], advance: Callable[[int], None]) -> list[Any]:
    """The results of independent fits, in order; a few run at a time, and none depends on which."""
    with ThreadPoolExecutor(THREADS) as pool:
        running = [pool.submit(job) for job in jobs]
        found = []
        try:
            for future in running:
                found.append(future.result())
                advance(1)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)  # what has not begun never does
            raise
    return found


def sampled(frame: DataFrame, limit: int, *, rows: int) -> DataFrame:
    """The frame, or rows of it chosen by hash: a little fewer than `limit`, give or take what chance does."""
    if rows <= limit:
        return frame
    share = int(2**31 * 0.95 * limit / rows)
    draw = F.pmod(F.xxhash64(F.lit("sample"), F.col(IDENTITY), F.col(COPY)), F.lit(2**31))
    return frame.filter(draw < share)


def stratified(frame: DataFrame, limit: int, *, counts: tuple[int, int]) -> DataFrame:
    """The frame, or about `limit` rows of it chosen by hash, with the same share of each class.

    Of a rare class at least `RARE_ROWS` are kept, or all that there are: too few to be shared out would make no fold.
    """
    if sum(counts) <= limit:
        return frame
    shares = [min(1.0, max(limit / sum(counts), RARE_ROWS / n)) if n else 1.0 for n in counts]
    draw = F.pmod(F.xxhash64(F.lit("stratified"), F.col(IDENTITY), F.col(COPY)), F.lit(2**31))
    cuts = [int(2**31 * share) for share in shares]
    return frame.filter(draw < F.when(F.col(LABEL) == 0, cuts[0]).otherwise(cuts[1]))


def score_of(classifier: Any) -> Any:
    """The column of scores of class 1 that a classifier's `transform` gives.

    That is the probability; where there is none (a linear SVC), `1 / (1 + exp(-margin))`.
    """
    if hasattr(classifier, "getProbabilityCol"):
        return vector_to_array("probability")[1]
    return 1.0 / (1.0 + F.exp(-vector_to_array("rawPrediction")[1]))


def validate(classifier: Any, vectors: DataFrame) -> Validated:
    """Labels (int8) and scores (float64) of encoded rows."""
    scored = classifier.transform(vectors).select(F.col(LABEL).cast("tinyint"), score_of(classifier).alias("score"))
    table = scored.toArrow()
    return table[LABEL].to_numpy(), table["score"].to_numpy()
