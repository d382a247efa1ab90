"""Features and scores equal the slow obvious way, and scikit-learn's."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from producer.errors import ModelError
from static_model.estimators import Forest, Linear, Numeric, OneHot
from static_model.fitted import forest_from_sklearn, linear_from_sklearn
from static_model.scorer import Scorer, featurise

THRESHOLDS = st.sampled_from([-1e300, -2.5, -0.0, 0.1, 0.5, 1 + 1e-12, 1 + 1e-9, 1e9 + 0.3, 1.7e9 + 0.123456, 1e300])


@st.composite
def trees(draw, width, depth=4):
    """One tree as nodes (feature, threshold, left, right, votes), a parent before its children."""
    nodes = []

    def grow(level):
        at = len(nodes)
        nodes.append(None)
        if level == depth or draw(st.booleans()):
            votes = draw(st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(any))
            nodes[at] = (-1, 0.0, -1, -1, votes)
        else:
            feature, threshold = draw(st.integers(0, width - 1)), draw(THRESHOLDS)
            nodes[at] = (feature, threshold, grow(level + 1), grow(level + 1), (0, 0))
        return at

    grow(0)
    return nodes


def join(all_trees, compares):
    rows, roots = [], []
    for nodes in all_trees:
        at = len(rows)
        roots.append(at)
        rows += [(f, t, left + at if f >= 0 else -1, right + at if f >= 0 else -1, v) for f, t, left, right, v in nodes]
    feature, threshold, left, right, votes = zip(*rows, strict=True)
    return Forest(
        feature=np.array(feature, np.int32),
        threshold=np.array(threshold, np.float64),
        left=np.array(left, np.int32),
        right=np.array(right, np.int32),
        votes=np.array(votes, np.float64),
        roots=np.array(roots, np.int32),
        compares=compares,
        parameters={},
    )


@st.composite
def forests_and_features(draw):
    """A forest, and rows at its thresholds, just beside them, huge, infinite, and NaN."""
    width = draw(st.integers(1, 4))
    forest = join(draw(st.lists(trees(width), min_size=1, max_size=5)), draw(st.sampled_from(["float64", "float32"])))
    near = sorted(
        {value for t in forest.threshold.tolist() for value in (t, np.nextafter(t, -9e99), np.nextafter(t, 9e99))}
    )
    values = st.one_of(st.sampled_from(near), st.sampled_from([np.inf, -np.inf, np.nan, 1e308]), st.floats(-3, 3))
    rows = draw(st.lists(st.lists(values, min_size=width, max_size=width), min_size=0, max_size=12))
    return forest, np.array(rows, np.float64).reshape(-1, width)


def slow_score(forest, row):
    """One record through every tree by plain comparisons; votes added in tree order."""
    totals = [0.0, 0.0]
    for root in forest.roots.tolist():
        node = root
        while forest.feature[node] >= 0:
            value = row[forest.feature[node]]
            if forest.compares == "float32":
                with np.errstate(over="ignore"):
                    value = np.float64(np.float32(value))
            node = int(forest.left[node] if value <= forest.threshold[node] else forest.right[node])
        zero, one = forest.votes[node].tolist()
        totals = [totals[0] + zero / (zero + one), totals[1] + one / (zero + one)]
    return totals[1] / (totals[0] + totals[1])


@settings(max_examples=300)
@given(forests_and_features())
def test_a_forest_scores_exactly_as_a_plain_walk_through_its_trees(case):
    """Scores are bit-identical to the slow loop, at thresholds and at the next float beside them too."""
    forest, features = case
    assert [slow_score(forest, row) for row in features] == Scorer(forest).score(features).tolist()


def test_thresholds_closer_than_float32_can_tell_still_part_the_records():
    """Epoch seconds with a fraction keep their side of the threshold in float64 and lose it in float32."""
    nodes = [(0, 1.7e9 + 0.5, 1, 2, (0, 0)), (-1, 0.0, -1, -1, (1, 0)), (-1, 0.0, -1, -1, (0, 1))]
    features = np.array([[1.7e9 + 0.25], [1.7e9 + 0.5], [1.7e9 + 0.75]])
    assert [0.0, 0.0, 1.0] == Scorer(join([nodes], "float64")).score(features).tolist()
    assert [0.0, 0.0, 0.0] == Scorer(join([nodes], "float32")).score(features).tolist()


def test_leaf_votes_are_shares_before_they_are_added():
    """A leaf of 1,000 records and one of 3 weigh the same, as each tree casts one vote."""
    forest = join([[(-1, 0.0, -1, -1, (1000, 0))], [(-1, 0.0, -1, -1, (1, 2))]], "float64")
    assert [(0.0 + 2 / 3) / ((1.0 + 1 / 3) + (0.0 + 2 / 3))] == Scorer(forest).score(np.zeros((1, 3))).tolist()


@pytest.fixture(scope="module")
def fitted():
    """A scikit-learn forest on wide-ranged, coarse and one-hot features, and the rows it learned from."""
    random = np.random.default_rng(7)
    features = random.normal(size=(3000, 6)) * [1, 1e-6, 1e9, 10, 1, 1]
    features[:, 3] = np.round(features[:, 3])
    features[:, 4:] = features[:, 4:] > 0
    labels = (features[:, 0] * features[:, 3] + random.normal(size=3000) > 0).astype(np.int8)
    classifier = RandomForestClassifier(25, max_depth=10, random_state=3).fit(features, labels)
    return classifier, features


def test_a_scikit_learn_forest_keeps_its_probabilities_and_predictions(fitted):
    """The forest taken from a fitted classifier gives its probabilities to 1e-15 and each of its predictions."""
    classifier, features = fitted
    splits = np.concatenate([member.tree_.threshold[member.tree_.feature == 0] for member in classifier.estimators_])
    near = np.repeat(features[:1], 3 * len(splits), axis=0)
    near[:, 0] = np.concatenate([splits, np.nextafter(splits, -np.inf), np.nextafter(splits, np.inf)])
    rows = np.concatenate([features, near])
    scores = Scorer(forest_from_sklearn(classifier, parameters={"trees": 25})).score(rows)
    np.testing.assert_allclose(scores, classifier.predict_proba(rows)[:, 1], rtol=0, atol=1e-15)
    assert classifier.predict(rows).tolist() == (scores > 0.5).tolist()


def test_a_score_does_not_depend_on_the_rest_of_the_batch(fitted):
    """Scoring records one by one, or in any batch, gives the same bits: for forests and for linear models."""
    classifier, features = fitted
    rows = features[:64]
    linear = Linear(np.linspace(-1e-9, 2, 6), 0.25, {})
    for estimator in (forest_from_sklearn(classifier, parameters={}), linear):
        scorer = Scorer(estimator)
        assert scorer.score(rows).tolist() == [scorer.score(row[None, :])[0] for row in rows]


def test_a_scaled_logistic_regression_keeps_its_probabilities(fitted):
    """Scaling folded into the coefficients gives scikit-learn's probabilities to 1e-12."""
    _, features = fitted
    scaler = StandardScaler().fit(features)
    scaled = scaler.transform(features)
    labels = (features[:, 0] > 0.2).astype(np.int8)
    logistic = LogisticRegression(C=0.5).fit(scaled, labels)
    linear = linear_from_sklearn(
        logistic, scale_mean=scaler.mean_, scale_std=scaler.scale_, parameters={"max_iter": 100}
    )
    np.testing.assert_allclose(Scorer(linear).score(features), logistic.predict_proba(scaled)[:, 1], rtol=0, atol=1e-12)
    assert {"max_iter": 100} == linear.parameters


@pytest.mark.filterwarnings("error")
def test_a_linear_score_is_the_sigmoid_of_the_margin_even_when_it_is_huge():
    """Margins far beyond the range of exp give 0 and 1, without a warning."""
    scores = Scorer(Linear(np.array([2.0]), -1.0, {})).score(np.array([[-1e6], [0.5], [1.0], [1e6]]))
    assert [0.0, 0.5, 1 / (1 + np.exp(-1.0)), 1.0] == scores.tolist()


def test_classifiers_of_one_class_are_refused():
    """A classifier that has seen one class only says so instead of scoring everything alike."""
    one = RandomForestClassifier(2).fit(np.zeros((4, 1)), np.ones(4, np.int8))
    with pytest.raises(ModelError, match=r"fitted on the classes \[1\]; a model needs both"):
        forest_from_sklearn(one, parameters={})


def test_arrays_that_are_no_trees_are_not_walked():
    """A child outside of its tree is refused before compiled code follows it out of the memory."""
    forest = join([[(0, 0.5, 1, 2**30, (0, 0)), (-1, 0.0, -1, -1, (1, 0)), (-1, 0.0, -1, -1, (0, 1))]], "float64")
    with pytest.raises(ModelError, match="'right' names a child that doesn't come after its parent in the same tree"):
        Scorer(forest)


def test_no_records_have_no_scores():
    """A batch of 0 records is scored as 0 scores by every estimator."""
    leaf = join([[(-1, 0.0, -1, -1, (1, 1))]], "float64")
    for estimator in (leaf, Linear(np.ones(3), 0.0, {})):
        assert [] == Scorer(estimator).score(np.zeros((0, 3))).tolist()


def test_features_stand_in_the_order_of_the_steps():
    """Numbers become float64, words one-hot blocks; an unknown word, or one beyond the width, sets nothing."""
    records = pa.record_batch(
        {
            "word": ["b", "a", "nan", "", "c"],
            "size": pa.array([1, 2, 2**53 + 1, -4, 5], pa.int64()),
            "rate": [0.5, 1.5, -2.5, 1e300, 0.1],
        }
    )
    steps = (Numeric("rate"), OneHot("word", ("a", "", "b", "c"), 3), OneHot("word", ("x", "b"), 2), Numeric("size"))
    features = featurise(steps, records)
    expected = [
        [0.5, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0],
        [1.5, 1.0, 0.0, 0.0, 0.0, 0.0, 2.0],
        [-2.5, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0**53],
        [1e300, 0.0, 1.0, 0.0, 0.0, 0.0, -4.0],
        [0.1, 0.0, 0.0, 0.0, 0.0, 0.0, 5.0],
    ]
    assert expected == features.tolist()
    assert features.flags.c_contiguous


def test_features_of_a_slice_are_the_slice_of_the_features():
    """A batch cut out of another one, or an empty one, gives just its own rows."""
    records = pa.record_batch({"word": ["a", "b", "a"], "size": [1, 2, 3]})
    steps = (OneHot("word", ("a", "b"), 2), Numeric("size"))
    assert featurise(steps, records)[1:].tolist() == featurise(steps, records.slice(1)).tolist()
    assert (0, 3) == featurise(steps, records.slice(3)).shape


def test_the_scorer_imports_neither_spark_nor_pandas_nor_scikit_learn():
    """Importing the scorer, and scoring with a linear model, stays light."""
    code = (
        "import sys, numpy, static_model.artifact, static_model.scorer as s\n"
        "from static_model.estimators import Linear\n"
        "s.Scorer(Linear(numpy.ones(1), 0.0, {})).score(numpy.ones((2, 1)))\n"
        "print(sorted({'pyspark', 'pandas', 'sklearn', 'kafka', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]\n" == done.stdout
