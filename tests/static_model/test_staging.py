"""From files to the Parquet that Spark reads."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from producer import files
from producer.dataset import Dataset, parse_dataset
from producer.errors import ContractError
from static_model.staging import Source, stage_files


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    text = """
format = 1
name = "tiny"
[label]
positive = ["Attack"]
negative = ["Normal"]
[[columns]]
name = "a"
type = "int"
[[columns]]
name = "y"
type = "label"
"""
    return parse_dataset(text, "tiny")


def rows_of(folder: Path) -> list[tuple]:
    return sorted(tuple(row.values()) for path in folder.iterdir() for row in pq.read_table(path).to_pylist())


def test_records_of_several_files_are_staged(dataset: Dataset, tmp_path: Path) -> None:
    """All records of all files arrive, counted by class; the files are named without their folder."""
    one, two = tmp_path / "one.csv", tmp_path / "two.csv.gz"
    one.write_bytes(b"a,y\n1,Attack\n2,Normal\n")
    two.write_bytes(gzip.compress(b"a,y\n3,Normal\na,y\n4,Normal\n"))
    staged = stage_files([one, two], dataset, tmp_path / "staged", skip_bad_rows=False)
    assert [(1, 1), (2, 0), (3, 0), (4, 0)] == rows_of(staged.folder)
    assert ((3, 1), 4, 0, 1) == (staged.class_counts, staged.rows, staged.dead, staged.headers)
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (one, two)]
    assert (Source("one.csv", digests[0]), Source("two.csv.gz", digests[1])) == staged.sources


@pytest.mark.parametrize(
    ("rows", "block"),
    [(2, 1), (3, 1), (7, 1), (2, 2), (3, 2), (7, 2), (7, 3), (2, 16_384), (7, 16_384), (40_000, 16_384)],
)
def test_there_are_two_full_parts_for_each_file(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int, block: int
) -> None:
    """Spark gets at least two partitions of each file with rows in them, however few lines it has."""
    monkeypatch.setattr(files, "BLOCK", block)
    path = tmp_path / "one.csv"
    path.write_bytes(b"a,y\n" + b"".join(b"%d,Normal\n" % n for n in range(rows)))
    staged = stage_files([path], dataset, tmp_path / "staged", skip_bad_rows=False)
    sizes = sorted(pq.read_metadata(part).num_rows for part in staged.folder.iterdir())
    assert 2 == len(sizes)
    assert rows == sum(sizes)
    assert sizes[0] > 0
    assert [(n, 0) for n in range(rows)] == rows_of(staged.folder)


def test_a_row_that_is_no_record_stops_it_by_line(dataset: Dataset, tmp_path: Path) -> None:
    """File, line and reason are named, and the way out."""
    path = tmp_path / "one.csv"
    path.write_bytes(b"a,y\n1,Attack\n2,Evil\n")
    with pytest.raises(ContractError, match=r"one.csv, line 3, is no record: unknown label 'Evil' in 'y'.*skip-bad"):
        stage_files([path], dataset, tmp_path / "staged", skip_bad_rows=False)


def test_rows_that_are_no_records_can_be_left_out(dataset: Dataset, tmp_path: Path) -> None:
    """They are counted, and the first is remembered."""
    path = tmp_path / "one.csv"
    path.write_bytes(b"a,y\nx,Attack\n2,Evil\n3,Attack\n")
    staged = stage_files([path], dataset, tmp_path / "staged", skip_bad_rows=True)
    assert ((0, 1), 2) == (staged.class_counts, staged.dead)
    assert staged.first_dead.endswith("one.csv, line 2, is no record: 'a': 'x' is not a whole number")


def test_a_file_of_bad_rows_only_says_so(dataset: Dataset, tmp_path: Path) -> None:
    """With nothing left there is nothing to train on."""
    path = tmp_path / "one.csv"
    path.write_bytes(b"a,y\nx,Attack\n2,Evil\n")
    with pytest.raises(
        ContractError, match=r"no record is left of .*one.csv: all 2 rows are none; the first: .*line 2"
    ):
        stage_files([path], dataset, tmp_path / "staged", skip_bad_rows=True)
