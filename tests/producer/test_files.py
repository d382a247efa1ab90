"""Files: what is read, and a sentence for each way in which a file can be wrong."""

from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer import files
from producer.dataset import load_dataset, parse_dataset
from producer.errors import ContractError, UsageError
from producer.files import read_blocks, read_header, read_lines, read_records
from producer.lines import count_cells, split_line
from producer.tabs import TAB, comma_line

PAIR = parse_dataset(
    """
    name = "pair"
    label = { positive = ["1"], negative = ["0"] }
    columns = [{ name = "word", type = "string" }, { name = "y", type = "label" }]
    """,
    "pair",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test's file stands; its name says nothing about what it holds."""
    return tmp_path / "records.dat"


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_lines_come_without_their_ends_and_blank_ones_are_among_them(
    path: Path, packed: bool, end: bytes, mark: bytes
) -> None:
    """Plain or gzip, either line end, with a byte order mark or none, with a last line end or none."""
    content = mark + end.join([b"word,y", b"a,1", b"", b"\xff,0", b"b,0"])
    path.write_bytes(gzip.compress(content) if packed else content)
    assert [b"a,1", b"", b"\xff,0", b"b,0"] == list(read_lines(path, PAIR))


def test_gzip_of_several_members_is_read_whole(path: Path) -> None:
    """Files packed one after the other are one file."""
    path.write_bytes(gzip.compress(b"word,y\na,1\n") + gzip.compress(b"b,0\n"))
    assert [b"a,1", b"b,0"] == list(read_lines(path, PAIR))


def test_a_quoted_header_is_the_header(path: Path) -> None:
    """Column names may stand in quotes."""
    path.write_bytes(b'"word","y"\na,1\n')
    assert [b"a,1"] == list(read_lines(path, PAIR))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty. Expected CSV or TSV, plain or gzip, or Parquet, with the columns: word,y"),
        (
            gzip.compress(b"", mtime=0),
            "is empty. Expected CSV or TSV, plain or gzip, or Parquet, with the columns: word,y",
        ),
        (b"word,y", "holds a header and no records"),
        (b"word,y\n", "holds a header and no records"),
        (b"a,1\nb,0\n", "doesn't fit dataset 'pair': missing 'word', 'y'; not in the contract 'a', '1'"),
        (b"word,y,y\na,1,1\n", "doubled 'y'"),
        (b"y,word\n1,a\n", "the columns stand in another order"),
        (b"PK\x03\x04\x00\xff\n", "doesn't begin with a line of CSV in UTF-8"),
        ("word,y\na,1\n".encode("utf-16"), "doesn't begin with a line of CSV in UTF-8"),
        (b"word,y\ra,1\r", "doesn't begin with a line of CSV in UTF-8"),
        (b'"word,y\na,1\n', "doesn't begin with a line of CSV in UTF-8"),
    ],
)
def test_a_file_that_is_no_such_dataset_is_refused_at_once(path: Path, content: bytes, sentence: str) -> None:
    """The error names the file and what was found, before any line is asked for."""
    path.write_bytes(content)
    with pytest.raises(ContractError) as failure:
        read_lines(path, PAIR)
    assert str(failure.value).startswith(str(path))
    assert sentence in str(failure.value)


def test_a_missing_file_and_a_directory_are_wrong_usage(path: Path, tmp_path: Path) -> None:
    """A path that can't be read is a mistake in the call, with what to do about it."""
    with pytest.raises(UsageError, match=r"there is no file .*records\.dat; give the path of a file: CSV or TSV"):
        read_lines(path, PAIR)
    with pytest.raises(UsageError, match=r"can't be read: Is a directory; give the path of a file: CSV or TSV"):
        read_lines(tmp_path, PAIR)


def test_a_gzip_cut_short_or_damaged_is_named_after_the_good_lines(path: Path) -> None:
    """What is lost at the end of a packed file never passes for the end of the data."""
    packed = gzip.compress(b"word,y\n" + b"".join(b"w%d,1\n" % (index * 7919 % 10007) for index in range(9000)))
    for broken in (packed[:-9], packed[:20], packed[:5000] + b"\0" * 50 + packed[5050:]):
        path.write_bytes(broken)
        with pytest.raises(ContractError, match=r"is a gzip file that is cut short or damaged .*pack it again"):
            list(read_lines(path, PAIR))


def test_an_error_of_the_reader_of_lines_is_not_taken_for_one_of_the_file(path: Path) -> None:
    """Closing early is no failure."""
    path.write_bytes(b"word,y\na,1\nb,0\n")
    lines = read_lines(path, PAIR)
    assert b"a,1" == next(lines)
    lines.close()  # type: ignore[attr-defined]


def test_a_file_decodes_to_the_same_in_any_blocks(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Positions, dead letters and headers count the file's data lines, wherever a block ends."""
    path.write_bytes(b"word,y\na,1\n\nword,y\nnan,0\nb,2\nc,1\n")
    for size in (1, 2, 4, 6, 1000):
        monkeypatch.setattr(files, "BLOCK", size)
        found = read_records(path, PAIR)
        assert {"word": ["a", "nan", "c"], "y": [1, 0, 1]} == found.records.to_pydict()
        assert ([0, 3, 5], (2,)) == (found.positions.tolist(), found.headers)
        assert ((1, "an empty message"), (4, "unknown label '2' in 'y'; expected one of 0, 1")) == found.dead


def test_a_file_without_a_good_record_gives_an_empty_batch(path: Path) -> None:
    """Whether no record at all is a failure is for the caller to say."""
    path.write_bytes(b"word,y\na\nb\n")
    found = read_records(path, PAIR)
    assert (0, [], 2) == (found.records.num_rows, found.positions.tolist(), len(found.dead))
    assert PAIR.schema == found.records.schema


def test_a_header_parted_by_tabs_makes_a_file_tsv(path: Path) -> None:
    """Cells with commas, quotes and quoted tabs come out as they are, packed or not, whatever the file's name."""
    content = b'word\ty\na, b\t1\n"a ""b"""\t0\n5" disk, old\t1\n"a\tb"\t0\n\n'
    for packed in (content, gzip.compress(content), b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n")):
        path.write_bytes(packed)
        found = read_records(path, PAIR)
        assert {"word": ["a, b", 'a "b"', '5" disk, old', "a\tb"], "y": [1, 0, 1, 0]} == found.records.to_pydict()
        assert ((4, "an empty message"),) == found.dead


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'"a\t1', "a quote that isn't closed"),
        (b'a\t"b,1', "a quote that isn't closed"),
        (b"a,1", "1 columns instead of 2"),
        (b"a\tb\t1", "3 columns instead of 2"),
        (b"a\r\t1", "a line break inside the record"),
        (b"a\xff\t1", "not UTF-8 text from byte 1 on"),
    ],
)
def test_a_tsv_line_that_is_no_record_is_a_dead_letter(path: Path, line: bytes, reason: str) -> None:
    """What isn't right between tabs never comes alive as CSV, and costs only itself."""
    path.write_bytes(b"word\ty\na\t1\n" + line + b"\nb\t0\n")
    found = read_records(path, PAIR)
    assert ["a", "b"] == found.records["word"].to_pylist()
    assert [1] == [place for place, _ in found.dead]
    assert reason in found.dead[0][1]


def arrow_cells(line: bytes) -> list[bytes] | None:
    """The cells of a CSV line as Arrow reads them; None if a quote swallows what follows the line."""
    parse = pa_csv.ParseOptions(ignore_empty_lines=False, invalid_row_handler=lambda row: "skip")
    read = pa_csv.ReadOptions(autogenerate_column_names=True, use_threads=False)
    names = {f"f{place}": pa.binary() for place in range(20)}
    convert = pa_csv.ConvertOptions(column_types=names, null_values=[], strings_can_be_null=False)
    try:
        table = pa_csv.read_csv(pa.py_buffer(line + b"\n" + line + b'\nx"'), read, parse, convert)
    except pa.ArrowInvalid:
        return None
    rows = table.to_pylist()[:2]
    return list(rows[0].values()) if len(rows) == 2 and rows[0] == rows[1] else None


@given(st.lists(st.sampled_from(["a", '"', ",", " ", "é"]), max_size=12).map("".join))
def test_lines_are_split_as_arrow_does(text: str) -> None:
    """Cells, quotes and what is left open are those of the parser that decodes records; counting agrees."""
    line = text.encode()
    cells = split_line(line)
    assert arrow_cells(line) == cells
    assert (None if cells is None else len(cells)) == count_cells(line, most=100)


@given(st.lists(st.sampled_from(["a", '"', "\t", " ", "é"]), max_size=12).map("".join))
def test_tabs_part_cells_as_commas_do(text: str) -> None:
    """The cells between tabs are those that are found between commas."""
    line = text.encode()
    cells = split_line(line, TAB)
    found = None if cells is None else [cell.replace(b"\t", b",") for cell in cells]
    assert split_line(line.replace(b"\t", b",")) == found


@given(st.lists(st.sampled_from(["a", '"', "\t", ",", "1"]), max_size=12).map("".join))
def test_a_tsv_line_says_the_same_in_csv(text: str) -> None:
    """The CSV line made of a TSV line has its cells, or isn't closed, as it wasn't."""
    line = text.encode()
    assert split_line(line, TAB) == split_line(comma_line(line))


def test_several_files_are_read_as_one(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever form each has, the records are those of all lines in one file, and numbers go on."""
    second, third, whole = tmp_path / "b", tmp_path / "c", tmp_path / "whole.csv"
    path.write_bytes(b"word,y\na,1\nb\nc,0\n")
    second.write_bytes(gzip.compress(b"word\ty\nd\t1\nword\ty\n"))
    third.write_bytes(b"word,y\ne,2\nf,0")
    whole.write_bytes(b"word,y\na,1\nb\nc,0\nd,1\nword,y\ne,2\nf,0\n")
    for size in (1, 2, 1000):
        monkeypatch.setattr(files, "BLOCK", size)
        several, one = read_records([path, second, third], PAIR), read_records(whole, PAIR)
        assert one.records.to_pydict() == several.records.to_pydict()
        assert [0, 2, 3, 6] == several.positions.tolist() == one.positions.tolist()
        assert (one.dead, one.headers) == (several.dead, several.headers)
    assert list(read_lines(whole, PAIR)) == list(read_lines([path, second, third], PAIR))


def test_blocks_say_where_their_lines_stand(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A block is of one file and counts its lines as an editor does: the header is line 1."""
    monkeypatch.setattr(files, "BLOCK", 2)
    second = tmp_path / "second"
    path.write_bytes(b"word,y\na,1\nb,1\nc,0\n")
    second.write_bytes(b"word,y\nd,1\n")
    found = [(block.path, block.first, block.lines) for block in read_blocks([path, second], PAIR)]
    assert [(path, 2, [b"a,1", b"b,1"]), (path, 4, [b"c,0"]), (second, 2, [b"d,1"])] == found


def test_a_block_of_long_lines_ends_earlier(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded by bytes too, and lines are still counted as they stand."""
    monkeypatch.setattr(files, "BLOCK_BYTES", 8)
    path.write_bytes(b"word,y\naaaa,1\nb,1\nc,0\nd,0\n")
    found = [(block.first, block.lines) for block in read_blocks(path, PAIR)]
    assert [(2, [b"aaaa,1", b"b,1"]), (4, [b"c,0", b"d,0"])] == found


@pytest.mark.parametrize("packed", [False, True])
def test_a_line_without_an_end_is_refused_before_it_fills_the_memory(
    path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    """The longest line that is allowed is read, one byte more is named by its number."""
    monkeypatch.setattr(files, "LINE_BYTES", 40)
    content = b"word,y\n" + b"a" * 37 + b",1\n" + b"a" * 38 + b",1\nb,0\n"
    path.write_bytes(gzip.compress(content) if packed else content)
    for read in (read_lines, read_blocks):
        with pytest.raises(ContractError, match=r"records\.dat, line 3, is longer than 40 bytes, .* remove the line"):
            list(read(path, PAIR))
    path.write_bytes(content[:47] + b"b,0\n")
    assert [b"a" * 37 + b",1", b"b,0"] == list(read_lines(path, PAIR))


def test_an_endless_header_is_refused_after_a_megabyte(path: Path) -> None:
    """A small gzip file of one line of zeros takes no more memory than a header may."""
    path.write_bytes(gzip.compress(bytes(50 * 2**20)))
    tracemalloc.start()
    for read in (lambda: read_lines(path, PAIR), lambda: read_header(path)):
        with pytest.raises(ContractError, match=r"records\.dat doesn't begin with a line of at most 1,048,576 bytes"):
            read()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * 2**20


def test_all_headers_are_checked_before_the_first_line(path: Path, tmp_path: Path) -> None:
    """A second file that doesn't fit is named at once, and no file at all is wrong usage."""
    path.write_bytes(b"word,y\na,1\n")
    (tmp_path / "second").write_bytes(b"word,z\na,1\n")
    for read in (read_lines, read_blocks):
        with pytest.raises(ContractError, match=r"second doesn't fit dataset 'pair': missing 'y'; not in .* 'z'"):
            read([path, tmp_path / "second"], PAIR)
    with pytest.raises(UsageError, match="no file is named"):
        read_lines([], PAIR)


def test_a_tab_parted_header_that_does_not_fit_is_told_by_its_columns(path: Path) -> None:
    """The names are those between the tabs, not one long one."""
    path.write_bytes(b"word\tz\na\t1\n")
    with pytest.raises(ContractError, match=r"missing 'y'; not in the contract 'z'"):
        read_lines(path, PAIR)


def test_unlabelled_records_have_no_label_in_the_header(path: Path) -> None:
    """The contract of unlabelled records reads a file without the label, and refuses one with it."""
    path.write_bytes(b"word\na\nb\n")
    assert ["a", "b"] == read_records(path, PAIR.unlabelled()).records["word"].to_pylist()
    with pytest.raises(ContractError, match="missing 'y'"):
        read_lines(path, PAIR)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "records", "empty_words"),
    [("dns_exf_static", 76_842, 0), ("dns_exf_kafka", 76_843, 2), ("dns_tunnels_stream", 64_039, 0)],
)
def test_real_files_decode_without_a_dead_letter(data_dir: Path, name: str, records: int, empty_words: int) -> None:
    """Every line of the real DNS files is a record, and empty words stay words."""
    found = read_records(data_dir / f"{name}.csv.gz", load_dataset("dns-exfil"))
    assert (records, (), ()) == (found.records.num_rows, found.dead, found.headers)
    words = found.records["longest_word"].to_pylist()
    assert (empty_words, 0) == (words.count(""), words.count(None))


@pytest.mark.data
def test_a_real_file_is_read_as_its_text_says(data_dir: Path) -> None:
    """Cells equal what splitting the text at its commas gives."""
    dataset = load_dataset("dns-exfil")
    lines = [line.decode().split(",") for line in read_lines(data_dir / "dns_tunnels_stream.csv.gz", dataset)]
    expected = [
        [cell if c.type == "string" else float(cell) for c, cell in zip(dataset.columns, line, strict=True)]
        for line in lines
    ]
    records = read_records(data_dir / "dns_tunnels_stream.csv.gz", dataset).records
    assert expected == [list(row) for row in zip(*(column.to_pylist() for column in records.columns), strict=True)]
