"""Parquet: rows become CSV lines that read back as the same values."""

from __future__ import annotations

import datetime
import decimal
import math
import tracemalloc
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer import files
from producer.columnar import read_rows
from producer.dataset import Dataset, load_dataset, parse_dataset
from producer.errors import ContractError
from producer.files import read_blocks, read_lines, read_records


def contract(kind: str, *, clean: str = "{}", positive: str = "1", negative: str = "0") -> Dataset:
    """A contract of one column `x` and the label `y`."""
    return parse_dataset(
        f"""
        name = "one"
        label = {{ positive = ["{positive}"], negative = ["{negative}"] }}
        columns = [{{ name = "x", type = "{kind}", clean = {clean} }}, {{ name = "y", type = "label" }}]
        """,
        "one",
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test's file stands; its name says nothing about what it holds."""
    return tmp_path / "records.dat"


def write(path: Path, columns: Mapping[str, object], **options: object) -> None:
    """A Parquet file of these columns."""
    pq.write_table(pa.table(dict(columns)), path, **options)


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (pa.array([1, -2], pa.int8()), "int", [1, -2]),
        (pa.array([2**63 - 1, -(2**63)], pa.int64()), "int", [2**63 - 1, -(2**63)]),
        (pa.array([7, 2**53 + 1], pa.uint64()), "int", [7, 2**53 + 1]),
        (pa.array([3.0, -123456789012345678.0], pa.float64()), "int", [3, -123456789012345680]),
        (pa.array([True, False]), "int", [1, 0]),
        (pa.array([decimal.Decimal("5.00"), decimal.Decimal("-7.00")]), "int", [5, -7]),
        (pa.array([0.1, 1e300]), "float", [0.1, 1e300]),
        (pa.array([0.1, 2.5], pa.float32()), "float", [float(np.float32(0.1)), 2.5]),
        (pa.array([decimal.Decimal("1.25"), decimal.Decimal("0.10")]), "float", [1.25, 0.1]),
        (pa.array([1, 2], pa.int32()), "float", [1.0, 2.0]),
        (pa.array(['a, "b"', ""]), "string", ['a, "b"', ""]),
        (pa.array(["a", "b"], pa.large_string()), "string", ["a", "b"]),
        (pa.array(["a", "b"]).dictionary_encode(), "string", ["a", "b"]),
        (pa.array([b"a", b"b"]), "string", ["a", "b"]),
        (pa.array([True, False]), "string", ["true", "false"]),
        (
            pa.array([datetime.datetime(2023, 8, 5, 12, 57, 12, 937891), datetime.datetime(2024, 1, 1)]),
            "string",
            ["2023-08-05 12:57:12.937891", "2024-01-01 00:00:00.000000"],
        ),
        (pa.array([datetime.date(2023, 8, 5)] * 2), "string", ["2023-08-05"] * 2),
    ],
)
def test_every_type_reads_back_as_the_same_value(
    path: Path, values: pa.Array, kind: str, expected: list[object]
) -> None:
    """Numbers, truths, words and times of any width come out of the codec as they went in."""
    write(path, {"x": values, "y": [1, 0]})
    found = read_records(path, contract(kind))
    assert ({"x": expected, "y": [1, 0]}, ()) == (found.records.to_pydict(), found.dead)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30))
def test_floats_keep_every_bit(tmp_path_factory: pytest.TempPathFactory, numbers: list[float]) -> None:
    """Any finite number is the same number after the way through text, the sign of zero too."""
    path = tmp_path_factory.mktemp("floats") / "x.parquet"
    write(path, {"x": numbers, "y": [1] * len(numbers)})
    found = read_records(path, contract("float")).records["x"].to_pylist()
    assert [(x, math.copysign(1, x)) for x in numbers] == [(x, math.copysign(1, x)) for x in found]


@pytest.mark.parametrize(
    ("labels", "positive", "negative"),
    [
        ([True, False], "1", "0"),
        ([True, False], "True", "False"),
        ([1.0, 0.0], "1", "0"),
        (["Attack", "Normal"], "Attack", "Normal"),
    ],
)
def test_labels_of_any_type_are_known(path: Path, labels: list[object], positive: str, negative: str) -> None:
    """Truths take the words that the contract knows, whole floats are whole numbers."""
    write(path, {"x": [1, 2], "y": labels})
    found = read_records(path, contract("int", positive=positive, negative=negative))
    assert [1, 0] == found.records["y"].to_pylist()


def test_columns_are_taken_by_name(path: Path) -> None:
    """Another order is no fault in a file that names each value."""
    write(path, {"y": [1, 0], "x": [5, 6]})
    assert [b"5,1", b"6,0"] == list(read_lines(path, contract("int")))


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"x": [1]}, "doesn't fit dataset 'one': missing 'y'"),
        ({"x": [1], "y": [1], "z": [1]}, "not in the contract 'z'"),
        ({"x": [[1]], "y": [1]}, "holds list<element: int64> in column 'x'; a record's columns hold numbers, words"),
        ({"x": pa.array([], pa.int64()), "y": pa.array([], pa.int64())}, "holds no records: it is a Parquet file"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_at_once(path: Path, columns: Mapping[str, object], sentence: str) -> None:
    """As strict about names as CSV; the sentence names the file."""
    write(path, columns)
    with pytest.raises(ContractError) as failure:
        read_lines(path, contract("int"))
    assert str(failure.value).startswith(str(path))
    assert sentence in str(failure.value)


def test_a_line_break_in_a_word_costs_its_row_and_shifts_nothing(path: Path) -> None:
    """The rows after it keep their numbers, which begin with 1."""
    write(path, {"x": ["a", "b\nc", "d\re", "f"], "y": [1, 1, 1, 0]})
    (block,) = read_blocks([path], contract("string"))
    assert ([0, 3], ["a", "f"]) == (block.decoded.positions.tolist(), block.decoded.records["x"].to_pylist())
    assert [1, 2] == [place for place, _ in block.decoded.dead]
    assert all(reason.startswith("a line break inside the record") for _, reason in block.decoded.dead)
    assert 1 == block.first


def test_null_is_missing_only_where_the_contract_says_so(path: Path) -> None:
    """Null and NaN are the empty cell; where that isn't missing, the row is a dead letter that says why."""
    write(path, {"x": [None, "a"], "y": [1, 0]})
    found = read_records(path, contract("string"))
    assert ((0, "'x' is null; to accept that, name \"\" among its missing words"),) == found.dead
    assert [None, "a"] == read_records(path, contract("string", clean='{ missing = [""] }')).records["x"].to_pylist()
    write(path, {"x": [None, math.nan, 2.0], "y": [1, 1, 0]})
    assert ["'x': '' is not a whole number"] * 2 == [why for _, why in read_records(path, contract("int")).dead]
    found = read_records(path, contract("int", clean='{ missing = [""] }'))
    assert [None, None, 2] == found.records["x"].to_pylist()


def test_a_null_word_is_no_record_on_any_way(path: Path) -> None:
    """A line read for a topic can't turn into a record either."""
    write(path, {"x": [None, "a"], "y": [1, 0]})
    assert [b",1,null", b"a,0"] == list(read_lines(path, contract("string")))


def test_a_file_cut_short_or_damaged_is_named(path: Path) -> None:
    """Without its end a Parquet file is refused at once, with rubbish inside when that is read."""
    write(path, {"x": list(range(50_000)), "y": [1] * 50_000})
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ContractError, match=r"records\.dat is a Parquet file that is cut short or damaged \(.*again"):
        read_lines(path, contract("int"))
    path.write_bytes(whole[:1000] + bytes(20_000) + whole[21_000:])
    with pytest.raises(ContractError, match=r"records\.dat is a Parquet file that is cut short or damaged"):
        list(read_lines(path, contract("int")))
    path.write_bytes(b"PAR1")
    with pytest.raises(ContractError, match=r"records\.dat is a Parquet file that is cut short or damaged"):
        read_lines(path, contract("int"))


def test_rows_come_in_blocks_whatever_the_row_groups(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any row groups and blocks give the same lines, numbered through, beside a CSV file."""
    monkeypatch.setattr(files, "BLOCK", 4)
    for groups in (1, 3, 100):
        write(path, {"x": list(range(10)), "y": [1] * 10}, row_group_size=groups)
        blocks = list(read_blocks([path], contract("int")))
        assert [b"%d,1" % number for number in range(10)] == [line for block in blocks for line in block.lines]
        assert max(len(block.lines) for block in blocks) <= 4
        starts = np.cumsum([1, *(len(block.lines) for block in blocks)])[:-1]
        assert starts.tolist() == [block.first for block in blocks]
    csv = path.with_name("more.csv")
    csv.write_bytes(b"x,y\n7,0\n")
    assert [*range(10), 7] == read_records([path, csv], contract("int")).records["x"].to_pylist()


def test_memory_is_bounded_by_a_block(path: Path) -> None:
    """A row group of a million rows isn't held at once, neither packed nor as text."""
    write(path, {"x": np.random.default_rng(1).random(1_000_000), "y": np.ones(1_000_000, np.int8)})
    before = pa.total_allocated_bytes()
    tracemalloc.start()
    peak = 0
    for _ in read_rows(path, contract("float"), files.BLOCK):
        peak = max(peak, pa.total_allocated_bytes() - before)
    python = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size > 7_000_000
    assert peak < 6_000_000
    assert python < 6_000_000


@pytest.mark.data
def test_a_real_file_is_the_same_as_parquet(path: Path, data_dir: Path) -> None:
    """Records equal those of the CSV file, through either way of storing words."""
    dataset = load_dataset("dns-exfil")
    expected = read_records(data_dir / "dns_tunnels_static.csv.gz", dataset).records
    table = pa.table(expected)
    words = table.schema.get_field_index("sld")
    for stored in (
        table,
        table.set_column(words, "sld", table["sld"].dictionary_encode()).select(table.column_names[::-1]),
    ):
        pq.write_table(stored, path)
        found = read_records(path, dataset)
        assert () == found.dead
        assert expected == found.records
