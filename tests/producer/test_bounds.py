"""However large or strange the input, memory stays below a bound, and what comes out is a dead letter or a sentence."""

from __future__ import annotations

import gzip
import subprocess
import sys
import textwrap
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from producer.codec import MOST_CELLS, decode
from producer.dataset import Dataset, parse_dataset
from producer.errors import ContractError
from producer.files import read_blocks, read_header
from producer.lines import LINE_BYTES
from producer.wires import line_reader

CONTRACT = """
name = "bounded"
label = { positive = ["1"], negative = ["0"] }
columns = [
    { name = "a", type = "int" },
    { name = "b", type = "float" },
    { name = "w", type = "string" },
    { name = "y", type = "label" },
]
"""
GOOD = {"csv": b"1,2.5,x,1", "json-csv": b'"1,2.5,x,1"', "json": b'{"a":1,"b":2.5,"w":"x","y":"1"}'}
START = f"""
import resource, sys
from producer.codec import decode
from producer.dataset import parse_dataset
from producer.errors import DriftduelError
from producer.files import read_blocks
from producer.lines import LINE_BYTES

def most():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

dataset = parse_dataset({CONTRACT!r}, "bounded")
decode([b"1,2,x,1"], dataset, wire="csv")
"""
MILLIONS = 10_000_000


@pytest.fixture
def dataset() -> Dataset:
    """A whole number, a number, a word and the label."""
    return parse_dataset(CONTRACT, "bounded")


def peak_of(script: str, *arguments: object) -> int:
    """Megabytes that a process takes at most beyond those with which it began, while it runs these lines."""
    code = START + textwrap.dedent(script) + "\nprint(most() - before)"
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.parametrize("wire", GOOD)
def test_a_message_of_a_gigabyte_is_not_looked_into(wire: str) -> None:
    """It is a dead letter by its length; decoding it takes no memory beyond the message, and spares its neighbour."""
    script = f"""
        message = bytes(2**30)
        before = most()
        decoded = decode([message, {GOOD[wire]!r}], dataset, wire={wire!r})
        assert decoded.positions.tolist() == [1], decoded
        assert "1,073,741,824 bytes" in decoded.dead[0][1], decoded.dead
    """
    assert peak_of(script) < 64


def test_a_field_of_a_gigabyte_in_a_file_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    """A small gzip file that unpacks to one endless line ends in a sentence after some megabytes."""
    packed = gzip.compress(b"a,b,w,y\n1,2,") + gzip.compress(b"x" * 2**20) * 1024
    (tmp_path / "bomb.csv.gz").write_bytes(packed)
    script = """
        from pathlib import Path
        before = most()
        try:
            list(read_blocks(Path(sys.argv[1]), dataset))
        except DriftduelError as error:
            assert "line 2, is longer than 16,777,216 bytes" in str(error), error
        else:
            raise AssertionError("it was read")
    """
    assert len(packed) < 2 * 2**20
    assert peak_of(script, tmp_path / "bomb.csv.gz") < 128


@pytest.mark.parametrize(
    "line", ['b"," * MANY', """b'"x"' + b"," * MANY""", """b'"' * (2 * MANY + 1)""", 'b"12," * MANY']
)
def test_millions_of_columns_are_counted_not_made(line: str) -> None:
    """Ten million columns, with quotes or without, are a dead letter and take what the line takes, some times over."""
    script = f"""
        MANY = {MILLIONS}
        line = ({line})[: LINE_BYTES - 1]  # a longer one isn't looked into
        before = most()
        ((_, reason),) = decode([line], dataset, wire="csv").dead
        assert "or more columns instead of 4" in reason or "a quote that isn't closed" in reason, reason
    """
    assert peak_of(script) < 160


def test_a_cell_of_millions_of_commas_is_one_cell(dataset: Dataset) -> None:
    """Commas between quotes part nothing, however many they are."""
    line = b'1,2,"' + b"," * MILLIONS + b'",1'
    assert [b"," * MILLIONS] == decode([line], dataset, wire="csv").records.column("w").cast("binary").to_pylist()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"1,1e999,x,1", "'b': '1e999' is not a finite number"),
        (b"1,NaN,x,1", "'b': 'NaN' is not a finite number"),
        (b"1,-inf,x,1", "'b': '-inf' is not a finite number"),
        ("\uff11,2,x,1".encode(), "'a': '\uff11' is not a whole number"),
        ("1,\uff12.\uff15,x,1".encode(), "'b': '\uff12.\uff15' is not a finite number"),
        (b"1" * 1_000_000 + b",2,x,1", "'a': '1111"),
        (b"1,2,x\xff,1", "not UTF-8 text from byte 5 on"),
        (b"1\x00,2,x,1", "'a': '1\\x00' is not a whole number"),
        (b"1,2,x,1\x00", "unknown label '1\\x00'"),
    ],
)
def test_what_looks_like_a_number_or_a_text_and_is_none(dataset: Dataset, line: bytes, reason: str) -> None:
    """Numbers beyond bounds, digits of other scripts, NUL and broken UTF-8 are dead letters with their reason."""
    ((place, found),) = decode([GOOD["csv"], line], dataset, wire="csv").dead
    assert 1 == place
    assert found.startswith(reason), found
    assert len(found) < 300


def test_a_parquet_column_whose_name_is_no_text_is_a_sentence(dataset: Dataset, tmp_path: Path) -> None:
    """A byte of a column's name that is no UTF-8, as a fuzzer found it, is a damaged file."""
    path = tmp_path / "s.parquet"
    pq.write_table(pa.table({"a\u00ff\u00ff": [1], "b": [2.0]}), path, store_schema=False)
    path.write_bytes(path.read_bytes().replace("\u00ff".encode(), b"\xff\xff"))
    for read in (read_header, lambda path: list(read_blocks(path, dataset))):
        with pytest.raises(ContractError, match=r"is a Parquet file that is cut short or damaged \('utf-8' codec"):
            read(path)


def test_nul_in_a_word_is_a_character(dataset: Dataset) -> None:
    """A word may hold NUL; it ends nothing."""
    assert ["x\0y"] == decode([b"1,2,x\0y,1"], dataset, wire="csv").records.column("w").to_pylist()


@pytest.mark.parametrize("depth", [10, 1000, 1020, 100_000])
@pytest.mark.parametrize(("opened", "closed"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_deep_json_is_a_dead_letter(dataset: Dataset, depth: int, opened: bytes, closed: bytes) -> None:
    """However deep a value is nested, it costs its own message only, from wherever it is decoded."""
    deep = opened * depth + b"1" + closed * depth
    message = b'{"a":' + deep + b',"b":1,"w":"x","y":"1"}'
    decoded = decode([GOOD["json"], message, deep], dataset, wire="json")
    assert [0] == decoded.positions.tolist()
    assert all(len(reason) < 300 for _, reason in decoded.dead)


@pytest.mark.parametrize("opened", ["b'['", """b'{"a":'""", "b'[[],'"])
def test_the_deepest_json_takes_some_times_what_its_text_takes(opened: str) -> None:
    """As many brackets as the longest message holds are a dead letter, alone or in a field; their neighbour is read."""
    script = f"""
        deep = ({opened} * LINE_BYTES)[: LINE_BYTES - 8]
        before = most()
        decoded = decode([deep, b'{{"a":' + deep, {GOOD["json"]!r}], dataset, wire="json")
        assert decoded.positions.tolist() == [2], decoded
        assert len(decoded.dead) == 2 and all(len(reason) < 300 for _, reason in decoded.dead), decoded.dead
    """
    assert peak_of(script) < 160


def test_json_of_millions_of_small_values_is_held_one_message_at_a_time() -> None:
    """A value that is no cell but whole JSON takes a few dozen times what its text takes, however many come at once."""
    script = f"""
        wide = b'{{"a":[' + b"[]," * (LINE_BYTES // 3 - 20) + b'[]],"b":1,"w":"x","y":"1"}}'
        before = most()
        decoded = decode([wide] * 3 + [{GOOD["json"]!r}], dataset, wire="json")
        assert decoded.positions.tolist() == [3], decoded
        assert len(decoded.dead) == 3 and all(len(reason) < 300 for _, reason in decoded.dead), decoded.dead
    """
    assert peak_of(script) < 640


def test_the_longest_message_is_read(dataset: Dataset) -> None:
    """A message of just the length that is allowed is a record; one byte more is none."""
    line = b"1,2," + b"x" * (LINE_BYTES - 6) + b",1"
    assert LINE_BYTES == len(line)
    assert 1 == decode([line], dataset, wire="csv").records.num_rows
    assert "16,777,217 bytes" in decode([line + b"x"], dataset, wire="csv").dead[0][1]
    assert line == line_reader(dataset, "csv")(line)


def test_columns_are_counted_as_far_as_it_matters(dataset: Dataset) -> None:
    """Below the bound the number of columns is exact."""
    decoded = decode([b"," * 6, b"," * MOST_CELLS], dataset, wire="csv")
    assert ["7 columns instead of 4", "100000 or more columns instead of 4"] == [
        reason.partition(":")[0] for _, reason in decoded.dead
    ]
