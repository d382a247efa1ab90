"""What a report costs: 268 windows of 1,000 records, 12 arms on 6 models; seconds of loading, figures and page.

python tests/bench_report.py [WINDOWS]
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa

from analysis.loaded import load_run
from analysis.report import write_report
from analysis.report_page import report_page
from online.arms import STATIC, parse_arm
from online.ledger import Entry, Ledger, Part
from online.task import BinaryTask
from online.tracker import export
from online.windows import Window
from producer.dataset import Column, Dataset, Label
from static_model.artifact import Linear, Model, Numeric, save_model

WINDOWS, ARMS, MODELS, SIZE, FEATURES = 268, 12, 6, 1_000, 12
DETECTORS = ("kswin", "adwin", "ddm", "hddm-a", "hddm-w", "page-hinkley")
"""What the arms follow in the second run: the report lets each of these read the losses of static once more."""
DATASET = Dataset(
    name="bench",
    label=Label(positive=("1",), negative=("0",)),
    columns=(*(Column(name=f"x{i}", type="float") for i in range(FEATURES)), Column(name="y", type="label")),
)


def write_run(path: Path, *, windows: int, following: Sequence[str] = (), seed: int = 0) -> None:
    """A run as an evaluation leaves it: every arm changes its model now and then, with an event each time.

    Args:
        path: a directory that isn't there yet.
        windows: how many.
        following: detectors for the arms to follow, one after the other; none if there are none.
        seed: of records and scores.
    """
    steps = tuple(Numeric(f"x{i}") for i in range(FEATURES))
    model = Model(DATASET, steps, Linear(np.ones(FEATURES), 0.0, {}), 0.5, 0, 0, {})
    static = save_model(model, path / "models" / "draft")[:12]
    (path / "models" / "draft").rename(path / "models" / static)
    arms = ["static", *(f"arm-{number:02}" for number in range(1, ARMS))]
    identity = {"source": {}, "contract": DATASET.fingerprint, "model": static, "window": SIZE, "seed": seed}
    specified = {arm: specification(arm, place, following) for place, arm in enumerate(arms)}
    manifest = {"format": 1, "identity": identity, "arms": specified, "static": static, "threshold": 0.5}
    (path / "manifest.json").write_text(json.dumps(manifest | {"state": "finished"}))
    ledger = Ledger(path / "segments", DATASET)
    for entry in entries(windows, arms, [static, *(f"{number:012x}" for number in range(1, MODELS))], seed):
        ledger.commit(entry)
    export(path, ledger, BinaryTask(0.5), positions={}, source={"file": "bench.csv"})
    drift = {"kind": "mix", "shape": "abrupt", "start": windows * SIZE // 2, "end": windows * SIZE // 2}
    (path / "truth.json").write_text(json.dumps({"format": 1, "records": windows * SIZE, "drifts": [drift]}))


def specification(arm: str, place: int, following: Sequence[str]) -> dict[str, Any]:
    """An arm that follows one of these detectors; static, and all where there are none, follow nothing."""
    if place == 0 or not following:
        return STATIC.model_dump(mode="json") | {"name": arm}
    return parse_arm(f"{arm}:policy=drift({following[(place - 1) % len(following)]})").model_dump(mode="json")


def entries(windows: int, arms: list[str], models: list[str], seed: int) -> Iterator[Entry]:
    """Window after window: records, the scores of all models, and which arm uses which."""
    generator = np.random.default_rng(seed)
    for index in range(windows):
        labels = generator.integers(0, 2, SIZE).astype(np.int8)
        scores = {
            name: np.clip(0.25 + 0.5 * (labels ^ (generator.random(SIZE) < 0.1 + 0.02 * number)), 0.0, 1.0)
            for number, name in enumerate(models)
        }
        features = [pa.array(generator.normal(size=SIZE)) for _ in range(FEATURES)]
        records = pa.RecordBatch.from_arrays([*features, pa.array(labels)], schema=DATASET.schema)
        first = index * SIZE
        seqs = first + np.arange(SIZE, dtype=np.int64)
        parts = {arm: part(place, index, models) for place, arm in enumerate(arms)}
        yield Entry(Window(index, first, first + SIZE - 1, True, seqs, records), scores, parts)


def part(place: int, index: int, models: list[str]) -> Part:
    """What an arm does in a window: static nothing, the others another model every tenth window."""
    turn = (index + place) // 10
    model = models[0] if place == 0 else models[(turn + place) % len(models)]
    retrained = {"event": "retrain", "reason": "turn", "training_set": "last 1", "rows": SIZE, "model": model}
    promoted = {"event": "promoted", "reason": "gain", "model": model, "gain": 0.1, "lower": 0.05}
    return Part(model, (retrained, promoted) if place and (index + place) % 10 == 9 else ())


def timed(what: str, act: Callable[[], Any], told: dict[str, float]) -> Any:
    """What it gives; its seconds of the clock and of the processor are noted."""
    clock, processor = time.perf_counter(), time.process_time()
    found = act()
    told[what] = time.process_time() - processor
    print(f"{what:<28} {time.perf_counter() - clock:6.2f} s by the clock, {told[what]:6.2f} s of the processor")
    return found


def main(windows: int) -> None:
    """Print what each part takes, then the whole report as the command makes it, for both runs."""
    for following in ((), DETECTORS):
        print(f"{windows} windows of {SIZE:,} records, {ARMS} arms, {MODELS} models, {FEATURES} features")
        print(f"arms follow {', '.join(following) or 'no detector'}")
        with TemporaryDirectory() as folder:
            write_run(Path(folder) / "run", windows=windows, following=following)
            report(Path(folder) / "run")


def report(path: Path) -> None:
    """Each part by itself, and all of it."""
    told: dict[str, float] = {}
    loaded = timed("loading", lambda: load_run(path), told)
    timed("summary", lambda: loaded.summary, told)
    charts: Mapping[str, Any] = timed("which figures", lambda: loaded.figures, told)
    (path / "figures").mkdir()
    for name, chart in charts.items():
        timed(f"figure {name}", lambda chart=chart: chart.save(path / "figures", formats=("svg",)), told)
    timed("page without figures", lambda: report_page(loaded, {}), told)
    written = timed("the whole report", lambda: write_report(path), told)
    size = written.page.stat().st_size
    print(f"report.html: {size / 1e6:.1f} MB; the report takes {told['the whole report'] / told['loading']:.1f} loads")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else WINDOWS)
