"""Dead letters: shown, counted by reason, exported for correction, and refused as long as they are no records."""

from __future__ import annotations

import json
import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import driftduel
from online import corrected
from online.corrected import checked_letters, read_corrections
from online.dead_letters import KINDS, REST, Letter, count_reasons, json_line, kind_of, read_letters, safe_text
from online.outcome import count_numbers
from online.source import START, FileSource
from online.tracker import located
from online.windows import DeadLetter, Position
from producer.errors import RunError, UsageError
from producer.topic import TopicReader

BAD = {
    3: b"one,2.0,word,attack",
    17: b"1,2.0",
    61: b'7,1e999,"\x1b[2J[bold]",attack',
    130: b"\xff\xfe,2.0,w,attack",
    149: b"two,2.0,word,attack",
}


@pytest.fixture
def run(run_asked, tiny_lines, tiny_file, tiny_model, tmp_path: Path) -> Path:
    """A run over 150 lines in windows of 50, five of them dead letters."""
    lines = tiny_lines(150, seed=3)
    for seq, line in BAD.items():
        lines[seq] = line
    file = tiny_file(tmp_path / "stream.csv", lines)
    run_asked(model=tiny_model(tmp_path / "model"), file=file, run=tmp_path / "run", window=50, arms=("static",))
    return tmp_path / "run"


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Calls `driftduel ARGUMENTS` in this process, asserts the exit code, and gives what was printed."""
    monkeypatch.setenv("COLUMNS", "200")

    def driftduel_(*arguments: object, exit_code: int = 0) -> str:
        with pytest.raises(SystemExit) as stop:
            driftduel.main([str(argument) for argument in arguments])
        printed = capfd.readouterr()
        assert exit_code == (stop.value.code or 0), printed.err
        return printed.out + (printed.err if exit_code else "")

    return driftduel_


def exported(run: Path, call: Callable[..., str], changes: dict[int, str]) -> Path:
    """The run's letters in a file, with other messages for some of them; the rest are left out."""
    file = run.parent / "letters.jsonl"
    call("dead-letters", run, "--export", file, "--force")
    letters = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    kept = [{**letter, "message": changes[letter["seq"]]} for letter in letters if letter["seq"] in changes]
    file.write_text("".join(json.dumps(letter) + "\n" for letter in kept))
    return file


def test_letters_are_read_with_their_bytes_and_places(run: Path) -> None:
    """Number, bytes and line of each letter come from the ledger, also when the tables are gone."""
    (run / "dead_letters.jsonl").unlink()
    letters = list(read_letters(run))
    assert BAD == {letter.seq: letter.raw for letter in letters}
    assert "stream.csv, line 5" == letters[0].place


def test_the_table_shows_safe_text(run: Path, call: Callable[..., str]) -> None:
    """Escape sequences and mark-up of a message are shown, not obeyed; how many there are is said."""
    printed = call("dead-letters", run)
    assert r'7,1e999,"\x1b[2J[bold]",attack' in printed
    assert r"\xff\xfe,2.0,w,attack" in printed
    assert "\x1b[2J" not in printed
    assert "5 dead letters in" in printed


def test_more_than_the_limit_are_counted(run: Path, call: Callable[..., str]) -> None:
    """Beyond --limit letters are counted only."""
    printed = call("dead-letters", run, "--limit", 2)
    assert "5 dead letters" in printed
    assert "2 are shown" in printed
    assert "1e999" not in printed


def test_reasons_are_counted_by_kind(run: Path, call: Callable[..., str]) -> None:
    """Letters with the same reason but other values are one kind."""
    counts = json.loads(call("dead-letters", run, "--by-reason", "--json"))
    assert {
        "'a': … is not a whole number": 2,
        "2 columns instead of 4": 1,
        "'b': … is not a finite number": 1,
        "not UTF-8 text from byte … on": 1,
    } == counts
    assert "2 columns instead of 4" in call("dead-letters", run, "--by-reason")


def test_json_lines_give_the_bytes_back(run: Path, call: Callable[..., str]) -> None:
    """--json prints a line for each letter, from which its bytes can be had again, whatever they are."""
    letters = [json.loads(line) for line in call("dead-letters", run, "--json").splitlines()]
    assert BAD == {d["seq"]: d["message"].encode("utf-8", "surrogateescape") for d in letters}


@given(raw=st.binary(max_size=40))
def test_any_bytes_survive_the_json_line(raw: bytes) -> None:
    """A line of the export is one line of UTF-8 JSON, and its message is the bytes."""
    line = json_line(Letter(1, "why", raw, {}, None, None))
    assert 1 == line.count(b"\n")
    assert raw == json.loads(line.decode("utf-8"))["message"].encode("utf-8", "surrogateescape")


@given(raw=st.binary(max_size=200) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_safe_text_is_one_short_printable_line(raw: bytes) -> None:
    """No byte sequence gives more than 60 characters, or one that a terminal would act upon."""
    text = safe_text(raw)
    assert text.isprintable()
    assert len(text) <= 60


def test_kinds_are_bounded() -> None:
    """A stranger's messages can't make more kinds of reasons than there is room for."""
    letters = (Letter(n, f"{n} columns instead of 4: b'x'", b"", {}, None, None) for n in range(KINDS + 500))
    counts = count_reasons(letters, ("a",))
    assert (KINDS + 1, 500) == (len(counts), counts[REST])


@given(reason=st.text(alphabet="'\"\\b.,: a…", max_size=300))
def test_any_reason_has_a_kind(reason: str) -> None:
    """Quotes in any order are read in one pass; nothing but a text comes out."""
    assert isinstance(kind_of(reason, frozenset("a")), str)


def test_an_export_replaces_nothing_unasked(run: Path, call: Callable[..., str], tmp_path: Path) -> None:
    """A file that is there stays, unless --force is given."""
    file = tmp_path / "letters.jsonl"
    file.write_text("mine")
    assert "is there already" in call("dead-letters", run, "--export", file, exit_code=2)
    assert "mine" == file.read_text()
    assert "5 dead letters" in call("dead-letters", run, "--export", file, "--force")


def test_what_is_still_no_record_is_named_and_nothing_sent(run: Path, call: Callable[..., str]) -> None:
    """All messages are checked before a broker is asked for; the lines at fault are named."""
    file = exported(run, call, {3: "1,2.0,word,attack", 17: "1,2.0", 149: "two,2.0,word,attack"})
    nowhere = ("--topic", "t", "--bootstrap", "127.0.0.1:1")
    printed = call("dead-letters", run, "--republish", file, *nowhere, exit_code=1)
    assert "2 of 3 messages in" in printed
    assert "nothing was sent: line 2: 2 columns instead of 4" in printed
    assert "line 3: 'a': 'two' is not a whole number" in printed
    assert not Path(f"{file}.origins.csv").exists()


def test_the_header_is_no_correction(run: Path, call: Callable[..., str]) -> None:
    """A header line would be set aside on the topic, so it is refused."""
    file = exported(run, call, {3: "a,b,word,y"})
    with pytest.raises(RunError, match="line 1: the contract's header"), checked_letters(run, file):
        pass


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"seq": 4, "message": "1,2.0,w,attack"}', "line 1: .* has no dead letter 4"),
        (
            '{"seq": 3, "message": "1,2.0,w,attack"}\n' * 2,
            "line 2: .* has no dead letter 3, .* or the file names it twice",
        ),
        ('{"seq": 3, "message": "1,2.0,w,attack", "reason": "another run\'s"}', "line 1: .* or another one under that"),
        ('{"seq": "3", "message": "x"}', "line 1, is no letter; expected a line of JSON"),
        ('{"seq": true, "message": "x"}', "line 1, is no letter"),
        ('{"seq": 3}', "line 1, is no letter"),
        ('{"seq": 3, "message": 7}', "line 1, is no letter"),
        (r'{"seq": 3, "message": "\ud800"}', "line 1, is no letter"),
        ("\n[[3]]", "line 2, is no letter"),
        ("[" * 100_000, "line 1, is no letter"),
        ("", "holds no letters"),
    ],
)
def test_a_file_that_holds_no_corrections_is_refused(run: Path, tmp_path: Path, text: str, sentence: str) -> None:
    """What isn't a letter of this run, once, is named by its line."""
    file = tmp_path / "corrected.jsonl"
    file.write_text(text)
    with pytest.raises(UsageError, match=sentence), checked_letters(run, file):
        pass


def test_an_endless_line_fills_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line is read up to a bound only."""
    monkeypatch.setattr("online.corrected.LINE_BYTES", 1_000)
    (tmp_path / "long.jsonl").write_bytes(b"x" * 3_000)
    with pytest.raises(UsageError, match="longer than 2,000 bytes"):
        list(read_corrections(tmp_path / "long.jsonl"))
    with pytest.raises(UsageError, match="nowhere can't be read"):
        list(read_corrections(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    "arguments",
    [("--by-reason", "--export", "x"), ("--republish", "x"), ("--topic", "x"), ("--limit", 0)],
)
def test_what_does_not_go_together_is_refused(run: Path, call: Callable[..., str], arguments) -> None:
    """Two actions at once, or half of one, are wrong usage."""
    call("dead-letters", run, *arguments, exit_code=2)


def test_no_run_is_a_sentence(call: Callable[..., str], tmp_path: Path) -> None:
    """A folder that is no run is said to be none."""
    assert "is no run directory" in call("dead-letters", tmp_path, exit_code=1)


def test_places_that_do_not_fit_are_left_out(tiny, tiny_lines, tiny_file, tmp_path: Path) -> None:
    """Damaged positions cost the places of the letters, nothing else."""
    file = tiny_file(tmp_path / "s.csv", [b"1,2.0", *tiny_lines(9, seed=1)])
    window, position = next(FileSource(file, tiny, 10).windows(START))
    assert [(0, 0)] == [(partition, offset) for _, partition, offset in located(window, position)]
    damaged = Position(window=0, next={}, dead=((0, 1), (0, 2)))
    assert [(None, None)] == [(partition, offset) for _, partition, offset in located(window, damaged)]


def test_books_that_do_not_balance_are_said(tiny, tiny_lines, tiny_file, tmp_path: Path) -> None:
    """A number that is in two parts of the books, or in none, ends the run in a sentence; `python -O` keeps it."""
    from dataclasses import replace

    window, _ = next(FileSource(tiny_file(tmp_path / "s.csv", tiny_lines(10, seed=1)), tiny, 10).windows(START))
    assert {"numbers": 10, "scored": 10, "dead": 0, "set_aside": 0, "missing": 0} == count_numbers(window)
    doubled = replace(window, dead=(DeadLetter(3, "why", b""),))
    with pytest.raises(RunError, match=r"window 0 spans 10 numbers, but holds 10 scored .* 1 dead"):
        count_numbers(doubled)
    lost = replace(window, seqs=window.seqs[1:], records=window.records.slice(1))
    with pytest.raises(RunError, match=re.escape("the books don't balance")):
        count_numbers(lost)


@pytest.mark.kafka
def test_corrected_letters_become_a_stream(run: Path, call: Callable[..., str], bootstrap: str, tiny) -> None:
    """Corrected ones lie on the topic once, however often sent, numbered from 0; a file says which is which."""
    file = exported(run, call, {3: "1,2.0,word,attack", 149: '2,2.0,"Zürich, too",attack'})
    where = ("--topic", "corrected", "--bootstrap", bootstrap)
    printed = call("dead-letters", run, "--republish", file, *where)
    assert "holds all 2 corrected records (2 sent now)" in printed
    assert "seq,letter\n0,3\n1,149\n" == Path(f"{file}.origins.csv").read_text()
    assert 0 == json.loads(call("dead-letters", run, "--republish", file, *where, "--json"))["sent"]
    with TopicReader(bootstrap, "corrected") as reader:
        values = [value for chunk in reader.chunks(reader.beginning, reader.end) for value in chunk.values]
    assert [b"1,2.0,word,attack", '2,2.0,"Zürich, too",attack'.encode()] == values
    other = exported(run, call, {3: "1,2.0,word,attack"})
    assert "already holds another stream" in call("dead-letters", run, "--republish", other, *where, exit_code=1)


def test_many_letters_are_never_in_memory_together(
    run_asked, tiny_lines, tiny_file, tiny_model, tmp_path: Path
) -> None:
    """Ten thousand letters of a kilobyte are counted and written again in the memory of a few windows."""
    file = tiny_file(tmp_path / "s.csv", [*tiny_lines(10, seed=1), *[b"x" * 1_000] * 10_000])
    run = tmp_path / "run"
    outcome = run_asked(model=tiny_model(tmp_path / "model"), file=file, run=run, window=500, arms=("static",))
    assert (10_010, 10, 10_000) == (outcome.books.numbers, outcome.books.scored, outcome.books.dead)
    tracemalloc.start()
    counts = count_reasons(read_letters(run), ("a", "b", "word", "y"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert {"1 columns instead of 4": 10_000} == dict(counts)
    assert peak < 8 * 2**20


def test_what_is_no_record_on_another_wire_is_refused(
    run: Path, call: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages are checked as they travelled, before any is turned into a line."""
    monkeypatch.setattr(corrected, "read_manifest", lambda _: {"identity": {"source": {"wire": "json"}}})
    file = exported(run, call, {3: "1,2.0,word,attack"})
    with pytest.raises(RunError, match=r"1 of 1 messages in \S+ are still no records, so nothing was sent: line 1: "):
        checked_letters(run, file).__enter__()


def test_few_long_messages_are_checked_at_once(
    run: Path, call: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that memory stays bounded: no more than a line may have, and one message."""
    sizes, decode = [], corrected.decode

    def counting(values: list[bytes], *more: object, **options: object) -> object:
        sizes.append(len(values))
        return decode(values, *more, **options)

    monkeypatch.setattr(corrected, "decode", counting)
    monkeypatch.setattr(corrected, "LINE_BYTES", 200)
    file = exported(run, call, dict.fromkeys(BAD, f"1,2.0,{'w' * 100},attack"))
    with checked_letters(run, file) as checked:
        assert (sizes, len(checked.letters)) == ([2, 2, 1], 5)
