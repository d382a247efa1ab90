"""Arms beside baseline paths and the hindsight oracle, over matrices of losses that a test chooses."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.hindsight.beside import baseline_discordance, summarise_baselines
from analysis.hindsight.causes import three_causes
from analysis.runs import Outcomes, Run, read_outcomes, read_run
from online.baselines.causes import Causes
from online.baselines.computing import Baselines, Beside
from online.baselines.matrix import STATIC, Matrix, file_of, read_matrix, save_array

SIZE, WINDOWS = 200, 12
Errors = Mapping[int, Sequence[np.ndarray]]


@pytest.fixture
def write_matrix(tmp_path: Path) -> Callable[[Errors], Matrix]:
    """Writes a matrix: what each model, named by the window that it was fitted after, gets wrong in later windows."""

    def write(wrong: Errors) -> Matrix:
        folder = tmp_path / "matrix"
        odd = np.arange(SIZE * WINDOWS) % 2 == 1
        errors = np.zeros((len(wrong), WINDOWS, 2), np.int64)
        for row, (after, windows) in enumerate(sorted(wrong.items())):
            save_array(file_of(folder, after, "npy"), np.packbits(np.concatenate(windows)))
            for window, here in enumerate(windows, start=after + 1):
                errors[row, window] = here[::2].sum(), here[1::2].sum()
        facts = {
            "format": 1,
            "training_set": {"kind": "last"},
            "learner": {"kind": "scikit-learn"},
            "every": 1,
            "title": "last 1",
            "windows": WINDOWS,
            "refused": [],
            "fits": [
                {"window": after, "model": f"m{after}", "rows": SIZE} for after in sorted(wrong) if after != STATIC
            ],
        }
        (folder / "matrix.json").write_text(json.dumps(facts))
        save_array(folder / "labelled.npy", np.full(WINDOWS, SIZE))
        save_array(folder / "odd.npy", np.packbits(odd))
        save_array(folder / "errors.npy", errors)
        return read_matrix(folder)

    return write


def draw(rng: np.random.Generator, rates: Sequence[float]) -> list[np.ndarray]:
    """Errors at random, at the rate of each window."""
    return [rng.random(SIZE) < rate for rate in rates]


def changed(seed: int = 0, before: float = 0.05, after: float = 0.5) -> dict[int, list[np.ndarray]]:
    """A stream that changes at window 4, and models that are cured of it when fitted after it or later."""
    rng = np.random.default_rng(seed)
    rates = np.where(np.arange(WINDOWS) < 4, before, after)
    cured = np.full(WINDOWS, before)
    return {fit: draw(rng, (cured if fit >= 4 else rates)[fit + 1 :]) for fit in range(STATIC, WINDOWS - 1)}


@pytest.fixture
def run_of(make_run: Callable[..., Path]) -> Callable[..., tuple[Run, Outcomes]]:
    """A run of static and an arm that got these records wrong, the arm retrained after the windows named."""

    def call(static: Sequence[np.ndarray], arm: Sequence[np.ndarray], retrained: Sequence[int]) -> tuple[Run, Outcomes]:
        rng = np.random.default_rng(9)
        labels = [rng.integers(0, 2, SIZE).astype(np.int8) for _ in range(WINDOWS)]
        wrong = {"static": static, "arm": arm}
        said = {
            name: [(y ^ w).astype(np.int8) for y, w in zip(labels, mine, strict=True)] for name, mine in wrong.items()
        }
        fit = {"event": "retrain", "reason": "", "rows": SIZE, "model": "x"}
        path = make_run(labels, said, events={(window, "arm"): [fit] for window in retrained}, size=SIZE)
        run = read_run(path)
        return run, read_outcomes(run)

    return call


def baselines(matrix: Matrix, **options: Any) -> Baselines:
    """Baselines of one matrix and one arm."""
    plain: dict[str, Any] = {"every": 1, "windows": WINDOWS, "causes": {}}
    beside = Beside(matrix.folder.name, 1, ("its gate holds models back",))
    return Baselines(**plain | {"matrices": {matrix.folder.name: matrix}, "arms": {"arm": beside}} | options)


def along(wrong: Errors, path: Sequence[int]) -> list[np.ndarray]:
    """What is wrong along a path of models, each named by the window after which it was fitted."""
    return [wrong[after][window - after - 1] for window, after in enumerate(path)]


def test_an_arm_on_the_oracles_path_has_all_of_its_gain_and_no_regret(write_matrix, run_of) -> None:
    """Where both halves choose the arm's own path, its share is 1 and its regret 0, at every price that keeps it."""
    wrong = changed()
    for fit in range(5, WINDOWS - 1):  # later models are no better: the one after window 4 is kept
        wrong[fit] = [here.copy() for here in wrong[4][fit - 4 :]]
    matrix = write_matrix(wrong)
    run, outcomes = run_of(wrong[STATIC], along(wrong, [STATIC] * 5 + [4] * 7), [4])
    found = summarise_baselines(run, outcomes, baselines(matrix), alphas=(50.0, 100.0, 10000.0))
    arm = found["arms"]["arm"]
    assert [(one["regret"], one["share"]) for one in arm["regret"][:2]] == [(0.0, 1.0), (0.0, 1.0)]
    assert (arm["beside"], arm["fits"], arm["attempts"]) == ("last 1", 1, 1)
    assert arm["random"]["percentile"] > 80
    assert [one["retrains"] for one in found["tables"]["last 1"]["oracle"]] == [1.0, 1.0, 0.0]
    assert (arm["regret"][2]["share"], arm["regret"][2]["gain"]) == (None, 0.0)


def test_no_share_is_said_where_the_oracle_may_have_gained_nothing(write_matrix, run_of) -> None:
    """On noise the lower bound of the oracle's gain isn't above 0, and no arm is given a share of it."""
    matrix = write_matrix(changed(before=0.2, after=0.2))
    wrong = changed(before=0.2, after=0.2)
    run, outcomes = run_of(wrong[STATIC], along(wrong, [STATIC] * 5 + [4] * 7), [4])
    found = summarise_baselines(run, outcomes, baselines(matrix), alphas=(0.0, 10.0))
    assert all(one["low"] <= 0 for one in found["tables"]["last 1"]["oracle"])
    assert [one["share"] for one in found["arms"]["arm"]["regret"]] == [None, None]


def test_baseline_paths_have_their_errors_costs_and_intervals(write_matrix, run_of) -> None:
    """Each path's row says what it got wrong, how often it was retrained, on how many rows, and what it gained."""
    wrong = changed()
    matrix = write_matrix(wrong)
    run, outcomes = run_of(wrong[STATIC], wrong[STATIC], [])
    table = summarise_baselines(run, outcomes, baselines(matrix), alphas=(0.0, 30.0))["tables"]["last 1"]
    always = along(wrong, range(STATIC, WINDOWS - 1))
    static = int(sum(map(np.sum, wrong[STATIC])))
    row = table["paths"]["always"]
    assert (row["errors"], row["retrains"], row["rows"]) == (int(sum(map(np.sum, always))), 11, 11 * SIZE)
    assert (row["gain"], table["paths"]["never"]["gain"]) == (static - row["errors"], 0.0)
    assert row["low"] < row["gain"] < row["high"]
    assert list(table["paths"]) == ["never", "always", "periodic(2)", "periodic(5)", "periodic(10)"]
    assert table["totals"]["always"] == (row["errors"], row["errors"] + 30.0 * 11)
    assert table["discordant"] == [int((a ^ b).sum()) for a, b in zip(wrong[STATIC], always, strict=True)]
    oracle = table["oracle"][0]
    assert (oracle["gain"], oracle["errors"]) == (static - oracle["errors"], table["totals"]["oracle"][0])


def test_an_arm_that_never_retrained_is_in_no_lottery(write_matrix, run_of) -> None:
    """Without a retrain there is nothing to match at random; its regret is the oracle's whole gain."""
    wrong = changed()
    run, outcomes = run_of(wrong[STATIC], wrong[STATIC], [])
    arm = summarise_baselines(run, outcomes, baselines(write_matrix(wrong)), alphas=(0.0,))["arms"]["arm"]
    assert (arm["random"], arm["regret"][0]["share"]) == (None, 0.0)
    assert arm["regret"][0]["regret"] == arm["regret"][0]["gain"]
    assert len(arm["over_time"]) == WINDOWS
    assert arm["over_time"][-1] == arm["regret"][0]["regret"]


def test_rejected_fits_are_charged(write_matrix, run_of) -> None:
    """An arm that fits and changes nothing pays for it at a price."""
    wrong = changed()
    run, outcomes = run_of(wrong[STATIC], wrong[STATIC], [1, 2, 3])
    arm = summarise_baselines(run, outcomes, baselines(write_matrix(wrong)), alphas=(0.0, 10.0))["arms"]["arm"]
    free, priced = arm["regret"]
    assert priced["regret"] - priced["gain"] == pytest.approx(30.0)
    assert free["regret"] == free["gain"]


def test_a_run_that_went_on_is_told_so(write_matrix, run_of) -> None:
    """Baselines of fewer windows than the run reports aren't compared with it."""
    wrong = changed()
    run, outcomes = run_of(wrong[STATIC], wrong[STATIC], [])
    found = summarise_baselines(run, outcomes, baselines(write_matrix(wrong), windows=11))
    assert found == {
        "every": 1,
        "stale": "The baselines are of 11 windows, the run reports 12 now; compute them again.",
    }


def test_what_is_not_comparable_says_why(write_matrix, run_of) -> None:
    """An arm without a matrix keeps its reason, and everything can be written as JSON."""
    wrong = changed()
    run, outcomes = run_of(wrong[STATIC], wrong[STATIC], [])
    reasons = {"arms": {"arm": "not comparable"}, "causes": {"arm": "not known"}}
    found = summarise_baselines(run, outcomes, baselines(write_matrix(wrong), **reasons))
    assert (found["arms"], found["causes"]) == ({"arm": {"reason": "not comparable"}}, {"arm": {"reason": "not known"}})
    assert json.loads(json.dumps(found, allow_nan=False))["tables"].keys() == {"last 1"}


def test_the_noise_is_the_discordance_of_never_and_always(write_matrix, run_of) -> None:
    """Power is measured where the two extremes differ."""
    wrong = changed()
    _, outcomes = run_of(wrong[STATIC], wrong[STATIC], [])
    found = baseline_discordance(baselines(write_matrix(wrong)), outcomes)
    always = along(wrong, range(STATIC, WINDOWS - 1))
    assert found is not None
    assert found.share.tolist() == [(a ^ b).mean() for a, b in zip(wrong[STATIC], always, strict=True)]


def test_the_noise_of_other_windows_is_none(write_matrix, run_of) -> None:
    """A run that has lost windows, or gone on since, is reported all the same."""
    wrong = changed()
    _, outcomes = run_of(wrong[STATIC], wrong[STATIC], [])
    outcomes = replace(outcomes, labels=outcomes.labels[1:])
    assert baseline_discordance(baselines(write_matrix(wrong)), outcomes) is None


def causes(rng: np.random.Generator, everything: float, same: float) -> Causes:
    """Controls that err at these rates in windows 2 to 11."""
    controls = {"all": draw(rng, [everything] * 10), "same": draw(rng, [same] * 10)}
    return Causes(tuple(range(2, 12)), controls)


def test_the_three_causes_add_up_and_find_the_one_there_is() -> None:
    """Where only freshness helps, its interval is above 0, and the three sum to the total."""
    rng = np.random.default_rng(4)
    static, arm = draw(rng, [0.3] * 10), draw(rng, [0.1] * 10)
    found = three_causes(static, causes(rng, 0.3, 0.32), arm)
    parts = [found[name].difference for name in ("engine", "size", "freshness")]
    assert sum(parts) == pytest.approx(found["total"].difference)
    assert found["freshness"].low > 15
    assert found["engine"].low < 0 < found["engine"].high


def test_causes_stand_in_the_summary_with_words(write_matrix, run_of) -> None:
    """The headline is freshness; windows where the arm was static aren't compared."""
    rng = np.random.default_rng(4)
    wrong = changed(before=0.3, after=0.3)
    arm = [*wrong[STATIC][:2], *draw(rng, [0.1] * 10)]
    run, outcomes = run_of(wrong[STATIC], arm, [1])
    content = baselines(write_matrix(wrong), causes={"arm": causes(rng, 0.3, 0.32)})
    found = summarise_baselines(run, outcomes, content)["causes"]["arm"]
    assert (found["windows"], found["left_out"], found["total"]["records"]) == (10, 0, 10 * SIZE)
    where = "in the 10 windows where it ran another model"
    assert found["words"].startswith(f"'arm' against 'static' {where}, in errors saved per 100 records: freshness +")
    assert json.dumps(found, allow_nan=False)


def test_causes_that_are_not_there_say_so(write_matrix, run_of) -> None:
    """An arm that stayed static, or whose controls were refused, has no estimates but a reason."""
    wrong = changed()
    run, outcomes = run_of(wrong[STATIC], wrong[STATIC], [])
    nothing = {"all": [], "same": []}
    matrix = write_matrix(wrong)
    for content, why in (
        (Causes((), nothing), "it ran the static model throughout"),
        (Causes((), nothing, (1, 2), ("all 9 rows are of class 1",)), "all 9 rows are of class 1"),
    ):
        found = summarise_baselines(run, outcomes, baselines(matrix, causes={"arm": content}))["causes"]["arm"]
        assert (found["words"], found["freshness"]) == (f"The causes of 'arm' are not known: {why}.", None)
