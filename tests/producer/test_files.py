"""Files: what is read, and a sentence for each way in which a file can be wrong."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from producer import files
from producer.dataset import load_dataset, parse_dataset
from producer.errors import ContractError, UsageError
from producer.files import read_lines, read_records

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
        (b"", "is empty. Expected CSV, plain or gzip, with the header: word,y"),
        (gzip.compress(b""), "is empty. Expected CSV, plain or gzip, with the header: word,y"),
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
    with pytest.raises(UsageError, match=r"there is no file .*records\.dat; give the path of a CSV file"):
        read_lines(path, PAIR)
    with pytest.raises(UsageError, match=r"can't be read: Is a directory; give the path of a CSV file"):
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
