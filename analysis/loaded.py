"""A run, loaded: its frames, its summary and its figures, for the report and for notebooks. No Kafka, Spark or Java."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from online.ledger import Entry, Ledger
from online.run import read_contract

from .runs import Outcomes, Run, read_outcomes, read_run

if TYPE_CHECKING:
    from .figures.chart import Chart


class LoadedRun:
    """A run directory as Python values; each part is read when it is first asked for.

    Attributes:
        run: the tracker, the events and the planted truth.
    """

    def __init__(self, run: Run) -> None:
        self.run = run

    @cached_property
    def outcomes(self) -> Outcomes:
        """What every arm got wrong, record by record."""
        return read_outcomes(self.run)

    @cached_property
    def summary(self) -> Mapping[str, Any]:
        """What `summary.json` holds: totals, comparisons, verdicts and measures."""
        from .report import summarise

        return summarise(self.run, self.outcomes)

    def entries(self) -> Iterator[Entry]:
        """The windows of the ledger that the tracker lists, in order: records, labels and every model's scores."""
        ledger = Ledger(self.run.path / "segments", read_contract(self.run.path))
        return (ledger.read(int(window)) for window in self.run.windows["window"].unique())

    @cached_property
    def figures(self) -> Mapping[str, Chart]:
        """The figures that this run has something for, by name."""
        from .figures import charts_of

        return charts_of(self)


def load_run(path: Path | str, *, truth: Path | None = None) -> LoadedRun:
    """Read a run directory, finished or not.

    Args:
        path: the run directory.
        truth: a file with the planted truth, to be used instead of the run's own.

    Raises:
        RunError: there is no run, or nothing in it yet.
    """
    return LoadedRun(read_run(Path(path), truth=truth))
