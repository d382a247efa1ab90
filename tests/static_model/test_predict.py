"""Batch prediction over files."""

from __future__ import annotations

import base64
import csv
import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from producer.dataset import Dataset, parse_dataset
from producer.errors import ContractError, UsageError
from static_model.artifact import Linear, Model, Numeric, save_model
from static_model.predict import added_names, csv_line, predict_files

CONTRACT = """
format = 1
name = "tiny"
[label]
positive = ["bad"]
negative = ["good"]
[[columns]]
name = "word"
type = "string"
feature = false
[[columns]]
name = "a"
type = "float"
[[columns]]
name = "y"
type = "label"
"""


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return parse_dataset(CONTRACT, "tiny")


@pytest.fixture
def model(dataset: Dataset, tmp_path: Path) -> Path:
    """Score 1 / (1 + exp(-a)); positive where a > 0."""
    linear = Linear(np.ones(1), 0.0, parameters={"reg_param": 0.0, "max_iter": 1})
    save_model(Model(dataset, (Numeric("a"),), linear, 0.5, 0, 0, {}), tmp_path / "model")
    return tmp_path / "model"


def test_rows_come_back_with_score_and_prediction(model: Path, tmp_path: Path) -> None:
    """Every row of every file, its own cells as they were written, in order, with two columns more."""
    one, two = tmp_path / "one.csv", tmp_path / "two.csv.gz"
    one.write_bytes(b'word,a,y\n"x, ""y""", 2.50,bad\nz,-1,good\n')
    two.write_bytes(gzip.compress(b"word,a,y\r\nlast,0,bad\r\n"))
    done = predict_files([one, two], model, tmp_path / "out.csv")
    assert (3, 1, 0, None) == (done.rows, done.positives, done.dead, done.dead_letters)
    rows = list(csv.reader((tmp_path / "out.csv").open(newline="")))
    assert ["word", "a", "y", "score", "prediction"] == rows[0]
    assert ['x, "y"', " 2.50", "bad", repr(round(1 / (1 + np.exp(-2.5)).item(), 9)), "1"] == rows[1]
    assert [["z", "-1", "good"], ["last", "0", "bad"]] == [row[:3] for row in rows[2:]]
    assert ["0", "0"] == [row[4] for row in rows[2:]]
    assert sorted(["model", "one.csv", "out.csv", "two.csv.gz"]) == sorted(path.name for path in tmp_path.iterdir())


def test_a_file_without_labels_is_predicted(model: Path, tmp_path: Path) -> None:
    """What is to be predicted mostly has no label yet; and the output may be gzip."""
    path = tmp_path / "new.csv"
    path.write_bytes(b"word,a\nx,1\ny,-1\n")
    predict_files([path], model, tmp_path / "out.csv.gz")
    lines = gzip.decompress((tmp_path / "out.csv.gz").read_bytes()).splitlines()
    assert b"word,a,score,prediction" == lines[0]
    assert [b"1", b"0"] == [line.rpartition(b",")[2] for line in lines[1:]]


def test_rows_that_are_no_records_become_dead_letters(model: Path, tmp_path: Path) -> None:
    """File, line number, reason and bytes are kept, and the other rows are scored."""
    path = tmp_path / "new.csv"
    path.write_bytes(b"word,a\nx,1\ny,minus\nz,2\nonly one\n")
    done = predict_files([path], model, tmp_path / "out.csv")
    assert (2, 2, 2, tmp_path / "out.csv.dead_letters.jsonl") == (
        done.rows,
        done.positives,
        done.dead,
        done.dead_letters,
    )
    letters = [json.loads(line) for line in done.dead_letters.read_text().splitlines()]
    assert [(str(path), 3), (str(path), 5)] == [(letter["file"], letter["line"]) for letter in letters]
    assert "'a': 'minus' is not a finite number" == letters[0]["reason"]
    assert [b"y,minus", b"only one"] == [base64.b64decode(letter["bytes"]) for letter in letters]


def test_a_file_of_another_contract_is_refused(model: Path, tmp_path: Path) -> None:
    """The message is about the contract with the label, and nothing is written."""
    path = tmp_path / "other.csv"
    path.write_bytes(b"word,b,y\nx,1,good\n")
    with pytest.raises(ContractError, match="missing 'a'; not in the contract 'b'"):
        predict_files([path], model, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_a_failure_in_the_middle_leaves_what_was_there(model: Path, tmp_path: Path) -> None:
    """A gzip file cut in the middle stops the prediction; an older output stays, and no part is left."""
    path, out = tmp_path / "cut.csv.gz", tmp_path / "out.csv"
    rows = b"".join(b"%d,%d\n" % (n * 7919 % 10007, n) for n in range(50_000))
    path.write_bytes(gzip.compress(b"word,a\n" + rows)[:-3000])
    out.write_bytes(b"older")
    with pytest.raises(ContractError, match=r"cut\.csv\.gz is a gzip file that is cut short"):
        predict_files([path], model, out, force=True)
    assert b"older" == out.read_bytes()
    assert ["cut.csv.gz", "model", "out.csv"] == sorted(file.name for file in tmp_path.iterdir())


def test_an_older_output_is_replaced_only_when_asked(model: Path, tmp_path: Path) -> None:
    """Predictions are never overwritten by accident, and the name says what is written."""
    path, out = tmp_path / "new.csv", tmp_path / "out.csv"
    path.write_bytes(b"word,a\nx,1\n")
    out.write_bytes(b"older")
    with pytest.raises(UsageError, match=r"out\.csv is there already; .*--force"):
        predict_files([path], model, out)
    with pytest.raises(UsageError, match=r"out\.json is no name for predictions; end it in \.csv or \.csv\.gz"):
        predict_files([path], model, tmp_path / "out.json")


def test_the_added_columns_never_double_a_name(dataset: Dataset) -> None:
    """A contract with a column `score` gets `score_` beside it."""
    renamed = dataset.model_copy(
        update={
            "columns": tuple(c.model_copy(update={"name": "score"} if c.name == "a" else {}) for c in dataset.columns)
        }
    )
    assert ("score", "prediction") == added_names(dataset)
    assert ("score_", "prediction") == added_names(renamed)


def test_cells_are_quoted_where_they_must_be() -> None:
    """Commas and quotes in a column's name survive."""
    assert b'a,"b,c","d""e"\n' == csv_line(["a", "b,c", 'd"e'])


def test_older_dead_letters_are_not_replaced_unasked(model: Path, tmp_path: Path) -> None:
    """What an earlier prediction left stays, until --force."""
    (tmp_path / "one.csv").write_bytes(b"word,a,y\nz,-1,good\n")
    letters = tmp_path / "out.csv.dead_letters.jsonl"
    letters.write_text("older")
    with pytest.raises(UsageError, match=r"out.csv.dead_letters.jsonl is there already; choose another name"):
        predict_files([tmp_path / "one.csv"], model, tmp_path / "out.csv")
    assert "older" == letters.read_text()
    predict_files([tmp_path / "one.csv"], model, tmp_path / "out.csv", force=True)
    assert not letters.exists()
