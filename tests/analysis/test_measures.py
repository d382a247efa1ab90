"""All that is reported of an experiment, from one run: the pieces fit each other, and the result is plain JSON."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest

from analysis.hindsight.regret import regret
from analysis.loaded import load_run
from analysis.measures import measured
from analysis.measures.agreement import fading, prequential
from analysis.measures.deployment import deployed
from analysis.measures.episodes import score_detectors
from analysis.measures.over_time import area_under_time
from analysis.measures.price import Spent, cost_curve, lower_envelope, pareto_front
from analysis.measures.recovery import binomial_tolerance, level_before, recoveries
from analysis.measures.transitions import harms, in_windows
from analysis.runs import read_outcomes, read_run
from static_model.metrics import METRICS, Counts


def test_a_run_has_all_measures(drifting):
    """From window 4 on static errs on 30 of 100; dynamic is back after 2 windows, for one alarm and one retrain."""
    run = read_run(drifting)
    outcomes = read_outcomes(run)
    rows = {arm: run.windows[run.windows["arm"] == arm] for arm in run.arms}
    records = [len(labels) for labels in outcomes.labels]
    errors = {arm: [int(wrong.sum()) for wrong in windows] for arm, windows in outcomes.wrong.items()}
    transitions = in_windows(
        run.truth["drifts"], rows["static"]["first_seq"].tolist(), last_seq=int(rows["static"]["last_seq"].max())
    )
    harm = harms(errors["static"], records, transitions, least=0.01)
    spent = {"static": Spent(sum(errors["static"]), 0), "dynamic": Spent(sum(errors["dynamic"]), 1)}
    alarms = [event["window"] for event in run.events if event["event"] == "drift"]
    found = {
        "detectors": score_detectors(
            {"ss-sr": alarms}, transitions, [one.harmful for one in harm], windows=len(records), tolerance=2
        ),
        "curve": cost_curve(spent),
        "envelope": lower_envelope(spent),
        "front": pareto_front(spent),
    }
    for arm in run.arms:
        predictions = [labels ^ wrong for labels, wrong in zip(outcomes.labels, outcomes.wrong[arm], strict=True)]
        level = level_before(errors[arm], records, transitions)
        counts = Counts(**{name: int(rows[arm][name].sum()) for name in ("tp", "fp", "tn", "fn")})
        found[arm] = {
            "agreement": prequential(outcomes.labels, predictions),
            "fading": fading(outcomes.labels, predictions, alpha=0.99),
            "aut": {metric: area_under_time(rows[arm][metric].tolist()) for metric in METRICS},
            "deployment": deployed(counts, prevalence=0.01, cost_fp=1, cost_fn=10),
            "recovery": recoveries(
                errors[arm],
                records,
                transitions,
                level=level,
                tolerance=binomial_tolerance(level, records, margin=0.01),
                stays=3,
            ),
            "regret": regret(
                *(np.array(errors[name], np.float64) for name in (arm, "dynamic", "static")), gain_low=100.0
            ),
        }
    plain = json.loads(json.dumps(found, default=asdict, allow_nan=False))
    assert ("hit", 0) == (plain["detectors"][0]["drifts"][0]["state"], plain["detectors"][0]["delay"])
    assert ["recovered", 2, 60.0] == [
        plain["dynamic"]["recovery"][0][name] for name in ("state", "windows", "lost_to_recovery")
    ]
    assert ["not recovered", None, 180.0] == [
        plain["static"]["recovery"][0][name] for name in ("state", "windows", "lost")
    ]
    assert [1.0, 0.0] == [plain[arm]["regret"]["share"] for arm in ("dynamic", "static")]
    assert [("dynamic", 120.0), ("static", None)] == [(part["arm"], part["high"]) for part in plain["envelope"]]
    assert 0.94 == plain["dynamic"]["agreement"]["total"]["accuracy"]
    assert pytest.approx((3 * 1 + 0.85 + 0.7 + 0.85 + 3 * 1) / 9) == plain["dynamic"]["aut"]["accuracy"]["value"]


def test_equal_detectors_are_scored_once(make_run, monkeypatch):
    """Arms that follow equal detectors have equal scores from one pass over the losses; another seed is another one."""
    labels = [np.tile(np.array([0, 1], dtype=np.int8), 50) for _ in range(4)]
    static = [found ^ (window > 1) for window, found in enumerate(labels)]
    path = make_run(labels, dict.fromkeys(("static", "a", "b", "c"), static))
    manifest = json.loads((path / "manifest.json").read_text())
    for arm, seed in (("a", 0), ("b", 0), ("c", 1)):
        manifest["arms"][arm]["policy"] = {"kind": "drift", "detector": {"kind": "kswin", "seed": seed}}
    (path / "manifest.json").write_text(json.dumps(manifest))
    (path / "truth.json").write_text(
        json.dumps(
            {"format": 1, "records": 400, "drifts": [{"kind": "mix", "shape": "abrupt", "start": 200, "end": 200}]}
        )
    )
    asked, off_loop = [], measured.off_loop
    monkeypatch.setattr(measured, "off_loop", lambda kind, wrong: asked.append(kind.seed) or off_loop(kind, wrong))
    scores = {score["detector"]: score for score in load_run(path).summary["detectors"]}
    assert [0, 1] == asked
    assert 1 == scores["a (kswin)"]["hits"]
    assert {**scores["a (kswin)"], "detector": "b (kswin)"} == scores["b (kswin)"]
