"""Real feature stages, saved by the real Spark, make the same features without it, to the last bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from producer.dataset import parse_dataset
from producer.errors import ContractError
from static_model.mllib import check_required
from static_model.steps import Picked

pytestmark = pytest.mark.spark


def tree(column: str = "f") -> Any:
    """A classifier that compares features as they are."""
    from pyspark.ml.classification import DecisionTreeClassifier

    return DecisionTreeClassifier(featuresCol=column, labelCol="label", maxDepth=6)


def assembler(*columns: str, **options: Any) -> Any:
    from pyspark.ml.feature import VectorAssembler

    return VectorAssembler(inputCols=list(columns), outputCol="f", **options)


def same(found) -> None:
    """Features and scores are Spark's, bit by bit."""
    np.testing.assert_array_equal(found.features, found.spark_features)
    found.agree(atol=0)


def words(**options: Any) -> Any:
    from pyspark.ml.feature import StringIndexer

    return StringIndexer(inputCols=["word", "hole"], outputCols=["w", "h"], **options)


def mixed() -> list[Any]:
    """Numbers with holes filled, one-hot words and hashed words, as the vector `f`."""
    from pyspark.ml import feature as spark

    return [
        spark.Imputer(inputCols=["gappy", "whole"], outputCols=["g", "n"], strategy="median"),
        words(handleInvalid="keep"),
        spark.OneHotEncoder(inputCols=["w", "h"], outputCols=["w1", "h1"]),
        spark.FeatureHasher(inputCols=["word", "hole"], outputCol="x", numFeatures=16),
        assembler("g", "w1", "n", "epoch", "steps", "huge", "h1", "tiny", "x"),
    ]


@pytest.fixture(scope="module")
def fitted(training: Any) -> list[Any]:
    """The stages of `mixed`, fitted once."""
    from pyspark.ml import Pipeline

    stages: list[Any] = Pipeline(stages=mixed()).fit(training).stages
    return stages


def test_scaled_features_are_sparks(compare, fitted) -> None:
    """A tree on scaled features compares the very numbers that Spark compares, constant ones included."""
    from pyspark.ml import feature as spark

    scalers = [
        spark.StandardScaler(inputCol="f", outputCol="s0", withMean=True),
        spark.StandardScaler(inputCol="f", outputCol="s1"),
        spark.RobustScaler(inputCol="f", outputCol="s2", withCentering=True),
        spark.MaxAbsScaler(inputCol="f", outputCol="s3"),
        spark.MinMaxScaler(inputCol="f", outputCol="s4", min=-1.0, max=3.0),
    ]
    together = assembler("s0", "s1", "s2", "s3", "s4").setOutputCol("s")
    same(compare([*fitted, *scalers, together, tree("s")]))


def test_a_number_that_stands_for_missing_is_filled(compare) -> None:
    """Several columns at once, one of them of whole numbers; nulls are filled as well."""
    from pyspark.ml.feature import Imputer

    imputer = Imputer(inputCols=["marked", "code"], outputCols=["m", "c"], strategy="mean", missingValue=-1.0)
    same(compare([imputer, assembler("m", "c", "steps"), tree()]))


def test_columns_filled_in_place_are_read_as_filled(compare) -> None:
    """An imputer may give its output the input's name."""
    from pyspark.ml.feature import Imputer

    imputer = Imputer(inputCols=["gappy", "whole"], outputCols=["gappy", "whole"], strategy="median")
    same(compare([imputer, assembler("gappy", "whole"), tree()]))


@pytest.mark.parametrize("indexer", ["keep", "skip"])
def test_every_one_hot_encoding_is_sparks(compare, indexer: str) -> None:
    """Whatever becomes of unknown words; rows that Spark drops have a required column missing, or an unknown word."""
    from pyspark.ml.feature import OneHotEncoder

    encoders = [
        OneHotEncoder(inputCols=["w", "h"], outputCols=[f"w{at}", f"h{at}"], dropLast=drop, handleInvalid=invalid)
        for at, (drop, invalid) in enumerate([(True, "error"), (False, "error"), (True, "keep"), (False, "keep")])
    ]
    blocks = [f"{name}{at}" for at in range(4) for name in ("w", "h")]
    found = compare([words(handleInvalid=indexer), *encoders, assembler("steps", *blocks), tree()])
    same(found)
    required, notes = (("steps",), 0) if indexer == "keep" else (("word", "hole", "steps"), 2)
    assert required == found.pipeline.required
    assert notes == len(found.pipeline.notes)
    assert (len(found.rows) == 50_000) == (indexer == "keep")


def test_an_index_of_known_words_is_sparks_where_it_would_fail_on_others(compare, frame, records) -> None:
    """With handleInvalid error: on the rows that Spark accepts; unknown words are noted, and get a score."""
    known = frame.filter("word != 'never seen before' and word != ''")
    from pyspark.ml.feature import StringIndexer

    indexer = StringIndexer(inputCol="word", outputCol="w", handleInvalid="error")
    found = compare([indexer, assembler("w", "steps"), tree()], on=known)
    found.agree(atol=0)
    assert ("word", "steps") == found.pipeline.required
    (note,) = found.pipeline.notes
    assert "Spark fails on a record whose 'word' holds a word unknown to StringIndexerModel (stage 1)" in note
    assert found.pipeline.steps


@pytest.mark.parametrize("invalid", ["skip", "keep"])
def test_missing_numbers_are_dropped_or_kept_as_spark_does(compare, training, records, invalid: str) -> None:
    """What Spark drops is what the required columns say; what it keeps is no number, and goes right in every tree."""
    stages = [assembler("gappy", "steps", "whole", handleInvalid=invalid), tree()]
    found = compare(stages, fit_on=training.dropna())  # Spark's trees don't learn from what is no number
    if invalid == "skip":
        assert ("gappy", "steps", "whole") == found.pipeline.required
        whole = pc.and_(records["gappy"].is_valid(), records["whole"].is_valid()).to_numpy(zero_copy_only=False)
        np.testing.assert_array_equal(np.flatnonzero(whole), np.sort(found.rows))
    else:
        assert () == found.pipeline.required
        assert 50_000 == len(found.rows)
    same(found)


CONTRACT = """
name = "t"
label = { positive = ["1"], negative = ["0"] }
columns = [
    { name = "gappy", type = "float", clean = { missing = ["-"] } },
    { name = "steps", type = "float" },
    { name = "label", type = "label" },
]
"""


def test_a_contract_that_lets_a_required_column_be_missing_is_refused(compare, training) -> None:
    """Trees take a number that is kept missing; for a sum it makes a score that is none."""
    from pyspark.ml.classification import NaiveBayes

    contract = parse_dataset(CONTRACT, "t")
    kept = assembler("gappy", "steps", handleInvalid="keep")
    check_required(compare([kept, tree()], fit_on=training.dropna()).pipeline, contract)
    bayes = NaiveBayes(featuresCol="f", labelCol="label", modelType="gaussian")
    summed = compare([kept, bayes], fit_on=training.dropna()).pipeline
    with pytest.raises(
        ContractError, match=r"'t' says that 'gappy' may be missing in a record, and the Spark pipeline"
    ):
        check_required(summed, contract)


def test_hashed_numbers_flags_and_codes_are_sparks(compare) -> None:
    """Numbers add to their column's feature, words and whole numbers taken for words count; few features collide."""
    from pyspark.ml.feature import FeatureHasher

    hasher = FeatureHasher(
        inputCols=["gappy", "whole", "code", "flag", "word", "hole", "huge"],
        outputCol="f",
        numFeatures=11,
        categoricalCols=["code", "absent"],
    )
    same(compare([hasher, tree()]))


PATTERNS = [
    ("\\s+", True),
    ("[\\W_]+", True),
    ("[^a-z0-9]", True),
    ("[ .,-]", True),
    ("\\w+", False),
    ("[a-z]+|\\d{1,2}", False),
    (".{2}", False),
    (".+?[.,]", False),
]


def test_texts_are_cut_as_java_cuts_them(compare) -> None:
    """Whatever is between the words: line ends of every kind, blanks beyond ASCII, several at once, none."""
    from pyspark.ml import feature as spark

    stages: list[Any] = []
    for at, (pattern, gaps) in enumerate(PATTERNS):
        cut = spark.RegexTokenizer(inputCol="text", outputCol=f"t{at}", pattern=pattern, gaps=gaps)
        cut = cut.setToLowercase(at % 2 == 0).setMinTokenLength(1 + at % 3)
        stages += [cut, spark.HashingTF(inputCol=f"t{at}", outputCol=f"c{at}", numFeatures=24, binary=at < 3)]
    counts = [f"c{at}" for at in range(len(PATTERNS))]
    same(compare([*stages, assembler(*counts, "steps"), tree()]))


def test_sequences_of_tokens_are_counted(compare) -> None:
    """N-grams of words, not only of characters."""
    from pyspark.ml import feature as spark

    stages: list[Any] = [spark.RegexTokenizer(inputCol="text", outputCol="t", pattern="\\W")]
    for n in (1, 2, 3):
        stages.append(spark.NGram(inputCol="t", outputCol=f"g{n}", n=n))
        stages.append(spark.HashingTF(inputCol=f"g{n}", outputCol=f"c{n}", numFeatures=32))
    same(compare([*stages, assembler("steps", "c1", "c2", "c3"), tree()]))


def test_word_vectors_are_averaged_as_spark_does(compare) -> None:
    """Unheard tokens count as zeros, a text without any is zeros."""
    from pyspark.ml import feature as spark

    cut = spark.RegexTokenizer(inputCol="text", outputCol="t", pattern="\\W+")
    vectors = spark.Word2Vec(inputCol="t", outputCol="v", vectorSize=7, minCount=20, maxIter=1, seed=1)
    same(compare([cut, vectors, assembler("v", "steps"), tree()]))


def selector(name: str) -> Any:
    from pyspark.ml import feature as spark

    own = {"featuresCol": "f", "outputCol": "s"}
    return {
        "chi-squared": lambda: spark.ChiSqSelector(**own, labelCol="label", numTopFeatures=9),
        "univariate": lambda: (
            spark.UnivariateFeatureSelector(**own, labelCol="label", selectionMode="numTopFeatures")
            .setFeatureType("continuous")
            .setLabelType("categorical")
            .setSelectionThreshold(9)
        ),
        "variance": lambda: spark.VarianceThresholdSelector(**own, varianceThreshold=0.1),
        "slicer": lambda: spark.VectorSlicer(inputCol="f", outputCol="s", indices=[14, 3, 0, 4, 9, 5, 16]),
    }[name]()


@pytest.mark.parametrize("name", ["chi-squared", "univariate", "variance", "slicer"])
def test_selected_features_are_sparks(compare, fitted, name: str) -> None:
    """Out of numbers, one-hot blocks and hashed words, after one scaler and before another."""
    from pyspark.ml import feature as spark

    chosen = selector(name)
    if name == "chi-squared":  # it counts distinct values, and takes few of them
        same(compare([*fitted[:-1], assembler("steps", "w1", "h1", "x"), chosen, tree("s")]))
        return
    first = spark.StandardScaler(inputCol="f", outputCol="z", withMean=True)
    chosen = chosen.copy({chosen.getParam("inputCol" if name == "slicer" else "featuresCol"): "z"})
    last = spark.MinMaxScaler(inputCol="s", outputCol="e")
    found = compare([*fitted, first, chosen, last, tree("e")])
    same(found)
    assert any(isinstance(step.step, Picked) for step in found.pipeline.steps)


def test_records_of_another_order_get_the_same_features(compare, fitted, records) -> None:
    """Each record's features are its own: the batch backwards gives the features backwards."""
    from static_model.features import featurise

    found = compare([*fitted, tree()])
    backwards = records.take(pa.array(np.arange(len(records))[::-1]))
    np.testing.assert_array_equal(featurise(found.pipeline.steps, backwards)[::-1][found.rows], found.features)
