"""Saved Spark pipelines, read without Spark: both layouts, and what is refused."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from producer.errors import ModelError
from static_model.estimators import Membership, Numeric, OneHot
from static_model.mllib import read_pipeline
from static_model.scorer import Scorer, featurise
from static_model.validity import check_estimator

LEAF = {"featureIndex": -1, "leftCategoriesOrThreshold": [], "numCategories": -1}
NODE = pa.struct(
    [
        ("id", pa.int32()),
        ("impurityStats", pa.list_(pa.float64())),
        ("leftChild", pa.int32()),
        ("rightChild", pa.int32()),
        (
            "split",
            pa.struct(
                [
                    ("featureIndex", pa.int32()),
                    ("leftCategoriesOrThreshold", pa.list_(pa.float64())),
                    ("numCategories", pa.int32()),
                ]
            ),
        ),
    ]
)


def _node(at, votes, left=-1, right=-1, split=LEAF):
    return {"id": at, "impurityStats": votes, "leftChild": left, "rightChild": right, "split": split}


def _split(feature, value, categories=-1):
    return {"featureIndex": feature, "leftCategoriesOrThreshold": [value], "numCategories": categories}


def _stump(split, left=(3.0, 1.0), right=(0.0, 4.0)):
    return [_node(0, [3.0, 5.0], 1, 2, split), _node(1, list(left)), _node(2, list(right))]


INDEXER = ("StringIndexerModel", {"handleInvalid": "keep", "inputCol": "w", "outputCol": "i"})
ENCODER = ("OneHotEncoderModel", {"handleInvalid": "error", "dropLast": True, "inputCols": ["i"], "outputCols": ["o"]})
ASSEMBLER = ("VectorAssembler", {"inputCols": ["x", "o"], "outputCol": "f"}, [])
TREE = {"featuresCol": "f", "maxDepth": 1, "minInstancesPerNode": 1}
LOGISTIC = {"featuresCol": "f", "regParam": 0.1, "maxIter": 7, "threshold": 0.5}


def _labels(*words):
    return [pa.table({"labelsArray": [[list(words)]]})]


def _sizes(size):
    return [pa.table({"categorySizes": pa.array([[size]], pa.list_(pa.int32()))})]


def _features(size=3):
    return [(*INDEXER, _labels("a", "b")), (*ENCODER, _sizes(size)), ASSEMBLER]


def _trees(*trees):
    rows = [(number, node) for number, tree in enumerate(trees) for node in tree]
    return pa.table({"treeID": [r[0] for r in rows], "nodeData": pa.array([r[1] for r in rows], NODE)})


def _forest(*trees):
    return ("RandomForestClassificationModel", TREE, [_trees(*trees)])


def _logistic(matrix, *, multinomial=False, **parameters):
    intercept = {"type": 0, "size": 1, "indices": [], "values": []}
    row = {"numClasses": 2, "numFeatures": 3, "interceptVector": intercept, "coefficientMatrix": matrix}
    table = pa.Table.from_pylist([{**row, "isMultinomial": multinomial}])
    return ("LogisticRegressionModel", LOGISTIC | parameters, [table])


DENSE = {"type": 1, "numRows": 1, "numCols": 3, "values": [1.0, 0.0, 2.0], "isTransposed": False}
BY_COLUMN = {**DENSE, "type": 0, "colPtrs": [0, 1, 1, 2], "rowIndices": [0, 0], "values": [1.0, 2.0]}
BY_ROW = {**DENSE, "type": 0, "colPtrs": [0, 2], "rowIndices": [0, 2], "values": [1.0, 2.0], "isTransposed": True}


def _score(pipeline, x, w):
    steps, estimator, *_ = pipeline
    check_estimator(estimator, steps)
    records = pa.RecordBatch.from_pydict({"x": pa.array(x, pa.float64()), "w": w})
    return Scorer(estimator).score(featurise(steps, records)).tolist()


@pytest.mark.parametrize("layout", ["3.0", "4.2"])
def test_a_forest_is_read_from_both_layouts(save_pipeline, tmp_path, layout):
    """Steps, votes, roots and hyper-parameters come out; thresholds stay float64."""
    tree = _stump(_split(0, 0.1))
    steps, forest, *_ = read_pipeline(save_pipeline(tmp_path / "p", [*_features(), _forest(tree, tree)], layout))
    assert steps == (Numeric("x"), OneHot("w", ("a", "b"), 2))
    assert forest.roots.tolist() == [0, 3]
    assert forest.threshold[[0, 3]].tolist() == [0.1, 0.1]
    assert (forest.left.tolist(), forest.right.tolist()) == ([1, -1, -1, 4, -1, -1], [2, -1, -1, 5, -1, -1])
    assert dict(forest.parameters) == {"trees": 2, "max_depth": 1, "min_instances": 1}
    assert _score((steps, forest), [0.1, 0.2], ["a", "b"]) == [0.25, 1.0]


def test_nodes_are_put_in_order_over_several_part_files(save_pipeline, tmp_path):
    """Part files hold nodes in any order; trees come back as they were grown."""
    table = _trees(_stump(_split(0, 1.0)), _stump(_split(0, 2.0), left=(4.0, 0.0)))
    parts = [table.take([5, 0, 4]), table.take([2, 3, 1])]
    shuffled = ("RandomForestClassificationModel", TREE, parts)
    read = read_pipeline(save_pipeline(tmp_path / "p", [*_features(), shuffled]))
    assert _score(read, [0.0, 1.5, 3.0], ["a", "a", "a"]) == [0.125, 0.5, 1.0]


def test_a_split_on_an_encoded_word_becomes_a_threshold_whichever_side_is_listed(save_pipeline, tmp_path):
    """Spark takes one-hot features for categories 0 and 1; {1} to the left swaps the children."""
    for value, expected in ((0.0, [1.0, 0.25, 0.25]), (1.0, [0.25, 1.0, 1.0])):
        stage = _forest(_stump(_split(1, value, categories=2)))
        read = read_pipeline(save_pipeline(tmp_path / str(value), [*_features(), stage]))
        assert _score(read, [0.0, 0.0, 0.0], ["a", "b", "?"]) == expected


def test_a_single_tree_is_a_forest_of_one(save_pipeline, tmp_path):
    """Its nodes stand flat in the table, without a tree's number."""
    table = pa.Table.from_pylist(_stump(_split(0, 1.0)), schema=pa.schema(list(NODE)))
    stages = [*_features(), ("DecisionTreeClassificationModel", TREE, [table])]
    assert _score(read_pipeline(save_pipeline(tmp_path / "p", stages)), [1.0, 1.1], ["a", "a"]) == [0.25, 1.0]


@pytest.mark.parametrize("matrix", [DENSE, BY_COLUMN, BY_ROW])
def test_a_logistic_regression_is_read_from_dense_and_sparse_values(save_pipeline, tmp_path, matrix):
    """Spark saves what is mostly zeros as sparse, by columns or by rows."""
    _, linear, *_ = read_pipeline(save_pipeline(tmp_path / "p", [*_features(), _logistic(matrix)]))
    assert linear.coefficients.tolist() == [1.0, 0.0, 2.0]
    assert (linear.intercept, dict(linear.parameters)) == (0.0, {"reg_param": 0.1, "max_iter": 7})


def test_a_pipeline_inside_the_pipeline_is_read_in_its_place(save_pipeline, tmp_path):
    """Nested stages count as if they stood in the outer pipeline."""
    stages = [("PipelineModel", {}, _features()), _logistic(DENSE)]
    assert read_pipeline(save_pipeline(tmp_path / "p", stages))[0] == (Numeric("x"), OneHot("w", ("a", "b"), 2))


def test_stages_beyond_ten_keep_their_order(save_pipeline, tmp_path):
    """Folder names are padded by the number of stages; their order is that of the numbers."""
    names = [f"v{index}" for index in range(11)]
    inputs = [["x", "o"], *([name] for name in names)]
    chain = [
        ("VectorAssembler", {"inputCols": columns, "outputCol": output}, [])
        for columns, output in zip(inputs, [*names, "f"], strict=True)
    ]
    stages = [*_features()[:2], *chain, _logistic(DENSE)]
    assert read_pipeline(save_pipeline(tmp_path / "p", stages))[0] == (Numeric("x"), OneHot("w", ("a", "b"), 2))


BAD_INDEXER = ("StringIndexerModel", {**INDEXER[1], "handleInvalid": "guess"}, _labels("a"))
THREE = _stump(_split(0, 1.0))
THREE = [{**node, "impurityStats": [1.0, 1.0, 1.0]} for node in THREE]


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ([("IDFModel", {}, [])], "stage 1 of the Spark pipeline, IDFModel, can't be read: only these"),
        ([*_features(), ("FMClassificationModel", {}, [])], "stage 4 of the Spark pipeline, FMClassificationModel"),
        ([("PipelineModel", {}, [ASSEMBLER, ("Bucketizer", {}, [])])], "stage 1.2 .* Bucketizer, .* only these"),
        ([BAD_INDEXER], "stage 1 .* StringIndexerModel, .* its handleInvalid is 'guess'"),
        ([_features()[0], (*ENCODER, _sizes(1))], "stage 2 .* has 1 categories and its StringIndexerModel 2; fit both"),
        ([_features()[0], (*ENCODER, _sizes(4))], "stage 2 .* has 4 categories and its StringIndexerModel 2; fit both"),
        ([(*ENCODER, _sizes(3))], "encodes 'i', which no StringIndexerModel"),
        ([_forest(THREE)], "features 'f' come from no stage of the pipeline"),
        ([("NGram", {"inputCol": "t", "n": 2}, [])], "its tokens 't' come from no RegexTokenizer"),
        ([("HashingTF", {"inputCol": "t"}, [])], "its terms 't' come from no NGram or RegexTokenizer"),
        (
            [*_features()[:2], ("VectorAssembler", {"inputCols": ["o"], "outputCol": "f"}, []), _logistic(DENSE)],
            "3 feat",
        ),
        ([*_features(), _forest(THREE)], "RandomForestClassificationModel, .* more than two classes"),
        ([*_features(), _forest(_stump(_split(0, 0.0, categories=2)))], "stage 4 .* splits numbers into categories"),
        ([*_features(), _forest(_stump(_split(1, 0.0, categories=5)))], "stage 4 .* splits numbers into categories"),
        ([*_features(), _forest(_stump(_split(9, 0.0)))], "uses feature 9, its pipeline makes 3"),
        ([*_features(), _logistic(DENSE), ASSEMBLER], "stage 5 .* comes after the classifier"),
        (_features(), "ends without a classifier"),
    ],
)
def test_what_has_no_exact_counterpart_is_refused_by_class_and_place(save_pipeline, tmp_path, stages, message):
    """Nothing is guessed: the message names the stage and says why."""
    with pytest.raises(ModelError, match=message):
        read_pipeline(save_pipeline(tmp_path / "p", stages))


@pytest.mark.parametrize(
    ("parameters", "threshold"), [({"threshold": 0.4}, 0.4), ({"thresholds": [0.25, 0.75]}, 0.75), ({}, 0.5)]
)
def test_a_threshold_of_its_own_is_kept(save_pipeline, tmp_path, parameters, threshold):
    """Spark can say it in two ways; both mean a score above which a record is positive."""
    assert (
        threshold
        == read_pipeline(save_pipeline(tmp_path / "p", [*_features(), _logistic(DENSE, **parameters)])).threshold
    )


def test_splits_on_words_become_memberships(save_pipeline, tmp_path):
    """Sets of words go left as Spark sends them: listed ones, and unheard ones where the listed are the larger side."""
    index = (*INDEXER, _labels("a", "b", "c"))
    assembler = ("VectorAssembler", {"inputCols": ["x", "i"], "outputCol": "f"}, [])
    some, most = _split(1, 1.0, 3), _split(1, 1.0, 3)
    most["leftCategoriesOrThreshold"] = [0.0, 2.0]
    forest = _forest(_stump(some), _stump(most, left=(0.0, 1.0), right=(1.0, 0.0)), _stump(some))
    read = read_pipeline(save_pipeline(tmp_path / "p", [index, assembler, forest]))
    assert (Numeric("x"), Membership("w", ("a", "b", "c"), ((0, 2, 3), (1,)))) == read.steps
    left, right = 0.25, 1.0
    first = {"a": right, "b": left, "c": right, "unheard": right}
    second = {"a": 1.0, "b": 0.0, "c": 1.0, "unheard": 1.0}
    expected = [pytest.approx((2 * first[w] + second[w]) / 3) for w in first]
    assert expected == _score(read, [0.0] * 4, list(first))


def test_a_damaged_or_missing_pipeline_is_a_sentence(save_pipeline, tmp_path):
    """No pipeline, a missing stage and cut-off metadata are model errors."""
    with pytest.raises(ModelError, match=r"no readable Spark pipeline in .*nowhere"):
        read_pipeline(tmp_path / "nowhere")
    saved = save_pipeline(tmp_path / "p", [*_features(), _logistic(DENSE)])
    next((saved / "stages").glob("3_*/data/part-*")).write_bytes(b"no parquet")
    with pytest.raises(ModelError, match="no readable Spark pipeline"):
        read_pipeline(saved)
    next((saved / "metadata").glob("part-*")).write_text("{")
    with pytest.raises(ModelError, match="no readable Spark pipeline"):
        read_pipeline(saved)


@pytest.fixture(scope="module")
def words(spark):
    """300 rows with a word, of which the indexer doesn't know every one, as a Spark frame and as records."""
    rng = np.random.default_rng(3)
    x, w = rng.normal(size=300), rng.choice(["a", "b", "nan", "c"], 300)
    y = ((x > 0) ^ (w == "a")).astype(float)
    records = pa.RecordBatch.from_pydict({"x": x, "k": rng.integers(0, 9, 300), "w": w})
    return spark.createDataFrame(pa.Table.from_batches([records]).append_column("y", pa.array(y))), records


@pytest.mark.spark
@pytest.mark.parametrize("kind", ["DecisionTreeClassifier", "RandomForestClassifier", "LogisticRegression"])
def test_what_spark_saves_scores_as_spark_does(tmp_path, words, kind):
    """A real pipeline with words, saved by the real Spark, read back: the same probabilities."""
    from pyspark.ml import Pipeline, classification, feature
    from pyspark.ml.functions import vector_to_array

    frame, records = words
    stages = [
        feature.StringIndexerModel.from_labels(["nan", "a"], inputCol="w", outputCol="i", handleInvalid="keep"),
        feature.OneHotEncoder(inputCol="i", outputCol="o"),
        feature.VectorAssembler(inputCols=["k", "o", "x"], outputCol="f"),
        getattr(classification, kind)(featuresCol="f", labelCol="y"),
    ]
    model = Pipeline(stages=stages).fit(frame)
    model.save(f"file://{tmp_path / 'p'}")
    table = model.transform(frame).select(vector_to_array("probability")[1].alias("score")).toArrow()
    steps, estimator, *_ = read_pipeline(tmp_path / "p")
    check_estimator(estimator, steps)
    scores = Scorer(estimator).score(featurise(steps, records))
    assert steps == (Numeric("k"), OneHot("w", ("nan", "a"), 2), Numeric("x"))
    assert 0.2 < float(np.mean(scores > 0.5)) < 0.8
    np.testing.assert_allclose(scores, table["score"].to_numpy(), rtol=0, atol=1e-15 if "Log" not in kind else 1e-12)
