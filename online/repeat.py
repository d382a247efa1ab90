"""A run, done again from its own directory: the same stream, model, arms and seed, into another directory."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from producer.errors import ModelError, RunError, UsageError
from static_model.artifact import Model, load_model, model_digest

from .duel import Bar, no_bar, run_duel
from .experiment import Experiment, StreamSpec, read_experiment
from .files import replace_file
from .identity import OtherRunError
from .label_store import DEAD, TABLE
from .ledger import Ledger
from .opening import NO_KAFKA, Kafka
from .outcome import DuelOutcome
from .run import held_arms, read_manifest
from .versions import versions

ADVICE = {
    "source.file": "Name the stream's file, as it was then, with --file",
    "source.stream": "Another stream is on its topic now; replay the one that it read onto a topic of that name",
    "labels.digest": "Name the file of its labels, as it was then, with --labels-file",
    "training": "Name the files that the starting model was trained on, as they were then, with --training",
}
"""What to do where something that identifies a run has changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Where a run's sources are now, as far as that isn't where they were.

    Attributes:
        file: the stream's file.
        labels_file: the file of its labels.
        training: the files that the starting model was trained on.
        kafka: where its topic is.
    """

    file: Path | None = None
    labels_file: Path | None = None
    training: tuple[Path, ...] = ()
    kafka: Kafka = NO_KAFKA


def read_asked(run: Path) -> Experiment:
    """What was asked of a run: its own experiment.toml.

    Raises:
        RunError: this is no run, or that file is missing or damaged.
    """
    read_manifest(run)
    try:
        return read_experiment(run / "experiment.toml")
    except UsageError as error:
        raise RunError(f"{run} can't be repeated, as it doesn't say what was asked: {error}") from None


def repeat(run: Path, place: Path, *, found: Found = Found(), bar: Bar = no_bar) -> DuelOutcome:
    """Do a run again; one that isn't finished, as far as it went.

    The end offsets of its topic, and labels that came from one, are those that the run holds.

    Args:
        run: the run directory; nothing in it is changed.
        place: the directory for the repeat: empty, or not there yet.
        found: where its sources are now.
        bar: shows progress, in messages.

    Raises:
        DriftduelError: a source is gone or isn't what it was, and the message says which; or as `run_duel`.
    """
    asked, manifest = read_asked(run), read_manifest(run)
    stream = _stream(run, asked.streams[0], found)
    training = tuple(_there(run, path, "--training") for path in found.training or asked.training)
    directory, model = _start(run, asked.model, manifest)
    # What can't be read can't be compared: say so before the work.
    windows = sum(1 for _ in Ledger(run / "segments", model.dataset).entries())
    if not windows:
        raise RunError(
            f"{run} holds no window yet that could be repeated; let 'driftduel evaluate' go on with it first"
        )
    duel = replace(
        asked.duel(stream, seed=asked.seeds[0], kafka=found.kafka),
        model=directory,
        arms=held_arms(run),
        primary=manifest.get("primary", ()),
        max_windows=None if manifest["state"] == "finished" else windows,
        training=training,
    )
    _begin(run, place, {**manifest, "threshold": model.threshold})
    try:
        return run_duel(duel, run=place, bar=bar)
    except OtherRunError as error:
        advice = ADVICE.get(error.place, "Its experiment.toml isn't the one that it was made by")
        was = f"its {error.place} was {error.was}, and is {error.now} now"
        raise RunError(f"{run} can't be repeated: {was}. {advice}") from None


def _stream(run: Path, asked: StreamSpec, found: Found) -> StreamSpec:
    """The run's stream, with its files where they are now, and the truth that the run keeps."""
    if asked.file is None and found.file is not None:
        raise UsageError(f"{run} read the topic '{asked.topic}', not a file; leave out --file")
    if asked.labels_file is None and found.labels_file is not None:
        raise UsageError(f"{run} read no labels from a file; leave out --labels-file")
    file, labels = found.file or asked.file, found.labels_file or asked.labels_file
    truth = run / "truth.json"
    places = {
        "truth": truth if truth.is_file() else None,
        "file": file and _there(run, file, "--file"),
        "labels_file": labels and _there(run, labels, "--labels-file"),
    }
    return asked.model_copy(update=places)


def _there(run: Path, path: Path, option: str) -> Path:
    if path.is_file():
        return path
    raise RunError(f"{run} can't be repeated: {path}, which it read, isn't there; name where it lies now with {option}")


def _start(run: Path, directory: Path, manifest: Mapping[str, Any]) -> tuple[Path, Model]:
    """The starting model: where it came from, if that still holds it, else the run's own copy."""
    with suppress(ModelError):
        model = load_model(directory)
        if model_digest(model) == manifest["identity"]["model"]:
            return directory, model
    own = run / "models" / str(manifest["static"])
    return own, load_model(own)


def _begin(run: Path, place: Path, manifest: Mapping[str, Any]) -> None:
    """An empty run of the same identity: what `run_duel` puts into it is refused if it isn't the same."""
    place.mkdir(parents=True, exist_ok=True)
    begun = {**manifest, "arms": {}, "versions": versions(), "state": "running"}
    begun.pop("windows", None)
    with replace_file(place / "manifest.json") as file:
        file.write(json.dumps(begun, indent=1, ensure_ascii=False).encode() + b"\n")
    if "topic" in manifest["identity"].get("labels", {}):
        for name in (TABLE, DEAD):
            if (run / name).is_file():
                shutil.copyfile(run / name, place / name)
