"""Whatever a file holds that says what is asked for, reading it ends in a value or in a sentence."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import driftduel
from online.arms import parse_arm
from online.experiment import read_experiment
from producer.client import read_client_config
from producer.dataset import load_dataset
from producer.errors import DriftduelError
from producer.recipe import read_truth

CONTRACT = """
format = 1
name = "flows"
wire = "csv"
label = { positive = ["attack"], negative = ["benign"], kind = "tool" }
[[columns]]
name = "size"
type = "float"
clean = { missing = ["-"], units = { K = 1024 } }
[[columns]]
name = "tool"
type = "string"
feature = false
[[columns]]
name = "verdict"
type = "label"
[[repairs]]
column = "size"
plus_of = "size"
add = 1.5
"""
EXPERIMENT = """
model = "model"
seeds = [0, 1]
primary = ["dynamic"]
[[stream]]
name = "swapped"
file = "static.csv.gz"
drift = [{ kind = "label-swap", region = [0.4, 0.6] }, "feature-scale@10-20"]
[[arm]]
name = "dynamic"
[[arm]]
name = "always"
policy = "drift(adwin(delta=0.01), look_back=5)"
training_sets = ["last-5", { kind = "since-change" }]
gate = "none"
[baselines]
every = 2
"""
TRUTH = json.dumps({"format": 1, "drifts": [{"kind": "encoding", "start": 3, "end": 9}], "records": 20})
CLIENT = "security.protocol=SASL_SSL\nsasl.plain.password = x\n# a comment\nrequest.timeout.ms: 30\n"
READERS: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "contract": (CONTRACT, load_dataset),
    "experiment": (EXPERIMENT, read_experiment),
    "truth": (TRUTH, read_truth),
    "client": (CLIENT, read_client_config),
}
VALUES = ("[]", "{}", "1e999", "nan", "-inf", '"\\u0000"', "9" * 5000, "true", '"\uff11"', "[[[]]]", "1979-05-27", "''")


def outcome(name: str, content: bytes) -> None:
    """Read these bytes; whatever isn't a DriftduelError, with words, fails the test."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "given"
        path.write_bytes(content)
        said = "a value"
        try:
            READERS[name][1](path)
        except DriftduelError as error:
            said = str(error)
        assert 0 < len(said) < 20_000


@pytest.mark.parametrize("name", READERS)
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
@settings(max_examples=60)
def test_any_bytes_are_a_sentence(name: str, content: bytes) -> None:
    """No bytes end in another exception."""
    outcome(name, content)


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
@settings(max_examples=120)
def test_a_value_in_another_place_is_a_value_or_a_sentence(name: str, data: st.DataObject) -> None:
    """Each word and value of a whole file replaced by others, cut, or doubled."""
    text = READERS[name][0]
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 30)))
        into = data.draw(st.sampled_from(VALUES) | st.just(text[start:end] * 2) | st.text(max_size=5) | st.just(""))
        text = text[:start] + into + text[end:]
    outcome(name, text.encode("utf-8", "replace"))


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("value", VALUES)
def test_each_value_of_the_file_may_be_another(name: str, value: str) -> None:
    """One after the other, what stands right of `=` or `:` becomes something else."""
    text = READERS[name][0]
    for mark in ("=", ":"):
        for place in [place for place, letter in enumerate(text) if letter == mark]:
            end = min(at for at in (text.find(stop, place) for stop in (",", "}", "\n", text[-1])) if at >= 0)
            outcome(name, f"{text[: place + 1]} {value}{text[end:]}".encode())


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ("{a=", "}"), ('{"a":', "}")])
def test_deep_nesting_is_a_sentence(name: str, opened: str, closed: str) -> None:
    """A hundred thousand brackets are refused, and don't end the process."""
    for depth in (900, 100_000):
        deep = opened * depth + "1" + closed * depth
        outcome(name, deep.encode())
        outcome(name, f"name = {deep}\n".encode())


@pytest.mark.parametrize("name", READERS)
def test_a_file_of_gigabytes_is_refused_unread(name: str, tmp_path: Path) -> None:
    """A sparse file of any length: its size is looked at first."""
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(DriftduelError, match=r"1,099,511,627,776 bytes"):
        READERS[name][1](tmp_path / "huge")


@pytest.mark.parametrize("name", READERS)
def test_a_device_without_end_is_refused(name: str) -> None:
    """It says that it has no bytes, and would fill any memory."""
    with pytest.raises(DriftduelError, match=r"16,777,217 bytes"):
        READERS[name][1](Path("/dev/zero"))


@given(text=st.text(alphabet="ab(),=:-.0\u0661 ", max_size=40))
@settings(max_examples=300)
def test_any_words_for_an_arm_are_an_arm_or_a_sentence(text: str) -> None:
    """--arm takes any text without another exception."""
    with suppress(DriftduelError):
        parse_arm(f"x:policy={text}")


def test_parentheses_without_end_are_a_sentence() -> None:
    """A thousand components inside each other are refused."""
    for depth in (200, 20_000):
        with pytest.raises(DriftduelError):
            parse_arm(f"x:policy={'budgeted(' * depth}never{')' * depth}")


@pytest.mark.parametrize("name", ["manifest.json", "positions.jsonl", "experiment.toml"])
@pytest.mark.parametrize(
    "content", ["[" * 100_000, '{"a":' * 100_000, "\0" * 100, "1e999", '"x"', "[]", "\ufeff{}", ""]
)
def test_a_damaged_run_is_a_sentence(
    tiny_lines, tiny_file, tiny_model, tmp_path: Path, capfd, name: str, content: str
) -> None:
    """Dead letters are shown of a run that is damaged in one place, or the place is named; the exit code is 0 or 1."""
    from online.duel import Duel, Stream, run_duel

    lines = [*tiny_lines(20, seed=1), b"bad"]
    stream = Stream(file=tiny_file(tmp_path / "s.csv", lines))
    run_duel(Duel(model=tiny_model(tmp_path / "model"), stream=stream), run=tmp_path / "run")
    (tmp_path / "run" / name).write_text(content)
    with pytest.raises(SystemExit) as stop:
        driftduel.main(["dead-letters", str(tmp_path / "run")])
    assert stop.value.code in (None, 0, 1)
    assert (stop.value.code or 0) == (1 if name == "manifest.json" else 0)
    assert "Traceback" not in "".join(capfd.readouterr())
