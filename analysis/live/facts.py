"""What else a run directory says of its stream: where it ends, where it comes from, what was planted into it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from producer.errors import ContractError
from producer.recipe import read_truth

from .values import Planted


def ends_of(manifest: Mapping[str, Any]) -> dict[int, int] | None:
    """Where the partitions end; None where that isn't known."""
    try:
        return {int(partition): int(end) for partition, end in manifest["ends"].items()}
    except (LookupError, ValueError, TypeError, AttributeError, OverflowError):
        return None


def read_planted(path: Path, manifest: Mapping[str, Any]) -> tuple[Planted, ...]:
    """The planted drift, in windows; none where no truth is known, or it holds something else."""
    if not path.is_file():
        return ()
    try:
        size, drifts = int(manifest["identity"]["window"]), read_truth(path)["drifts"]
        return tuple(Planted(kind=d["kind"], start=d["start"] / size - 0.5, end=d["end"] / size - 0.5) for d in drifts)
    except (ContractError, ValueError, LookupError, TypeError, ArithmeticError):
        return ()


def read_source(path: Path) -> str:
    """The topic, or the name of the file, as it was asked for; empty where that isn't known."""
    try:
        (stream,) = tomllib.loads(path.read_text("utf-8"))["stream"]
        return f"topic {stream['topic']}" if "topic" in stream else Path(stream["file"]).name
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return ""
