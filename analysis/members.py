"""A run as one of several that are compared: what it is called, what it read, and what must agree."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .runs import Run


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One of the runs.

    Attributes:
        name: what it is called here: as much of its path as tells it from the others.
        path: the run directory.
        manifest: what identifies it.
        finished: whether its stream was read to the end.
        truth: the planted truth, where it is known.
        summary: what its report says.
        missing: what its directory lacks, in a sentence each.
    """

    name: str
    path: Path
    manifest: Mapping[str, Any]
    finished: bool
    truth: Mapping[str, Any] | None
    summary: Mapping[str, Any]
    missing: tuple[str, ...] = ()

    @property
    def identity(self) -> Mapping[str, Any]:
        """What makes it this run."""
        found: Mapping[str, Any] = self.manifest.get("identity", {})
        return found

    @property
    def seed(self) -> int | None:
        """Of its fits; None where the manifest doesn't say what this run is."""
        return self.identity.get("seed")

    @property
    def settings(self) -> dict[str, Any]:
        """What must agree, whatever the stream."""
        plain = {key: self.identity.get(key) for key in ("window", "label_delay", "label_share")}
        return {**plain, "label_horizon": self.identity.get("labels", {}).get("horizon")}

    @property
    def alone(self) -> str | None:
        """Why it can't be compared with any other run, or None."""
        if not self.finished:
            return "it isn't finished"
        if self.seed is None:
            return "its manifest doesn't say what it is"
        whole, left = self.manifest.get("windows"), self.summary.get("windows")
        if whole not in (None, left):
            return f"of its {whole} windows only {left} are left"
        if len(self.summary["arms"]) > 1 and not self.summary["comparisons"]:
            return "its predictions are lost, and only counts are left"
        return None

    @property
    def stream(self) -> str:
        """The stream it read. One file into which drift was planted in several ways is one stream."""
        if (origin := (self.truth or {}).get("injected_into")) is not None:
            return f"{origin} with drift planted"
        source = {key: value for key, value in self.identity.get("source", {}).items() if key != "wire"}
        if "file" in source:
            return f"file {str(source['file'])[:12]}"
        ends = self.manifest.get("ends")
        return " ".join(f"{key} {value}" for key, value in source.items() if value) + (
            f" up to {json.dumps(ends)}" if ends else ""
        )


def member(name: str, run: Run, summary: Mapping[str, Any]) -> Member:
    """A run that was read, with what its report says."""
    return Member(name, run.path, run.manifest, run.finished, run.truth, summary, run.missing)


def names_of(paths: Sequence[Path]) -> list[str]:
    """For each path as many of its last parts as tell it from all others.

    >>> names_of([Path("a/tool/seed-1"), Path("a/tool/seed-2"), Path("a/xor/seed-1")])
    ['tool/seed-1', 'tool/seed-2', 'xor/seed-1']
    """
    parts = [path.resolve().parts for path in paths]
    for depth in range(1, max(map(len, parts)) + 1):
        names = ["/".join(part[-depth:]).lstrip("/") for part in parts]
        if len(set(names)) == len(names):
            break
    return names
