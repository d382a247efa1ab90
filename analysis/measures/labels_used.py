"""How many labels of the stream an arm used: for its policy, its gate and its training sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.runs import Run, arm_of
from online.arms import Arm


def labels_used(arm: Arm, events: Sequence[Mapping[str, Any]], labelled: Mapping[int, int]) -> int:
    """The distinct records of the stream whose label the arm used; what it was only measured by isn't counted.

    A policy that looks at labels, and a learner that learns by record, use all that were known. Else it is the windows
    that were trained on, and those on which challengers were judged.

    Args:
        arm: its specification.
        events: the arm's own.
        labelled: by window, how many of its labels were known to the arms.

    The trap: with a sampling training set (a reservoir, undersampling) all labels of its windows count, as they had
    to be known for choosing.
    """
    if arm.by_record or getattr(arm.policy, "needs_labels", True):  # a stranger's may not say
        return sum(labelled.values())
    used: set[int] = set()
    for event in events:
        first, last = event.get("first_window"), event.get("last_window")
        if event["event"] == "retrain" and first is not None and last is not None:
            used.update(window for window in labelled if first <= window <= last)
        elif event["event"] in ("promoted", "rejected", "rolled back") and event.get("gain") is not None:
            used.add(event["window"])
    return sum(count for window, count in labelled.items() if window in used)


def run_labels(run: Run) -> dict[str, int | None]:
    """The labels that each arm of a run used; where the arms saw a share of them only, that share of the count.

    None for an arm whose specification isn't known.
    """
    rows = run.windows[run.windows["arm"] == run.arms[0]]  # a window's labels are the same for all arms
    identity = run.manifest["identity"]
    tracked = dict(zip(rows["window"].tolist(), rows["labelled"].tolist(), strict=True))
    labelled = tracked if run.known is None else run.known  # later ones are in the tracker only
    share = float(identity.get("label_share", 1.0))
    events = {arm: [event for event in run.events if event["arm"] == arm] for arm in run.arms}
    arms = {name: arm_of(run, name) for name in run.arms}
    return {
        name: None if arm is None else round(share * labels_used(arm, events[name], labelled))
        for name, arm in arms.items()
    }
