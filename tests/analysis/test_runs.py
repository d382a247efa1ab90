"""Reading a run directory: what is there, what is damaged, and what was never finished."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from analysis.runs import detector_of, read_outcomes, read_run
from producer.errors import RunError

ONE = [np.array([0, 1, 1, 0], dtype=np.int8), np.array([1, 1], dtype=np.int8)]


def test_a_run_is_read_whole(drifting: Path) -> None:
    """Arms, windows, events and truth come back as they were written."""
    run = read_run(drifting)
    assert (run.arms, run.finished, run.partial) == (("static", "dynamic"), True, ())
    assert (len(run.windows), run.truth["drifts"][0]["start"]) == (20, 400)
    assert [e["event"] for e in run.events] == ["drift", "retrain", "refused", "promoted", "rejected"]


def test_outcomes_are_read_record_by_record(drifting: Path) -> None:
    """What each arm got wrong comes from the ledger's scores, by the model in force and the run's threshold."""
    outcomes = read_outcomes(read_run(drifting))
    assert [w.sum() for w in outcomes.wrong["static"]] == [0] * 4 + [30] * 6
    assert [w.sum() for w in outcomes.wrong["dynamic"]] == [0] * 4 + [30, 30] + [0] * 4
    assert np.flatnonzero(outcomes.wrong["static"][4]).tolist() == list(range(30))
    assert outcomes.labels[0].tolist() == [0, 1] * 50


@pytest.mark.parametrize("model", ["001234567890", "12e456789012", "nan"])
def test_a_model_id_of_digits_stays_a_word(make_run: Callable[..., Path], model: str) -> None:
    """Ids that look like numbers are words, and so is an arm that somebody called nan."""
    run = make_run(ONE, {"static": ONE, "nan": ONE})
    text = (run / "windows.csv").read_text()
    (run / "windows.csv").write_text(text.replace("model-of-static", model).replace("model-of-nan", model))
    shutil.rmtree(run / "segments")
    windows = read_run(run).windows
    assert set(windows["model"]) == {model}
    assert set(windows["arm"]) == {"static", "nan"}


def test_an_arm_that_lacks_windows_is_set_apart(make_run: Callable[..., Path]) -> None:
    """An arm that an interruption left half-way is named and compared with nobody."""
    run = read_run(make_run(ONE, {"static": ONE, "late": ONE[:1], "dynamic": ONE}))
    assert (run.arms, run.partial) == (("static", "dynamic"), ("late",))
    assert set(read_outcomes(run).wrong) == {"static", "dynamic"}


def test_the_ledger_counts_where_the_tracker_is_behind(drifting: Path) -> None:
    """A run that goes on has windows.csv only up to its last stop: all windows of the ledger are reported."""
    damage(drifting, "manifest.json", lambda t: t.replace("finished", "running"))
    lines = (drifting / "windows.csv").read_text().splitlines(keepends=True)
    (drifting / "windows.csv").write_text("".join(lines[:7]))
    run = read_run(drifting)
    assert (len(run.windows), len(read_outcomes(run).labels), run.missing) == (20, 10, ())


def test_truth_may_come_from_elsewhere(drifting: Path, tmp_path: Path) -> None:
    """A sidecar named by the user takes the place of the run's own."""
    drift = {"kind": "prior", "shape": "gradual", "start": 5, "end": 9}
    (tmp_path / "t.json").write_text(json.dumps({"format": 1, "drifts": [drift]}))
    assert read_run(drifting, truth=tmp_path / "t.json").truth["drifts"] == [drift]


def damage(run: Path, file: str, change: Callable[[str], str]) -> None:
    (run / file).write_text(change((run / file).read_text()))


def test_a_newer_format_is_refused(drifting: Path) -> None:
    """Nothing is known of what another format means."""
    damage(drifting, "manifest.json", lambda t: t.replace('"format": 1', '"format": 2', 1))
    with pytest.raises(RunError, match=r"has format 2.*a later one"):
        read_run(drifting)


def test_what_is_no_run_is_said_so(tmp_path: Path) -> None:
    """A directory without a manifest is no run, and neither is one that isn't there."""
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(RunError, match=r"is no run: it has no manifest\.json"):
            read_run(path)


def test_a_run_without_windows_says_how_to_go_on(drifting: Path) -> None:
    """A run that was interrupted before its first window names the way out."""
    damage(drifting, "manifest.json", lambda t: t.replace("finished", "running"))
    (drifting / "windows.csv").unlink()
    shutil.rmtree(drifting / "segments")
    with pytest.raises(RunError, match="isn't finished and lists no window; run the same 'driftduel evaluate' again"):
        read_run(drifting)


def test_the_ledger_counts_where_the_tracker_says_otherwise(drifting: Path) -> None:
    """Counts that aren't the ledger's are named and never reported."""
    before = read_run(drifting).windows
    damage(drifting, "windows.csv", lambda t: t.replace(",35,15,35,15,", ",36,15,35,14,", 1))
    run = read_run(drifting)
    assert run.windows.equals(before)
    assert run.missing == (
        "windows.csv isn't what the segments say (1 line differs): what it would say was made from the segments "
        "instead. The same 'driftduel evaluate' again writes it anew.",
    )


@pytest.mark.parametrize(
    ("policy", "kind"),
    [
        ({"kind": "drift", "detector": {"kind": "adwin"}}, "adwin"),
        ({"kind": "budgeted", "policy": {"kind": "drift", "detector": {"kind": "ks"}}, "retrains": 3}, "ks"),
        ({"kind": "budgeted", "policy": {"kind": "always"}, "retrains": 3}, None),
        ({"kind": "periodic", "every": 5}, None),
    ],
)
def test_an_arm_follows_a_detector_within_a_budget_too(drifting: Path, policy: dict, kind: str | None) -> None:
    """So it is scored, and warned of windows that scatter too much."""
    run = read_run(drifting)
    arms = {**run.manifest["arms"], "dynamic": {"name": "dynamic", "policy": policy, "training_sets": ["last-1"]}}
    found = detector_of(dataclasses.replace(run, manifest={**run.manifest, "arms": arms}), "dynamic")
    assert kind == (found and found.kind)
