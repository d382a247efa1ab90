"""Arms that learn record by record: river's models against a plain river loop, and taken up again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from contents import content

from online.arms import parse_arm
from online.labels import Labels
from online.static_rows import StaticRows
from producer.codec import decode
from producer.dataset import Dataset
from producer.errors import UsageError

SIZE = 100
KINDS = ("logistic-regression", "hoeffding-adaptive-tree", "adaptive-random-forest(trees=3)")


def river(model: str, **options: object) -> str:
    """An arm with that model."""
    name, _, rest = model.partition("(")
    given = ",".join([name, *filter(None, [rest.removesuffix(")")]), *(f"{k}={v}" for k, v in options.items())])
    return f"river:learner=river({given})"


def row_of(features: np.ndarray) -> dict[int, float]:
    """A record as river takes it."""
    return dict(enumerate(features.tolist()))


@pytest.fixture
def static_rows(tiny: Dataset, tiny_lines, tiny_start) -> StaticRows:
    """300 lines as if they were what the starting model was trained on."""
    records = decode(tiny_lines(300, seed=0), tiny, wire="csv").records
    return StaticRows(records, records.column("y").to_numpy(), "a digest", tiny_start.steps)


@pytest.mark.parametrize("warm_up", ["true", "false"])
@pytest.mark.parametrize("late", [0, 2])
def test_equals_a_plain_river_loop(play, tiny_lines, static_rows, warm_up: str, late: int) -> None:
    """Predict a record, then learn it; with labels two windows late, at the end of the window that reveals them."""
    from river import linear_model, optim, preprocessing

    labels = Labels(delay=late * SIZE, size=SIZE)
    arm = river("logistic-regression", warm_up=warm_up)
    played = play(tiny_lines(650, 3, 300), arm, labels=labels, static_rows=static_rows)
    model = preprocessing.StandardScaler() | linear_model.LogisticRegression(optimizer=optim.SGD(0.01))
    learned = 0

    def learn(features: np.ndarray, known: np.ndarray) -> int:
        for row, label in zip(features, known.tolist(), strict=True):
            model.learn_one(row_of(row), bool(label))
        return len(known)

    if warm_up == "true":
        learned += learn(static_rows.features, static_rows.labels)
    for index, scores in enumerate(played.scores("river")):
        features, known = played.learnable(index)
        for place in range(len(known)):
            expected = model.predict_proba_one(row_of(features[place]))[True] if learned else 0.5
            assert scores[place] == expected
            if not late:
                learned += learn(features[place : place + 1], known[place : place + 1])
        if late and index >= late:
            learned += learn(*played.learnable(index - late))
    assert len(set(played.in_force("river"))) == 1
    assert played.events("river") == []


def test_an_equal_learner_is_one_model(play, tiny_lines) -> None:
    """Two arms with equal learners share model and scores; another rate of learning is another model."""
    arms = [river("logistic-regression", warm_up="false").replace("river:", f"{name}:") for name in ("one", "two")]
    other = "other:learner=river(logistic-regression,warm_up=false,learning_rate=0.1)"
    entry = play(tiny_lines(300, 3), *arms, other).entries[-1]
    assert entry.arms["one"].model == entry.arms["two"].model != entry.arms["other"].model
    assert len(entry.scores) == 2


@pytest.mark.parametrize("words", ["policy=always", "train=last-2", "gate=none", "latency=1"])
def test_what_only_retraining_has_is_refused(words: str) -> None:
    """An arm by record that would ignore a policy, a training set, a gate or a latency isn't made."""
    with pytest.raises(
        UsageError, match=r"a learner that learns by record takes no (policy|training_sets|gate|latency)"
    ):
        parse_arm(f"{river('logistic-regression')},{words}")


@pytest.fixture
def duel(run_asked, tiny_lines, tiny_file, tiny_model, tmp_path: Path):
    """Runs the duel of one river arm over 750 records in windows of 100, into the named run."""
    model = tiny_model(tmp_path / "model")
    file = tiny_file(tmp_path / "stream.csv", tiny_lines(750, 3, 300))
    training = tiny_file(tmp_path / "static.csv", tiny_lines(300, 0))

    def call(run: str, *arms: str, **options) -> dict[str, bytes]:
        asked = {"model": model, "file": file, "window": SIZE, "seed": 5, "training": (training,)}
        run_asked(run=tmp_path / run, arms=arms, **(asked | options))
        return content(tmp_path / run)

    return call


@pytest.mark.parametrize("model", KINDS)
@pytest.mark.parametrize("delay", [0, 130])
def test_stopped_and_taken_up_again_gives_the_same_bytes(duel, model: str, delay: int) -> None:
    """After each number of windows: it learns the committed records again, and predicts on as if never stopped."""
    whole = duel("whole", river(model), label_delay=delay)
    for windows in (1, 4, 7):
        duel("cut", river(model), label_delay=delay, max_windows=windows)
    assert duel("cut", river(model), label_delay=delay) == whole


def test_added_later_it_predicts_as_from_the_start(duel) -> None:
    """A river arm in a finished run has the rows, scores and recipe that it would have had."""
    together = duel("together", "static", river(KINDS[0]))
    duel("later", "static")
    later = duel("later", "static", river(KINDS[0]))
    assert later["windows.csv"] == together["windows.csv"]
    assert later["events.jsonl"] == together["events.jsonl"]
    recipes = [name for name in together if name.endswith("recipe.json")]
    assert [later[name] for name in recipes] == [together[name] for name in recipes]
    assert len(recipes) == 1


def recipe(found: dict[str, bytes]) -> dict:
    """The recipe of a run's only river model."""
    (name,) = (name for name in found if name.endswith("recipe.json"))
    return json.loads(found[name])


def test_the_recipe_says_how_to_make_the_model_again(duel, tmp_path: Path) -> None:
    """Learner with all defaults, seed, warm-up and the numbers learned: with late labels only those revealed."""
    made = recipe(duel("at-once", river("logistic-regression")))
    assert made["learner"]["model"] == "logistic-regression"
    assert made["learner"]["learning_rate"] == 0.01
    assert made["learned"] == [[0, 749]]
    assert len(made["warm_up"]) == 64
    late = recipe(duel("late", river("logistic-regression", warm_up="false"), label_delay=130))
    assert (late["learned"], late["warm_up"]) == ([[0, 499]], None)
    assert late["seed"] != made["seed"]


def test_a_process_that_died_before_the_recipe_was_written(duel, tmp_path: Path) -> None:
    """The run gets it when it is taken up again, though nothing is left to be learned."""
    whole = duel("run", river(KINDS[0]))
    (found,) = (tmp_path / "run").rglob("recipe.json")
    found.unlink()
    assert duel("run", river(KINDS[0])) == whole


def test_training_rows_that_it_does_not_use_are_no_part_of_it(duel) -> None:
    """Without warm-up the model stays the same when an arm joins the run that needs the training rows."""
    alone = duel("run", river("logistic-regression", warm_up="false"), training=())
    joined = duel("run", "mix:policy=periodic-3,train=static-last-1,gate=none")
    assert alone.keys() <= joined.keys()
    assert recipe(joined) == recipe(alone)
