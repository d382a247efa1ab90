"""What is reported of a run beside totals and verdicts: agreement, time, recovery, detectors, price and deployment."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.inference.compare import Wrong
from analysis.runs import Outcomes, Run, arm_of, detector_of
from online.interfaces import DetectorKind, Pool
from online.tracker import Cost
from static_model.metrics import METRICS, Counts

from .agreement import Agreement, fading, prequential
from .deployment import Deployment, deployed
from .episodes import score_detectors
from .over_time import area_under_time
from .price import Spent, cost_curve, lower_envelope, pareto_front
from .recovery import binomial_tolerance, level_before, recoveries
from .transitions import Transition, harms, in_windows

FADING = 0.999
"""Of the fading metrics: a record counts half as much as one 693 records later."""
LEAST_HARM = 0.01
"""A planted drift that raises the error rate of static by less is harmless."""
STAYS = 3
"""An arm has recovered once its error rate has been back for so many windows."""
TOLERANCE = 16
"""An alarm is a hit up to so many windows after a drift is complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Where the model is to work.

    Attributes:
        prevalence: the share of class 1 there; the stream's own if None.
        cost_fp: cost of a false alarm.
        cost_fn: cost of a missed attack.
    """

    prevalence: float | None = None
    cost_fp: float = 1.0
    cost_fn: float = 1.0


HERE = Where()
"""On the stream itself, where both errors cost the same."""


def measure_run(
    run: Run, outcomes: Outcomes | None, costs: Mapping[str, Cost], totals: Mapping[str, Counts], where: Where
) -> dict[str, Any]:
    """The summary's `measures` and `price`, and `detectors` where the planted drift is known; plain JSON values.

    Args:
        run: the run.
        outcomes: what each arm got wrong, or None if only counts are known: then there is no agreement and no detector.
        costs: of each arm.
        totals: counts of each arm over all windows.
        where: the deployment to give totals for.
    """
    transitions = _transitions(run)
    counted = {arm: run.windows[run.windows["arm"] == arm] for arm in run.arms}
    errors = {arm: (rows["fp"] + rows["fn"]).to_numpy() for arm, rows in counted.items()}
    records = counted[run.arms[0]]["labelled"].to_numpy()
    found: dict[str, Any] = {
        "measures": {
            arm: {
                **_of_arm(run, arm, outcomes),
                "deployment": asdict(_deployed(totals[arm], where)),
                "recovery": _recovery(errors[arm], records, transitions, counted[arm]["window"].tolist()),
            }
            for arm in run.arms
        },
        "deployment_asked": where != HERE,
        "price": _price(
            {arm: Spent(int(errors[arm].sum()), costs[arm].fits) for arm in run.arms if not _by_record(run, arm)}
        ),
    }
    if run.truth is not None and outcomes is not None:
        found["detectors"] = _detectors(run, outcomes.wrong[run.arms[0]], records, transitions)
    plain: dict[str, Any] = json.loads(json.dumps(found, allow_nan=False))  # tuples are lists in JSON
    return plain


def _transitions(run: Run) -> tuple[Transition, ...]:
    if run.truth is None:
        return ()
    rows = run.windows[run.windows["arm"] == run.arms[0]]
    return tuple(in_windows(run.truth["drifts"], rows["first_seq"].tolist(), last_seq=int(rows["last_seq"].max())))


def _by_record(run: Run, name: str) -> bool:
    arm = arm_of(run, name)
    return arm is not None and arm.by_record


def _agreement(outcomes: Outcomes | None, arm: str) -> dict[str, Any]:
    if outcomes is None:
        lost = dict.fromkeys(field.name for field in fields(Agreement))
        return {"agreement": lost, "fading": {"alpha": FADING, "accuracy": None, "kappa": None}}
    predictions = [labels ^ wrong for labels, wrong in zip(outcomes.labels, outcomes.wrong[arm], strict=True)]
    faded = fading(outcomes.labels, predictions, alpha=FADING)
    return {
        "agreement": asdict(prequential(outcomes.labels, predictions).total),
        "fading": {"alpha": FADING, "accuracy": _last(faded.accuracy), "kappa": _last(faded.kappa)},
    }


def _of_arm(run: Run, arm: str, outcomes: Outcomes | None) -> dict[str, Any]:
    rows = run.windows[run.windows["arm"] == arm]
    return {
        **_agreement(outcomes, arm),
        "area_under_time": {
            metric: asdict(area_under_time(rows[metric].tolist())) for metric in METRICS if metric in rows
        },
    }


def _last(values: Sequence[float | None]) -> float | None:
    return values[-1] if len(values) else None


def _deployed(counts: Counts, where: Where) -> Deployment:
    total = counts.tp + counts.fp + counts.tn + counts.fn
    own = (counts.tp + counts.fn) / total if total else 0.0
    prevalence = own if where.prevalence is None else where.prevalence
    return deployed(counts, prevalence=prevalence, cost_fp=where.cost_fp, cost_fn=where.cost_fn)


def _recovery(
    errors: npt.NDArray[np.int64],
    records: npt.NDArray[np.int64],
    transitions: tuple[Transition, ...],
    windows: Sequence[int],
) -> list[dict[str, Any]]:
    """What each drift cost an arm; `start`, `end` and `until` are windows, also where some are lost."""
    if not transitions:
        return []
    level = level_before(errors, records, transitions)
    tolerance = binomial_tolerance(level, records, margin=LEAST_HARM)
    found = recoveries(errors, records, transitions, level=level, tolerance=tolerance, stays=STAYS)
    numbers = [*windows, windows[-1] + 1]
    spans = ([numbers[at] for at in (one.start, one.end, one.until)] for one in found)
    return [
        asdict(one) | {"start": start, "end": end, "until": until}
        for one, (start, end, until) in zip(found, spans, strict=True)
    ]


def _price(arms: Mapping[str, Spent]) -> dict[str, Any]:
    return {
        "curve": asdict(cost_curve(arms)),
        "cheapest": [asdict(segment) for segment in lower_envelope(arms)],
        "pareto": list(pareto_front(arms)),
    }


def _detectors(
    run: Run,
    wrong: Sequence[Wrong],
    records: npt.NDArray[np.int64],
    transitions: tuple[Transition, ...],
) -> list[dict[str, Any]]:
    """The detectors of all arms against the planted drift, those on losses off-loop, on the losses of never."""
    alarms: dict[str, list[int]] = {}
    places = {window: place for place, window in enumerate(run.windows["window"].unique().tolist())}
    # Arms with equal detectors share the alarms: some detectors take a minute for a long run.
    alone = cache(lambda kind: off_loop(kind, wrong))
    for name in run.arms:
        detector = detector_of(run, name)
        if detector is None:
            continue
        if detector.eats == "losses":
            alarms[f"{name} ({detector.kind})"] = alone(detector)
        else:  # the same features whichever model is in force
            alarms[f"{name} ({detector.kind}, in the loop)"] = [
                places[event["window"]] for event in run.events if event["arm"] == name and event["event"] == "drift"
            ]
    errors = np.array([int(one.sum()) for one in wrong])
    harmful = [one.harmful for one in harms(errors, records, transitions, least=LEAST_HARM)]
    scored = score_detectors(alarms, transitions, harmful, windows=len(records), tolerance=TOLERANCE)
    return [asdict(one) for one in scored]


def off_loop(kind: DetectorKind, wrong: Sequence[Wrong]) -> list[int]:
    """The windows in which a detector alarms on these losses, if it starts anew after each alarm.

    Args:
        kind: a detector that eats losses.
        wrong: for each window which records a model that never changes got wrong, bool[n_w].
    """
    alarms, nothing = [], Pool(0, 0)
    detector = kind.begin(nothing)
    for window, losses in enumerate(wrong):
        detector.update(losses.astype(np.float64))
        if detector.drift:
            alarms.append(window)
            detector.reset(nothing)
    return alarms
