"""The two real cases: shuffled DNS as a negative control, and a new tunnelling tool that appears."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.data, pytest.mark.spark]

CLASSICAL = "classical:policy=threshold,metric=accuracy,below=0.81,train=last-1,gate=none"


def duel(driftduel, folder: Path, static: Path, stream: Path, *arms: str) -> tuple[pd.DataFrame, list[dict]]:
    """Train, evaluate, report; the tracker and the events."""
    quick = ("--algorithm", "random_forest", "--folds", "0", "--repeats", "1")
    driftduel("train", static, "--dataset", "dns-exfil", "--out", folder / "model", *quick)
    options = [word for arm in arms for word in ("--arm", arm)]
    driftduel("evaluate", "--model", folder / "model", "--file", stream, "--run", folder / "run", *options)
    driftduel("report", folder / "run")
    events = [json.loads(line) for line in (folder / "run" / "events.jsonl").read_text().splitlines()]
    return pd.read_csv(folder / "run" / "windows.csv"), events


def pooled(windows: pd.DataFrame, arm: str, first: int = 0, last: int = 10_000) -> dict[str, float]:
    """Accuracy and F1 of an arm over a span of windows, from summed counts."""
    rows = windows[(windows.arm == arm) & windows.window.between(first, last)]
    tp, fp, tn, fn = (int(rows[name].sum()) for name in ("tp", "fp", "tn", "fn"))
    return {"accuracy": (tp + tn) / (tp + fp + tn + fn), "f1": 2 * tp / (2 * tp + fp + fn)}


def test_shuffled_dns_holds_no_drift(driftduel, data_dir: Path, tmp_path: Path) -> None:
    """77 windows at the ceiling; the default arm keeps quiet, and the classical rule retrains on noise for nothing."""
    static, stream = data_dir / "dns_exf_static.csv.gz", data_dir / "dns_exf_kafka.csv.gz"
    windows, events = duel(driftduel, tmp_path, static, stream, "static", "dynamic", CLASSICAL)
    assert windows.window.nunique() == 77
    assert pooled(windows, "static")["accuracy"] == pytest.approx(0.815, abs=0.005)
    dynamic = [event["event"] for event in events if event["arm"] == "dynamic"]
    assert dynamic.count("drift") <= 1
    assert dynamic.count("promoted") == 0
    retrained = [e for e in events if e["arm"] == "classical" and e["event"] == "retrain"]
    assert len(retrained) >= 15
    assert pooled(windows, "classical")["accuracy"] <= pooled(windows, "static")["accuracy"]
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert "'dynamic' was identical to 'static' in every window" in summary["verdicts"]["dynamic"]


def test_a_new_tunnelling_tool_is_learned(driftduel, data_dir: Path, tmp_path: Path) -> None:
    """The static forest falls when the tool changes; the default arm raises one alarm, recovers and stays there."""
    static, stream = data_dir / "dns_tunnels_static.csv.gz", data_dir / "dns_tunnels_stream.csv.gz"
    windows, events = duel(driftduel, tmp_path, static, stream, "static", "dynamic")
    assert pooled(windows, "static", 0, 24)["accuracy"] == pytest.approx(0.999, abs=0.002)
    assert pooled(windows, "static", 0, 24)["f1"] == pytest.approx(0.996, abs=0.006)
    assert pooled(windows, "static", 26, 54)["accuracy"] == pytest.approx(0.86, abs=0.015)
    assert pooled(windows, "static", 26, 54)["f1"] == pytest.approx(0.3, abs=0.1)
    alarms = [event["window"] for event in events if event["event"] == "drift"]
    assert alarms[0] in {25, 26}
    dynamic = windows[windows.arm == "dynamic"].set_index("window").accuracy
    assert dynamic.loc[28:54].mean() == pytest.approx(0.9999, abs=0.005)
    assert dynamic.loc[58:].min() >= 0.99
