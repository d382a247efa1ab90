"""A run directory -> frames and arrays: the one place that reads what an evaluation left behind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.inference.compare import Labels, Wrong
from online.arms import Arm
from online.interfaces import DetectorKind
from online.labels import label_values
from online.ledger import Ledger
from online.policies.budgeted import Budgeted
from online.policies.drift import Drift
from online.run import read_contract
from producer.errors import RunError
from producer.recipe import read_truth
from static_model.metrics import RATES, Counts, wilson

FORMAT = 1
WORDS = {"arm": str, "model": str}
NEEDED = ("window", "arm", "first_seq", "last_seq", "records", "labelled", "model", "tp", "fp", "tn", "fn")


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
        dead_letters: what was no record: `seq`, `reason`, `bytes` (base64) and where it came from.
        counts_only: whether the predictions are lost, so that only the tracker's counts are known.
        missing: what is missing, cut, damaged or foreign, in a sentence each.
    """

    path: Path
    manifest: Mapping[str, Any]
    windows: pd.DataFrame
    partial: tuple[str, ...]
    events: tuple[Mapping[str, Any], ...]
    truth: Mapping[str, Any] | None
    finished: bool
    dead_letters: tuple[Mapping[str, Any], ...] = ()
    counts_only: bool = False
    missing: tuple[str, ...] = ()

    @property
    def window_size(self) -> int:
        """Numbers in a window."""
        return int(self.manifest["identity"]["window"])

    @property
    def arms(self) -> tuple[str, ...]:
        """The names of the arms: static, to which all are compared, then in the tracker's order."""
        return tuple(sorted(self.windows["arm"].unique(), key=lambda name: name != "static"))


def arm_of(run: Run, name: str) -> Arm:
    """The specification of a run's arm."""
    return Arm.model_validate(run.manifest["arms"][name])


def detector_of(run: Run, name: str) -> DetectorKind | None:
    """The detector that an arm's policy follows, within a budget, too; None where it follows none."""
    policy = arm_of(run, name).policy
    if isinstance(policy, Budgeted):
        policy = policy.policy
    return policy.detector if isinstance(policy, Drift) else None


def read_run(path: Path, *, truth: Path | None = None) -> Run:
    """Read a run directory, finished or not.

    Args:
        path: the run directory.
        truth: a file with the planted truth, to be used instead of the run's own.

    Raises:
        RunError: there is no run, nothing in it yet, a newer format, or a damaged file: the message names it.
    """
    if not (path / "manifest.json").is_file():
        raise RunError(f"{path} is no run: it has no manifest.json. Name a directory that 'driftduel evaluate' wrote")
    manifest = _read_json(path / "manifest.json")
    if manifest.get("format") != FORMAT:
        raise RunError(
            f"the run {path} has format {manifest.get('format')!r}; this version of driftduel reads format "
            f"{FORMAT}. Use the version that wrote it, or a later one"
        )
    finished = manifest.get("state") == "finished"
    windows, partial = _whole_arms(_read_windows(path, finished=finished))
    own = path / "truth.json"
    place = truth or (own if own.is_file() else None)
    return Run(
        path=path,
        manifest=manifest,
        windows=windows,
        partial=partial,
        events=tuple(e for e in _read_events(path / "events.jsonl") if e["arm"] not in partial),
        truth=read_truth(place) if place else None,
        finished=finished,
    )


def _read_json(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise RunError(f"{path} can't be read: {error.strerror}") from None
    except ValueError as error:
        raise RunError(f"{path} is damaged: no JSON ({error})") from None
    if not isinstance(content, dict):
        raise RunError(f"{path} is damaged: expected a JSON object, found {type(content).__name__}")
    return content


def _read_windows(path: Path, *, finished: bool) -> pd.DataFrame:
    file = path / "windows.csv"
    text = file.read_text("utf-8") if file.is_file() else ""
    columns = text.partition("\n")[0].split(",")
    missing = [name for name in NEEDED if name not in columns]
    if text and missing:
        raise RunError(f"{file} is damaged: the columns {', '.join(missing)} are missing")
    if text.count("\n") < 2:
        state = "is finished, but lists" if finished else "isn't finished and lists"
        raise RunError(f"the run {path} {state} no window; run the same 'driftduel evaluate' again to go on")
    try:
        frame = pd.read_csv(
            StringIO(text),
            dtype=WORDS,
            keep_default_na=False,
            na_values={name: [""] for name in columns if name not in WORDS},
            float_precision="round_trip",
        )
    except ValueError as error:
        raise RunError(f"{file} is damaged: {error}") from None
    return frame.sort_values("window", kind="stable", ignore_index=True)


def _whole_arms(frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The arms that have every window, and the names of the others."""
    seen = frame.groupby("arm")["window"].nunique()
    partial = tuple(seen.index[seen < frame["window"].nunique()])
    return frame[~frame["arm"].isin(partial)].reset_index(drop=True), partial


def _read_events(file: Path) -> tuple[Mapping[str, Any], ...]:
    events = []
    lines = file.read_text("utf-8").splitlines() if file.is_file() else []
    for number, line in enumerate(lines, start=1):
        try:
            event = json.loads(line)
            kind, arm, window = event["event"], event["arm"], int(event["window"])
        except (ValueError, KeyError, TypeError) as error:
            raise RunError(f"{file}, line {number}, is damaged: {error!r}") from None
        events.append({**event, "event": kind, "arm": arm, "window": window})
    return tuple(events)


def metric_table(frame: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The numbers behind a figure: a row per window and arm with the metric's value, `low` and `high`.

    The ends are those of the 95 % Wilson interval where the metric is a rate, else empty; so are undefined
    values.
    """
    table = frame[["window", "arm", "first_seq", "last_seq", "records", "labelled"]].copy()
    table[metric] = frame[metric].astype("float64")
    table["low"], table["high"] = np.nan, np.nan
    if metric not in RATES:
        return table
    for row, counts in enumerate(zip(*(frame[name] for name in ("tp", "fp", "tn", "fn")), strict=True)):
        hits, trials = RATES[metric](Counts(*map(int, counts)))
        if not np.isnan(table[metric].iloc[row]):
            table.loc[table.index[row], ["low", "high"]] = wilson(hits, trials)
    return table


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

    A record counts as positive iff its score is above the run's threshold. Windows that the tracker doesn't
    list yet are left out, so that both always speak of the same records.

    Raises:
        RunError: the ledger is damaged, or disagrees with the tracker.
    """
    threshold = float(run.manifest["threshold"])
    rows = run.windows.set_index(["window", "arm"])
    in_force: dict[tuple[int, str], str] = rows["model"].to_dict()
    tracked: dict[tuple[int, str], int] = (rows["fp"] + rows["fn"]).to_dict()
    outcomes = Outcomes(labels=[], wrong={arm: [] for arm in run.arms})
    dataset = read_contract(run.path)
    for entry in Ledger(run.path / "segments", dataset).entries():
        index = entry.window.index
        if any((index, arm) not in in_force for arm in run.arms):
            continue
        column = entry.window.records.column(dataset.label_name)
        there = column.is_valid().to_numpy(zero_copy_only=False)
        labels = label_values(column)[there]
        outcomes.labels.append(labels)
        for arm in run.arms:
            key = index, arm
            wrong = (entry.scores[in_force[key]][there] > threshold) != (labels == 1)
            if int(wrong.sum()) != tracked[key]:
                raise RunError(
                    f"the run {run.path} is damaged: in window {index} the ledger counts "
                    f"{int(wrong.sum())} errors of '{arm}', windows.csv {tracked[key]}. The latter is an export; "
                    "run the same 'driftduel evaluate' again to write it anew"
                )
            outcomes.wrong[arm].append(np.asarray(wrong, dtype=np.bool_))
    listed = run.windows["window"].nunique()
    if len(outcomes.labels) != listed:
        raise RunError(
            f"the run {run.path} is damaged: windows.csv lists {listed} windows, the ledger holds "
            f"{len(outcomes.labels)} of them. Run the same 'driftduel evaluate' again: it makes good what is missing"
        )
    return outcomes
