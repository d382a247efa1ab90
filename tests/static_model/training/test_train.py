"""Fits with the real Spark: nothing leaks, everything is counted, and what is saved agrees with Spark."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from producer.dataset import load_dataset
from producer.errors import ContractError, ModelError, UsageError
from static_model.artifact import load_model, model_digest
from static_model.estimators import Forest, OneHot
from static_model.saving import save_trained
from static_model.training import rows
from static_model.training.settings import ALGORITHMS, Settings
from static_model.training.train import planned_fits, train

pytestmark = pytest.mark.spark

SETTINGS = Settings(seed=3, trees=5, max_depth=3, folds=2, repeats=2, boosts=3, max_iter=10)
FAST = replace(SETTINGS, algorithms=("random_forest",), folds=0, repeats=1)


def save(trained, directory, **options):
    return save_trained(trained, directory, sources={}, **options)


def fitted(trained, directory) -> str:
    """The digest of what was fitted alone, without what is known of the held-out part."""
    return model_digest(replace(save(trained, directory).model, info={}, holdout_records=0, holdout_errors=0))


@pytest.fixture(scope="module")
def trained(load, queries, make_queries):
    """All five algorithms, compared on the synthetic records; what is kept isn't fitted again."""
    advanced: list[int] = []
    settings = replace(SETTINGS, algorithms=ALGORITHMS, refit=False, kinds=True, with_without=("at",))
    found = train(load(make_queries(), queries), queries, settings=settings, advance=advanced.append)
    assert planned_fits(settings, queries, tested=False) == sum(advanced)
    return found


def test_all_algorithms_are_compared_and_the_better_one_is_kept(trained) -> None:
    """Only trees can follow the interaction of word and number; all are tried on the same held-out rows."""
    assert list(ALGORITHMS) == list(trained.held_out.scores) == [cost.algorithm for cost in trained.costs]
    assert trained.selection.algorithm in {"decision_tree", "gradient_boosted_trees", "random_forest"}
    means = {name: spread.mean for name, spread in trained.selection.spreads.items()}
    assert means[trained.selection.algorithm] > means["logistic_regression"] + 0.1
    assert 120 == trained.records.num_rows == len(trained.scores) == len(trained.held_out.labels)
    assert all(cost.fit_seconds > 0 and cost.size > 0 for cost in trained.costs)
    assert {"Size", "size", "the word"} == set(trained.top_features)
    assert pytest.approx(1.0) == sum(trained.top_features.values())


def test_the_grid_has_a_chosen_point_for_each_algorithm(trained) -> None:
    """Each point has a mean over the folds; the best of each algorithm is the chosen one."""
    for name in ALGORITHMS:
        points = [tried for tried in trained.tried if tried.algorithm == name]
        (chosen,) = [tried for tried in points if tried.chosen]
        assert len(points) == 2
        assert max(tried.mcc for tried in points) == chosen.mcc


def test_a_saved_model_says_where_it_came_from_and_scores_like_spark(trained, tmp_path) -> None:
    """The directory loads again, holds Spark's pipeline and the assessment, and its digest leaves these out."""
    seen, directory = [], tmp_path / "my model ü" / "m"
    saved = save(trained, directory, illustrate=lambda folder: seen.append(sorted(folder.iterdir())))
    model = load_model(directory)
    assert saved.digest == model_digest(model)
    assert ["m"] == [path.name for path in directory.parent.iterdir()]
    assert {"DIGEST", "MODEL_CARD.md", "arrays", "assessment", "model.json", "spark"} == {
        path.name for path in directory.iterdir()
    }
    assert {path.name for path in seen[0]} == {path.name for path in (directory / "assessment").iterdir()}
    assert saved.parity.startswith("Spark and the saved model agree on all 120 held-out records (scores ")
    held = trained.held_out
    wrong = (held.scores[trained.kept[0]] > 0.5) != (held.labels == 1)
    assert (120, int(wrong.sum())) == (model.holdout_records, model.holdout_errors)
    deciding = (int(held.decides.sum()), int(wrong[held.decides].sum()))
    assert deciding == (saved.confusion.total, saved.confusion.fp + saved.confusion.fn)
    assert sum(path.stat().st_size for path in directory.rglob("*") if path.is_file()) == saved.size
    assert {"0", "1"} == set(model.info["training"]["class_counts"])
    assert "spark" == model.info["engine"]


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_algorithm_with_a_threshold_of_its_own_agrees_with_spark(
    load, queries, make_queries, tmp_path, name
) -> None:
    """The chosen threshold is put into Spark's pipeline, too: both predict the same."""
    settings = replace(FAST, algorithms=(name,), threshold_rule="f1", balance="weights")
    trained = train(load(make_queries(), queries), queries, settings=settings)
    saved = save(trained, tmp_path / "m")
    assert trained.threshold != 0.5
    assert "agree on all 120 held-out records" in saved.parity
    scores = trained.scores
    clear = np.abs(scores - trained.threshold) > 1e-9
    np.testing.assert_array_equal((scores > trained.threshold)[clear], trained.predictions[clear] == 1)


def test_nothing_is_fitted_or_chosen_on_held_out_rows(load, queries, make_queries, tmp_path) -> None:
    """Poisoned test rows (other words, values and labels) change the figures and nothing that is saved of the model."""
    table = make_queries()
    training, test = table.slice(0, 450), table.slice(450)
    poison = test.to_pydict()
    poison["the word"], poison["Size"] = ["poison"] * 150, [1e9] * 150
    poison["size"], poison["attack"] = [-(10**12)] * 150, [1 - label for label in poison["attack"]]
    tests = {"clean": test, "poisoned": pa.table(poison, schema=test.schema)}
    settings = replace(SETTINGS, algorithms=("logistic_regression", "random_forest"), threshold_rule="mcc")
    found = {
        name: train(load(training, queries), queries, settings=settings, test=load(rows_, queries))
        for name, rows_ in tests.items()
    }
    clean, poisoned = found["clean"], found["poisoned"]
    assert not np.array_equal(clean.held_out.labels, poisoned.held_out.labels)
    assert clean.selection == poisoned.selection
    assert clean.tried == poisoned.tried
    assert (clean.threshold, clean.top_features) == (poisoned.threshold, poisoned.top_features)
    assert fitted(clean, tmp_path / "clean") == fitted(poisoned, tmp_path / "poisoned")


def test_a_random_part_is_held_out_as_a_file_of_its_own_would_be(load, queries, make_queries, tmp_path) -> None:
    """What is fitted beside a random held-out part is what is fitted on the other rows alone."""
    settings = replace(FAST, refit=False)
    frame = load(make_queries(), queries)
    training, held = rows.random_split(frame, share=settings.holdout, seed=settings.seed)
    alone = train(training, queries, settings=settings, test=held)
    assert fitted(alone, tmp_path / "alone") == fitted(train(frame, queries, settings=settings), tmp_path / "split")


def test_the_kept_algorithm_is_fitted_again_on_all_rows(load, queries, make_queries, tmp_path) -> None:
    """By default the saved model has seen the held-out rows, too: it says so and claims no hold-out of its own."""
    frame = load(make_queries(), queries)
    again, once = (train(frame, queries, settings=replace(FAST, refit=refit)) for refit in (True, False))
    assert (again.refitted, again.counts.fitted) == (True, again.counts.all)
    assert (once.refitted, once.counts.fitted) == (False, once.counts.training)
    model = save(again, tmp_path / "again").model
    assert (0, 0) == (model.holdout_records, model.holdout_errors)
    assert again.held_out.scores["random_forest"].tolist() == once.held_out.scores["random_forest"].tolist()
    assert fitted(once, tmp_path / "once") != model_digest(replace(model, info={}))


def test_classes_are_balanced_for_the_fit_and_never_for_the_test(load, queries, make_queries) -> None:
    """Two rows of class 0 for each of class 1 are fitted on, from half of these, in the refit too."""
    settings = replace(FAST, balance="undersample", ratio=2.0, positive_fraction=0.5)
    trained = train(load(make_queries(), queries), queries, settings=settings)
    negative, positive = trained.counts.fitted
    assert positive == min(round(0.5 * trained.counts.all[1]), round(trained.counts.all[0] / 2))
    assert negative == 2 * positive
    assert trained.counts.held_out == tuple(np.bincount(trained.held_out.labels).tolist())
    assert 120 == sum(trained.counts.held_out)


def test_duplicates_across_the_split_do_not_decide(load, queries, make_queries) -> None:
    """Every row twice: held-out rows with a duplicate are counted and left out, or one of each is kept, or neither."""
    table = pa.concat_tables([make_queries(300), make_queries(300), make_queries(100, seed=1)])
    held = {
        name: train(load(table, queries), queries, settings=replace(FAST, duplicates=name))
        for name in ("across", "all", "keep")
    }
    across, alone, kept = (held[name].held_out for name in ("across", "all", "keep"))
    assert across.duplicates > 60
    assert across.duplicates == kept.duplicates
    assert len(across.labels) - across.duplicates == across.decides.sum()
    assert kept.decides.all()
    assert (0, 400) == (alone.duplicates, sum(held["all"].counts.all))
    same = held["across"].same_features
    assert across.duplicates <= same <= len(across.labels)
    settings = replace(FAST, duplicates="all")
    tested = train(load(make_queries(300), queries), queries, settings=settings, test=load(table, queries))
    assert (400, 300) == (len(tested.held_out.labels), tested.held_out.duplicates)
    assert 100 == tested.held_out.decides.sum()


def test_a_split_by_time_holds_out_the_latest(load, queries, make_queries) -> None:
    """No training row is later than a held-out one."""
    trained = train(load(make_queries(), queries), queries, settings=replace(FAST, split_by="at", refit=False))
    assert not trained.random_split
    held = trained.records.column("at").to_pylist()
    assert 120 == len(held)
    assert [f"{place:06d}" for place in range(480, 600)] == sorted(held)


def test_a_disagreement_with_spark_fails_the_saving_and_leaves_nothing(load, queries, make_queries, tmp_path) -> None:
    """One probability that is off by the last bit is enough for a forest."""
    trained = train(load(make_queries(), queries), queries, settings=FAST)
    scores = trained.scores.copy()
    scores[7] = np.nextafter(scores[7], 1)
    with pytest.raises(ModelError, match=r"disagree on 1 of 120 held-out records \(0 predictions differ"):
        save(replace(trained, scores=scores), tmp_path / "m")
    with pytest.raises(ModelError, match=r"disagree on 120 of 120 held-out records \(120 predictions differ"):
        save(replace(trained, predictions=1 - trained.predictions), tmp_path / "m")
    assert [] == list(tmp_path.iterdir())


def test_a_model_is_replaced_only_by_force_and_nothing_else_ever_is(trained, tmp_path) -> None:
    """What isn't a model directory is left alone even with force."""
    save(trained, tmp_path / "m")
    with pytest.raises(UsageError, match="holds a model already"):
        save(trained, tmp_path / "m")
    assert save(trained, tmp_path / "m", force=True).digest == model_digest(load_model(tmp_path / "m"))
    (tmp_path / "home").mkdir()
    with pytest.raises(UsageError, match="is no model directory"):
        save(trained, tmp_path / "home", force=True)


def test_a_failure_while_saving_leaves_the_older_model(trained, tmp_path) -> None:
    """A full disk is a sentence; nothing is half-saved, and what was there still loads."""
    digest = save(trained, tmp_path / "m").digest

    def full(folder) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(ModelError, match=r"can't be written to .*m: No space left on device. Nothing was saved; what"):
        save(trained, tmp_path / "m", force=True, illustrate=full)
    assert ["m"] == [path.name for path in tmp_path.iterdir()]
    assert digest == model_digest(load_model(tmp_path / "m"))


def test_words_are_encoded_with_a_place_for_unseen_ones(load, queries, make_queries, tmp_path) -> None:
    """One-hot features for the words of the training rows; the empty word has none."""
    model = save(train(load(make_queries(), queries), queries, settings=FAST), tmp_path / "m").model
    step = model.steps[2]
    assert isinstance(step, OneHot)
    assert ({"a", "b", "nan"}, 3) == (set(step.labels), step.width)
    assert isinstance(model.estimator, Forest)
    assert {"trees": 5, "max_depth": 3, "min_instances": 1} == dict(model.estimator.parameters)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.filter(pc.equal(t["attack"], 1)), "the training part has 0 rows of class 0"),
        (
            lambda t: t.set_column(2, "the word", pa.array([""] * t.num_rows)),
            "the column 'the word' is empty in all training records",
        ),
        (
            lambda t: t.set_column(1, t.schema.field(1), pa.nulls(t.num_rows, pa.int64())),
            "the column 'size' is empty in all training records; it can't be a feature: set feature = false",
        ),
    ],
)
def test_rows_that_no_model_can_be_trained_on_are_a_sentence(load, queries, make_queries, change, message) -> None:
    """One class, a column without words, a column of nulls."""
    with pytest.raises(ContractError, match=message):
        train(load(change(make_queries()), queries), queries, settings=FAST)


def test_a_constant_column_is_no_obstacle(load, queries, make_queries, tmp_path) -> None:
    """A column that says nothing gets no share, and the model agrees with Spark."""
    table = make_queries()
    table = table.set_column(0, table.schema.field(0), pa.array(np.full(table.num_rows, 7.5)))
    for name in ("logistic_regression", "random_forest"):
        trained = train(load(table, queries), queries, settings=replace(FAST, algorithms=(name,)))
        assert 0.0 == trained.top_features["Size"]
        assert "agree on all" in save(trained, tmp_path / name).parity


@pytest.mark.data
@pytest.mark.parametrize(
    ("features", "accuracy"), [((), 0.999), (("sld", "longest_word"), 0.996)], ids=["numbers", "words"]
)
def test_real_tunnels_are_told_apart_and_agree_with_spark(data_dir, spark, tmp_path, features, accuracy) -> None:
    """The forest's accuracy on held-out records is the known one; saving checks parity on all of them."""
    from static_model.job import train_file

    dataset = load_dataset("dns-exfil").with_features(features)
    settings = Settings(seed=0, algorithms=("random_forest",), folds=0, repeats=1, refit=False)
    saved = train_file(data_dir / "dns_tunnels_static.csv.gz", dataset, tmp_path / "m", settings=settings).saved
    found = saved.model.info["comparison_with_duplicates"]["random_forest"]
    assert found["accuracy"] == pytest.approx(accuracy, abs=0.006)
    assert "agree on all 4,300 held-out records" in saved.parity
