"""Labels apart from their records: when they come, and the file that says so."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.dataset import Column, Dataset, Label
from producer.errors import ContractError, DriftduelError, UsageError
from producer.label_plan import Lateness, plan_arrivals, write_label_file
from producer.label_table import read_label_file, settle

LINES = ["1,attack", "2,benign", "x,attack", "4,worm, or so", '5,"worm, or so"', "", "7,benign"]
"""Records 0, 1, 4 and 6; 2, 3 and 5 are none."""


@pytest.fixture
def dataset() -> Dataset:
    """A contract with two words for an attack, one with a comma."""
    columns = (Column(name="a", type="int"), Column(name="y", type="label"))
    return Dataset(name="d", label=Label(positive=("attack", "worm, or so"), negative=("benign",)), columns=columns)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The lines as a file."""
    path = tmp_path / "stream.csv"
    path.write_text("a,y\n" + "".join(f"{line}\n" for line in LINES))
    return path


@pytest.fixture
def long_file(tmp_path: Path) -> Path:
    """2,000 records."""
    path = tmp_path / "long.csv"
    path.write_text("a,y\n" + "".join(f"{n},{('benign', 'attack')[n % 2]}\n" for n in range(2000)))
    return path


def test_records_alone_have_labels_in_their_own_words(file: Path, dataset: Dataset) -> None:
    """A dead letter has no label; the words are those of the file, under the number of the line."""
    found = plan_arrivals(file, dataset, Lateness(delay=3))
    assert found.seqs.tolist() == [0, 1, 4, 6]
    assert found.words.to_pylist() == ["attack", "benign", "worm, or so", "benign"]
    assert found.after.tolist() == [3, 4, 7, 9]


def test_jitter_puts_labels_out_of_order_within_its_bounds(long_file: Path, dataset: Dataset) -> None:
    """Each label comes from delay to delay + jitter records later, both ends included, in the order of its coming."""
    lateness = Lateness(delay=5, jitter=7, seed=2)
    found = plan_arrivals(long_file, dataset, lateness)
    assert sorted(found.seqs.tolist()) == list(range(2000))
    assert sorted(set((found.after - found.seqs).tolist())) == list(range(5, 13))
    assert bool((np.diff(found.after) >= 0).all())
    assert bool((np.diff(found.seqs) < 0).any())
    assert lateness.most == 12


def test_a_share_gets_a_label_and_the_seed_says_which(long_file: Path, dataset: Dataset) -> None:
    """Half of them, give or take four standard errors; the same for the same seed, others for another."""
    one, again, other = (plan_arrivals(long_file, dataset, Lateness(share=0.5, seed=seed)).seqs for seed in (1, 1, 2))
    assert abs(len(one) - 1000) < 4 * np.sqrt(500)
    assert one.tolist() == again.tolist() != other.tolist()


def test_no_label_at_all_is_refused(file: Path, dataset: Dataset) -> None:
    """A share so small that nobody gets one is said in a sentence."""
    with pytest.raises(
        ContractError, match=r"not one of the 4 records of .* gets a label; give a larger --label-share"
    ):
        plan_arrivals(file, dataset, Lateness(share=1e-9))


@pytest.mark.parametrize("name", ["labels.csv", "labels.csv.gz"])
def test_a_label_file_is_read_back(file: Path, dataset: Dataset, tmp_path: Path, name: str) -> None:
    """What was written is what is read: classes for words, in order of the records."""
    write_label_file(plan_arrivals(file, dataset, Lateness(delay=2, jitter=9, seed=4)), tmp_path / name)
    table = read_label_file(tmp_path / name, dataset)
    assert (table.seqs.tolist(), table.labels.tolist()) == ([0, 1, 4, 6], [1, 0, 1, 0])
    assert (table.doubles, table.dead, table.stream) == (0, (), None)


def test_a_label_file_says_what_it_is(file: Path, dataset: Dataset, tmp_path: Path) -> None:
    """Three columns, in the order of arrival; a gzip file of the same has the same bytes each time."""
    arrivals = plan_arrivals(file, dataset, Lateness())
    for name in ("l.csv", "l.csv.gz", "again.csv.gz"):
        write_label_file(arrivals, tmp_path / name)
    expected = b'seq,label,after\n0,attack,0\n1,benign,1\n4,"worm, or so",4\n6,benign,6\n'
    assert (tmp_path / "l.csv").read_bytes() == gzip.decompress((tmp_path / "l.csv.gz").read_bytes()) == expected
    assert (tmp_path / "l.csv.gz").read_bytes() == (tmp_path / "again.csv.gz").read_bytes()


def test_a_label_file_is_not_replaced_by_others(file: Path, dataset: Dataset, tmp_path: Path) -> None:
    """The same labels again are fine, others are refused, and a place that can't be written to is named."""
    path = tmp_path / "l.csv"
    for _ in range(2):
        write_label_file(plan_arrivals(file, dataset, Lateness()), path)
    with pytest.raises(UsageError, match=r"l.csv is there already and holds something else; choose another name"):
        write_label_file(plan_arrivals(file, dataset, Lateness(delay=1)), path)
    with pytest.raises(DriftduelError, match=r"can't be written \(.*\); choose another place"):
        write_label_file(plan_arrivals(file, dataset, Lateness()), path / "below.csv")


def test_a_bad_line_of_a_label_file_costs_only_itself(dataset: Dataset, tmp_path: Path) -> None:
    """Each has its reason, its bytes and its place; a header in the middle is none either."""
    path = tmp_path / "l.csv"
    path.write_text("seq,label,after\n0,attack,0\n1,perhaps,1\n2,benign\nthree,benign,3\nseq,label,after\n4,benign,\n")
    table = read_label_file(path, dataset)
    assert table.seqs.tolist() == [0]
    assert [(d.offset, d.reason.partition(";")[0]) for d in table.dead] == [
        (1, "unknown label 'perhaps' in 'label'"),
        (2, "2 columns instead of 3: b'2,benign'"),
        (3, "'seq': 'three' is not a whole number"),
        (4, "a header line among the labels"),
        (5, "'after': '' is not a whole number"),
    ]
    assert (table.dead[0].bytes, table.dead[0].partition) == ("MSxwZXJoYXBzLDE=", 0)


def test_a_file_that_is_no_label_file_is_refused(file: Path, dataset: Dataset) -> None:
    """The columns that are expected are named."""
    with pytest.raises(
        ContractError, match=r"doesn't fit dataset 'labels of d'.*Expected the columns: seq, label, aft"
    ):
        read_label_file(file, dataset)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 1), st.integers(0, 20)), max_size=30))
def test_the_first_label_of_a_record_counts(sent: list[tuple[int, int, int]]) -> None:
    """A plain loop that keeps the first one says the same; no label is known before its record."""
    expected: dict[int, tuple[int, int]] = {}
    for seq, label, after in sent:
        expected.setdefault(seq, (label, max(seq, after)))
    columns = [np.array([row[place] for row in sent], dtype=np.int64) for place in range(3)]
    table = settle(columns[0], columns[1].astype(np.int8), columns[2], dead=())
    rows = zip(table.seqs.tolist(), table.labels.tolist(), table.after.tolist(), strict=True)
    assert [(seq, *expected[seq]) for seq in sorted(expected)] == list(rows)
    assert table.doubles == len(sent) - len(expected)
    there, places = table.find(np.arange(12))
    assert np.flatnonzero(there).tolist() == sorted(expected)
    assert table.seqs[places].tolist() == sorted(expected)
