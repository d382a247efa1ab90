"""The duel, joined: a model, a stream and arms make a run. Calling it again with the same run resumes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path

from producer.dataset import Wire
from producer.errors import RunError
from producer.patience import PATIENCE
from static_model.artifact import Model, load_model
from static_model.origin import imported_from

from .arms import Arm, check_primary, parse_arm, with_static
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
from .opening import Stream, check_follow, open_source
from .outcome import Books, DuelOutcome, Range, count_numbers, joined_ranges
from .predictions import check_topic, open_publisher
from .resources import frozen, spark_for
from .run import Run, held_arms, open_run
from .source import START, Source, TopicSource, refuse_foreign
from .static_rows import StaticRows, static_rows_for
from .tracker import export
from .windows import Window

__all__ = ["Books", "DuelOutcome", "no_bar", "run_duel", "spark_for"]

Bar = Callable[[int | None], AbstractContextManager[Callable[[int], None]]]
"""Shows progress: called with the number of messages, it gives a function that advances it."""


@contextmanager
def no_bar(total: int | None) -> Iterator[Callable[[int], None]]:
    """Progress that nobody looks at."""
    yield lambda done: None


def run_duel(
    *,
    model: Path,
    run: Path,
    arms: Sequence[str | Arm] = ("static", "dynamic"),
    primary: Sequence[str] = (),
    topic: str | None = None,
    file: Path | None = None,
    bootstrap: str | None = None,
    config: Mapping[str, object] | None = None,
    window: int = 1000,
    seed: int = 0,
    max_windows: int | None = None,
    truth: Path | None = None,
    wire: Wire | None = None,
    follow: bool = False,
    idle_timeout: float | None = None,
    training: Sequence[Path] = (),
    label_delay: int = 0,
    label_share: float = 1.0,
    labels_topic: str | None = None,
    labels_file: Path | None = None,
    label_horizon: int | None = None,
    predictions_topic: str | None = None,
    patience: float = PATIENCE,
    bar: Bar = no_bar,
) -> DuelOutcome:
    """Run the duel over a topic or a file into a run directory, or resume it there.

    Args:
        model: directory of the starting model.
        run: the run directory.
        arms: arms, or specifications as for `--arm`; the static arm is always among them.
        primary: the arms whose comparison with static is corrected for their number, declared at the run's first
            start; the others are exploratory. All, if none is named.
        topic: read this topic at `bootstrap` ...
        file: ... or this CSV file.
        bootstrap: HOST:PORT of a Kafka broker.
        config: further settings of the Kafka client.
        window: records per window.
        seed: every fit's seed derives from it.
        max_windows: read no window beyond this many in all; the run stays open.
        truth: a sidecar with the planted drift, kept in the run for plots; never read by an arm.
        wire: how a topic's records travel; as the contract says if None.
        follow: read a topic that is still being filled; a window that isn't whole is left out when this is interrupted.
        idle_timeout: close a followed run when no message has come for so many seconds.
        training: the files that the starting model was trained on, for arms that learn from these rows, too.
        label_delay: how many records later a label becomes known.
        label_share: the share of the labels that the arms ever see, drawn at random; the report uses all.
        labels_topic: the labels come from this topic at `bootstrap`, and the records' own column is ignored; or ...
        labels_file: ... from this CSV file `seq,label,after`.
        label_horizon: how many records after a window's end the arms stop waiting for such labels.
        predictions_topic: every prediction is put onto this topic at `bootstrap`, once, when its window is committed.
        patience: seconds for which a broker that has stopped answering is waited for.
        bar: shows progress, in messages.

    Raises:
        DriftduelError: what went wrong in words; what was committed stays.
    """
    started = load_model(model)
    contestants = with_static([arm if isinstance(arm, Arm) else parse_arm(arm) for arm in arms])
    everyone = [*contestants, *held_arms(run)]
    check_primary(primary, everyone)
    stream = Stream(topic=topic, file=file, bootstrap=bootstrap, config=config or {}, wire=wire)
    stream = replace(stream, follow=follow, idle=idle_timeout, patience=patience)
    check_follow(stream, labels_topic)
    check_topic(predictions_topic, stream)
    late = LabelSource(topic=labels_topic, file=labels_file, horizon=label_horizon)
    plain = Labels(delay=label_delay, share=label_share, seed=seed, size=window)
    labels = open_labels(late, plain, stream, started.dataset, run)
    static_rows = static_rows_for(everyone, training, model=started, directory=model)
    asked = {
        "format": 1,
        "model": str(model.absolute()),
        "training": [str(path.absolute()) for path in training],
        "window": window,
        "seeds": [seed],
        "label_delay": label_delay,
        "label_share": label_share,
        "stream": [stream.asked | late.asked | ({"wire": wire or started.dataset.wire} if topic else {})],
    }
    with (
        open_source(stream, started.dataset, run, window=window) as source,
        open_run(
            run,
            model=started,
            arms=contestants,
            primary=primary,
            source=source.identity,
            window=window,
            seed=seed,
            labels=refuse_strange(labels, source.identity, stream, started.dataset),
            asked=asked,
        ) as opened,
    ):
        _note_facts(opened, started, source, static_rows, truth)
        keep_labels(opened.path, labels)
        with (
            open_publisher(predictions_topic, stream, started.dataset, opened) as publish,
            bar(source.records) as advance,
            frozen(),
            spark_for(opened.arms),
        ):
            return _evaluate(opened, started, source, max_windows, advance, labels, static_rows, publish)


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
