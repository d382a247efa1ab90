"""Where a model came from, as far as that changes what can be said of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def imported_from(info: Mapping[str, Any]) -> str | None:
    """The name of what an imported model was read from; None for a model that was trained here."""
    name = info.get("imported")
    return name if isinstance(name, str) else None


def unknown_training(name: str) -> str:
    """What a run must say of a starting model that was imported.

    >>> unknown_training("forest.skops")
    'The starting model was imported from forest.skops: its training rows are unknown, so the detector began without \
held-out records, and rows of this stream may have been among them.'
    """
    return (
        f"The starting model was imported from {name}: its training rows are unknown, so the detector began without "
        "held-out records, and rows of this stream may have been among them."
    )
