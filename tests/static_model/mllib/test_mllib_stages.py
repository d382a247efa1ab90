"""Saved Spark stages in both layouts: features, every kind of model, thresholds, and what is refused."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from producer.errors import ModelError
from static_model.estimators import GaussianBayes, Linear, Perceptron
from static_model.mllib import SavedPipeline, read_pipeline
from static_model.scorer import Scorer, featurise
from static_model.steps import Hashed, NGrams, Numeric, OneHot, Picked, Scaled, WordVectors
from static_model.tokenizing import Tokens
from static_model.validity import check_estimator

ASSEMBLER = ("VectorAssembler", {"inputCols": ["x", "y"], "outputCol": "f"}, [])
SVC = {"featuresCol": "f", "regParam": 0.1, "maxIter": 7, "threshold": 0.0}
LAYOUTS = pytest.mark.parametrize("layout", ["3.0", "4.2"])


def dense(*values: float) -> dict[str, Any]:
    return {"type": 1, "size": None, "indices": None, "values": list(values)}


def rows(*rows: dict[str, Any]) -> list[pa.Table]:
    return [pa.Table.from_pylist([row]) for row in rows]


def matrix(*lines: list[float], transposed: bool = True) -> dict[str, Any]:
    """A dense matrix; Spark saves it by rows if it is transposed, else by columns."""
    values = np.array(lines).ravel(order="C" if transposed else "F").tolist()
    return {"type": 1, "numRows": len(lines), "numCols": len(lines[0]), "values": values, "isTransposed": transposed}


def svc(width: int, **parameters: Any) -> tuple[str, dict[str, Any], list[pa.Table]]:
    """A linear SVC that adds its features up."""
    return ("LinearSVCModel", SVC | parameters, rows({"coefficients": dense(*[1.0] * width), "intercept": 0.0}))


def score(found: SavedPipeline, **columns: Any) -> list[float]:
    check_estimator(found.estimator, found.steps)
    return Scorer(found.estimator).score(featurise(found.steps, pa.RecordBatch.from_pydict(columns))).tolist()


@LAYOUTS
@pytest.mark.parametrize(
    "name", ["ChiSqSelectorModel", "UnivariateFeatureSelectorModel", "VarianceThresholdSelectorModel"]
)
def test_a_selector_leaves_the_features_that_it_names(save_pipeline, tmp_path, layout: str, name: str) -> None:
    """In ascending order, whatever order they are saved in; steps without any are gone."""
    hasher = ("FeatureHasher", {"inputCols": ["w"], "outputCol": "h", "numFeatures": 9}, [])
    assembler = ("VectorAssembler", {"inputCols": ["x", "h", "y"], "outputCol": "a"}, [])
    selector = (name, {"featuresCol": "a", "outputCol": "f"}, [pa.table({"selectedFeatures": [[10, 5, 3]]})])
    found = read_pipeline(save_pipeline(tmp_path / "p", [hasher, assembler, selector, svc(3)], layout))
    assert (Picked(Hashed(("w",), 9), (2, 4)), Numeric("y")) == found.steps


@LAYOUTS
def test_a_slicer_takes_features_in_the_order_asked_for(save_pipeline, tmp_path, layout: str) -> None:
    """Out of a scaled vector too: each keeps its own scale."""
    maxima = rows({"maxAbs": dense(2.0, 4.0)})
    scaler = ("MaxAbsScalerModel", {"inputCol": "f", "outputCol": "s"}, maxima)
    slicer = ("VectorSlicer", {"inputCol": "s", "outputCol": "z", "indices": [1, 0], "names": []}, [])
    stages = [ASSEMBLER, scaler, slicer, svc(2, featuresCol="z")]
    steps = read_pipeline(save_pipeline(tmp_path / "p", stages, layout)).steps
    assert (
        Scaled(Numeric("y"), (("multiply", (0.25,)),)),
        Scaled(Numeric("x"), (("multiply", (0.5,)),)),
    ) == steps


@LAYOUTS
def test_word_vectors_come_from_several_part_files(save_pipeline, tmp_path, layout: str) -> None:
    """Their order is that of the words, so that a model's digest doesn't depend on how Spark cut the table."""
    cut = {"inputCol": "w", "outputCol": "t", "pattern": "\\s+", "gaps": True, "toLowercase": True, "minTokenLength": 1}
    parts = rows({"word": "b", "vector": [0.5, 1.0]}, {"word": "a", "vector": [0.25, -1.0]})
    vectors = ("Word2VecModel", {"inputCol": "t", "outputCol": "f"}, parts)
    found = read_pipeline(save_pipeline(tmp_path / "p", [("RegexTokenizer", cut, []), vectors, svc(2)], layout))
    tokens = Tokens("\\s+", gaps=True)
    assert (WordVectors("w", tokens, ("a", "b"), ((0.25, -1.0), (0.5, 1.0))),) == found.steps
    assert ("w",) == found.required
    expected = [[0.375, 0.0], [0.125, -0.5], [0.0, 0.0], [0.5, 1.0]]
    records = pa.RecordBatch.from_pydict({"w": ["B a", "a ?", "", "b"]})
    np.testing.assert_array_equal(expected, featurise(found.steps, records))


def test_tokens_are_hashed_with_their_options(save_pipeline, tmp_path) -> None:
    """How a text is cut, n and binary all reach the step."""
    cut = {
        "inputCol": "w",
        "outputCol": "t",
        "pattern": "[.-]",
        "gaps": True,
        "toLowercase": False,
        "minTokenLength": 2,
    }
    stages = [
        ("RegexTokenizer", cut, []),
        ("NGram", {"inputCol": "t", "outputCol": "g", "n": 2}, []),
        ("HashingTF", {"inputCol": "g", "outputCol": "f", "numFeatures": 8, "binary": True}, []),
        svc(8),
    ]
    found = read_pipeline(save_pipeline(tmp_path / "p", stages))
    tokens = Tokens("[.-]", gaps=True, lowercase=False, least=2)
    assert (NGrams("w", 2, 8, tokens, binary=True),) == found.steps
    records = pa.RecordBatch.from_pydict({"w": ["ab.cd-ab.cd", "ab", None]})
    np.testing.assert_array_equal([2.0, 0.0, 0.0], featurise(found.steps, records).sum(axis=1))


@pytest.mark.parametrize(
    ("invalid", "encoder", "drop", "size", "width", "unknown"),
    [
        ("keep", "error", True, 3, 2, None),
        ("keep", "error", False, 3, 3, 2),
        ("keep", "keep", True, 3, 3, 2),
        ("keep", "keep", False, 3, 4, 2),
        ("error", "error", True, 2, 1, None),
        ("skip", "error", False, 2, 2, None),
        ("error", "keep", False, 2, 3, 2),
        ("keep", "keep", False, 1, 2, 1),
    ],
)
def test_one_hot_blocks_are_as_wide_as_sparks(
    save_pipeline, tmp_path, invalid: str, encoder: str, drop: bool, size: int, width: int, unknown: int | None
) -> None:
    """And an unknown word has a feature of its own, or none."""
    indexer = {"handleInvalid": invalid, "inputCol": "w", "outputCol": "i"}
    one_hot = {"handleInvalid": encoder, "dropLast": drop, "inputCols": ["i"], "outputCols": ["f"]}
    stages = [
        ("StringIndexerModel", indexer, [pa.table({"labelsArray": [[["a", "b"]]]})]),
        ("OneHotEncoderModel", one_hot, [pa.table({"categorySizes": pa.array([[size]], pa.list_(pa.int32()))})]),
        svc(width),
    ]
    found = read_pipeline(save_pipeline(tmp_path / "p", stages))
    (row,) = featurise(found.steps, pa.RecordBatch.from_pydict({"w": ["?"]})).tolist()
    assert [1.0 if place == unknown else 0.0 for place in range(width)] == row
    assert ((), ()) == (found.required, found.notes) if invalid == "keep" else ("w",) == found.required


def test_a_word_that_spark_would_fail_on_or_drop_is_noted(save_pipeline, tmp_path) -> None:
    """The note names the column and the stage, and says what happens instead."""
    for invalid, verb in (("skip", "drops"), ("error", "fails on")):
        indexer = {"handleInvalid": invalid, "inputCol": "w", "outputCol": "i"}
        labels = [pa.table({"labelsArray": [[["a", "b"]]]})]
        assembler = ("VectorAssembler", {"inputCols": ["i"], "outputCol": "f"}, [])
        stages = [("StringIndexerModel", indexer, labels), assembler, svc(1)]
        found = read_pipeline(save_pipeline(tmp_path / invalid, stages))
        expected = (
            f"Spark {verb} a record whose 'w' holds a word unknown to StringIndexerModel (stage 1); "
            "here it is scored as with handleInvalid='keep': all unknown words are one more word"
        )
        assert ((expected,), ("w",)) == (found.notes, found.required)
        assert [1 / (1 + np.exp(-2.0))] == score(found, w=["?"])


def test_a_number_that_stands_for_missing_is_filled(save_pipeline, tmp_path) -> None:
    """Null is filled as well; what is no number isn't then."""
    fills = [pa.table({"x": [2.5]})]
    imputer = ("ImputerModel", {"missingValue": -1.0, "inputCols": ["x"], "outputCols": ["f0"]}, fills)
    assembler = ("VectorAssembler", {"inputCols": ["f0"], "outputCol": "f"}, [])
    found = read_pipeline(save_pipeline(tmp_path / "p", [imputer, assembler, svc(1)]))
    features = featurise(found.steps, pa.RecordBatch.from_pydict({"x": [-1.0, None, float("nan"), 3.0]}))
    np.testing.assert_array_equal([[2.5], [2.5], [np.nan], [3.0]], features)


NORMAL = {"featuresCol": "f", "smoothing": 1.0}


def bayes(kind: str, theta: dict[str, Any], *, shares: int = 2) -> tuple[str, dict[str, Any], list[pa.Table]]:
    sigma = matrix([1.0, 4.0], [0.25, 1.0]) if kind == "gaussian" else {**matrix([0.0]), "numRows": 0, "values": []}
    row = {"pi": dense(*np.log(np.full(shares, 1 / shares) * np.arange(1, shares + 1)).tolist()), "theta": theta}
    return ("NaiveBayesModel", NORMAL | {"modelType": kind}, rows({**row, "sigma": sigma}))


@LAYOUTS
@pytest.mark.parametrize("transposed", [True, False])
def test_gaussian_bayes_weighs_each_feature_by_its_variance(
    save_pipeline, tmp_path, layout: str, transposed: bool
) -> None:
    """The score is class 1's share of the two densities times the classes' shares."""
    stages = [ASSEMBLER, bayes("gaussian", matrix([0.0, 1.0], [1.0, -1.0], transposed=transposed))]
    found = read_pipeline(save_pipeline(tmp_path / "p", stages, layout))
    assert isinstance(found.estimator, GaussianBayes)

    def density(x: float, mean: float, variance: float) -> float:
        return float(np.exp(-((x - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance))

    zero = 0.5 * density(0.5, 0.0, 1.0) * density(2.0, 1.0, 4.0)
    one = 1.0 * density(0.5, 1.0, 0.25) * density(2.0, -1.0, 1.0)
    assert [pytest.approx(one / (zero + one), abs=1e-15)] == score(found, x=[0.5], y=[2.0])


@LAYOUTS
def test_naive_bayes_of_counts_is_linear(save_pipeline, tmp_path, layout: str) -> None:
    """A complement one leaves the classes' shares out; one of zeros and ones counts absent features too."""
    shares = np.log([[0.75, 0.25], [0.5, 0.5]])
    theta = matrix(*shares.tolist())
    scores = {}
    for kind in ("multinomial", "complement", "bernoulli"):
        found = read_pipeline(save_pipeline(tmp_path / kind, [ASSEMBLER, bayes(kind, theta)], layout))
        assert isinstance(found.estimator, Linear)
        assert ("bayes", {"smoothing": 1.0}) == (found.estimator.loss, found.estimator.parameters)
        (scores[kind],) = score(found, x=[1.0], y=[0.0])
    assert {
        "multinomial": pytest.approx(1.0 * 0.5 / (0.5 * 0.75 + 1.0 * 0.5)),
        "complement": pytest.approx(0.5 / (0.75 + 0.5)),
        "bernoulli": pytest.approx(1.0 * 0.5 * 0.5 / (0.5 * 0.75 * 0.75 + 1.0 * 0.5 * 0.5)),
    } == scores


@pytest.mark.parametrize(
    ("kind", "binary", "noted"),
    [
        ("multinomial", False, False),
        ("complement", True, False),
        ("bernoulli", True, False),
        ("bernoulli", False, True),
        ("gaussian", False, False),
    ],
)
def test_naive_bayes_notes_only_what_can_happen(save_pipeline, tmp_path, kind: str, binary: bool, noted: bool) -> None:
    """Counts are never negative, and binary ones are 0 or 1."""
    cut = CUT | {"pattern": "a"}
    counts = {"inputCol": "t", "outputCol": "f", "numFeatures": 2, "binary": binary}
    stages = [("RegexTokenizer", cut, []), ("HashingTF", counts, []), bayes(kind, matrix([-1.0, -2.0], [-2.0, -1.0]))]
    found = read_pipeline(save_pipeline(tmp_path / "p", stages))
    assert noted == any("Spark fails on a record with a feature that is neither 0 nor 1" in n for n in found.notes)
    assert noted == bool(found.notes)


def perceptron(*layers: int) -> tuple[str, dict[str, Any], list[pa.Table]]:
    count = sum((before + 1) * after for before, after in pairwise(layers))
    weights = dense(*(np.arange(count) / 10).tolist())
    return (
        "MultilayerPerceptronClassificationModel",
        {"featuresCol": "f", "layers": list(layers), "maxIter": 9},
        rows({"weights": weights}),
    )


@LAYOUTS
def test_a_perceptron_passes_its_layers(save_pipeline, tmp_path, layout: str) -> None:
    """Weights stand by the unit before, then the intercepts; sigmoids within, a softmax at the end."""
    found = read_pipeline(save_pipeline(tmp_path / "p", [ASSEMBLER, perceptron(2, 3, 2)], layout))
    assert isinstance(found.estimator, Perceptron)
    hidden = 0.5 * np.array([0.0, 0.1, 0.2]) - 2.0 * np.array([0.3, 0.4, 0.5]) + np.array([0.6, 0.7, 0.8])
    units = 1 / (1 + np.exp(-hidden))
    zero = float(units @ [0.9, 1.1, 1.3]) + 1.5
    one = float(units @ [1.0, 1.2, 1.4]) + 1.6
    assert [pytest.approx(1 / (1 + np.exp(zero - one)))] == score(found, x=[0.5], y=[-2.0])


def logistic(coefficients: dict[str, Any], intercepts: list[float], *, classes: int = 2, **parameters: Any) -> Any:
    row = {"numClasses": classes, "numFeatures": 2, "interceptVector": dense(*intercepts)}
    table = rows({**row, "coefficientMatrix": coefficients, "isMultinomial": True})
    return ("LogisticRegressionModel", SVC | {"threshold": 0.9} | parameters, table)


SPARSE = {
    "type": 0,
    "numRows": 2,
    "numCols": 2,
    "colPtrs": [0, 1, 2],
    "rowIndices": [1, 0],
    "values": [2.0, 1.0],
    "isTransposed": False,
}


@LAYOUTS
@pytest.mark.parametrize(
    "saved", [matrix([0.0, 1.0], [2.0, 0.0]), matrix([0.0, 1.0], [2.0, 0.0], transposed=False), SPARSE]
)
def test_a_multinomial_regression_of_two_classes_is_the_difference_of_its_rows(
    save_pipeline, tmp_path, layout: str, saved: dict[str, Any]
) -> None:
    """Dense or sparse, by rows or by columns; the larger probability wins whatever its `threshold` says."""
    found = read_pipeline(save_pipeline(tmp_path / "p", [ASSEMBLER, logistic(saved, [0.5, 0.25])], layout))
    assert isinstance(found.estimator, Linear)
    assert ([2.0, -1.0], -0.25) == (found.estimator.coefficients.tolist(), found.estimator.intercept)
    assert 0.5 == found.threshold


@pytest.mark.parametrize(
    ("stage", "loss", "scores"),
    [
        (("LinearRegressionModel", {}), "squared", [5.25]),
        (("GeneralizedLinearRegressionModel", {}), "squared", [5.25]),
        (("GeneralizedLinearRegressionModel", {"family": "Binomial"}), "log", [1 / (1 + np.exp(-5.25))]),
    ],
)
def test_a_linear_regressor_scores_what_it_predicts(
    save_pipeline, tmp_path, stage, loss: str, scores: list[float]
) -> None:
    """More than a half is positive; a logistic GLM is a logistic regression."""
    name, parameters = stage
    table = rows({"intercept": 0.25, "coefficients": dense(1.0, 2.0), "scale": 1.0})
    stages = [ASSEMBLER, (name, {"featuresCol": "f", "regParam": 0.0, "maxIter": 5} | parameters, table)]
    found = read_pipeline(save_pipeline(tmp_path / "p", stages))
    assert isinstance(found.estimator, Linear)
    assert (loss, scores, 0.5) == (found.estimator.loss, score(found, x=[1.0], y=[2.0]), found.threshold)


@pytest.mark.parametrize("thresholds", [[0.6, 0.3], [0.7, 0.1], [1e-3, 0.9], [0.1, 0.7], [0.5, 0.5], [0.3, 0.0]])
def test_two_thresholds_are_one_with_sparks_rounding(save_pipeline, tmp_path, thresholds: list[float]) -> None:
    """Spark divides each probability by its class's threshold, and compares: at the edge that may round."""
    stages = [ASSEMBLER, logistic(matrix([0.0, 0.0], [1.0, 1.0]), [0.0, 0.0], thresholds=thresholds)]
    threshold = read_pipeline(save_pipeline(tmp_path / "p", stages)).threshold
    zero, one = thresholds
    for score in (threshold, np.nextafter(threshold, 1), np.nextafter(threshold, 0), 1 / 3, 0.25, 0.0, 1.0):
        with np.errstate(divide="ignore", invalid="ignore"):
            spark = bool(np.divide(score, one) > np.divide(1 - score, zero))
        assert spark == bool(score > threshold)


CUT = {"inputCol": "w", "outputCol": "t", "pattern": "(a)", "gaps": True, "toLowercase": True, "minTokenLength": 1}
HASHER = {"inputCols": ["w"], "outputCol": "h", "numFeatures": 4}
IMPUTER = ("ImputerModel", {"inputCols": ["x"], "outputCols": ["x"]}, [pa.table({"x": [1.0]})])
HUGE = {**SPARSE, "numCols": 10**12}
WIDE = matrix([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ([("RegexTokenizer", CUT, [])], r"stage 1 .* RegexTokenizer, .* it cuts texts by the pattern '\(a\)'; only"),
        ([("RegexTokenizer", CUT | {"pattern": "a", "minTokenLength": 0}, [])], "it keeps empty tokens"),
        (
            [IMPUTER, ("FeatureHasher", HASHER | {"inputCols": ["x"]}, [])],
            "stage 2 .* it reads 'x', which a stage before",
        ),
        (
            [("FeatureHasher", HASHER | {"numFeatures": 2**31 - 1}, [])],
            "it makes 2,147,483,647 features; 1 to 1,048,576",
        ),
        ([ASSEMBLER, logistic(HUGE, [0.0, 0.0])], "a sparse vector or matrix of 2,000,000,000,000 numbers; at most"),
        ([("Word2VecModel", {"inputCol": "t"}, [])], "stage 1 .* its tokens 't' come from no RegexTokenizer"),
        (
            [ASSEMBLER, ("VectorSlicer", {"inputCol": "f", "names": ["x"], "indices": []}, [])],
            "it picks features by name",
        ),
        ([ASSEMBLER, ("VectorSlicer", {"inputCol": "f", "indices": [2]}, [])], r"picks the features \[2\], .* makes 2"),
        ([ASSEMBLER, bayes("multinomial", WIDE)], "stage 2 .* it was fitted on 3 features, its pipeline makes 2"),
        ([ASSEMBLER, bayes("normal", matrix([1.0, 2.0]))], "its type is 'normal'"),
        ([ASSEMBLER, bayes("multinomial", matrix([1.0], [1.0], [1.0]), shares=3)], "it has 3 classes, not two"),
        ([ASSEMBLER, perceptron(2, 4, 3)], "it has 3 outputs, not two"),
        ([ASSEMBLER, perceptron(3, 2)], "it was fitted on 3 features"),
        ([ASSEMBLER, logistic(matrix([1.0], [1.0], [1.0]), [0.0] * 3, classes=3)], "it has more than two classes"),
        ([ASSEMBLER, logistic(WIDE, [0.0, 0.0], thresholds=[0.0, 1.0])], "it was fitted on 3 features"),
        (
            [ASSEMBLER, logistic(matrix([1.0, 1.0], [0.0, 1.0]), [0.0] * 2, thresholds=[0.0, 0.0])],
            "at most one of them 0",
        ),
        ([ASSEMBLER, svc(2, threshold=40.0)], "its threshold, a margin, is 40.0; only -20.0 to 20.0 can be told apart"),
        ([ASSEMBLER, ("GeneralizedLinearRegressionModel", SVC | {"family": "poisson"}, [])], "its family is poisson"),
        ([ASSEMBLER, ("GeneralizedLinearRegressionModel", SVC | {"offsetCol": "o"}, [])], "it adds an offset"),
    ],
)
def test_what_cant_be_computed_as_spark_does_is_refused(save_pipeline, tmp_path, stages, message: str) -> None:
    """By class and place, and with the reason."""
    with pytest.raises(ModelError, match=message):
        read_pipeline(save_pipeline(tmp_path / "p", stages))


def test_hashes_of_spark_2_are_refused(save_pipeline, tmp_path) -> None:
    """It hashed otherwise, which its version tells."""
    saved = save_pipeline(tmp_path / "p", [("FeatureHasher", HASHER, []), svc(4, featuresCol="h")])
    assert (Hashed(("w",), 4),) == read_pipeline(saved).steps
    metadata = next((saved / "stages").glob("0_*/metadata/part-*"))
    metadata.write_text(metadata.read_text().replace('"paramMap"', '"sparkVersion": "2.4.8", "paramMap"'))
    with pytest.raises(ModelError, match=r"stage 1 .* FeatureHasher, .* Spark 2.4.8 saved it, which hashed otherwise"):
        read_pipeline(saved)


def test_an_empty_one_hot_block_is_no_step(save_pipeline, tmp_path) -> None:
    """A column of one word, the last of its categories dropped, makes no feature."""
    indexer = {"handleInvalid": "error", "inputCol": "w", "outputCol": "i"}
    one_hot = {"handleInvalid": "error", "dropLast": True, "inputCols": ["i"], "outputCols": ["o"]}
    stages = [
        ("StringIndexerModel", indexer, [pa.table({"labelsArray": [[["a"]]]})]),
        ("OneHotEncoderModel", one_hot, [pa.table({"categorySizes": pa.array([[1]], pa.list_(pa.int32()))})]),
        ("VectorAssembler", {"inputCols": ["o", "x"], "outputCol": "f"}, []),
        svc(1),
    ]
    assert (Numeric("x"),) == read_pipeline(save_pipeline(tmp_path / "p", stages)).steps
    assert 0 == OneHot("w", ("a",), 0).width
