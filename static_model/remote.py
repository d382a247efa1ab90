"""Hadoop URIs (`hdfs://`, `s3a://`, `file://`, ...): Spark's Java brings them here, and they are read like files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from producer.errors import UsageError

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def is_uri(place: str) -> bool:
    """Whether this names a file for Hadoop, and not one of this machine.

    >>> is_uri("hdfs://name/data.csv"), is_uri("C:/data.csv"), is_uri("data.csv")
    (True, False, False)
    """
    return _URI.match(place) is not None


def fetch(spark: Any, places: Sequence[str], folder: Path) -> list[Path]:
    """The places as local files: paths as they are, URIs copied into `folder` by Hadoop.

    A URI may hold Hadoop's wildcards, or name a folder: then all its files are taken in the order of their names, but
    for those that begin with `_` or `.` (that is how Hadoop marks its own). One that the URI names, or whose first
    letter the pattern gives, is taken.

    Args:
        spark: a running session; only its Java is used.
        places: paths and URIs, in order.
        folder: where copies go; it must exist.

    Raises:
        UsageError: Hadoop can't read it, or nothing is there; with what Hadoop said.
    """
    found: list[Path] = []
    for number, place in enumerate(places):
        if is_uri(place):
            found += _fetch(spark, place, folder / f"{number:05d}")
        else:
            found.append(Path(place))
    return found


def _fetch(spark: Any, uri: str, folder: Path) -> list[Path]:
    from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]

    try:
        copied = [_copy(spark, status, folder / f"{n:05d}") for n, status in enumerate(_files(spark, uri))]
    except Py4JJavaError as error:
        said = str(error.java_exception.getMessage()).splitlines() or [""]
        raise UsageError(f"{uri} can't be read: {said[0]}; check the address and Hadoop's settings") from None
    if not copied:
        raise UsageError(f"there is no file {uri}; give a file, a folder of files, or a pattern that fits some")
    return copied


def _files(spark: Any, uri: str) -> list[Any]:
    """The files that a URI names, by name; folders are opened, once."""
    path = spark._jvm.org.apache.hadoop.fs.Path(uri)
    system = path.getFileSystem(spark._jsc.hadoopConfiguration())
    files = []
    for status in _shown(system.globStatus(path) or [], asked=str(path.getName())):
        files += _shown(system.listStatus(status.getPath())) if status.isDirectory() else [status]
    named = {str(status.getPath()): status for status in files if status.isFile()}
    return [named[key] for key in sorted(named)]


def _shown(found: Iterable[Any], *, asked: str = "") -> list[Any]:
    """Without what begins with a mark of Hadoop's own, unless what was asked for begins with it too, as in a shell."""
    return [status for status in found if str(status.getPath().getName())[:1] not in {"_", "."} - {asked[:1]}]


def _copy(spark: Any, status: Any, folder: Path) -> Path:
    """A copy under its own name, in a folder of its own: two files may have the same name."""
    folder.mkdir(parents=True)
    source = status.getPath()
    target = folder / str(source.getName())
    settings = spark._jsc.hadoopConfiguration()
    local = spark._jvm.org.apache.hadoop.fs.Path(target.absolute().as_uri())
    spark._jvm.org.apache.hadoop.fs.FileUtil.copy(
        source.getFileSystem(settings), source, local.getFileSystem(settings), local, False, settings
    )
    return target
