"""Hadoop URIs, read by Spark's own Java."""

from __future__ import annotations

from pathlib import Path

import pytest

from producer.errors import UsageError
from static_model.remote import fetch

pytestmark = pytest.mark.spark


def test_files_folders_and_patterns_are_brought(spark, tmp_path: Path) -> None:
    """A path stays; URIs of a file, of a folder with Hadoop's own marks, and with wildcards are copied in order."""
    source, folder = tmp_path / "so urce", tmp_path / "fetched"
    (source / "parts").mkdir(parents=True)
    folder.mkdir()
    for name in ("parts/b.csv", "parts/a.csv", "parts/_SUCCESS", "parts/.hidden", "c.csv"):
        (source / name).write_text(name)
    plain = tmp_path / "plain.csv"
    uri = f"file://{source}"
    found = fetch(spark, [str(plain), f"{uri}/c.csv", f"{uri}/parts", f"{uri}/parts/[ab].csv"], folder)
    assert plain == found[0]
    expected = ["c.csv", "parts/a.csv", "parts/b.csv", "parts/a.csv", "parts/b.csv"]
    assert expected == [path.read_text() for path in found[1:]]
    assert ["c.csv", "a.csv", "b.csv", "a.csv", "b.csv"] == [path.name for path in found[1:]]


def test_a_file_with_a_mark_is_taken_when_it_is_named(spark, tmp_path: Path) -> None:
    """What begins as Hadoop's own files do is left out of folders and of `*`, but not where the user asks for it."""
    source, folder = tmp_path / "source", tmp_path / "fetched"
    (source / "_kept").mkdir(parents=True)
    folder.mkdir()
    for name in ("_x.csv", ".y.csv", "z.csv", "_kept/a.csv", "_kept/_SUCCESS"):
        (source / name).write_text(name)
    uris = [f"file://{source}/{end}" for end in ("_x.csv", ".y.csv", "_*.csv", "*", "_kept", "")]
    found = fetch(spark, uris, folder)
    expected = ["_x.csv", ".y.csv", "_x.csv", "z.csv", "_kept/a.csv", "z.csv"]
    assert expected == [path.read_text() for path in found]


def test_a_uri_without_a_file_says_so(spark, tmp_path: Path) -> None:
    """Nothing there is the user's mistake."""
    with pytest.raises(UsageError, match=r"there is no file file:///.*/nothing\.csv; give a file"):
        fetch(spark, [f"file://{tmp_path}/nothing.csv"], tmp_path)


def test_an_unknown_file_system_says_what_hadoop_said(spark, tmp_path: Path) -> None:
    """The scheme is named, without a Java stack."""
    with pytest.raises(UsageError, match=r'nofs://x/y can.t be read: No FileSystem for scheme "nofs"; check'):
        fetch(spark, ["nofs://x/y"], tmp_path)
