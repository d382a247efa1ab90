"""A run judged: both questions, Holm, power and dispersion put together from a run directory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.inference.judgement import dispersions, judge, own_discordance, watched_arms
from analysis.inference.power import Discordance
from analysis.runs import Outcomes, Run, read_outcomes, read_run
from online.tracker import Cost
from producer.errors import RunError

MakeRun = Callable[..., Path]
WINDOWS, SIZE = 40, 100


def flipped(rng: np.random.Generator, labels: list[np.ndarray], rate: float) -> list[np.ndarray]:
    """Predictions that are wrong at that rate."""
    return [found ^ (rng.random(len(found)) < rate) for found in labels]


def model_of(window: int, arm: str) -> str:
    """Static has one; late has it, too, and one of its own from window 20 on; others a new one in each window."""
    return {"static": "static", "late": "static" if window < 20 else "late"}.get(arm, f"{arm}-{window}")


@pytest.fixture
def judged(make_run: MakeRun) -> Callable[..., tuple[Run, Outcomes]]:
    """A run in which `always` errs on 2 %, `equal` and static on 8 %, `late` as static and then on 2 %."""

    def make(**options: Any) -> tuple[Run, Outcomes]:
        rng = np.random.default_rng(1)
        labels = [rng.integers(0, 2, SIZE).astype(np.int8) for _ in range(WINDOWS)]
        rates = {"static": 0.08, "always": 0.02, "equal": 0.08, "late": 0.02}
        predictions = {arm: flipped(rng, labels, rate) for arm, rate in rates.items()}
        predictions["late"][:20] = predictions["static"][:20]
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
    assert found["late"]["more_of_the_same"]["fits"] == 1


def test_holm_covers_the_primary_arms(judged: Callable[..., tuple[Run, Outcomes]]) -> None:
    """p-values of both questions are corrected, each question for itself; the verdict says for how many arms."""
    result = compared(*judged())
    always, equal = result["comparisons"]["always"], result["comparisons"]["equal"]
    for found in (always, always["more_of_the_same"]):
        assert found["p_holm"] == pytest.approx(3 * found["p_value"], rel=1e-9, abs=0)
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


def test_the_noise_is_never_against_always(judged: Callable[..., tuple[Run, Outcomes]]) -> None:
    """An arm with a new model in every window gives the discordance; what is handed in comes first."""
    run, outcomes = judged()
    own = own_discordance(run, outcomes)
    assert own is not None
    pairs = zip(outcomes.wrong["static"], outcomes.wrong["always"], strict=True)
    assert own.share.tolist() == [float((never ^ always).mean()) for never, always in pairs]
    given = Discordance(np.full(WINDOWS, SIZE), np.full(WINDOWS, 4 * own.share.mean()), within=own.within)
    one, other = (compared(run, outcomes, noise=y)["comparisons"]["equal"]["detectable"] for y in (None, given))
    assert other == pytest.approx(2 * one)


def test_discordance_of_another_run(judged: Callable[..., tuple[Run, Outcomes]]) -> None:
    """Baselines that don't fit the run's windows are refused."""
    with pytest.raises(RunError, match=r"of another run: it has 3 windows, this run 40. Compute the baselines of this"):
        compared(*judged(), noise=Discordance(np.full(3, SIZE), np.full(3, 0.1)))


def test_a_late_arm_could_have_shown_less(judged: Callable[..., tuple[Run, Outcomes]]) -> None:
    """What could have been shown counts from the arm's first new model on; without blocks there is no second figure."""
    run, outcomes = judged()
    even = Discordance(np.full(WINDOWS, SIZE), np.full(WINDOWS, 0.1))
    found = compared(run, outcomes, noise=even)["comparisons"]
    assert found["late"]["detectable"] == pytest.approx(np.sqrt(2) * found["equal"]["detectable"])
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


@pytest.mark.parametrize(("events", "new_model"), [([{"event": "drift", "since": 30}], False), ([], True)])
def test_dispersion_knows_models_and_dated_changes(
    make_run: MakeRun, events: list[dict[str, Any]], new_model: bool
) -> None:
    """An alarm's dated change and a new model end a stretch; what lies between change and alarm is in none."""
    rng = np.random.default_rng(4)
    labels = [np.zeros(SIZE, dtype=np.int8) for _ in range(60)]
    calm, fallen = flipped(rng, labels[:30], 0.05), flipped(rng, labels[30:], 0.5)
    between = [np.repeat(np.array([1, 0], dtype=np.int8), [wrong, SIZE - wrong]) for wrong in (0, 100, 0)]
    changing = [*calm, *between, *fallen[3:]] if events else [*calm, *fallen]
    run = read_run(
        make_run(
            labels,
            {"static": [*calm, *fallen], "dynamic": changing},
            events={(32, "dynamic"): events},
            models=lambda window, arm: f"{arm}-{arm == 'dynamic' and new_model and window >= 30}",
            policies={"dynamic": "drift"},
        )
    )
    found = dispersions(run)
    assert (found["static"].excessive, found["static"].degrees) == (True, 59)
    assert (found["dynamic"].excessive, found["dynamic"].degrees) == (False, 60 - 2 - 3 * len(events))
    assert watched_arms(run) == ("dynamic",)
