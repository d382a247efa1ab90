"""Small run directories, written as an evaluation writes them, but with outcomes that a test chooses."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
import tomli_w

from analysis.loaded import LoadedRun, load_run
from analysis.measures.episodes import score_detectors
from analysis.measures.transitions import Transition
from analysis.report_tables import more_tables, result_table, sentences
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
        places = ({"window": at, "next": {"0": (at + 1) * size}, "dead": []} for at in range(len(labels)))
        (run / "positions.jsonl").write_text("".join(f"{json.dumps(place)}\n" for place in places))
        for name in {models(index, arm) for arm, found in predictions.items() for index in range(len(found))}:
            if name != static:
                shutil.copytree(run / "models" / static, run / "models" / name)
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
def look() -> Callable[[Path], LoadedRun]:
    """Asks of a run everything that a report and a notebook ask, and returns it loaded."""
    return look_at


def look_at(run: Path) -> LoadedRun:
    """Everything that a report and a notebook ask of a run."""
    loaded = load_run(run)
    summary = loaded.summary
    json.dumps(summary, allow_nan=False, ensure_ascii=False).encode()
    assert sentences(summary)
    assert len(result_table(summary).rows) >= len(loaded.run.arms)
    assert all(table.rows for _, table in more_tables(summary))
    assert repr(loaded).startswith("<run ")
    assert loaded._repr_html_().startswith("<table>")
    assert (len(loaded.events), len(loaded.dead_letters)) == (len(loaded.run.events), len(loaded.run.dead_letters))
    if not loaded.counts_only:
        assert loaded.arrow("scores").num_rows == loaded.windows["records"].sum()
    assert list(loaded.missing) == summary["lost"]
    return loaded


@pytest.fixture
def small_profile() -> Callable[..., Any]:
    """The tables of a small profile, written by hand: `profiles.small`."""
    name = "profiles_of_tests"
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("profiles.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.small


def _estimate(difference: float) -> dict[str, float]:
    """A difference with its interval."""
    return {"difference": difference, "low": difference - 1, "high": difference + 1}


def _hindsight() -> dict[str, Any]:
    """What baselines would show of the crowded run: two arms compared, one not comparable, one without causes."""
    rows = [
        [{"alpha": a, "regret": 10 + a * f, "gain": 80 - a, "share": 0.5 if a < 9 else None} for a in (0, 1, 10, 100)]
        for f in (1, 2)
    ]
    arms: dict[str, Any] = {
        name: {
            "beside": "last 20",
            "beats": beats,
            "fits": fits,
            "regret": row,
            "over_time": np.linspace(0, 10 * fits, 12),
        }
        for name, beats, fits, row in (("dynamic", ["it trains on since-change"], 1, rows[0]), ("a", [], 2, rows[1]))
    }
    known = {name: _estimate(at) for name, at in (("total", 4), ("engine", -1), ("size", 2), ("freshness", 3))}
    nothing = dict.fromkeys(known)
    return {
        "every": 4,
        "tables": {},
        "arms": arms | {"b": {"reason": "not comparable: it learns by record"}},
        "causes": {
            "dynamic": {"windows": 7, "left_out": 0, "reasons": [], **known},
            "a": {"windows": 0, "left_out": 2, "reasons": ["one class"], **nothing},
        },
    }


@pytest.fixture
def judged(crowded: Path) -> LoadedRun:
    """The crowded run, with what baselines and detectors would show."""
    run = load_run(crowded)
    scores = score_detectors(
        {"dynamic (ss-sr)": [4], "a (ks)": [1, 6], "b (adwin)": []},
        [Transition(4, 4), Transition(9, 9)],
        [True, False],
        windows=12,
        tolerance=1,
    )
    run.summary = {**run.summary, "hindsight": _hindsight(), "detectors": [asdict(score) for score in scores]}
    return run
