"""Scikit-learn pipelines saved by skops score as scikit-learn does, on 50,000 hard rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from static_model.foreign.skops_reader import read_skops
from static_model.steps import Numeric, OneHot

ROWS, FITTED = 50_000, 3_000
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:sklearn")
ESTIMATORS = {
    "logistic_regression": lambda: LogisticRegression(C=10, max_iter=300),
    "linear_svc": lambda: LinearSVC(),
    "decision_tree": lambda: DecisionTreeClassifier(max_depth=9),
    "random_forest": lambda: RandomForestClassifier(12, max_depth=9, random_state=0),
    "extra_trees": lambda: ExtraTreesClassifier(12, max_depth=9, random_state=0),
    "gradient_boosted_trees": lambda: GradientBoostingClassifier(n_estimators=15, random_state=0),
}
ENCODERS = {
    "one-hot": lambda: OneHotEncoder(handle_unknown="ignore"),
    "one-hot, first dropped": lambda: OneHotEncoder(handle_unknown="ignore", drop="first", sparse_output=False),
    "one-hot, rare joined": lambda: OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=100),
    "one-hot, rare joined and dropped": lambda: OneHotEncoder(
        handle_unknown="infrequent_if_exist", min_frequency=100, drop="first"
    ),
    "one-hot, filled": lambda: make_pipeline(
        SimpleImputer(strategy="constant", fill_value="ping", missing_values=None),
        OneHotEncoder(handle_unknown="ignore", drop="if_binary"),
    ),
    "ordinal": lambda: OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2),
}


def saved(pipeline, folder: Path) -> Path:
    path = folder / "model.skops"
    skops.io.dump(pipeline, path)
    return path


def expected_of(pipeline, frame) -> tuple[np.ndarray, np.ndarray]:
    """Scikit-learn's probability of an attack (or the logistic of its margin), and whether it predicts one."""
    at = list(pipeline.classes_).index("attack") if "attack" in pipeline.classes_ else 1
    if hasattr(pipeline, "predict_proba"):
        scores = pipeline.predict_proba(frame)[:, at]
    else:
        scores = 1 / (1 + np.exp((1 - 2 * at) * pipeline.decision_function(frame)))
    return scores, pipeline.predict(frame) == pipeline.classes_[at]


def assert_same(pipeline, folder, contract, frame, batch, scores) -> None:
    foreign = read_skops(saved(pipeline, folder), contract)
    actual = scores(foreign, contract, batch)
    expected, predicted = expected_of(pipeline, frame)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(actual > foreign.threshold, predicted)
    assert 0.02 < predicted.mean() < 0.98


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("encoder", ENCODERS)
def test_a_pipeline_scores_as_scikit_learn(rows, records, scores, contract, tmp_path, estimator, encoder) -> None:
    """Every classifier after every encoder, with scaled and imputed numbers: predictions are identical."""
    numeric = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    columns = ColumnTransformer(
        [("numbers", numeric, ["gap", "size"]), ("words", ENCODERS[encoder](), ["word", "tool"])],
        remainder="passthrough",
    )
    frame, labels = rows(FITTED, 1)
    words = estimator in ("decision_tree", "extra_trees")  # 'attack' comes before 'benign'
    pipeline = make_pipeline(columns, MaxAbsScaler(), ESTIMATORS[estimator]())
    pipeline.fit(frame, np.where(labels == 1, "attack", "benign") if words else labels)
    stream, _ = rows(ROWS, 2, unseen=True)
    assert_same(pipeline, tmp_path, contract, stream, records(stream), scores)


SCALERS = [
    StandardScaler(),
    StandardScaler(with_mean=False),
    MinMaxScaler((-2, 3)),
    MinMaxScaler(clip=True),
    MaxAbsScaler(),
    MaxAbsScaler(clip=True),
    RobustScaler(),
    RobustScaler(with_centering=False, unit_variance=True),
    make_pipeline(RobustScaler(), StandardScaler(), MinMaxScaler()),
]


@pytest.mark.parametrize("scaler", SCALERS, ids=str)
def test_scaled_features_are_scikit_learns_to_the_last_bit(rows, records, numbers, tmp_path, scaler) -> None:
    """A tree on scaled features compares the very numbers that scikit-learn's tree compares."""
    from static_model.scorer import featurise

    frame, labels = rows(FITTED, 1, whole=True)
    stream, _ = rows(ROWS, 2, whole=True)
    names = ["gap", "seconds", "size"]
    pipeline = make_pipeline(scaler, DecisionTreeClassifier(max_depth=3)).fit(frame[names], labels)
    foreign = read_skops(saved(pipeline, tmp_path), numbers)
    np.testing.assert_array_equal(pipeline[:-1].transform(stream[names]), featurise(foreign.steps, records(stream)))


@pytest.mark.parametrize("estimator", ["decision_tree", "random_forest", "extra_trees"])
def test_missing_values_take_the_path_that_they_take_there(
    rows, records, scores, contract, tmp_path, estimator
) -> None:
    """Without an imputer each node says where a missing value goes, left or right, and so it goes."""
    frame, labels = rows(FITTED, 3)
    names = ["gap", "seconds", "size"]
    pipeline = ESTIMATORS[estimator]().fit(frame[names], labels ^ frame["gap"].isna())
    stream, _ = rows(ROWS, 4)
    trees = [t.tree_ for t in getattr(pipeline, "estimators_", [pipeline])]
    assert {0, 1} == {int(v) for t in trees for v in t.missing_go_to_left[t.feature == 0]}
    assert_same(pipeline, tmp_path, contract, stream[names], records(stream), scores)


def test_values_exactly_at_thresholds_go_the_same_way(rows, records, scores, numbers, tmp_path) -> None:
    """Values at a tree's thresholds and one step of single or double precision beside them are no exception."""
    frame, labels = rows(FITTED, 1, whole=True)
    names = ["gap", "seconds", "size"]
    pipeline = ESTIMATORS["random_forest"]().fit(frame[names], labels)
    stream, _ = rows(ROWS, 2, whole=True)
    random = np.random.default_rng(0)
    for place, name in ((0, "gap"), (2, "size")):
        found = np.concatenate([t.tree_.threshold[t.tree_.feature == place] for t in pipeline.estimators_])
        near = [found, np.nextafter(found, np.inf), np.nextafter(found, -np.inf), found.astype(np.float32)]
        near += [np.nextafter(found.astype(np.float32), np.float32(side)) for side in (-np.inf, np.inf)]
        stream[name] = random.choice(np.concatenate(near), ROWS)
    assert_same(pipeline, tmp_path, numbers, stream[names], records(stream), scores)


def test_bare_arrays_take_the_contracts_features_in_order(rows, records, scores, numbers, tmp_path) -> None:
    """A model without column names is given the contract's features, and that is said."""
    frame, labels = rows(FITTED, 1, whole=True)
    stream, _ = rows(500, 2, whole=True)
    pipeline = ESTIMATORS["random_forest"]().fit(frame[["gap", "seconds", "size"]].to_numpy(), labels)
    foreign = read_skops(saved(pipeline, tmp_path), numbers)
    assert ("The model names no columns: the contract's features are taken in their order: gap, seconds, size.",) == (
        foreign.notes
    )
    expected = pipeline.predict_proba(stream[["gap", "seconds", "size"]].to_numpy())[:, 1]
    np.testing.assert_allclose(scores(foreign, numbers, records(stream)), expected, rtol=0, atol=1e-15)


def test_columns_are_chosen_by_names_places_masks_and_slices(rows, records, scores, numbers, tmp_path) -> None:
    """Every way in which a ColumnTransformer keeps its choice of columns is understood; dropped ones are gone."""
    frame, labels = rows(FITTED, 1, whole=True)
    stream, _ = rows(500, 2, whole=True)
    columns = ColumnTransformer(
        [
            ("name", StandardScaler(), ["size"]),
            ("place", MinMaxScaler(), [0]),
            ("mask", "passthrough", [False, True, False]),
            ("slice", RobustScaler(), slice(0, 2)),
            ("identity", FunctionTransformer(), [1]),
            ("gone", "drop", ["size"]),
        ]
    )
    names = ["gap", "seconds", "size"]
    pipeline = make_pipeline(columns, "passthrough", ESTIMATORS["decision_tree"]()).fit(frame[names], labels)
    assert_same(pipeline, tmp_path, numbers, stream[names], records(stream), scores)


def test_features_that_one_step_can_make_share_it(rows, contract, tmp_path) -> None:
    """One-hot features stay one step, in the order of the features; the dropped word is the last label."""
    frame, labels = rows(FITTED, 1)
    encoder = OneHotEncoder(handle_unknown="ignore", drop=["y"])
    columns = ColumnTransformer([("n", "passthrough", ["size"]), ("w", encoder, ["word"])])
    pipeline = make_pipeline(columns, ESTIMATORS["decision_tree"]()).fit(frame, labels)
    foreign = read_skops(saved(pipeline, tmp_path), contract)
    assert (Numeric("size"), OneHot("word", ("nan", "x", "z", "y"), 3)) == foreign.steps


def test_a_boosted_model_that_begins_with_zero_is_read(rows, records, scores, numbers, tmp_path) -> None:
    """With init='zero' no log-odds stand before the trees."""
    frame, labels = rows(FITTED, 1, whole=True)
    stream, _ = rows(500, 2, whole=True)
    names = ["gap", "seconds", "size"]
    model = GradientBoostingClassifier(n_estimators=5, init="zero", random_state=0).fit(frame[names], labels)
    assert_same(model, tmp_path, numbers, stream[names], records(stream), scores)


def test_sparse_features_are_scaled_by_the_arithmetic_of_sparse_matrices(rows, records, contract, tmp_path) -> None:
    """Scikit-learn multiplies sparse features by the inverse instead of dividing; the last bit can differ."""
    from static_model.scorer import featurise

    frame, labels = rows(FITTED, 1)
    stream, _ = rows(ROWS, 2)
    names = pd.DataFrame({"size": stream["size"], "word": stream["word"]})
    encoder = OneHotEncoder(handle_unknown="ignore")
    columns = ColumnTransformer([("n", "passthrough", ["size"]), ("w", encoder, ["word"])], sparse_threshold=1.0)
    pipeline = make_pipeline(columns, StandardScaler(with_mean=False), DecisionTreeClassifier(max_depth=2))
    pipeline.fit(frame[["size", "word"]], labels)
    foreign = read_skops(saved(pipeline, tmp_path), contract)
    expected = pipeline[:-1].transform(names).toarray()
    np.testing.assert_array_equal(expected, featurise(foreign.steps, records(stream)))
