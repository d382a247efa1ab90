"""The versions that decide whether a run comes out the same."""

from __future__ import annotations

import platform
from importlib.metadata import version

LIBRARIES = ("driftduel", "numpy", "pyarrow", "pyspark", "river", "scikit-learn", "scipy")


def versions() -> dict[str, str]:
    """Those in use now, by name; Python's among them."""
    return {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}
