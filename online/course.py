"""The course of a duel: the windows that an open run holds, and those that follow, gone through in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice

from producer.errors import RunError
from static_model.artifact import Model
from static_model.origin import imported_from

from .by_record import ByRecord
from .contestant import Contestant
from .evaluation import RunningArm, prequential
from .follow import FollowedTopic
from .interfaces import Pool
from .labels import Labels
from .late_labels import LateLabels
from .ledger import Entry, Ledger
from .memo import Memo
from .outcome import DuelOutcome, Tally
from .run import Run
from .source import START, Source, refuse_foreign
from .static_rows import StaticRows
from .tracker import ArmTotal, Tracked, export, track
from .windows import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A duel under way.

    Attributes:
        run: the open run.
        model: the starting model.
        source: the stream.
        labels: when its labels become known.
        ledger: the windows that are committed.
        memo: what has been computed.
    """

    run: Run
    model: Model
    source: Source
    labels: Labels
    ledger: Ledger
    memo: Memo

    def go(self, most: int | None, *, publish: Callable[[Entry], None], advance: Callable[[int], None]) -> DuelOutcome:
        """Go through the windows, as far as the stream or `most` lets; whatever ends it, the tracker is written.

        Args:
            most: no further than so many windows in all; what is committed is always gone through, so that all arms
                stand over the same windows.
            publish: told of each window that is committed.
            advance: told how many sequence numbers each window spans.
        """
        most = None if most is None else max(most, len(self.ledger))
        arms, windows, tally = self._running(), self._windows(), Tally()
        tracked: dict[int, Tracked] = {}
        self.run.update(state="running")
        try:
            for entry in prequential(islice(windows, most), arms, labels=self.labels, memo=self.memo):
                tally.add(entry.window)
                publish(entry)
                tracked[entry.window.index] = track(entry, self.memo.task, self.model.dataset.label_name)
                self.run.time(entry.window.index)
                advance(entry.window.last_seq - entry.window.first_seq + 1)
            if self._ends_here(windows, most):
                self.run.update(state="finished", windows=len(self.ledger))
            else:  # not interrupted: nobody asked for more
                self.run.update(state="stopped")
        finally:
            totals = self._write(arms, tracked)
        return self._outcome(tally, totals)

    def _running(self) -> list[RunningArm]:
        pool = Pool(self.model.holdout_records, self.model.holdout_errors)
        return [
            ByRecord(arm, self.memo, self.labels)
            if arm.by_record
            else Contestant(arm, champion=self.run.static, pool=pool)
            for arm in self.run.arms
        ]

    def _windows(self) -> Iterator[Window]:
        """All windows with their labels: the committed ones as the ledger holds them, then those that follow."""
        name = self.model.dataset.label_name
        following = (self.labels.label(window, name) for window in self._following())
        return chain((entry.window for entry in self.ledger.entries()), following)

    def _following(self) -> Iterator[Window]:
        """The windows after the committed ones; each position is written down before its window is worked on."""
        last = len(self.ledger) - 1
        after = START if last < 0 else self.run.positions.get(last)
        if after is None:
            raise RunError(
                f"{self.run.path / 'positions.jsonl'} doesn't say where window {last} ended; start a new run"
            )
        where = " ".join(next(iter(self.source.place.items())))
        for window, position in refuse_foreign(self.source.windows(after), dataset=self.model.dataset, where=where):
            self.run.note(position)
            yield window

    def _ends_here(self, windows: Iterator[Window], most: int | None) -> bool:
        """Whether no window is to come: for a followed topic, which may never bring one, that is what was asked."""
        if isinstance(self.source, FollowedTopic) and len(self.ledger) == most:
            return True
        return next(windows, None) is None

    def _write(self, arms: list[RunningArm], tracked: Mapping[int, Tracked]) -> dict[str, ArmTotal]:
        for arm in arms:
            if isinstance(arm, ByRecord):
                arm.save(self.run.path / "models", windows=len(self.ledger))
        return export(
            self.run.path,
            self.ledger,
            self.memo.task,
            positions=self.run.positions,
            source=self.source.place,
            tracked=tracked,
        )

    def _outcome(self, tally: Tally, totals: dict[str, ArmTotal]) -> DuelOutcome:
        last = self.run.positions.get(len(self.ledger) - 1, START)
        return DuelOutcome(
            windows=len(self.ledger),
            finished=self.run.finished,
            books=tally.books(doubles=last.doubles),
            arms=totals,
            imported=imported_from(self.model.info),
            labels=self.labels.books() if isinstance(self.labels, LateLabels) else None,
            missing=tuple(tally.missing),
            cut={str(p): first for p, first in self.run.manifest.get("begins", {}).items() if first},
        )


def begin(run: Run, model: Model, source: Source, *, labels: Labels, static_rows: StaticRows | None) -> Course:
    """The course over what an open run holds and what its source brings.

    Args:
        run: the open run.
        model: the starting model.
        source: the stream.
        labels: when its labels become known.
        static_rows: what the starting model was trained on, if an arm learns from it.
    """
    ledger = Ledger(run.path / "segments", model.dataset)
    seed = int(run.manifest["identity"]["seed"])
    memo = Memo(ledger, run.path / "models", static=run.static, seed=seed, labels=labels, static_rows=static_rows)
    return Course(run=run, model=model, source=source, labels=labels, ledger=ledger, memo=memo)
