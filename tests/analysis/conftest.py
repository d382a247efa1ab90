"""Small run directories, written as an evaluation writes them, but with outcomes that a test chooses."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
import tomli_w

from online.arms import STATIC
from online.ledger import Entry, Ledger, Part
from online.task import BinaryTask
from online.tracker import export
from online.windows import Window
from producer.dataset import Column, Dataset, Label
from static_model.artifact import Linear, Model, Numeric, save_model

MakeRun = Callable[..., Path]
Predictions = Mapping[str, Sequence[npt.NDArray[np.int8]]]

DATASET = Dataset(
    name="tiny",
    label=Label(positive=("1",), negative=("0",)),
    columns=(Column(name="x", type="int"), Column(name="y", type="label")),
)


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Writes a run: labels by window, predictions by arm and window, events by (window, arm).

    Besides: the model's name by (window, arm) where it isn't one throughout, and the kind of policy by arm.
    """

    def make(
        labels: Sequence[npt.NDArray[np.int8]],
        predictions: Predictions,
        *,
        events: Mapping[tuple[int, str], Sequence[dict[str, Any]]] | None = None,
        name: str = "run",
        size: int = 100,
        state: str = "finished",
        models: Callable[[int, str], str] = lambda _, arm: f"model-of-{arm}",
        policies: Mapping[str, str] | None = None,
    ) -> Path:
        run = tmp_path / name
        model = Model(DATASET, (Numeric("x"),), Linear(np.array([1.0]), 0.0, {}), 0.5, 0, 0, {})
        static = save_model(model, run / "models" / "draft")[:12]
        (run / "models" / "draft").rename(run / "models" / static)
        manifest = {
            "format": 1,
            "identity": {"source": {}, "contract": DATASET.fingerprint, "model": static, "window": size, "seed": 0},
            "arms": {
                arm: STATIC.plain() | {"name": arm, "policy": {"kind": (policies or {}).get(arm, "never")}}
                for arm in predictions
            },
            "static": static,
            "threshold": 0.5,
            "state": state,
        }
        (run / "manifest.json").write_text(json.dumps(manifest))
        (run / "experiment.toml").write_text(tomli_w.dumps({"window": size, "arm": list(manifest["arms"].values())}))
        (run / "positions.jsonl").write_text("")
        for name in {models(index, arm) for arm, found in predictions.items() for index in range(len(found))}:
            (run / "models" / name).mkdir(exist_ok=True)
            (run / "models" / name / "model.json").touch()
        ledger = Ledger(run / "segments", DATASET)
        for index, window in enumerate(windows_of(labels, size)):
            here = {arm: found[index] for arm, found in predictions.items() if index < len(found)}
            scores = {models(index, arm): 0.25 + 0.5 * array for arm, array in here.items()}
            parts = {arm: Part(models(index, arm), tuple((events or {}).get((index, arm), ()))) for arm in here}
            ledger.commit(Entry(window, scores, parts))
        export(run, ledger, BinaryTask(0.5), positions={}, source={"file": "stream.csv"})
        return run

    return make


def windows_of(labels: Sequence[npt.NDArray[np.int8]], size: int) -> list[Window]:
    """Windows that hold these labels."""
    return [
        Window(
            index=index,
            first_seq=index * size,
            last_seq=index * size + len(found) - 1,
            complete=len(found) == size,
            seqs=index * size + np.arange(len(found), dtype=np.int64),
            records=pa.RecordBatch.from_arrays(
                [pa.array(np.zeros(len(found), dtype=np.int64)), pa.array(found, pa.int8())],
                schema=DATASET.schema,
            ),
        )
        for index, found in enumerate(labels)
    ]


@pytest.fixture
def drifting(make_run: MakeRun) -> Path:
    """Ten windows of 100: from window 4 on static errs on 30 of each, dynamic from window 6 on no more."""
    labels = [np.tile(np.array([0, 1], dtype=np.int8), 50) for _ in range(10)]
    fallen = np.array([1] * 30 + [0] * 70, dtype=np.int8)
    static = [found ^ fallen if window >= 4 else found for window, found in enumerate(labels)]
    dynamic = [found ^ fallen if window in (4, 5) else found for window, found in enumerate(labels)]
    judged = {"reason": "gain", "model": "m", "gain": 0.3, "lower": 0.2}
    events = {
        (4, "dynamic"): [
            {"event": "drift", "reason": "alarm", "since": 4},
            {"event": "retrain", "reason": "alarm", "training_set": "last 20", "rows": 500, "model": "m"},
            {"event": "refused", "reason": "one class", "training_set": "since-change"},
        ],
        (5, "dynamic"): [{"event": "promoted", **judged}, {"event": "rejected", **judged}],
    }
    run = make_run(labels, {"static": static, "dynamic": dynamic}, events=events)
    drift = {"kind": "encoding", "shape": "abrupt", "start": 400, "end": 400}
    (run / "truth.json").write_text(json.dumps({"format": 1, "records": 1000, "drifts": [drift]}))
    return run


@pytest.fixture
def crowded(make_run: MakeRun) -> Path:
    """Twelve windows of 100 and six arms: all err alike up to window 4, then they recover one after another."""
    rng = np.random.default_rng(5)
    labels = [(rng.random(100) < 0.3).astype(np.int8) for _ in range(12)]
    arms, flips = ("static", "dynamic", "a", "b", "c", "d"), [rng.random(100) for _ in range(12)]
    recover = {"static": 12, "dynamic": 5, "a": 6, "b": 7, "c": 8, "d": 9}
    rates = {arm: [0.3 if 4 <= window < recover[arm] else 0.05 for window in range(12)] for arm in arms}
    predictions = {
        arm: [found ^ (flips[w] < rates[arm][w]).astype(np.int8) for w, found in enumerate(labels)] for arm in arms
    }
    fitted = {"event": "retrain", "reason": "alarm", "training_set": "last 20", "rows": 500, "model": "m"}
    judged = {"reason": "gain", "model": "m", "gain": 0.3, "lower": 0.2}
    events = {
        (recover[arm] - 1, arm): [
            {"event": "drift", "reason": "alarm", "since": 4},
            fitted,
            {"event": "promoted"} | judged,
        ]
        for arm in arms[1:]
    }
    run = make_run(labels, predictions, events=events, name="crowded")
    drift = {"kind": "encoding", "shape": "gradual", "start": 400, "end": 500}
    (run / "truth.json").write_text(json.dumps({"format": 1, "records": 1200, "drifts": [drift]}))
    return run


@pytest.fixture
def small_profile() -> Callable[..., Any]:
    """The tables of a small profile, written by hand: `profiles.small`."""
    name = "profiles_of_tests"
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("profiles.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.small
