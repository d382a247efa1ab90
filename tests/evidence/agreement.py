"""Agreement: our prequential values beside CapyMOA's on the same predictions, our detectors beside river's.

CapyMOA's numbers are kept in `tests/analysis/reference/capymoa.json`, with how they were made. The tests beside the
code hold both, record by record; this prints by how much they differ. `python tests/evidence/agreement.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from river import drift
from river.drift import binary

from analysis.measures.agreement import fading, prequential
from online.interfaces import Pool
from online.registry import build
from static_model.metrics import count, metrics_from_counts

REFERENCE = Path(__file__).parents[1] / "analysis" / "reference" / "capymoa.json"
KAPPAS = {"accuracy": "accuracy", "kappa": "kappa", "kappa_t": "kappa_temporal"}
RATES = {"precision_1": "precision", "recall_1": "recall", "f1_score_1": "f1"}
DETECTORS = {
    "adwin": drift.ADWIN,
    "ddm": binary.DDM,
    "eddm": binary.EDDM,
    "hddm-a": binary.HDDMA,
    "hddm-w": binary.HDDMW,
    "page-hinkley": drift.PageHinkley,
    "kswin": lambda: drift.KSWIN(seed=0),
}
LENGTHS = {"kswin": 9000}
"""Records, where they aren't 30,000: KSWIN is dear."""


def metrics() -> Iterator[dict[str, Any]]:
    """For each metric how many values there are, and the largest difference, in percent as CapyMOA has them."""
    moa = json.loads(REFERENCE.read_text("utf-8"))
    packed = (np.frombuffer(bytes.fromhex(moa[name]), np.uint8) for name in ("labels", "predictions"))
    labels, predictions = (np.unpackbits(bits, count=moa["records"]).astype(np.int8) for bits in packed)
    ends = range(moa["window"], len(labels) + 1, moa["window"])
    pairs = [(labels[end - moa["window"] : end], predictions[end - moa["window"] : end]) for end in ends]
    windows = prequential(*map(list, zip(*pairs, strict=True))).windows
    totals = [prequential([labels[:end]], [predictions[:end]]).total for end in ends]
    counted = [metrics_from_counts(count(*pair)) for pair in pairs]
    faded = fading(*map(list, zip(*pairs, strict=True)), alpha=moa["alpha"])
    for theirs, ours in KAPPAS.items():
        yield _differ(f"{ours}, by window", moa["windowed"][theirs], [getattr(one, ours) for one in windows])
        yield _differ(f"{ours}, prequential", moa["prequential"][theirs], [getattr(one, ours) for one in totals])
    for theirs, ours in RATES.items():
        yield _differ(f"{ours}, by window", moa["windowed"][theirs], [one[ours] for one in counted])
    for name in ("accuracy", "kappa"):
        yield _differ(f"{name}, fading", moa["fading"][name], list(getattr(faded, name)))


def _differ(name: str, theirs: Sequence[float], ours: Sequence[float | None]) -> dict[str, Any]:
    both = [(one, 100 * other) for one, other in zip(theirs, ours, strict=True) if other is not None]
    largest = max(abs(one - other) for one, other in both)
    return {"metric": name, "values": len(both), "undefined": len(ours) - len(both), "largest difference": largest}


def detectors() -> Iterator[dict[str, Any]]:
    """For each detector its alarms and river's on the same losses, whose rate goes from 5 % to 50 % and back."""
    for kind, rivers in DETECTORS.items():
        length = LENGTHS.get(kind, 30_000)
        rates = np.repeat([0.05, 0.5, 0.05], length // 3)
        losses = (np.random.default_rng(8).random(length) < rates).astype(float)
        mine, theirs = build("detector", kind).begin(Pool(0, 0)), rivers()
        ours, alarms = [], []
        for at in range(length):
            mine.update(losses[at : at + 1])
            theirs.update(int(losses[at]))
            ours += [at] if mine.drift else []
            alarms += [at] if theirs.drift_detected else []
        yield {"detector": kind, "records": length, "alarms": len(ours), "same": ours == alarms}


def main(full: bool) -> dict[str, Any]:
    """Everything that is to be equal; the short form is the same but for the detectors."""
    return {"metrics": list(metrics()), "detectors": list(detectors()) if full else []}


if __name__ == "__main__":
    for part in main(full=True).values():
        for row in part:
            print(row)
