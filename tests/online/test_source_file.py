"""A file as a stream: the same windows however it is packed, an identity of content, and taking up again."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from online.source import START, FileSource, FinishedSource, refuse_foreign
from online.windows import Position, Window
from producer.dataset import Dataset
from producer.errors import ContractError, UsageError

Write = Callable[..., Path]
shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)

GOOD = b"1,2.5,w,attack"
LINES = st.lists(st.sampled_from([GOOD, b"2,0.5,,benign", b"bad", b"", b"a,b,word,y", b"7,nan,w,attack"]), min_size=1)


def held(windows: Iterator[tuple[Window, Position]]) -> list[tuple[object, ...]]:
    """Everything that the windows hold, and the positions after them."""
    return [
        (
            *(w.index, w.first_seq, w.last_seq, w.complete, w.seqs.tolist(), w.records.to_pylist()),
            *(w.dead, w.set_aside, w.missing, position),
        )
        for w, position in windows
    ]


@shared
@given(lines=LINES, size=st.integers(1, 9))
def test_windows_joined_give_the_lines_back(
    tiny: Dataset, tiny_file: Write, tmp_path: Path, lines: list[bytes], size: int
) -> None:
    """Every data line is a number: a record, a dead letter with its bytes, or a header line set aside."""
    source = FileSource(tiny_file(tmp_path / "stream.csv", lines), tiny, size)
    windows = [window for window, _ in source.windows(START)]
    assert source.records == len(lines)
    found: dict[int, bytes] = {}
    for window in windows:
        found |= dict.fromkeys(window.seqs.tolist(), b"record") | {d.seq: d.raw for d in window.dead}
        found |= dict.fromkeys(window.set_aside, b"a,b,word,y")
        assert window.missing == ()
    kinds = {GOOD: b"record", b"2,0.5,,benign": b"record"}
    assert {seq: kinds.get(line, line) for seq, line in enumerate(lines)} == found
    lengths = [window.last_seq - window.first_seq + 1 for window in windows]
    assert lengths == [size] * (len(lines) // size) + [len(lines) % size] * (len(lines) % size > 0)
    assert [window.complete for window in windows] == [length == size for length in lengths]


@shared
@given(lines=LINES, size=st.integers(1, 5), data=st.data())
def test_taken_up_after_any_window_the_rest_is_the_same(
    tiny: Dataset, tiny_file: Write, tmp_path: Path, lines: list[bytes], size: int, data: st.DataObject
) -> None:
    """A new source that reads on from a position gives the remaining windows and positions."""
    path = tiny_file(tmp_path / "stream.csv", lines)
    whole = list(FileSource(path, tiny, size).windows(START))
    cut = data.draw(st.integers(0, len(whole) - 1))
    rest = FileSource(path, tiny, size).windows(whole[cut][1])
    assert held(iter(whole[cut + 1 :])) == held(rest)


def test_dead_letters_are_placed_by_line(tiny: Dataset, tiny_file: Write, tmp_path: Path) -> None:
    """A file is one partition, whose offsets are the numbers of its data lines from 0."""
    source = FileSource(tiny_file(tmp_path / "s.csv", [GOOD, b"x", GOOD, GOOD, b"y,"]), tiny, 2)
    positions = [position for _, position in source.windows(START)]
    assert [position.dead for position in positions] == [((0, 1),), (), ((0, 4),)]
    assert [position.next for position in positions] == [{0: 2}, {0: 4}, {0: 5}]
    assert source.place == {"file": "s.csv"}


def test_the_identity_is_the_content(tiny: Dataset, tiny_file: Write, tmp_path: Path) -> None:
    """Another path, gzip, Windows line ends and a missing last one leave no trace; every data byte does."""
    lines = [GOOD, b"bad", b"", GOOD]
    path = tiny_file(tmp_path / "one.csv", lines)
    content = path.read_bytes()
    same = {
        "two.csv": content,
        "packed.csv.gz": gzip.compress(content),
        "windows.csv": content.replace(b"\n", b"\r\n"),
        "open.csv": content.removesuffix(b"\n"),
    }
    others = [
        [*lines, GOOD],
        lines[:-1],
        [GOOD, GOOD, b"bad", b""],
        [*lines[:-1], GOOD + b" "],
        [GOOD + b"bad", b"", b"", GOOD],
    ]

    def identity(name: str, data: bytes) -> dict[str, str]:
        (tmp_path / name).write_bytes(data)
        return FileSource(tmp_path / name, tiny, 10).identity

    first = FileSource(path, tiny, 3).identity
    assert dict.fromkeys(same, first) == {name: identity(name, data) for name, data in same.items()}
    digests = [FileSource(tiny_file(tmp_path / "o.csv", other), tiny, 10).identity["file"] for other in others]
    assert len({first["file"], *digests}) == len(others) + 1


def test_a_packed_file_gives_the_same_windows(tiny: Dataset, tiny_file: Write, tiny_lines, tmp_path: Path) -> None:
    """Whether it is gzip shows in its bytes, not in its name."""
    plain = tiny_file(tmp_path / "one.csv", tiny_lines(250, seed=1))
    (tmp_path / "two.csv").write_bytes(gzip.compress(plain.read_bytes()))
    one, two = (held(FileSource(tmp_path / name, tiny, 100).windows(START)) for name in ("one.csv", "two.csv"))
    assert one == two
    assert [len(window[4]) for window in one] == [100, 100, 50]


def test_a_file_with_a_header_only_is_refused(tiny: Dataset, tiny_file: Write, tmp_path: Path) -> None:
    """There is nothing to evaluate, and the message says so."""
    with pytest.raises(ContractError, match=r"empty\.csv holds a header and no records"):
        FileSource(tiny_file(tmp_path / "empty.csv", []), tiny, 10)


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        (b"a,b,y", "missing 'word'"),
        (b"a,b,word,b,y", "doubled 'b'"),
        (b"a,b,word,z,y", "not in the contract 'z'"),
        (b"b,a,word,y", "the columns stand in another order"),
    ],
)
def test_another_header_is_refused(tiny: Dataset, tmp_path: Path, header: bytes, problem: str) -> None:
    """Missing, doubled, unknown or misplaced columns are named before anything is read."""
    path = tmp_path / "other.csv"
    path.write_bytes(header + b"\n" + GOOD + b"\n")
    with pytest.raises(ContractError, match=rf"other\.csv doesn't fit dataset 'tiny': .*{problem}"):
        FileSource(path, tiny, 10)


def test_no_such_file(tiny: Dataset, tmp_path: Path) -> None:
    """A file that isn't there is the user's slip."""
    with pytest.raises(UsageError, match=r"there is no file .*nowhere\.csv"):
        FileSource(tmp_path / "nowhere.csv", tiny, 10)


def test_a_stream_of_another_dataset_is_refused(tiny: Dataset, tiny_file: Write, tmp_path: Path) -> None:
    """If not one message of the first window is a record, the error says why the first isn't, and what to look at."""
    source = FileSource(tiny_file(tmp_path / "s.csv", [b"1,2", b'"x"', GOOD]), tiny, 2)
    message = r"none of the first 2 messages of file s\.csv is a record of dataset 'tiny'; the first: 2 columns instead"
    with pytest.raises(ContractError, match=message + r" of 4.*another --wire \(csv, json-csv, json\)\?"):
        next(refuse_foreign(source.windows(START), dataset=tiny, where="file s.csv"))


@pytest.mark.parametrize("lines", [[GOOD, b"x", b"y", b"z"], [b"x", GOOD, b"y", b"z"], [b"a,b,word,y"] * 2])
def test_a_stream_with_any_record_passes(tiny: Dataset, tiny_file: Write, tmp_path: Path, lines: list[bytes]) -> None:
    """One record among dead letters is enough, and a window of dead letters later on too; nothing is left out."""
    source = FileSource(tiny_file(tmp_path / "s.csv", lines), tiny, 2)
    passed = refuse_foreign(source.windows(START), dataset=tiny, where="it")
    assert held(source.windows(START)) == held(passed)


def test_taken_up_in_a_stretch_of_dead_letters(tiny: Dataset, tiny_file: Write, tmp_path: Path) -> None:
    """Only the stream's first window tells whether it is foreign: a resumed run may begin with dead letters."""
    source = FileSource(tiny_file(tmp_path / "s.csv", [GOOD, GOOD, b"x", b"y"]), tiny, 2)
    position = next(source.windows(START))[1]
    rest = refuse_foreign(source.windows(position), dataset=tiny, where="it")
    assert [window.index for window, _ in rest] == [1]


def test_a_stream_without_windows_passes(tiny: Dataset) -> None:
    """A finished source has nothing left, and that is no error."""
    source = FinishedSource({"topic": "t"}, {"topic": "t"})
    assert list(refuse_foreign(source.windows(START), dataset=tiny, where="it")) == []
