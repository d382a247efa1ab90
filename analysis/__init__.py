"""Pictures, tables and verdicts from datasets and runs; `load_run` for notebooks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .inference.power import Discordance
    from .loaded import LoadedRun
    from .measures.measured import Where

__all__ = ["load_run"]


def load_run(
    path: Path | str, *, truth: Path | None = None, noise: Discordance | None = None, where: Where | None = None
) -> LoadedRun:
    """Read a run directory into frames, a summary and figures; see `analysis.loaded.LoadedRun`."""
    from . import loaded  # pandas is for those who load a run, not for a command line's start

    return loaded.load_run(path, truth=truth, noise=noise, where=where)
