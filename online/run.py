"""The run directory: what was asked, what it is, and what it holds. Opening it again takes the run up again."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w

from producer.dataset import Dataset
from producer.errors import RunError
from producer.recipe import read_truth
from static_model.artifact import Model, load_model, model_digest, save_model

from .arms import Arm
from .files import append_line, replace_file
from .identity import check_arms, joined, refuse_late, refuse_other
from .labels import IMMEDIATE, Labels
from .lock import alone
from .positions import Positions
from .versions import versions
from .windows import Position

FORMAT = 1


@dataclass(slots=True)
class Run:
    """An open run directory.

    Attributes:
        path: the directory.
        manifest: what identifies the run, its arms and its state, as in manifest.json.
        positions: where each window's messages came from, as far as known.
    """

    path: Path
    manifest: dict[str, Any]
    positions: Positions

    @property
    def static(self) -> str:
        """The id of the starting model."""
        return str(self.manifest["static"])

    @property
    def arms(self) -> tuple[Arm, ...]:
        """All arms of the run, in the order in which they were first asked for."""
        return tuple(Arm.model_validate(arm) for arm in self.manifest["arms"].values())

    @property
    def finished(self) -> bool:
        """Whether the stream has been read to its end."""
        return bool(self.manifest["state"] == "finished")

    def note(self, position: Position) -> None:
        """Write down where a window came from, before the window is committed."""
        self.positions.note(position)

    def time(self, window: int) -> None:
        """Write down when a window was done. Times are outside every digest and decide nothing."""
        append_line(self.path / "timings.jsonl", json.dumps({"window": window, "done": time.time()}))

    def keep_truth(self, sidecar: Path) -> None:
        """Keep the planted drift beside the run, for plots; no arm ever reads it.

        Raises:
            ContractError: the sidecar can't be read, or holds something else.
        """
        _write_json(self.path / "truth.json", read_truth(sidecar))

    def update(self, **facts: Any) -> None:
        """Change facts in the manifest."""
        self.manifest |= facts
        _write_json(self.path / "manifest.json", self.manifest)


@contextmanager
def open_run(
    path: Path,
    *,
    model: Model,
    arms: Sequence[Arm],
    primary: Sequence[str] = (),
    source: Mapping[str, Any],
    window: int,
    seed: int,
    labels: Labels = IMMEDIATE,
    asked: Mapping[str, Any],
) -> Iterator[Run]:
    """Make the run directory, or take it up again if it holds this run; held by one process at a time.

    Args:
        path: the directory.
        model: the starting model.
        arms: the arms asked for; those that the run has already stay in it.
        primary: arms declared primary; only a run's first start can declare them.
        source: what identifies the stream.
        window: records per window.
        seed: the run's seed.
        labels: when labels become known.
        asked: everything that was asked, for experiment.toml.

    Raises:
        RunError: the directory holds something else, another run, or is in use.
    """
    digest = model_digest(model)
    identity = {
        "source": dict(source),
        "contract": model.dataset.fingerprint,
        "model": digest,
        "window": window,
        "seed": seed,
        **labels.identity,
    }
    _refuse_foreign(path)
    with alone(path):
        known = (path / "manifest.json").exists()
        manifest = read_manifest(path) if known else _new_manifest(identity, model, digest, primary)
        refuse_other(path, manifest["identity"], identity)
        refuse_late(path, manifest.get("primary", []), primary)
        run = Run(path, manifest, Positions(path))
        run.update(arms=joined(path, manifest["arms"], arms))
        if not (path / "models" / run.static).exists():
            save_model(model, path / "models" / run.static)
        experiment = {**asked, "primary": manifest.get("primary", []), "arm": [arm.plain() for arm in run.arms]}
        with replace_file(path / "experiment.toml") as file:
            file.write(tomli_w.dumps(experiment).encode())
        yield run


def read_manifest(run: Path) -> dict[str, Any]:
    """The manifest of a run directory.

    Raises:
        RunError: this is no run, a damaged one, or one of a newer format.
    """
    path = run / "manifest.json"
    try:
        manifest = dict(json.loads(path.read_text("utf-8")))
        if manifest["format"] != FORMAT:
            newer = f"{run} has format {manifest['format']!r}, written by a newer driftduel"
            raise RunError(f"{newer}; this one reads format {FORMAT}. Use the newer one, or start a new run")
        _ = (manifest["identity"].items(), float(manifest["threshold"]), manifest["state"])
        if not re.fullmatch("[0-9a-f]{12}", manifest["static"]):
            raise ValueError("its starting model has no valid id")
        check_arms(run, manifest["arms"])
    except (FileNotFoundError, NotADirectoryError):
        raise RunError(f"{run} is no run directory: it has no manifest.json") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        said = " ".join(line.strip() for line in str(error).splitlines() if "https" not in line)
        raise RunError(f"the run's manifest {path} is damaged ({said}); start a new run") from None
    return manifest


def held_arms(run: Path) -> tuple[Arm, ...]:
    """The arms that a run directory holds; none where there is no run yet."""
    held = read_manifest(run)["arms"] if (run / "manifest.json").exists() else {}
    return tuple(Arm.model_validate(arm) for arm in held.values())


def read_contract(run: Path) -> Dataset:
    """The record contract of a run."""
    return load_model(run / "models" / str(read_manifest(run)["static"])).dataset


def _refuse_foreign(path: Path) -> None:
    # Before anything is written or swept away: it may be somebody else's folder.
    if not path.is_dir() or (path / "manifest.json").exists():
        return
    found = sorted(entry.name for entry in path.iterdir() if not entry.name.startswith("."))
    if found:
        raise RunError(
            f"{path} is no run directory and not empty (it holds {', '.join(found[:3])}); choose another --run"
        )


def _new_manifest(identity: dict[str, Any], model: Model, digest: str, primary: Sequence[str]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "identity": identity,
        "arms": {},
        "primary": list(primary),
        "static": digest[:12],
        "threshold": model.threshold,
        "versions": versions(),
        "state": "running",
    }


def _write_json(path: Path, value: Any) -> None:
    with replace_file(path) as file:
        file.write(json.dumps(value, indent=1, ensure_ascii=False).encode() + b"\n")
