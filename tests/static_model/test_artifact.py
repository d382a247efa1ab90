"""A saved model comes back whole, or is refused with a sentence."""

from __future__ import annotations

import hashlib
import json
import shutil
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from producer.dataset import Column, Dataset, Label
from producer.errors import ModelError
from static_model.artifact import Forest, Linear, Model, Numeric, OneHot, load_model, model_digest, save_model

DATASET = Dataset(
    name="toy",
    label=Label(positive=("1",), negative=("0",)),
    columns=(
        Column(name="size", type="int"),
        Column(name="rate", type="float"),
        Column(name="word", type="string"),
        Column(name="attack", type="label"),
    ),
)
STEPS = (Numeric("size"), OneHot("word", ("nan", "größe", ""), 2), Numeric("rate"))
FOREST = Forest(
    feature=np.array([0, -1, 3, -1, -1, -1], np.int32),
    threshold=np.array([0.1, 0.0, -1e300, 0.0, 0.0, 0.0]),
    left=np.array([1, -1, 3, -1, -1, -1], np.int32),
    right=np.array([2, -1, 4, -1, -1, -1], np.int32),
    votes=np.array([[0, 0], [1, 0], [0, 0], [0.25, 0.75], [0, 9], [1 / 3, 2 / 3]], np.float64),
    roots=np.array([0, 5], np.int32),
    compares="float64",
    parameters={"trees": 2, "max_depth": 10, "subsampling": 0.1, "impurity": "gini"},
)
LINEAR = Linear(np.array([1 / 3, -0.0, 1e-300, 2.0]), 0.1, {"reg_param": 0.01})


def model_of(estimator=FOREST, **changes):
    model = Model(
        dataset=DATASET,
        steps=STEPS,
        estimator=estimator,
        threshold=0.5,
        holdout_records=10,
        holdout_errors=3,
        info={"engine": "hand", "metrics": {"f1": 0.1 + 0.2, "mcc": None}, "list": [1, "ü"]},
    )
    return replace(model, **changes)


@pytest.fixture
def saved(tmp_path):
    """The directory of a saved forest."""
    save_model(model_of(), tmp_path / "model")
    return tmp_path / "model"


def seal(directory):
    """Write a DIGEST that fits whatever the files hold now, as somebody who forges a model would."""
    names = sorted(
        str(path.relative_to(directory)) for path in directory.rglob("*") if path.suffix in (".npy", ".json")
    )
    lines = "".join(f"sha256:{hashlib.sha256((directory / n).read_bytes()).hexdigest()}  {n}\n" for n in names)
    (directory / "DIGEST").write_text(f"{lines}sha256:{hashlib.sha256(lines.encode()).hexdigest()}  total\n")


def forge_json(directory, change):
    """Change model.json and seal it."""
    content = json.loads((directory / "model.json").read_text())
    change(content)
    (directory / "model.json").write_text(json.dumps(content))
    seal(directory)


def forge_array(directory, name, array, **options):
    """Replace an array and seal it."""
    np.save(directory / f"arrays/{name}.npy", array, **options)
    seal(directory)


@pytest.mark.parametrize("estimator", [FOREST, LINEAR])
def test_a_model_comes_back_as_it_was_saved(tmp_path, estimator):
    """Every value, bit by bit, survives saving and loading, and so does the digest."""
    model = model_of(estimator)
    digest = save_model(model, tmp_path / "deep" / "model")
    loaded = load_model(tmp_path / "deep" / "model")
    for name in ("dataset", "steps", "threshold", "holdout_records", "holdout_errors", "info"):
        assert getattr(model, name) == getattr(loaded, name)
    assert type(estimator) is type(loaded.estimator)
    for name in estimator.__slots__:
        expected, actual = getattr(estimator, name), getattr(loaded.estimator, name)
        if isinstance(expected, np.ndarray):
            assert (expected.dtype, expected.tobytes()) == (actual.dtype, actual.tobytes())
            assert not actual.flags.writeable
        else:
            assert expected == actual
    assert digest == model_digest(model) == model_digest(loaded)


def test_the_bytes_of_a_saved_model_repeat(tmp_path):
    """Saving twice, the order of dict entries aside, gives the same bytes in every file."""
    info = dict(reversed(model_of().info.items()))
    save_model(model_of(), tmp_path / "a")
    save_model(model_of(info=info), tmp_path / "b")
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert [(tmp_path / "a" / f).read_bytes() for f in files] == [(tmp_path / "b" / f).read_bytes() for f in files]
    assert ["DIGEST", "model.json"] == [str(f) for f in files if f.parent.name != "arrays"]


def test_the_digest_tells_models_apart():
    """One changed value, in the description or in an array, changes the digest."""
    threshold = FOREST.threshold.copy()
    threshold[0] = np.nextafter(0.1, 1)
    models = [
        model_of(),
        model_of(threshold=0.25),
        model_of(holdout_errors=4),
        model_of(LINEAR),
        model_of(replace(FOREST, threshold=threshold)),
        model_of(replace(FOREST, compares="float32")),
    ]
    assert len(models) == len({model_digest(model) for model in models})


def test_a_directory_beside_the_arrays_is_no_part_of_the_model(saved):
    """What is added under spark/ changes neither loading nor the digest."""
    (saved / "spark").mkdir()
    (saved / "spark" / "part").write_bytes(b"anything")
    assert model_digest(model_of()) == model_digest(load_model(saved))


def test_an_existing_directory_is_not_overwritten(saved):
    """Saving where something is already fails and leaves it, and no debris, behind."""
    before = (saved / "DIGEST").read_bytes()
    with pytest.raises(ModelError, match=r"model exists already, and a model is never overwritten"):
        save_model(model_of(LINEAR), saved)
    assert before == (saved / "DIGEST").read_bytes()
    assert ["model"] == [path.name for path in saved.parent.iterdir()]


def test_a_place_that_can_t_be_written_is_named(tmp_path):
    """A parent that is a file is a sentence, not a traceback."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match=r"the model can't be written to .*file/model: "):
        save_model(model_of(), tmp_path / "file" / "model")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"threshold": float("nan")}, "can't be saved: threshold"),
        ({"threshold": 1.5}, "can't be saved: threshold"),
        ({"holdout_errors": 11}, "11 errors in 10 held-out records"),
        ({"info": {"f1": float("nan")}}, "info can't be written as JSON"),
        ({"info": {"f1": np.int64(1)}}, "info can't be written as JSON"),
        ({"steps": ()}, "no feature steps"),
    ],
)
def test_an_invalid_model_is_not_saved(tmp_path, changes, message):
    """What could not be loaded again is refused on saving, and nothing is written."""
    with pytest.raises(ModelError, match=message):
        save_model(model_of(**changes), tmp_path / "model")
    assert [] == list(tmp_path.iterdir())


def test_no_directory_is_said_so(tmp_path):
    """A wrong path is named, with what makes a model."""
    with pytest.raises(ModelError, match=r"there is no model directory .*nowhere; 'driftduel train' makes one"):
        load_model(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["model.json", "DIGEST", "arrays/votes.npy"])
def test_a_missing_file_is_named(saved, name):
    """A directory that isn't whole says what is missing."""
    (saved / name).unlink()
    with pytest.raises(ModelError, match=rf"{name} is missing; the model directory isn't whole"):
        load_model(saved)


@pytest.mark.parametrize("name", ["model.json", "arrays/feature.npy", "arrays/roots.npy"])
def test_a_damaged_file_is_named(saved, name):
    """One flipped bit anywhere is found by the digest, and the file named."""
    content = bytearray((saved / name).read_bytes())
    content[-5] ^= 1
    (saved / name).write_bytes(content)
    with pytest.raises(ModelError, match=rf"{name} is damaged: its digest is"):
        load_model(saved)


def test_a_damaged_digest_is_named(saved):
    """Lines of DIGEST that were changed don't agree with its total."""
    text = (saved / "DIGEST").read_text()
    (saved / "DIGEST").write_text(text.replace("votes", "voted"))
    with pytest.raises(ModelError, match="DIGEST is damaged: its lines don't agree with its total"):
        load_model(saved)


def test_a_newer_format_says_so_whatever_else_is_in_it(saved):
    """A model of format 2 is recognised before its digests or fields are looked at."""
    (saved / "model.json").write_text('{"format": 2, "unheard": true}')
    with pytest.raises(ModelError, match="has format 2: it was written by a newer driftduel"):
        load_model(saved)


def test_no_json_is_said_so(saved):
    """A sealed model.json that isn't JSON is a sentence."""
    (saved / "model.json").write_text("{oops")
    seal(saved)
    with pytest.raises(ModelError, match=r"model.json isn't a valid model description: file: Invalid JSON"):
        load_model(saved)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda j: j.pop("steps"), "steps: Field required"),
        (lambda j: j.update(format=0), "format: Input should be 1"),
        (lambda j: j.update(threshold="0.5"), "threshold: Input should be a valid number"),
        (lambda j: j.update(threshold=float("inf")), "threshold: Input should be"),
        (lambda j: j.update(fingerprint="0" * 64), "its fingerprint isn't that of the contract"),
        (lambda j: j["estimator"].update(kind="magic"), "estimator: Input tag 'magic'"),
        (lambda j: j["estimator"].update(compares="float16"), "compares: Input should be"),
        (lambda j: j["holdout"].update(errors=99), "99 errors in 10 held-out records"),
        (lambda j: j["steps"][0].update(column="ghost"), "column 'ghost', which the model's contract doesn't have"),
        (lambda j: j["steps"][0].update(column="word"), "'word' as int or float, but the model's contract says string"),
        (lambda j: j["steps"][0].update(column="attack"), "but the model's contract says label"),
        (lambda j: j["steps"][1].update(column="size"), "'size' as string, but the model's contract says int"),
        (lambda j: j["steps"][1].update(width=6), "has 3 labels and a width of 6"),
        (lambda j: j["steps"][1].update(width=0), "a width of 0"),
        (lambda j: j["steps"][1].update(labels=["a", "a", "b"]), "'word' names a label twice"),
        (lambda j: j["steps"].pop(), "names a feature outside of the 3 that the steps make"),
        (lambda j: j["dataset"].update(columns=[]), "dataset.columns: "),
    ],
)
def test_a_forged_description_is_refused(saved, change, message):
    """A well-sealed model.json that can't be a model's says which field is wrong."""
    forge_json(saved, change)
    with pytest.raises(ModelError, match=message):
        load_model(saved)


def changed(array, at, value):
    copy = array.copy()
    copy[at] = value
    return copy


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("feature", FOREST.feature.astype(np.int64), r"'feature' is int64\[6\], expected int32\[6\]"),
        ("feature", changed(FOREST.feature, 0, 4), "names a feature outside of the 4"),
        ("feature", changed(FOREST.feature, 1, -2), "names a feature outside of the 4"),
        ("threshold", FOREST.threshold[:-1], r"'threshold' is float64\[5\], expected float64\[6\]"),
        ("threshold", changed(FOREST.threshold, 0, np.nan), "'threshold' holds a value that isn't a finite number"),
        ("votes", changed(FOREST.votes, (4, 1), np.inf), "'votes' holds a value that isn't a finite number"),
        ("votes", changed(FOREST.votes, (4, 1), 0.0), "'votes' has a leaf whose votes"),
        ("votes", changed(FOREST.votes, (3, 0), -0.5), "'votes' has a leaf whose votes"),
        ("votes", changed(FOREST.votes, 4, 1.7e308), "'votes' has a leaf whose votes"),
        ("votes", FOREST.votes[:, :1], r"'votes' is float64\[6, 1\]"),
        ("left", changed(FOREST.left, 2, 2), "'left' names a child that doesn't come after its parent"),
        ("left", changed(FOREST.left, 0, -1), "'left' names a child that doesn't come after its parent"),
        ("right", changed(FOREST.right, 2, 0), "'right' names a child that doesn't come after its parent"),
        ("right", changed(FOREST.right, 2, 5), "'right' names a child that doesn't come after its parent in the same"),
        ("right", changed(FOREST.right, 2, 6), "'right' names a child that doesn't come after its parent in the same"),
        ("right", changed(FOREST.right, 2, 3), "no parent or with several"),
        ("roots", np.array([1, 5], np.int32), "'roots' must ascend from 0"),
        ("roots", np.array([0, 0], np.int32), "'roots' must ascend from 0"),
        ("roots", np.array([0, 6], np.int32), "'roots' must ascend from 0 and stay below the 6 nodes"),
        ("roots", np.zeros((1, 1), np.int32), r"'roots' is int32\[1, 1\]"),
    ],
)
def test_forged_arrays_are_refused(saved, name, array, message):
    """A well-sealed array that would crash, loop or mislead the scorer says what is wrong with it."""
    forge_array(saved, name, array)
    with pytest.raises(ModelError, match=rf"the model in .* can't be used: .*{message}"):
        load_model(saved)


@pytest.mark.parametrize(
    ("coefficients", "message"),
    [
        (np.ones(3), r"'coefficients' is float64\[3\], expected float64\[4\]"),
        (np.ones(4, np.float32), r"'coefficients' is float32\[4\]"),
        (np.array([1, np.nan, 1, 1]), "'coefficients' holds a value that isn't a finite number"),
    ],
)
def test_forged_coefficients_are_refused(tmp_path, coefficients, message):
    """A linear model's array is checked against its steps."""
    save_model(model_of(LINEAR), tmp_path / "model")
    forge_array(tmp_path / "model", "coefficients", coefficients)
    with pytest.raises(ModelError, match=message):
        load_model(tmp_path / "model")


def test_arrays_of_objects_are_never_unpickled(saved):
    """An object array is refused before anything in it is built."""
    forge_array(saved, "votes", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ModelError, match=r"votes.npy isn't a whole .npy array of plain numbers"):
        load_model(saved)


def test_an_array_that_claims_more_than_its_file_holds_is_refused(saved):
    """A header that promises terabytes is believed only as far as the file reaches."""
    path = saved / "arrays" / "roots.npy"
    header = {"descr": "<i4", "fortran_order": False, "shape": (2**42,)}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        file.write(b"\0" * 64)
    seal(saved)
    with pytest.raises(ModelError, match=r"roots.npy isn't a whole .npy array of plain numbers"):
        load_model(saved)


def test_a_description_of_gigabytes_is_refused_unread(saved):
    """The size of a text file is looked at before it is read."""
    with (saved / "model.json").open("r+b") as file:
        file.truncate(2**33)
    with pytest.raises(ModelError, match=r"model.json has 8589934592 bytes: too large"):
        load_model(saved)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_a_sealed_file_holds_loading_ends_in_a_model_or_a_sentence(saved, data):
    """Random damage under a matching digest raises nothing but ModelError."""
    victim = saved.parent / "victim"
    shutil.rmtree(victim, ignore_errors=True)
    shutil.copytree(saved, victim)
    name = data.draw(st.sampled_from(["model.json", "arrays/feature.npy", "arrays/votes.npy", "arrays/roots.npy"]))
    content = bytearray((victim / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    del content[data.draw(st.integers(0, len(content))) or len(content) :]
    (victim / name).write_bytes(content)
    seal(victim)
    with suppress(ModelError):
        load_model(victim)
