"""Where a saved model came from, told without reading what its other files mean."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from producer.errors import ModelError
from static_model.artifact import saved_info
from static_model.storage import digest_text


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[bytes], Path]:
    """A directory with this `model.json` and one more file, under digests that agree."""

    def call(content: bytes) -> Path:
        files = {"model.json": content, "other.npy": b"no array"}
        for name, each in {**files, "DIGEST": digest_text(files).encode()}.items():
            (tmp_path / name).write_bytes(each)
        return tmp_path

    return call


def test_only_digests_are_looked_at(saved: Callable[[bytes], Path]) -> None:
    """Files that are what was saved are enough: arrays aren't read as such."""
    assert saved_info(saved(json.dumps({"info": {"rows": 3}}).encode())) == {"rows": 3}


@pytest.mark.parametrize("name", ["model.json", "other.npy"])
def test_a_damaged_file_is_named(saved: Callable[[bytes], Path], name: str) -> None:
    """Whichever it is."""
    directory = saved(b'{"info": {}}')
    (directory / name).write_bytes(b"other")
    with pytest.raises(ModelError, match=rf"{name} is damaged: its digest is "):
        saved_info(directory)


def test_a_model_without_its_description_is_refused(saved: Callable[[bytes], Path]) -> None:
    """Also where the digests don't speak of one."""
    directory = saved(b"")
    (directory / "model.json").unlink()
    (directory / "DIGEST").write_text(digest_text({"other.npy": b"no array"}))
    with pytest.raises(ModelError, match=r"model\.json is missing"):
        saved_info(directory)


def test_what_is_no_file_is_not_read(saved: Callable[[bytes], Path]) -> None:
    """A folder, a pipe or a device: reading that could last for ever."""
    directory = saved(b'{"info": {}}')
    (directory / "other.npy").unlink()
    (directory / "other.npy").mkdir()
    with pytest.raises(ModelError, match=r"other\.npy is no regular file; take the model from where it was made"):
        saved_info(directory)


def test_a_description_that_no_digest_covers_is_refused(saved: Callable[[bytes], Path]) -> None:
    """Nobody could tell whether it is what was saved."""
    directory = saved(b'{"info": {}}')
    (directory / "DIGEST").write_text(digest_text({"other.npy": b"no array"}))
    with pytest.raises(ModelError, match=r"model\.json is damaged: its digest is \w+\.\.\., DIGEST says nothing"):
        saved_info(directory)


@pytest.mark.parametrize("content", [b"", b"{}", b"7", b'{"info": 3}', b'{"info": ["x"]}', b"\xff", b"[" * 100_000])
def test_what_is_no_description_is_refused(saved: Callable[[bytes], Path], content: bytes) -> None:
    """Whatever its digest says."""
    with pytest.raises(ModelError, match="it doesn't say where the model came from"):
        saved_info(saved(content))


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "arrays/../../secret", "arrays/.."])
def test_a_file_outside_of_the_model_is_not_looked_at(saved: Callable[[bytes], Path], name: str) -> None:
    """What would be said of its digest would tell of its content."""
    directory = saved(b'{"info": {}}')
    files = {"model.json": b'{"info": {}}', name: b"a guess"}
    (directory / "DIGEST").write_text(digest_text(files))
    with pytest.raises(ModelError, match=rf"DIGEST names '{name}', which is no file of a model; take"):
        saved_info(directory)
