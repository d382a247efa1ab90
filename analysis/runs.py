"""A run directory -> frames and arrays; `analysis.salvage` reads what an evaluation left behind, whole or not."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.inference.compare import Labels, Wrong
from analysis.salvage.inventory import (
    check_is_run,
    name_lost_positions,
    name_strangers,
    read_planted,
    read_positions,
    source_of,
)
from analysis.salvage.manifest import name_lost_arms, plain, read_manifest, specification
from analysis.salvage.segments import Held, hold_segments
from analysis.salvage.tables import NO_VERDICT, from_exports, from_segments, known_labels, to_windows, whole
from online.arms import Arm
from online.interfaces import DetectorKind
from online.policies.budgeted import Budgeted
from online.policies.drift import Drift
from producer.errors import RunError


@dataclass(frozen=True, slots=True)
class Run:
    """What a run directory holds.

    Attributes:
        path: the directory.
        manifest: what identifies the run.
        windows: the tracker, one row per window and arm, windows ascending; undefined metrics are NaN.
        partial: arms that an interruption left without some of the windows; they are nowhere else here.
        events: drift, retrain, promoted, rejected and refused, in the order in which they happened.
        truth: the planted truth, or None where it isn't known.
        finished: False while it runs, and after an interruption.
        dead_letters: what was no record: `seq`, `reason`, `bytes` (base64) and where it came from;
            gone through one by one, as there may be millions.
        held: what the segments hold; None if they are lost, so that only the tracker's counts are known.
        known: by window, how many labels the arms ever saw, where labels came apart; else None.
        missing: what is missing, cut, damaged or foreign, in a sentence each.
    """

    path: Path
    manifest: Mapping[str, Any]
    windows: pd.DataFrame
    partial: tuple[str, ...]
    events: tuple[Mapping[str, Any], ...]
    truth: Mapping[str, Any] | None
    finished: bool
    dead_letters: Collection[Mapping[str, Any]] = ()
    held: Held | None = None
    known: Mapping[int, int] | None = None
    missing: tuple[str, ...] = ()

    @property
    def counts_only(self) -> bool:
        """Whether the predictions are lost, so that there can't be a verdict."""
        return self.held is None

    @property
    def window_size(self) -> int:
        """Numbers in a window."""
        return int(self.manifest["identity"]["window"])

    @property
    def arms(self) -> tuple[str, ...]:
        """The names of the arms: static, to which all are compared, then in the tracker's order."""
        return tuple(sorted(self.windows["arm"].unique(), key=lambda name: name != "static"))


def arm_of(run: Run, name: str) -> Arm | None:
    """The specification of a run's arm; None where it is lost, or its kind isn't installed here."""
    return specification(run.manifest, name)


def detector_of(run: Run, name: str) -> DetectorKind | None:
    """The detector that an arm's policy follows, within a budget, too; None where it follows none, or isn't known."""
    arm = arm_of(run, name)
    policy = arm and arm.policy
    if isinstance(policy, Budgeted):
        policy = policy.policy
    return policy.detector if isinstance(policy, Drift) else None


def read_run(path: Path, *, truth: Path | None = None) -> Run:
    """Read a run directory, finished or not, as far as it is whole; `missing` names the rest.

    The segments are what counts: windows.csv, events.jsonl and dead_letters.jsonl are read only where they are lost.

    Args:
        path: the run directory.
        truth: a file with the planted truth, to be used instead of the run's own.

    Raises:
        RunError: there is no run, nothing in it that can be reported, or it is of another format.
        ContractError: `truth` holds no planted truth.
    """
    check_is_run(path)
    missing: list[str] = []
    manifest, asked = read_manifest(path, missing)
    positions, finished = read_positions(path, missing), manifest.state == "finished"
    held = hold_segments(path, manifest, positions, source_of(manifest, asked), missing)
    name_lost_positions(positions, held.files if held else (), missing)
    found = from_segments(path, held, missing, finished=finished) if held else from_exports(path, missing)
    rows, partial = whole(found.rows, missing, finished=finished, windows=manifest.windows)
    if not rows:
        raise _nothing(path, missing, finished=finished)
    windows = to_windows(rows)
    facts = plain(manifest)
    facts["identity"].setdefault("window", held.size if held else int(windows["records"].max()) or 1)
    if held:
        facts.setdefault("threshold", held.threshold)
    name_lost_arms(facts, sorted(windows["arm"].unique()), missing)
    planted = read_planted(path, truth, missing)
    name_strangers(path, sorted(windows["model"].unique()), missing, static=facts.get("static"))
    reported = set(zip(windows["window"], windows["arm"], strict=True))
    return Run(
        path=path,
        manifest=facts,
        windows=windows,
        partial=partial,
        events=tuple(event for event in found.events if (event["window"], event["arm"]) in reported),
        truth=planted,
        finished=finished,
        dead_letters=found.dead,
        held=held,
        known=known_labels(path, facts, held, missing),
        missing=tuple(missing),
    )


def _nothing(path: Path, missing: Sequence[str], *, finished: bool) -> RunError:
    state = "is finished, but lists" if finished else "isn't finished and lists"
    found = f" Found: {' '.join(missing)}" if missing else ""
    return RunError(f"the run {path} {state} no window; run the same 'driftduel evaluate' again to go on.{found}")


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What every arm got wrong, record by record, on labelled records only and in stream order.

    Attributes:
        labels: for each window the labels, int8[n_w], 0 or 1.
        wrong: for each arm and window which of those records the model in force got wrong, bool[n_w].
    """

    labels: list[Labels]
    wrong: dict[str, list[Wrong]]


def read_outcomes(run: Run) -> Outcomes:
    """The labels and every arm's errors, from the run's ledger.

    A record counts as positive iff its score is above the run's threshold.

    Raises:
        RunError: the predictions are lost.
    """
    held = run.held
    if held is None:
        raise RunError(f"the run {run.path} holds no predictions. {NO_VERDICT}")
    outcomes = Outcomes(labels=[held.labels[int(window)] for window in run.windows["window"].unique()], wrong={})
    for arm in run.arms:
        rows = run.windows[run.windows["arm"] == arm]
        outcomes.wrong[arm] = [held.wrong[key] for key in zip(rows["window"], rows["model"], strict=True)]
    return outcomes
