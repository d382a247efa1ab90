"""What is in a run directory, for tests that compare two of them, or one before and after."""

from __future__ import annotations

from pathlib import Path

OUTSIDE_EVERY_DIGEST = frozenset(("positions.jsonl", "timings.jsonl", ".lock"))
OF_ITS_SOURCE = frozenset(("manifest.json", "experiment.toml"))


def every_file(folder: Path) -> dict[str, bytes]:
    """All files below a folder, by their relative path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def content(run: Path) -> dict[str, bytes]:
    """Every file of a run that must repeat, by its relative path."""
    return {name: data for name, data in every_file(run).items() if Path(name).name not in OUTSIDE_EVERY_DIGEST}


def content_from_any_source(run: Path) -> dict[str, bytes]:
    """What of it must be the same from a topic, a topic that is followed, and a file."""
    return {name: data for name, data in content(run).items() if name not in OF_ITS_SOURCE}
