"""Why does an arm differ from static? Another engine, another number of rows, or fresh rows: paired differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from analysis.inference.compare import Estimate, Wrong, pooled_difference
from analysis.runs import Outcomes
from online.baselines.causes import Causes


def summarise_causes(outcomes: Outcomes, causes: Mapping[str, Causes | str], *, reference: str) -> dict[str, Any]:
    """For each arm its three causes as plain JSON values, or why they aren't known.

    Args:
        outcomes: what the arms got wrong, record by record.
        causes: the controls of each arm, or why there are none.
        reference: the static arm.

    Returns:
        By arm `{"reason": words}`, or `windows` (how many were compared), `left_out`, `reasons`, the estimates `total`,
        `engine`, `size` and `freshness` (None where no window is compared), and `words`.
    """
    known = {arm: found for arm, found in causes.items() if arm in outcomes.wrong}
    return {
        arm: {"reason": found} if isinstance(found, str) else _arm(arm, found, outcomes, reference)
        for arm, found in known.items()
    }


def three_causes(static: Sequence[Wrong], causes: Causes, arm: Sequence[Wrong]) -> dict[str, Estimate]:
    """The paired differences total, engine, size and freshness, each with its 95 % interval; the first is their sum.

    Args:
        static: what static got wrong in each compared window, bool[n_w].
        causes: the controls there.
        arm: what the arm got wrong there.

    Raises:
        ValueError: there is no record at all.
    """
    everything, same = causes.wrong["all"], causes.wrong["same"]
    return {
        "total": _difference(static, arm),
        "engine": _difference(static, everything),
        "size": _difference(everything, same),
        "freshness": _difference(same, arm),
    }


def _difference(worse: Sequence[Wrong], better: Sequence[Wrong]) -> Estimate:
    return pooled_difference([one.astype(np.float64) - other for one, other in zip(worse, better, strict=True)])


def _arm(arm: str, causes: Causes, outcomes: Outcomes, reference: str) -> dict[str, Any]:
    static, mine = ([outcomes.wrong[name][window] for window in causes.windows] for name in (reference, arm))
    facts = {"windows": len(causes.windows), "left_out": len(causes.left_out), "reasons": list(causes.reasons)}
    if not any(map(len, static)):
        nothing = dict.fromkeys(("total", "engine", "size", "freshness"))
        why = "; ".join(causes.reasons) or "it ran the static model throughout"
        return {**facts, **nothing, "words": f"The causes of '{arm}' are not known: {why}."}
    found = three_causes(static, causes, mine)
    plain = {name: asdict(estimate) for name, estimate in found.items()}
    return {**facts, **plain, "words": _words(arm, reference, found, causes)}


def _words(arm: str, reference: str, found: Mapping[str, Estimate], causes: Causes) -> str:
    fresh = found["freshness"]
    where = f"in the {len(causes.windows):,} windows where it ran another model"
    left_out = f" {len(causes.left_out)} windows are left out, as a control was refused." if causes.left_out else ""
    return (
        f"'{arm}' against '{reference}' {where}, in errors saved per 100 records: freshness {fresh.difference:+.2f} "
        f"(95 % interval {fresh.low:.2f} to {fresh.high:.2f}), number of rows {found['size'].difference:+.2f}, engine "
        f"{found['engine'].difference:+.2f}; {found['total'].difference:+.2f} in all.{left_out}"
    )
