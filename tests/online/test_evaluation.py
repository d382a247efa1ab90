"""The centre: prequential evaluation against a hand-written loop, and what must never happen in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from online.arms import Arm, parse_arm
from online.contestant import Contestant
from online.evaluation import prequential
from online.interfaces import Pool, Rows, Span, Training
from online.learners.batch import ScikitLearn
from online.ledger import Entry, Ledger
from online.memo import Memo
from online.source import START, FileSource
from online.windows import Window
from producer.dataset import Dataset
from static_model.artifact import load_model, save_model
from static_model.scorer import Scorer, featurise

CLASSICAL = "classical:policy=threshold,metric=accuracy,below=0.9,train=last-2,gate=none"
SIZE = 200


@pytest.fixture
def duel(tiny: Dataset, tiny_file: Callable[..., Path], tiny_model: Callable[..., Path], tmp_path: Path):
    """Runs arms over lines in windows of 200, in a run directory of its own; the windows can be tampered with."""
    model = load_model(tiny_model(tmp_path / "start"))

    def run(lines: list[bytes], *specs: str, tamper: Callable[[Window], Window] = lambda window: window) -> list[Entry]:
        folder = tmp_path / f"run{len(list(tmp_path.glob('run*')))}"
        static = save_model(model, folder / "models" / "start") and "start"
        ledger = Ledger(folder / "segments", model.dataset)
        memo = Memo(ledger, folder / "models", static=static, seed=7)
        arms: list[Arm] = [parse_arm(spec) for spec in specs]
        pool = Pool(model.holdout_records, model.holdout_errors)
        source = FileSource(tiny_file(folder / "stream.csv", lines), tiny, SIZE)
        windows: Iterator[Window] = (tamper(window) for window, _ in source.windows(START))
        contestants = [Contestant(arm, champion=static, pool=pool) for arm in arms]
        return list(prequential(windows, contestants, memo=memo))

    run.model = model  # type: ignore[attr-defined]
    return run


def arrays(window: Window, dataset: Dataset) -> tuple[pa.RecordBatch, np.ndarray]:
    """A window's records and labels."""
    return window.records, window.records.column(dataset.label_name).to_numpy()


def test_equals_a_hand_written_predict_then_learn_loop(duel, tiny: Dataset, tiny_lines) -> None:
    """The classical arm's scores are those of a plain loop: predict a window, then retrain on the last two if bad."""
    results = duel(tiny_lines(2100, seed=3, flip_from=900), CLASSICAL)
    model = duel.model
    estimator, seen, expected, retrained = model.estimator, [], [], []
    for result in results:
        records, labels = arrays(result.window, tiny)
        features = featurise(model.steps, records)
        scores = Scorer(estimator).score(features)
        expected.append(scores)
        seen.append((features, labels))
        if result.window.complete and np.mean((scores > model.threshold) == labels) < 0.9:
            last = seen[-2:]
            fitted = next(e for e in result.arms["classical"].events if e["event"] == "retrain")
            seed = int.from_bytes(seed_bytes(fitted, duel), "big")
            X, y = np.concatenate([x for x, _ in last]), np.concatenate([y for _, y in last])
            rows = Training(X, y, records=lambda: None)  # type: ignore[arg-type,return-value]
            estimator = ScikitLearn().fit(rows, like=model, seed=seed).estimator
            retrained.append(result.window.index)
    assert len(retrained) >= 2
    assert [r.window.index for r in results if r.arms["classical"].events] == retrained
    for result, scores in zip(results, expected, strict=True):
        np.testing.assert_array_equal(result.scores[result.arms["classical"].model], scores)


def seed_bytes(event: dict, duel) -> bytes:
    """The last four bytes of the digest that also names the model: start, seed, learner and rows."""
    import hashlib
    import json

    rows = Rows(Span(event["first_window"], event["last_window"]))
    key = ["start", 7, {"kind": "scikit-learn", "refit_features": False}, asdict(rows)]
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).digest()
    assert digest.hex()[:12] == event["model"]
    return digest[-4:]


def test_a_policy_that_never_fires_equals_static_exactly(duel, tiny_lines) -> None:
    """Same starting model, nothing promoted: the same model and the same scores in every window."""
    calm = "calm:policy=threshold,metric=accuracy,below=0.01,train=last-1,gate=none"
    results = duel(tiny_lines(1200, seed=4, flip_from=600), "static", calm)
    assert [r.arms["calm"].model for r in results] == [r.arms["static"].model for r in results] == ["start"] * 6
    assert all(not r.arms["calm"].events and len(r.scores) == 1 for r in results)


def test_a_promoted_model_first_predicts_the_next_window(duel, tiny_lines) -> None:
    """After a promotion at the end of window k, window k is the old model's and k + 1 the new one's."""
    results = duel(tiny_lines(1600, seed=3, flip_from=800), "dynamic")
    promotions = [
        (r.window.index, e["model"]) for r in results for e in r.arms["dynamic"].events if e["event"] == "promoted"
    ]
    assert promotions
    for window, model in promotions:
        assert results[window].arms["dynamic"].model != model
        assert results[window + 1].arms["dynamic"].model == model


def test_no_label_is_used_before_it_is_revealed(duel, tiny: Dataset, tiny_lines) -> None:
    """Poisoning all labels from window 6 on changes nothing that was predicted or decided before."""

    def poison(window: Window) -> Window:
        if window.index < 6:
            return window
        columns = [
            pa.array(1 - column.to_numpy(), pa.int8()) if name == tiny.label_name else column
            for name, column in zip(window.records.schema.names, window.records.columns, strict=True)
        ]
        poisoned = pa.RecordBatch.from_arrays(columns, schema=window.records.schema)
        return Window(**{f: getattr(window, f) for f in Window.__slots__} | {"records": poisoned})

    lines = tiny_lines(2000, seed=5, flip_from=700)
    clean, poisoned = duel(lines, "dynamic", CLASSICAL), duel(lines, "dynamic", CLASSICAL, tamper=poison)
    for before, after in zip(clean[:6], poisoned[:6], strict=True):
        assert before.arms == after.arms
        for model, scores in before.scores.items():
            np.testing.assert_array_equal(after.scores[model], scores)
    # Window 6 itself is predicted by the same models with the same scores; only what follows differs.
    for arm, part in clean[6].arms.items():
        assert part.model == poisoned[6].arms[arm].model
    for model, scores in clean[6].scores.items():
        np.testing.assert_array_equal(poisoned[6].scores[model], scores)
    assert clean[6].arms != poisoned[6].arms


def test_no_record_is_trained_on_before_it_is_predicted(duel, tiny_lines) -> None:
    """Every model in force was trained on windows before the one that it predicts."""
    results = duel(tiny_lines(2400, seed=6, flip_from=800), "dynamic", CLASSICAL)
    trained = {e["model"]: e["last_window"] for r in results for p in r.arms.values() for e in p.events if "rows" in e}
    used = [(model, r.window.index) for r in results for model in r.scores if model != "start"]
    assert used
    assert all(trained[model] < window for model, window in used)


def test_the_dynamic_arm_recovers_from_an_inverted_rule(duel, tiny: Dataset, tiny_lines) -> None:
    """When the rule is inverted, an alarm follows at once, and soon the new rule is predicted almost as well."""
    results = duel(tiny_lines(4000, seed=8, flip_from=2000), "static", "dynamic")

    def accuracy(result: Entry, arm: str) -> float:
        labels = arrays(result.window, tiny)[1]
        return float(np.mean((result.scores[result.arms[arm].model] > 0.5) == labels))

    alarms = [r.window.index for r in results for e in r.arms["dynamic"].events if e["event"] == "drift"]
    assert alarms == [10]
    assert max(accuracy(r, "static") for r in results[10:]) < 0.3
    assert np.mean([accuracy(r, "dynamic") for r in results[13:]]) > 0.88


def test_the_short_last_window_is_scored_and_no_decision_follows(duel, tiny_lines) -> None:
    """A last window of 50 records, all of them mispredicted, leads to no event."""
    results = duel(tiny_lines(650, seed=3, flip_from=600), CLASSICAL)
    assert [len(r.window.seqs) for r in results] == [200, 200, 200, 50]
    assert len(results[-1].scores[results[-1].arms["classical"].model]) == 50
    assert results[-1].arms["classical"].events == ()


def test_a_training_set_of_one_class_is_an_event(duel, tiny_lines) -> None:
    """Where every record has one class, the wish to retrain is refused with the reason, and the duel goes on."""
    always = "eager:policy=threshold,metric=accuracy,below=1.0,train=last-1,gate=none"
    lines = [line.rsplit(b",", 1)[0] + b",attack" for line in tiny_lines(600, seed=3)]
    results = duel(lines, always)
    refused = [e for r in results for e in r.arms["eager"].events]
    assert {e["event"] for e in refused} == {"refused"}
    assert refused[0]["reason"] == "all 200 rows are of class 1"
    assert len(results) == 3


def test_equal_fits_of_two_arms_are_one_model(duel, tiny_lines) -> None:
    """Two arms that train on the same windows share one model, scored once; each is charged its fit."""
    twin = CLASSICAL.replace("classical", "twin")
    results = duel(tiny_lines(1400, seed=3, flip_from=800), CLASSICAL, twin)
    fits = [
        (e["model"], arm) for r in results for arm, p in r.arms.items() for e in p.events if e["event"] == "retrain"
    ]
    assert fits
    assert {m for m, arm in fits if arm == "classical"} == {m for m, arm in fits if arm == "twin"}
    assert all(len(r.scores) == 1 for r in results)
