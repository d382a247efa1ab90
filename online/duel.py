"""The duel, joined: a model, a stream and arms make a run. Calling it again with the same run resumes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from static_model.artifact import Model, load_model
from static_model.origin import imported_from

from .arms import Arm, check_primary
from .asked import Duel
from .course import begin
from .follow import FollowedTopic
from .identity import refuse_other
from .label_store import LabelSource, keep_labels, open_labels, refuse_strange
from .opening import Kafka, Stream, open_source
from .outcome import Books, DuelOutcome
from .predictions import open_publisher
from .resources import frozen, spark_for
from .run import Run, held_arms, open_run
from .source import Source, TopicSource
from .static_rows import StaticRows, static_rows_for

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
    everyone = _everyone(duel, run)
    labels = open_labels(duel.labels, duel.schedule, duel.kafka, model.dataset, run)
    static_rows = static_rows_for(everyone, duel.training, model=model, directory=duel.model)
    with (
        open_source(duel.stream, duel.kafka, model.dataset, run, window=duel.window) as source,
        open_run(
            run,
            model=model,
            arms=duel.all_arms,
            primary=duel.primary,
            source=source.identity,
            window=duel.window,
            seed=duel.seed,
            labels=refuse_strange(labels, source.identity, duel.stream, model.dataset),
            asked=duel.plain(model.dataset),
        ) as opened,
    ):
        _note_facts(opened, model, source, static_rows, duel.stream.truth)
        keep_labels(opened.path, labels)
        with (
            open_publisher(duel.predictions, duel.kafka, model.dataset, opened) as publish,
            bar(source.records) as advance,
            frozen(),
            spark_for(opened.arms),
        ):
            course = begin(opened, model, source, labels=labels, static_rows=static_rows)
            return course.go(duel.max_windows, publish=publish, advance=advance)


def _everyone(duel: Duel, run: Path) -> list[Arm]:
    """The arms asked for and those that the run holds; those that are declared primary are among them."""
    everyone = [*duel.all_arms, *held_arms(run)]
    check_primary(duel.primary, everyone)
    return everyone


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
