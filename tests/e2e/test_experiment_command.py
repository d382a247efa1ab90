"""`driftduel inject` and `driftduel experiment` as a user types them: streams x seeds x arms, resumed and repeated."""

from __future__ import annotations

import csv
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

COMMAND = Path(sys.executable).with_name("driftduel")
Command = Callable[..., str]

pytestmark = [pytest.mark.e2e, pytest.mark.spark]

TOML = """
model = "{folder}/model"
training = ["{folder}/static.csv"]
window = 400
seeds = [0, 1]
primary = ["dynamic"]

[[stream]]
name = "swapped"
file = "{folder}/static.csv"
drift = [{{ kind = "label-swap", region = [0.4, 0.6] }}]

[[stream]]
name = "tool"
file = "{folder}/stream.csv"
truth = "{folder}/stream.csv.truth.json"

[[arm]]
name = "dynamic"

[[arm]]
name = "always"
policy = "always"
training_sets = "static-last-5"
gate = "none"

[baselines]
training_sets = ["last-5"]
every = 2
"""


@pytest.fixture(scope="module")
def plan(synthetic: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two streams, two seeds, three arms."""
    path = tmp_path_factory.mktemp("plan") / "experiment.toml"
    path.write_text(TOML.format(folder=synthetic))
    return path


@pytest.fixture(scope="module")
def done(driftduel: Command, plan: Path) -> Path:
    """The experiment, run with two processes."""
    out = plan.parent / "out"
    driftduel("experiment", plan, "--out", out, "--processes", 2)
    return out


def test_each_stream_and_seed_is_a_run_with_a_row_for_each_arm(done: Path) -> None:
    """The tidy table has arms and baselines; the drift's place differs by seed; every run has a truth and a summary."""
    with (done / "table.csv").open() as file:
        rows = list(csv.DictReader(file))
    arms = [(row["stream"], row["seed"], row["arm"]) for row in rows if row["kind"] == "arm"]
    names = ("static", "always", "dynamic")
    assert sorted(arms) == sorted((s, n, arm) for s in ("swapped", "tool") for n in "01" for arm in names)
    truths = [
        json.loads((done / f"runs/swapped/seed-{n}/truth.json").read_text())["drifts"][0]["start"] for n in (0, 1)
    ]
    assert len(set(truths)) == 2
    assert all(2400 <= start < 3600 for start in truths)
    summary = json.loads((done / "summary.json").read_text())
    assert summary["runs"].keys() == {"swapped/seed-0", "swapped/seed-1", "tool/seed-0", "tool/seed-1"}
    assert summary["policies"]["tool"]["dynamic"]["finding"] == "too few seeds"
    assert summary["runs"]["tool/seed-0"]["hindsight"]["every"] == 2
    assert "\\toprule" in (done / "table.tex").read_text()


def test_one_process_gives_the_same_bytes(driftduel: Command, plan: Path, done: Path, content: Callable) -> None:
    """How many runs go on at a time changes nothing."""
    out = plan.parent / "alone"
    driftduel("experiment", plan, "--out", out, "--processes", 1)
    assert (out / "table.csv").read_bytes() == (done / "table.csv").read_bytes()
    run = "runs/swapped/seed-1"
    assert content(out / run) == content(done / run)


def test_killed_and_run_again_it_gives_the_same_tables(plan: Path, done: Path, driftduel: Command) -> None:
    """Whatever it was doing: planting, training, baselines or reports."""
    out = plan.parent / "killed"
    for seconds in (6, 9):
        process = subprocess.Popen([COMMAND, "experiment", plan, "--out", out], stderr=subprocess.DEVNULL)
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
    driftduel("experiment", plan, "--out", out)
    for name in ("table.csv", "table.tex", "summary.json"):
        assert (out / name).read_bytes() == (done / name).read_bytes()


def test_a_runs_own_experiment_repeats_it(driftduel: Command, done: Path, content: Callable, tmp_path: Path) -> None:
    """The same segments and tables; of baselines it says nothing, so there may be others."""
    run = done / "runs/tool/seed-1"
    shutil.copy(run / "experiment.toml", tmp_path / "again.toml")
    driftduel("experiment", tmp_path / "again.toml", "--out", tmp_path / "out")
    (again,) = (tmp_path / "out/runs/stream").iterdir()
    once, twice = content(run), content(again)
    kept = [name for name in once if name.split("/")[0] in ("segments", "windows.csv", "events.jsonl")]
    assert [once[name] for name in kept] == [twice[name] for name in kept]


def test_what_inject_plants_is_what_evaluate_is_told(driftduel: Command, synthetic: Path, tmp_path: Path) -> None:
    """The truth beside the file goes into the run, and the report scores detectors and recovery by it."""
    out = tmp_path / "swapped.csv"
    driftduel(
        "inject", synthetic / "static.csv", "--dataset", "dns-exfil", "--kind", "label-swap", "--at", 3000, "--out", out
    )
    options = ("--window", 300, "--truth", f"{out}.truth.json", "--run", tmp_path / "run")
    driftduel("evaluate", "--model", synthetic / "model", "--file", out, *options)
    shown = driftduel("report", tmp_path / "run")
    assert "After each planted drift" in shown
    summary = json.loads((tmp_path / "run/summary.json").read_text())
    (found,) = summary["measures"]["static"]["recovery"]
    assert (found["start"], found["state"]) == (10, "not recovered")
    named = {one["detector"]: one["hits"] for one in summary["detectors"]}
    assert (named["dynamic (ss-sr)"], named["never-fire"]) == (1, 0)


def test_an_unknown_key_is_named_with_the_nearest(driftduel: Command, plan: Path, tmp_path: Path) -> None:
    """Exit code 2, one sentence, and nothing is written."""
    bad = tmp_path / "bad.toml"
    bad.write_text(plan.read_text().replace("seeds", "seds"))
    said = driftduel("experiment", bad, "--out", tmp_path / "out", exit_code=2)
    assert "there is no 'seds' here (did you mean 'seeds'?)" in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_by_a_signal_no_worker_goes_on(
    plan: Path, done: Path, driftduel: Command, tmp_path: Path, number: int, code: int
) -> None:
    """It ends at once with its exit code and a sentence, and the same command then ends in the same table."""
    out = tmp_path / "out"
    shutil.copytree(done, out)
    shutil.rmtree(out / "runs/tool")
    command = [COMMAND, "experiment", plan, "--out", out, "--processes", "2"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while len(list(out.glob("runs/tool/*/segments/*"))) < 4:
        assert process.poll() is None
        time.sleep(0.01)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert "; the same command goes on where it stopped" in err
    assert psutil.wait_procs(workers, timeout=10)[1] == []
    assert not list(out.glob("runs/tool/*/report.html"))
    driftduel("experiment", plan, "--out", out)
    assert (out / "table.csv").read_bytes() == (done / "table.csv").read_bytes()
