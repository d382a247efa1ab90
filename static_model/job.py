"""The whole training job: files in, a model directory out, with progress on stderr."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from producer.dataset import Dataset
from producer.progress import progress

from .remote import is_uri
from .saving import Saved, check_place, save_trained
from .staging import Staged, stage_places
from .tables import tables_of
from .training.settings import Settings, check_classes, check_settings

if TYPE_CHECKING:
    from .training.trained import Trained

Places: TypeAlias = Path | str | Sequence[Path | str]
"""A file or several; a string may be a Hadoop URI (`hdfs://...`)."""
Parts: TypeAlias = tuple[Staged, Staged | None]
"""What to train on, and what the user holds out, if anything."""


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """What a training job did: the saved model, the files' rows that were no records, and the tables asked for."""

    saved: Saved
    skipped: int
    headers: int
    tables: dict[str, Any]


def train_file(
    path: Places,
    dataset: Dataset,
    directory: Path,
    *,
    settings: Settings,
    test: Places = (),
    skip_bad_rows: bool = False,
    force: bool = False,
    illustrate: Callable[[Path], object] = lambda assessment: None,
) -> Job:
    """Train on a file, or on several together, and write the model directory. Spark is started, and stopped at the end.

    Args:
        path: files of the contract, as `producer.files.read_blocks` takes them, or Hadoop URIs.
        dataset: the contract; its features are used.
        directory: the new model directory.
        settings: how to train.
        test: files that are held out; then nothing is held out of the others, and the model isn't fitted on these.
        skip_bad_rows: leave out rows that are no records, and count them; else they are an error.
        force: replace a model that is there.
        illustrate: called with the folder of the assessment's tables, while the directory is being made.

    Raises:
        UsageError: a file can't be read, something is in the directory's place, or a setting doesn't fit the contract.
        ContractError: rows are no records, a header is another one, or a class has too few records.
        BrokerError: there is no Java for Spark.
        ModelError: Spark doesn't start, the saved model doesn't agree with Spark's, or it can't be written.
    """
    check_place(directory, force=force)
    check_settings(settings, dataset)
    with tempfile.TemporaryDirectory(prefix="driftduel-rows-") as folder:
        places = _several(path), _several(test)
        files = _Files(Path(folder), places, dataset, skip_bad_rows)
        remote = any(is_uri(str(place)) for given in places for place in given)
        if not remote:
            staged = files.stage(None)  # before Spark is started, which takes seconds
            _check(staged, dataset, settings)
        with _spark(settings, dataset, tested=bool(places[1])) as (spark, advance):
            if remote:
                staged = files.stage(spark)
                _check(staged, dataset, settings)
            trained = _fit(spark, staged, dataset, settings, advance)
            saved = save_trained(trained, directory, sources=_sources(staged), force=force, illustrate=illustrate)
            advance(1)
        parts = [part for part in staged if part is not None]
        return Job(saved, sum(p.dead for p in parts), sum(p.headers for p in parts), tables_of(trained))


@dataclass(frozen=True, slots=True)
class _Files:
    folder: Path
    places: tuple[list[str], list[str]]
    dataset: Dataset
    skip_bad_rows: bool

    def stage(self, spark: Any) -> Parts:
        """The training files and the test files, if any, as Parquet."""
        with progress("Reading the records", None) as advance:
            found = []
            for name, places in zip(("train", "test"), self.places, strict=True):
                if places:
                    found.append(
                        stage_places(
                            spark,
                            places,
                            self.dataset,
                            self.folder / name,
                            skip_bad_rows=self.skip_bad_rows,
                            advance=advance,
                        )
                    )
        return found[0], found[1] if len(found) > 1 else None


def _several(places: Places) -> list[str]:
    return [str(place) for place in ([places] if isinstance(places, Path | str) else places)]


def _check(staged: Parts, dataset: Dataset, settings: Settings) -> None:
    check_classes(staged[0].class_counts, dataset, settings, tested=staged[1] is not None)


@contextmanager
def _spark(settings: Settings, dataset: Dataset, *, tested: bool) -> Iterator[Any]:
    """A running Spark, and what advances the bar: one step for its start, each fit, and the saving."""
    from .session import spark_session
    from .training.train import planned_fits

    fits = planned_fits(settings, dataset, tested=tested)
    with progress("Training with Spark", fits + 2) as advance, spark_session() as spark:
        advance(1)
        yield spark, advance


def _fit(
    spark: Any,
    staged: Parts,
    dataset: Dataset,
    settings: Settings,
    advance: Callable[[int], None],
) -> Trained:
    from .training.rows import load_rows
    from .training.train import train

    frames = [load_rows(spark, part.folder, dataset) for part in staged if part is not None]
    test = frames[1] if len(frames) > 1 else None
    return train(frames[0], dataset, settings=settings, test=test, advance=advance)


def _sources(staged: Parts) -> dict[str, Any]:
    """What the model says of its files, outside its digest: names without folders, digests, and rows left out."""
    return {
        name: {"files": [asdict(source) for source in part.sources], "dead": part.dead, "headers": part.headers}
        for name, part in zip(("training", "test"), staged, strict=True)
        if part is not None
    }
