"""All arms of a run held against the first: both intervals, power, Holm's correction and the verdicts in words."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.runs import Outcomes, Run, detector_of
from online.tracker import Cost
from producer.errors import RunError

from .blocks import Outlook, more_of_the_same
from .compare import CONFIDENCE, Comparison, Wrong, compare
from .dispersion import Dispersion, dispersion
from .multiple import holm
from .power import Discordance, discordance, smallest_detectable
from .verdict import Evidence, alone, verdict


@dataclass(frozen=True, slots=True)
class _Duel:
    """An arm against the reference, before anything is said of the number of arms."""

    comparison: Comparison
    outlook: Outlook


def judge(
    run: Run, outcomes: Outcomes, costs: Mapping[str, Cost], *, noise: Discordance | None = None
) -> dict[str, Any]:
    """The summary's `comparisons` and `verdicts`, as plain JSON values.

    Primary are the arms that the manifest's `primary` names; all of them if it names none, so that nobody can choose
    afterwards. Holm corrects them for each of the two questions; the others are exploratory.

    Args:
        run: the run; its first arm is the reference.
        outcomes: what each arm got wrong, in the same windows.
        costs: of each arm.
        noise: of never and always; if None, measured on an arm of the run that is always retrained.

    Raises:
        RunError: `noise` has another number of windows.
    """
    reference, *others = run.arms
    if not others:
        return {"comparisons": {}, "verdicts": {reference: alone(reference)}}
    models = {arm: _models(run, arm) for arm in run.arms}
    duels = {arm: _duel(arm, reference, outcomes.wrong, models) for arm in others}
    scale = own_discordance(run, outcomes) if noise is None else _checked(noise, windows=len(outcomes.labels))
    primary = primary_arms(run)
    here = holm({arm: duels[arm].comparison.p_value for arm in primary})
    more = holm({arm: duels[arm].outlook.p_value for arm in primary})
    found = {
        arm: Evidence(
            duel.comparison,
            duel.outlook,
            family=len(primary),
            holm_here=here.get(arm),
            holm_more=more.get(arm),
            **_detectable(scale, duel.outlook),
        )
        for arm, duel in duels.items()
    }
    records = int(run.windows.loc[run.windows["arm"] == reference, "records"].sum())
    return {
        "comparisons": {arm: plain(evidence) for arm, evidence in found.items()},
        "verdicts": {arm: verdict(evidence, costs[arm], stream_records=records) for arm, evidence in found.items()},
    }


def primary_arms(run: Run) -> tuple[str, ...]:
    """The arms, but for the reference, that were declared primary beforehand, or all of them."""
    declared: Collection[str] = run.manifest.get("primary") or run.arms
    return tuple(arm for arm in run.arms[1:] if arm in declared)


def _models(run: Run, arm: str) -> list[str]:
    return [str(model) for model in run.windows.loc[run.windows["arm"] == arm, "model"]]


def _duel(arm: str, reference: str, wrong: Mapping[str, Sequence[Wrong]], models: Mapping[str, Sequence[str]]) -> _Duel:
    pairs = zip(wrong[reference], wrong[arm], strict=True)
    differences = [r.astype(np.float64) - a for r, a in pairs]
    comparison = compare(arm, wrong[arm], reference, wrong[reference])
    outlook = more_of_the_same(differences, models[arm], models[reference])
    if comparison.finding in ("identical", "too few"):  # what can't be judged here can't be foretold either
        outlook = replace(outlook, estimate=None)
    return _Duel(comparison, outlook)


def _checked(noise: Discordance, *, windows: int) -> Discordance:
    if len(noise.records) != windows:
        raise RunError(
            f"the discordance of never and always is of another run: it has {len(noise.records):,} windows, this run "
            f"{windows:,}. Compute the baselines of this run again"
        )
    return noise


def own_discordance(run: Run, outcomes: Outcomes) -> Discordance | None:
    """The first arm against one that had a new model in every window, whatever its policy is called, or None."""
    for arm in run.arms[1:]:
        if 1 < len(outcomes.labels) == len(set(_models(run, arm))):
            return discordance(outcomes.wrong[run.arms[0]], outcomes.wrong[arm])
    return None


def _detectable(noise: Discordance | None, outlook: Outlook) -> dict[str, float | None]:
    if noise is None:
        return {"detectable_here": None, "detectable_more": None}
    # An arm that never changed could have done so from the start.
    first = 0 if outlook.first == len(noise.records) else outlook.first
    units = outlook.estimate.units if outlook.estimate else None
    return {
        "detectable_here": smallest_detectable(noise, first=first),
        "detectable_more": smallest_detectable(noise, first=first, units=units) if units else None,
    }


def plain(evidence: Evidence) -> dict[str, Any]:
    """Everything that was found about one arm, as JSON values."""
    outlook = evidence.outlook
    return {
        "confidence": CONFIDENCE,
        "finding": evidence.comparison.finding,
        **asdict(evidence.comparison),
        "p_value": evidence.comparison.p_value,
        "p_holm": evidence.holm_here,
        "detectable": evidence.detectable_here,
        "primary": evidence.holm_here is not None,
        "more_of_the_same": {
            "finding": outlook.finding,
            **asdict(outlook),
            "p_value": outlook.p_value,
            "p_holm": evidence.holm_more,
            "detectable": evidence.detectable_more,
        },
    }


def dispersions(run: Run) -> dict[str, Dispersion | None]:
    """The dispersion index of every arm, over stretches of one model and without the windows of a dated change."""
    counted = {arm: run.windows[run.windows["arm"] == arm] for arm in run.arms}
    return {
        arm: dispersion((rows["fp"] + rows["fn"]).to_numpy(), rows["labelled"].to_numpy(), _stretches(run, arm))
        for arm, rows in counted.items()
    }


def _stretches(run: Run, arm: str) -> npt.NDArray[np.int64]:
    """A number per window: it rises where the model changes and after an alarm, and is -1 from change to alarm."""
    rows = run.windows[run.windows["arm"] == arm]
    windows, models = rows["window"].to_numpy(), rows["model"].to_numpy()
    begins = np.concatenate([[False], models[1:] != models[:-1]])
    changed = np.zeros(len(windows), dtype=np.bool_)
    for event in run.events:
        if event["arm"] == arm and event["event"] == "drift":
            since = event.get("since")
            changed |= (windows >= (event["window"] if since is None else since)) & (windows <= event["window"])
            begins |= windows == event["window"] + 1
    return np.where(changed, -1, np.cumsum(begins))


def watched_arms(run: Run) -> tuple[str, ...]:
    """The arms whose policy follows a detector on losses, which overdispersion deceives."""
    detectors = {arm: detector_of(run, arm) for arm in run.arms}
    return tuple(arm for arm, detector in detectors.items() if detector is not None and detector.eats == "losses")
