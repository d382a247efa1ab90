"""Finds a Java that Kafka and Spark can run on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from .errors import BrokerError

NEEDED = 17
"""The oldest Java that Apache Kafka 4 and Spark 4 run on."""

ADVICE = (
    f"Install a Java {NEEDED} or later (Debian and Ubuntu: 'apt install openjdk-17-jre-headless', "
    "macOS: 'brew install openjdk@17'), or set JAVA_HOME to one"
)


def find_java() -> Path:
    """The first `java` of version 17 or later: that of JAVA_HOME, else the one on the PATH.

    Raises:
        BrokerError: there is none, or only an older one; the message says which was found where.
    """
    too_old = []
    for candidate in _candidates():
        version = java_version(candidate)
        if version is not None and version >= NEEDED:
            return candidate
        if version is not None:
            too_old.append(f"Java {version} was found at {candidate}")
    if too_old:
        raise BrokerError(f"{'; '.join(too_old)}; {NEEDED} or later is needed. {ADVICE}")
    home = os.environ.get("JAVA_HOME")
    where = f"at JAVA_HOME ({home}) or on the PATH" if home else "on the PATH, and JAVA_HOME isn't set"
    raise BrokerError(f"No Java was found {where}. {ADVICE}")


def java_version(java: Path) -> int | None:
    """The feature version (8, 11, 17, ...) of a `java`, or None if it doesn't run or isn't one.

    macOS has a `java` that only says where to get one: it has no version.
    """
    try:
        done = subprocess.run([str(java), "-version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', done.stderr + done.stdout)
    return int(found.group(1)) if found and done.returncode == 0 else None


def _candidates() -> Iterator[Path]:
    home = os.environ.get("JAVA_HOME")
    if home:
        yield Path(home) / "bin" / "java"
    on_path = shutil.which("java")
    if on_path:
        yield Path(on_path)
