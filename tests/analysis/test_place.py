"""Directories that appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.place import check_place, whole_directory
from producer.errors import RunError, UsageError

KIND = {"marker": "explore.json", "what": "exploration"}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def make(directory: Path, *, force: bool = False, fails: Exception | None = None) -> None:
    check_place(directory, **KIND, force=force)
    with whole_directory(directory) as folder:
        (folder / "explore.json").write_text("{}")
        (folder / "more").mkdir()
        if fails:
            raise fails


def test_it_appears_with_all_that_is_in_it(tmp_path: Path) -> None:
    """The directory has its name once everything is written, and nothing else is left; its parents are made."""
    make(tmp_path / "a" / "b")
    assert ["explore.json", "more"] == names(tmp_path / "a" / "b")
    assert ["b"] == names(tmp_path / "a")


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("x")])
def test_on_failure_nothing_is_left_and_what_was_there_stays(tmp_path: Path, error: Exception) -> None:
    """A full disk, or any error, leaves no new directory, and an older one as it was."""
    with pytest.raises((RunError, ValueError)):
        make(tmp_path / "new", fails=error)
    assert [] == names(tmp_path)
    make(tmp_path / "old")
    (tmp_path / "old" / "mine").write_text("x")
    with pytest.raises((RunError, ValueError)):
        make(tmp_path / "old", force=True, fails=error)
    assert ["old"] == names(tmp_path)
    assert "x" == (tmp_path / "old" / "mine").read_text()


def test_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
    """The error names the directory, says why, and that nothing was saved."""
    with pytest.raises(RunError, match=r"can't be written: No space left on device\. Nothing was saved"):
        make(tmp_path / "x", fails=OSError(28, "No space left on device"))


def test_only_its_own_kind_is_replaced(tmp_path: Path) -> None:
    """Without --force nothing is replaced; with it only a directory of the same kind, never a stranger's or a file."""
    make(tmp_path / "old")
    (tmp_path / "old" / "mine").write_text("x")
    with pytest.raises(UsageError, match="holds an exploration already; name another one, or replace it with --force"):
        make(tmp_path / "old")
    make(tmp_path / "old", force=True)
    assert ["explore.json", "more"] == names(tmp_path / "old")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").write_text("x")
    (tmp_path / "file").write_text("x")
    for name in ("photos", "file"):
        with pytest.raises(UsageError, match="exists already and holds no exploration; name another one with --out"):
            make(tmp_path / name, force=True)


def test_an_empty_directory_is_no_hindrance(tmp_path: Path) -> None:
    """A directory that somebody made beforehand, and left empty, is used."""
    (tmp_path / "empty").mkdir()
    make(tmp_path / "empty")
    assert ["explore.json", "more"] == names(tmp_path / "empty")


def test_where_nothing_can_be_made_is_said_beforehand(tmp_path: Path) -> None:
    """A file in the place of a parent is a sentence before any work, not a failure after it."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="can't be made"):
        check_place(tmp_path / "file" / "out", **KIND, force=False)
