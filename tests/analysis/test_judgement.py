"""A run judged: both questions, Holm, power and dispersion put together from a run directory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.judgement import dispersions, judge, own_yardstick, watched_arms
from analysis.power import Yardstick
from analysis.runs import Outcomes, Run, read_outcomes, read_run
from online.tracker import Cost

MakeRun = Callable[..., Path]
WINDOWS, SIZE = 40, 100


def flipped(rng: np.random.Generator, labels: list[np.ndarray], rate: float) -> list[np.ndarray]:
    """Predictions that are wrong at that rate."""
    return [found ^ (rng.random(len(found)) < rate) for found in labels]


def model_of(window: int, arm: str) -> str:
    """Every arm but static and late has a new model in each window; late has its only one from window 20 on."""
    return {"static": "static", "late": f"late-{window >= 20}"}.get(arm, f"{arm}-{window}")


@pytest.fixture
def judged(make_run: MakeRun) -> Callable[..., tuple[Run, Outcomes]]:
    """A run in which `always` and `late` err on 2 %, `equal` and static on 8 %."""

    def make(**options: Any) -> tuple[Run, Outcomes]:
        rng = np.random.default_rng(1)
        labels = [rng.integers(0, 2, SIZE).astype(np.int8) for _ in range(WINDOWS)]
        rates = {"static": 0.08, "always": 0.02, "equal": 0.08, "late": 0.02}
        predictions = {arm: flipped(rng, labels, rate) for arm, rate in rates.items()}
        path = make_run(labels, predictions, models=model_of, **options)
        run = read_run(path)
        return run, read_outcomes(run)

    return make


def compared(run: Run, outcomes: Outcomes, **options: Any) -> dict[str, Any]:
    """What was found, with no cost."""
    return judge(run, outcomes, dict.fromkeys(run.arms, Cost()), **options)


def test_two_questions_have_two_answers(judged: Callable[..., tuple[Run, Outcomes]]) -> None:
    """On this stream both good arms are better; of more of it only the arm with many fits can speak."""
    found = compared(*judged())["comparisons"]
    answers = {arm: (one["finding"], one["more_of_the_same"]["finding"]) for arm, one in found.items()}
    assert answers == {
        "always": ("better", "better"),
        "equal": ("no difference", "no difference"),
        "late": ("better", "one stream can't say"),
    }
    assert found["late"]["more_of_the_same"]["fits"] == 2


def test_holm_covers_the_primary_arms(judged: Callable[..., tuple[Run, Outcomes]]) -> None:
    """p-values of both questions are corrected, each question for itself; the verdict says for how many arms."""
    result = compared(*judged())
    always, equal = result["comparisons"]["always"], result["comparisons"]["equal"]
    assert always["more_of_the_same"]["p_holm"] == pytest.approx(3 * always["more_of_the_same"]["p_value"])
    assert equal["p_holm"] == pytest.approx(equal["p_value"])
    assert "After Holm's correction for 3 primary arms the claim on this stream holds" in result["verdicts"]["always"]


def test_exploratory_arms_are_not_corrected(judged: Callable[..., tuple[Run, Outcomes]]) -> None:
    """An arm that the run didn't declare primary has no corrected p-value, and its verdict says so."""
    run, outcomes = judged()
    manifest = json.loads((run.path / "manifest.json").read_text()) | {"primary": ["late"]}
    (run.path / "manifest.json").write_text(json.dumps(manifest))
    result = compared(read_run(run.path), outcomes)
    always = result["comparisons"]["always"]
    assert (always["primary"], always["p_holm"], always["more_of_the_same"]["p_holm"]) == (False, None, None)
    assert "exploratory" in result["verdicts"]["always"]
    assert "Holm" not in result["verdicts"]["late"]


def test_the_yardstick_is_never_against_always(judged: Callable[..., tuple[Run, Outcomes]]) -> None:
    """An arm with a new model in every window gives the discordance; what is handed in comes first."""
    run, outcomes = judged()
    own = own_yardstick(run, outcomes)
    assert own is not None
    pairs = zip(outcomes.wrong["static"], outcomes.wrong["always"], strict=True)
    assert own.discordant.tolist() == [float((never ^ always).mean()) for never, always in pairs]
    given = Yardstick(np.full(WINDOWS, SIZE), np.full(WINDOWS, 4 * own.discordant.mean()), within=own.within)
    one, other = (compared(run, outcomes, yardstick=y)["comparisons"]["equal"]["detectable"] for y in (None, given))
    assert other == pytest.approx(2 * one)


def test_a_late_arm_could_have_shown_less(judged: Callable[..., tuple[Run, Outcomes]]) -> None:
    """What could have been shown counts from the arm's first new model on; without blocks there is no second figure."""
    run, outcomes = judged()
    even = Yardstick(np.full(WINDOWS, SIZE), np.full(WINDOWS, 0.1))
    found = compared(run, outcomes, yardstick=even)["comparisons"]
    assert found["late"]["detectable"] == pytest.approx(found["equal"]["detectable"])
    assert found["late"]["more_of_the_same"]["detectable"] is None
    assert found["equal"]["more_of_the_same"]["detectable"] > found["equal"]["detectable"]


def test_a_handful_of_records_foretells_nothing(make_run: MakeRun) -> None:
    """Five records that all speak for an arm make no claim, not about more of the stream either."""
    labels = [np.zeros(SIZE, dtype=np.int8) for _ in range(WINDOWS)]
    static = [found.copy() for found in labels]
    for window in range(0, WINDOWS, 8):
        static[window][0] = 1
    run = read_run(make_run(labels, {"static": static, "dynamic": labels}, models=model_of))
    found = compared(run, read_outcomes(run))["comparisons"]["dynamic"]
    assert (found["finding"], found["p_holm"]) == ("too few", 1.0)
    assert (found["more_of_the_same"]["finding"], found["more_of_the_same"]["p_value"]) == ("one stream can't say", 1.0)


def test_dispersion_knows_models_and_dated_changes(make_run: MakeRun) -> None:
    """A change that an alarm dated is no overdispersion of the arm; of static, which nothing dates, it is."""
    rng = np.random.default_rng(4)
    labels = [np.zeros(SIZE, dtype=np.int8) for _ in range(60)]
    calm, fallen = flipped(rng, labels[:30], 0.05), flipped(rng, labels[30:33], 0.5)
    static, dynamic = [*calm, *flipped(rng, labels[30:], 0.5)], [*calm, *fallen, *flipped(rng, labels[33:], 0.05)]
    alarm = {"event": "drift", "reason": "alarm", "since": 30}
    run = read_run(
        make_run(
            labels,
            {"static": static, "dynamic": dynamic},
            events={(32, "dynamic"): [alarm]},
            models=lambda window, arm: f"late-{window >= 33}" if arm == "dynamic" else "static",
            policies={"dynamic": "drift"},
        )
    )
    found = dispersions(run, read_outcomes(run))
    assert (found["static"].excessive, found["static"].degrees) == (True, 59)
    assert (found["dynamic"].excessive, found["dynamic"].degrees) == (False, 60 - 3 - 2)
    assert watched_arms(run) == ("dynamic",)
