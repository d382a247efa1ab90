"""The duel, joined: a model, a stream and arms make a run. Calling it again with the same run resumes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import chain, islice
from pathlib import Path

from producer.errors import RunError
from static_model.artifact import Model, load_model
from static_model.origin import imported_from

from .arms import check_primary
from .asked import Duel
from .by_record import ByRecord
from .contestant import Contestant
from .evaluation import prequential
from .follow import FollowedTopic
from .identity import refuse_other
from .interfaces import Contender, Pool
from .label_store import LabelSource, keep_labels, open_labels, refuse_strange
from .labels import Labels
from .late_labels import LateLabels
from .ledger import Entry, Ledger
from .memo import Memo
from .opening import Kafka, Stream, open_source
from .outcome import Books, DuelOutcome, Range, count_numbers, joined_ranges
from .predictions import open_publisher
from .resources import frozen, spark_for
from .run import Run, held_arms, open_run
from .source import START, Source, TopicSource, refuse_foreign
from .static_rows import StaticRows, static_rows_for
from .tracker import export
from .windows import Window

__all__ = ["Bar", "Books", "Duel", "DuelOutcome", "Kafka", "LabelSource", "Stream", "no_bar", "run_duel", "spark_for"]

Bar = Callable[[int | None], AbstractContextManager[Callable[[int], None]]]
"""Shows progress: called with the number of messages, it gives a function that advances it."""


@contextmanager
def no_bar(total: int | None) -> Iterator[Callable[[int], None]]:
    """Progress that nobody looks at."""
    yield lambda done: None


def run_duel(duel: Duel, *, run: Path, bar: Bar = no_bar) -> DuelOutcome:
    """Run the duel into a run directory, or resume it there.

    Args:
        duel: what is asked.
        run: the run directory.
        bar: shows progress, in messages.

    Raises:
        DriftduelError: what went wrong in words; what was committed stays.
    """
    model = load_model(duel.model)
    everyone = [*duel.contestants, *held_arms(run)]
    check_primary(duel.primary, everyone)
    labels = open_labels(duel.labels, duel.schedule, duel.kafka, model.dataset, run)
    static_rows = static_rows_for(everyone, duel.training, model=model, directory=duel.model)
    with (
        open_source(duel.stream, duel.kafka, model.dataset, run, window=duel.window) as source,
        open_run(
            run,
            model=model,
            arms=duel.contestants,
            primary=duel.primary,
            source=source.identity,
            window=duel.window,
            seed=duel.seed,
            labels=refuse_strange(labels, source.identity, duel.stream, model.dataset),
            asked=duel.plain(model.dataset),
        ) as opened,
    ):
        _note_facts(opened, model, source, static_rows, duel.stream.truth)
        keep_labels(run, labels)
        with (
            open_publisher(duel.predictions, duel.kafka, model.dataset, opened) as publish,
            bar(source.records) as advance,
            frozen(),
            spark_for(opened.arms),
        ):
            return _evaluate(opened, model, source, duel.max_windows, advance, labels, static_rows, publish)


def _note_facts(run: Run, model: Model, source: Source, rows: StaticRows | None, truth: Path | None) -> None:
    if rows is not None:
        held = run.manifest.get("training", rows.digest)
        refuse_other(run.path, {"training": held}, {"training": rows.digest})
        run.update(training=rows.digest)
    if truth is not None:
        run.keep_truth(truth)
    if isinstance(source, FollowedTopic):
        run.update(begins=source.begins, follow=True)
        source.closed = lambda ends: run.update(ends=ends)
    elif isinstance(source, TopicSource):
        run.update(ends=source.ends, begins=source.begins)
    if source.records:  # a finished run's source holds none
        run.update(messages=source.records)
    if (imported := imported_from(model.info)) is not None:
        run.update(imported=imported)


def _evaluate(
    run: Run,
    model: Model,
    source: Source,
    max_windows: int | None,
    advance: Callable[[int], None],
    labels: Labels,
    static_rows: StaticRows | None,
    publish: Callable[[Entry], None],
) -> DuelOutcome:
    ledger = Ledger(run.path / "segments", model.dataset)
    seed = int(run.manifest["identity"]["seed"])
    models = run.path / "models"
    memo = Memo(ledger, models, static=run.static, seed=seed, labels=labels, static_rows=static_rows)
    arms = _contenders(run, model, memo, labels)
    following = (labels.label(w, model.dataset.label_name) for w in _following(run, ledger, model, source))
    windows = chain((entry.window for entry in ledger.entries()), following)
    # What is committed is always gone through, so that all arms stand over the same windows.
    most = None if max_windows is None else max(max_windows, len(ledger))
    counts: Counter[str] = Counter()
    missing: tuple[Range, ...] = ()
    run.update(state="running")
    try:
        for result in prequential(islice(windows, most), arms, labels=labels, memo=memo):
            counts.update(count_numbers(result.window))
            publish(result)
            missing = joined_ranges(result.window.missing, missing)
            run.time(result.window.index)
            advance(result.window.last_seq - result.window.first_seq + 1)
        # A followed run has no other end than the one that was asked for; there may be no next window to wait for.
        if (isinstance(source, FollowedTopic) and len(ledger) == most) or next(windows, None) is None:
            run.update(state="finished", windows=len(ledger))
    finally:
        for arm in arms:
            if isinstance(arm, ByRecord):
                arm.save(models, windows=len(ledger))
        totals = export(run.path, ledger, memo.task, positions=run.positions, source=source.place)
    last = run.positions.get(len(ledger) - 1, START)
    books = Books(**counts, doubles=last.doubles)
    apart = labels.books() if isinstance(labels, LateLabels) else None
    return DuelOutcome(
        len(ledger),
        run.finished,
        books,
        totals,
        imported_from(model.info),
        apart,
        missing=missing,
        cut={str(p): first for p, first in run.manifest.get("begins", {}).items() if first},
    )


def _contenders(run: Run, model: Model, memo: Memo, labels: Labels) -> list[Contender]:
    pool = Pool(model.holdout_records, model.holdout_errors)
    return [
        ByRecord(arm, memo, labels) if arm.by_record else Contestant(arm, champion=run.static, pool=pool)
        for arm in run.arms
    ]


def _following(run: Run, ledger: Ledger, model: Model, source: Source) -> Iterator[Window]:
    """The windows after the committed ones; each position is written down before its window is worked on."""
    last = len(ledger) - 1
    after = START if last < 0 else run.positions.get(last)
    if after is None:
        raise RunError(f"{run.path / 'positions.jsonl'} doesn't say where window {last} ended; start a new run")
    where = " ".join(next(iter(source.place.items())))
    for window, position in refuse_foreign(source.windows(after), dataset=model.dataset, where=where):
        run.note(position)
        yield window
