"""A run, loaded: its frames, its summary and its figures, for the report and for notebooks. No Kafka, Spark or Java."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from analysis.inference.power import Discordance
from analysis.measures.measured import HERE, Where
from analysis.salvage.segments import Held
from analysis.salvage.tables import NO_VERDICT
from online.baselines.computing import Baselines, read_baselines
from online.labels import label_values
from online.ledger import Entry
from producer.dataset import Dataset
from producer.errors import RunError, UsageError, nearest

from .frames import DEAD_LETTERS, EVENTS, dead_letter_rows, scores_table, to_frame, to_table, windows_table
from .runs import Outcomes, Run, read_outcomes, read_run

if TYPE_CHECKING:
    from .figures.chart import Chart
    from .measures.survey import Survey

TABLES = ("windows", "events", "scores", "dead_letters")


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """One window as one arm predicted it.

    Attributes:
        window: its index.
        labels: int8[n]; 0 where there is none.
        known: bool[n], which records have a label.
        scores: float64[n], the probability of class 1, made before the label was known.
    """

    window: int
    labels: npt.NDArray[np.int8]
    known: npt.NDArray[np.bool_]
    scores: npt.NDArray[np.float64]


class LoadedRun:
    """A run directory as Python values; each part is read when it is first asked for.

    Frames are pandas'; `arrow(name)` gives the same as Arrow. `analysis.frames` says which columns they have.

    Attributes:
        run: the tracker, the events and the planted truth.
    """

    def __init__(self, run: Run, *, noise: Discordance | None = None, where: Where = HERE) -> None:
        self.run = run
        self._noise = noise
        self._where = where

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What identifies the run: source, contract, models, arms, versions and state."""
        return self.run.manifest

    @property
    def missing(self) -> tuple[str, ...]:
        """What is missing, cut, damaged or foreign in the run directory, and what that means: a sentence for each."""
        return (*self.run.missing, *self._baselines[1])

    @property
    def counts_only(self) -> bool:
        """Whether the predictions are lost, so that only the tracker's counts can be reported, without a verdict."""
        return self.run.counts_only

    @property
    def windows(self) -> pd.DataFrame:
        """The tracker: a row per window and arm (`frames.WINDOWS`); undefined metrics are NaN."""
        return self.run.windows

    @cached_property
    def events(self) -> pd.DataFrame:
        """Alarms, fits and judgements in the order in which they happened (`frames.EVENTS`)."""
        return to_frame(self.arrow("events"))

    @cached_property
    def scores(self) -> pd.DataFrame:
        """A row per record and arm (`frames.SCORES`): mind its size, records times arms."""
        return to_frame(self.arrow("scores"))

    @cached_property
    def dead_letters(self) -> pd.DataFrame:
        """What was no record: number, reason, bytes and place (`frames.DEAD_LETTERS`)."""
        return to_frame(self.arrow("dead_letters"))

    def arrow(self, name: str) -> pa.Table:
        """The table `windows`, `events`, `scores` or `dead_letters` as Arrow.

        Raises:
            UsageError: there is no such table.
            RunError: the scores are asked for, and the run holds none.
        """
        if name == "windows":
            return windows_table(self.run.windows)
        if name == "events":
            return to_table(self.run.events, EVENTS)
        if name == "dead_letters":
            return to_table(dead_letter_rows(self.run.dead_letters, size=self.run.window_size), DEAD_LETTERS)
        if name == "scores":
            return scores_table(self.entries(), self.run.arms, self.dataset.label_name)
        raise UsageError(f"a run has no table '{name}'{nearest(name, TABLES)}; it has {', '.join(TABLES)}")

    @property
    def dataset(self) -> Dataset:
        """The contract of the records; where the models are lost, one that says only names and types of the columns.

        Raises:
            RunError: the segments are lost, too (see `counts_only`).
        """
        return self._held.dataset

    @property
    def _held(self) -> Held:
        if self.run.held is None:
            raise RunError(f"the run {self.run.path} holds no predictions. {NO_VERDICT}")
        return self.run.held

    @cached_property
    def outcomes(self) -> Outcomes:
        """What every arm got wrong, record by record.

        Raises:
            RunError: the predictions are lost (see `counts_only`).
        """
        return read_outcomes(self.run)

    @property
    def baselines(self) -> Baselines | None:
        """The baselines that were computed for this run; None if none were, or they are damaged (see `missing`)."""
        return self._baselines[0]

    @cached_property
    def _baselines(self) -> tuple[Baselines | None, tuple[str, ...]]:
        """The baselines, and what is wrong with them."""
        try:
            found = read_baselines(self.run.path)
            for matrix in found.matrices.values() if found else ():
                matrix.check()
            return found, ()
        except RunError as error:
            return None, (f"baselines: left out, with the oracle, regret and causes. {error}.",)

    @cached_property
    def summary(self) -> dict[str, Any]:
        """What `summary.json` holds: totals, comparisons, verdicts and measures."""
        from .summary import summarise

        outcomes = None if self.counts_only else self.outcomes
        run = replace(self.run, missing=self.missing)
        return summarise(run, outcomes, self.baselines, noise=self._noise, where=self._where)

    @cached_property
    def survey(self) -> Survey:
        """How scores are distributed and features move, window by window: one pass over the ledger."""
        from .measures.survey import survey

        return survey(self.run, self.entries(), self.dataset)

    def entries(self) -> Iterator[Entry]:
        """The windows of the ledger that the tracker lists, in order: records, labels and every model's scores.

        Raises:
            RunError: the predictions are lost (see `counts_only`).
        """
        held = self._held
        return (held.read(int(window)) for window in self.run.windows["window"].unique())

    def scores_of(self, arm: str) -> Iterator[Scored]:
        """Window by window what an arm's model in force predicted.

        Raises:
            UsageError: the run has no such arm.
            RunError: the predictions are lost (see `counts_only`).
        """
        if arm not in self.run.arms:
            raise UsageError(
                f"the run has no arm '{arm}'{nearest(arm, self.run.arms)}; it has {', '.join(self.run.arms)}"
            )
        name = self.dataset.label_name
        return (_scored(entry, arm, entry.window.records.column(name)) for entry in self.entries())

    @cached_property
    def figures(self) -> Mapping[str, Chart]:
        """The figures that this run has something for, by name."""
        from .figures import charts_of

        return charts_of(self)

    def __repr__(self) -> str:
        from .notebook import run_text

        return run_text(self)

    def _repr_html_(self) -> str:
        from .notebook import run_html

        return run_html(self)


def _scored(entry: Entry, arm: str, labels: pa.Array) -> Scored:
    known = labels.is_valid().to_numpy(zero_copy_only=False)
    return Scored(entry.window.index, label_values(labels), known, entry.scores[entry.arms[arm].model])


def load_run(
    path: Path | str, *, truth: Path | None = None, noise: Discordance | None = None, where: Where | None = None
) -> LoadedRun:
    """Read a run directory, finished or not.

    Args:
        path: the run directory; `~` is the home folder, as in a shell.
        truth: a file with the planted truth, to be used instead of the run's own.
        noise: the discordance of never and always on this stream; see `judge`.
        where: the deployment to give totals for; the stream itself if None.

    Raises:
        RunError: there is no run, or nothing in it that could be reported.
        ContractError: `truth` holds no planted truth.
    """
    return LoadedRun(read_run(_place(path), truth=truth), noise=noise, where=where or HERE)


def _place(path: Path | str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:  # `~` and the name of nobody here: it is said that there is no such run
        return Path(path)
