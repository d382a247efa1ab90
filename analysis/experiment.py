"""An experiment, run: for each stream and seed a run with all arms, its baselines and its report; then the tables.

What is there already is not done again, so the same experiment into the same folder resumes it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from concurrent.futures import as_completed
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from online.baselines.computing import compute
from online.duel import run_duel
from online.experiment import Drawn, Experiment, StreamSpec
from online.opening import NO_KAFKA, Kafka
from online.processes import worker_pool
from producer.dataset import Dataset
from producer.errors import RunError, UsageError
from producer.files import read_lines
from static_model.artifact import load_model

from .report import write_report


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """One stream with one seed: one run.

    Attributes:
        stream: what is read.
        seed: of fits and of planted drift.
        folder: the experiment's folder.
    """

    stream: StreamSpec
    seed: int
    folder: Path

    @property
    def run(self) -> Path:
        """The run directory."""
        return self.folder / "runs" / self.stream.name / f"seed-{self.seed}"

    @property
    def planted(self) -> Path:
        """The file with the drift planted."""
        return self.folder / "streams" / f"{self.stream.name}-seed-{self.seed}.csv.gz"

    @property
    def topic(self) -> str | None:
        """The topic: one for each seed where drift is planted."""
        if self.stream.topic is None or not self.stream.drifts:
            return self.stream.topic
        return f"{self.stream.topic}-seed-{self.seed}"


def units(experiment: Experiment, folder: Path) -> tuple[Unit, ...]:
    """All runs of an experiment: streams as they are named, seeds within each."""
    return tuple(Unit(stream, seed, folder) for stream in experiment.streams for seed in experiment.seeds)


def run_experiment(
    experiment: Experiment,
    folder: Path,
    *,
    kafka: Kafka = NO_KAFKA,
    processes: int = 1,
    pages: bool = True,
    done: Callable[[Unit], None] = lambda unit: None,
) -> dict[Unit, dict[str, Any]]:
    """Run or resume an experiment.

    Args:
        experiment: what to do.
        folder: where everything goes: `streams/` and `runs/STREAM/seed-N/`.
        kafka: where topics are, if a stream has one.
        processes: how many runs at a time; results don't depend on it.
        pages: whether each run gets its figures and report.html, too, which takes some seconds each.
        done: called with each unit that is done.

    Returns:
        The summary of each run, in the order of `units`.

    Raises:
        UsageError: a stream's file isn't there.
        DriftduelError: what went wrong in the first run that failed; the others are kept, and finished ones stay.
    """
    for stream in experiment.streams:
        if stream.file is not None and not stream.file.is_file():  # before the hours that other streams may take
            raise UsageError(f"stream '{stream.name}': there is no file {stream.file}; name one that is there")
    asked = units(experiment, folder)
    found: dict[Unit, dict[str, Any]] = {}
    with closing(_each(experiment, asked, kafka, processes, pages)) as each:
        for unit, summary in each:
            found[unit] = summary
            done(unit)
    return {unit: found[unit] for unit in asked}


def _each(
    experiment: Experiment, asked: tuple[Unit, ...], kafka: Kafka, processes: int, pages: bool
) -> Generator[tuple[Unit, dict[str, Any]], None, None]:
    if processes < 2 or len(asked) < 2:
        for unit in asked:
            yield unit, run_unit(experiment, unit, kafka, processes=processes, page=pages)
        return
    with worker_pool(min(processes, len(asked))) as pool:
        running = {pool.submit(run_unit, experiment, unit, kafka, page=pages): unit for unit in asked}
        try:
            for future in as_completed(running):
                yield running[future], future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def run_unit(
    experiment: Experiment, unit: Unit, kafka: Kafka, *, processes: int = 1, page: bool = True
) -> dict[str, Any]:
    """One run with its baselines, which may take several processes, and its report; the summary."""
    dataset = load_model(unit.stream.model or experiment.model).dataset
    file, truth = _file_of(unit, dataset)
    read = {"topic": _filled(unit, file, dataset, kafka), "file": file, "truth": truth}
    duel = experiment.duel(unit.stream.model_copy(update=read), seed=unit.seed, kafka=kafka)
    run_duel(duel, run=unit.run)
    baselines = experiment.baselines
    if not baselines.skip:
        compute(
            unit.run,
            training_sets=baselines.training_sets,
            every=baselines.every,
            training=duel.training,
            model=duel.model,
            processes=processes,
        )
    return write_report(unit.run, page=page).summary


def _file_of(unit: Unit, dataset: Dataset) -> tuple[Path | None, Path | None]:
    """The file to read and its truth: the drift is planted first, where the stream has some."""
    stream = unit.stream
    if not stream.drifts:
        return stream.file, stream.truth
    from producer.inject import inject_file

    assert stream.file is not None, "the experiment was checked"
    truth = unit.planted.with_name(f"{unit.planted.name}.truth.json")
    if not truth.exists():
        records = sum(1 for _ in read_lines(stream.file, dataset))
        drifts = [
            drift.placed(records, seed=unit.seed + place) if isinstance(drift, Drawn) else drift
            for place, drift in enumerate(stream.drifts)
        ]
        unit.planted.parent.mkdir(parents=True, exist_ok=True)
        inject_file(stream.file, dataset, drifts, seed=unit.seed, out=unit.planted, force=True)
    return unit.planted, truth


def _filled(unit: Unit, file: Path | None, dataset: Dataset, kafka: Kafka) -> str | None:
    """The topic to read, filled from the file if there is one; replaying again goes on where it stopped."""
    if unit.topic is None:
        return None
    if kafka.bootstrap is None:
        raise RunError(f"the stream '{unit.stream.name}' is a topic: name its broker with --bootstrap HOST:PORT")
    if file is not None:
        from producer.replay import identify, replay

        wire = unit.stream.wire or dataset.wire
        stream = identify(file, dataset, wire=wire)
        replay(
            file, dataset, stream, bootstrap=kafka.bootstrap, topic=unit.topic, wire=wire, config=_plain(kafka.config)
        )
    return unit.topic


def _plain(config: Mapping[str, object]) -> dict[str, Any]:
    return dict(config)
