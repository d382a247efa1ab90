"""The duel, joined: a model, a stream and arms make a run. Calling it again with the same run resumes it."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path

from producer.dataset import Wire
from producer.errors import RunError, UsageError
from static_model.artifact import Model, load_model
from static_model.origin import imported_from

from .arms import parse_arms
from .contestant import Contestant
from .evaluation import prequential
from .interfaces import Pool
from .ledger import Ledger
from .memo import Memo
from .run import Run, open_run, read_manifest
from .source import START, FileSource, FinishedSource, Source, TopicSource, refuse_foreign
from .tracker import ArmTotal, export
from .windows import Window

Bar = Callable[[int | None], AbstractContextManager[Callable[[int], None]]]
"""Shows progress: called with the number of messages, it gives a function that advances it."""


@dataclass(frozen=True, slots=True)
class Books:
    """What became of the sequence numbers: scored + dead + set_aside + missing = numbers; doubles stand apart."""

    numbers: int = 0
    scored: int = 0
    dead: int = 0
    set_aside: int = 0
    missing: int = 0
    doubles: int = 0


@dataclass(frozen=True, slots=True)
class DuelOutcome:
    """What a call came to: the books, and each arm's totals. The run directory holds everything else.

    `imported` names what the starting model was imported from, if it was.
    """

    windows: int
    finished: bool
    books: Books
    arms: Mapping[str, ArmTotal]
    imported: str | None = None


@contextmanager
def no_bar(total: int | None) -> Iterator[Callable[[int], None]]:
    """Progress that nobody looks at."""
    yield lambda done: None


def run_duel(
    *,
    model: Path,
    run: Path,
    arms: Sequence[str] = ("static", "dynamic"),
    topic: str | None = None,
    file: Path | None = None,
    bootstrap: str | None = None,
    config: Mapping[str, object] | None = None,
    window: int = 1000,
    seed: int = 0,
    max_windows: int | None = None,
    truth: Path | None = None,
    wire: Wire | None = None,
    bar: Bar = no_bar,
) -> DuelOutcome:
    """Run the duel over a topic or a file into a run directory, or resume it there.

    Args:
        model: directory of the starting model.
        run: the run directory.
        arms: specifications as for `--arm`; the static arm is always among them.
        topic: read this topic at `bootstrap` ...
        file: ... or this CSV file.
        bootstrap: HOST:PORT of a Kafka broker.
        config: further settings of the Kafka client.
        window: records per window.
        seed: every fit's seed derives from it.
        max_windows: read no window beyond this many in all; the run stays open.
        truth: a sidecar with the planted drift, kept in the run for plots; never read by an arm.
        wire: how a topic's records travel; as the contract says if None.
        bar: shows progress, in messages.

    Raises:
        DriftduelError: what went wrong in words; what was committed stays.
    """
    started = load_model(model)
    contestants = parse_arms(arms)
    travels = wire or started.dataset.wire
    asked = {
        "format": 1,
        "model": str(model),
        "source": {"topic": topic, "wire": travels} if topic else {"file": str(file)},
        "window": window,
        "seed": seed,
    }
    with (
        _source(started, run, file, topic, travels, bootstrap, config=config or {}, window=window) as source,
        open_run(
            run,
            model=started,
            arms=contestants,
            source=source.identity,
            window=window,
            seed=seed,
            asked=asked,
        ) as opened,
    ):
        if truth is not None:
            opened.keep_truth(truth)
        if isinstance(source, TopicSource):
            opened.update(ends=source.ends)
        if (imported := imported_from(started.info)) is not None:
            opened.update(imported=imported)
        with bar(source.records) as advance, _frozen():
            return _evaluate(opened, started, source, max_windows, advance)


def _evaluate(
    run: Run, model: Model, source: Source, max_windows: int | None, advance: Callable[[int], None]
) -> DuelOutcome:
    ledger = Ledger(run.path / "segments", model.dataset)
    memo = Memo(ledger, run.path / "models", static=run.static, seed=int(run.manifest["identity"]["seed"]))
    pool = Pool(model.holdout_records, model.holdout_errors)
    arms = [Contestant(arm, champion=run.static, pool=pool) for arm in run.arms]
    windows = chain((entry.window for entry in ledger.entries()), _following(run, ledger, model, source))
    # What is committed is always gone through, so that all arms stand over the same windows.
    most = None if max_windows is None else max(max_windows, len(ledger))
    counts: Counter[str] = Counter()
    run.update(state="running")
    try:
        for result in prequential(islice(windows, most), arms, memo=memo):
            counts.update(_books(result.window))
            run.time(result.window.index)
            advance(result.window.last_seq - result.window.first_seq + 1)
        if next(windows, None) is None:
            run.update(state="finished", windows=len(ledger))
    finally:
        totals = export(run.path, ledger, memo.task, positions=run.positions, source=source.place)
    last = run.positions.get(len(ledger) - 1, START)
    books = Books(**counts, doubles=last.doubles)
    return DuelOutcome(len(ledger), run.finished, books, totals, imported_from(model.info))


@contextmanager
def _frozen() -> Iterator[None]:
    """Keep what is loaded out of the garbage collector's rounds: every message is an object that calls for one."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


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


def _books(window: Window) -> dict[str, int]:
    parts = {
        "scored": len(window.seqs),
        "dead": len(window.dead),
        "set_aside": len(window.set_aside),
        "missing": len(window.missing),
    }
    numbers = window.last_seq - window.first_seq + 1
    assert sum(parts.values()) == numbers, "every sequence number is accounted for"
    return {"numbers": numbers, **parts}


def finished_source(run: Path, topic: str | None) -> FinishedSource | None:
    """The stream of a run that has read this topic to its end and still holds all its windows; else None.

    Such a run can be looked at again, and given more arms, without a broker.
    """
    if topic is None or not (run / "manifest.json").exists():
        return None
    manifest = read_manifest(run)
    source = manifest["identity"]["source"]
    held = len(list((run / "segments").glob("??????.arrow")))
    if manifest["state"] != "finished" or source.get("topic") != topic or held != manifest.get("windows"):
        return None
    return FinishedSource(source, {"topic": topic})


@contextmanager
def _source(
    model: Model,
    run: Path,
    file: Path | None,
    topic: str | None,
    wire: Wire,
    bootstrap: str | None,
    *,
    config: Mapping[str, object],
    window: int,
) -> Iterator[Source]:
    """The stream that was asked for."""
    if file is not None and topic is None:
        yield FileSource(file, model.dataset, window)
    elif topic is None or file is not None:
        raise UsageError("name either a topic or a file to evaluate")
    elif finished := finished_source(run, topic):
        yield replace(finished, identity={**finished.identity, "wire": wire})
    elif bootstrap is None:
        raise UsageError(f"to read topic '{topic}' a broker is needed: name one with --bootstrap HOST:PORT")
    else:
        from producer.topic import TopicReader  # a duel over a file needs no Kafka client

        manifest = read_manifest(run) if (run / "manifest.json").exists() else {}
        same = manifest and manifest["identity"]["source"].get("topic") == topic
        ends = {int(p): end for p, end in manifest.get("ends", {}).items()} if same else {}
        with TopicReader(bootstrap, topic, config=config) as reader:
            yield TopicSource(reader, model.dataset, size=window, wire=wire, ends=ends or None)
