"""A run, repeated from its own directory, and held against the repeat."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from online.duel import Bar, no_bar
from online.repeat import Found, repeat
from online.run import read_manifest
from online.versions import versions
from producer.errors import RunError, UsageError

from .place import whole_directory
from .sameness.runs import Sameness, hold_together

NOTHING = Found()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerun:
    """What came of a repeat.

    Attributes:
        run: the run directory.
        finished: False where the run is unfinished, and was repeated as far as it goes.
        found: what was compared, and what differs.
        versions: of what has another version now: then and now.
        kept: where the repeat is, or None if it is gone.
    """

    run: Path
    finished: bool
    found: Sameness
    versions: dict[str, tuple[str | None, str | None]]
    kept: Path | None

    @property
    def same(self) -> bool:
        """Whether the run came out the same."""
        return not self.found.differences

    def plain(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {
            "same": self.same,
            "run": str(self.run),
            "finished": self.finished,
            **asdict(self.found),
            "versions": {name: {"then": then, "now": now} for name, (then, now) in self.versions.items()},
            "repeat": None if self.kept is None else str(self.kept),
        }


def rerun(run: Path, *, out: Path | None = None, found: Found = NOTHING, bar: Bar = no_bar) -> Rerun:
    """Repeat a run and say whether it came out the same.

    Args:
        run: the run directory; nothing in it is changed.
        out: keep the repeat in this new directory; if None, it is kept in a temporary one only where it differs.
        found: where the run's sources are now.
        bar: shows progress, in messages.

    Raises:
        UsageError: `out` is there already.
        DriftduelError: a source is gone or has changed, the run is damaged, or as `online.repeat.repeat`.
    """
    manifest = read_manifest(run)
    with _place(out) as place:
        repeat(run, place, found=found, bar=bar)
        compared = hold_together(run, place)
        if out is None and not compared.differences:
            shutil.rmtree(place)
    return Rerun(
        run=run,
        finished=manifest["state"] == "finished",
        found=compared,
        versions=_changed(manifest.get("versions", {})),
        kept=out or (place if compared.differences else None),
    )


@contextmanager
def _place(out: Path | None) -> Iterator[Path]:
    """A directory for the repeat, which is gone again if anything fails."""
    if out is not None:
        _check_new(out)
        with whole_directory(out) as made:
            yield made
        return
    try:
        made = Path(tempfile.mkdtemp(prefix="driftduel-rerun-"))
    except OSError as error:
        raise RunError(f"no temporary directory can be made ({error.strerror}); name a place with --out") from None
    try:
        yield made
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise


def _check_new(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"--out {out} is there already; name a directory that isn't, for the repeat to be a new run")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {out} can't be made ({error.strerror}); name another one") from None


def _changed(then: dict[str, str]) -> dict[str, tuple[str | None, str | None]]:
    now = versions()
    both = {name: (then.get(name), now.get(name)) for name in sorted({*then, *now})}
    return {name: pair for name, pair in both.items() if pair[0] != pair[1]}
