"""A model of a stranger is data inside its own directory: no link leads out of it, no name, and no size is believed."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from producer.dataset import Column, Dataset, Label
from producer.errors import ModelError
from static_model.artifact import Linear, Model, Numeric, load_model, save_model
from static_model.foreign.importing import import_model

DATASET = Dataset(
    name="toy",
    label=Label(positive=("1",), negative=("0",)),
    columns=(Column(name="size", type="float"), Column(name="attack", type="label")),
)
SECRET = b"root:x:0:0"


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """The directory of a saved model; outside of it lies a file that is nobody's business."""
    (tmp_path / "outside").write_bytes(SECRET)
    model = Model(DATASET, (Numeric("size"),), Linear(np.array([2.0]), 0.1, {}), 0.5, 10, 3, {})
    save_model(model, tmp_path / "model")
    return tmp_path / "model"


@pytest.mark.parametrize("name", ["model.json", "DIGEST", "arrays", "arrays/coefficients.npy"])
@pytest.mark.parametrize("inside", [True, False])
def test_a_link_in_a_model_is_refused(saved: Path, name: str, inside: bool) -> None:
    """No part of a model may be a link, wherever it leads: what is read is what was saved there."""
    path = saved / name
    moved = path.with_name(f"moved-{path.name}") if inside else saved.parent / "elsewhere"
    path.rename(moved)
    path.symlink_to(moved)
    with pytest.raises(ModelError, match="is a link; a model holds its files itself"):
        load_model(saved)


def test_a_linked_file_of_the_machine_is_not_shown(saved: Path) -> None:
    """A link to another file of the machine is refused, and nothing of that file is in the message."""
    (saved / "model.json").unlink()
    (saved / "model.json").symlink_to(saved.parent / "outside")
    with pytest.raises(ModelError) as caught:
        load_model(saved)
    assert SECRET.decode() not in str(caught.value)


def test_a_model_directory_may_be_reached_by_a_link(saved: Path) -> None:
    """What the user names may be a link of the user's own."""
    (saved.parent / "latest").symlink_to(saved)
    assert 0.5 == load_model(saved.parent / "latest").threshold


def test_an_array_of_gigabytes_is_refused_unread(saved: Path) -> None:
    """A sparse file of any length costs nothing on the disk; its size is looked at before it is digested."""
    with (saved / "arrays" / "coefficients.npy").open("r+b") as file:
        file.truncate(2**40)
    with pytest.raises(ModelError, match=r"coefficients.npy has 1,099,511,627,776 bytes; a model's file may have"):
        load_model(saved)


@pytest.mark.parametrize("name", ["../escaped.npy", "/tmp/escaped-driftduel.npy", "a/../../escaped.npy"])
def test_an_entry_of_a_zip_is_written_nowhere(tmp_path: Path, name: str) -> None:
    """A .skops file's entries are read from memory, so their names lead nowhere."""
    inner = tmp_path / "inner"
    inner.mkdir()
    with zipfile.ZipFile(inner / "m.skops", "w") as archive:
        archive.writestr(name, SECRET)
        archive.writestr("schema.json", "{}")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ModelError, match=r"m\.skops"):
        import_model(inner / "m.skops", DATASET, tmp_path / "model", learner="decision_tree", threshold=None)
    assert before == sorted(tmp_path.rglob("*"))
    assert not Path("/tmp/escaped-driftduel.npy").exists()


def test_a_link_in_a_spark_directory_is_refused(tmp_path: Path) -> None:
    """A stage, or a file of one, that is a link is named and not followed."""
    place = tmp_path / "theirs"
    (place / "metadata").mkdir(parents=True)
    (place / "metadata" / "part-00000").symlink_to(tmp_path / "outside")
    (tmp_path / "outside").write_bytes(SECRET)
    with pytest.raises(ModelError, match="part-00000 is a link or no regular file") as caught:
        import_model(place, DATASET, tmp_path / "model", learner=None, threshold=None)
    assert SECRET.decode() not in str(caught.value)
