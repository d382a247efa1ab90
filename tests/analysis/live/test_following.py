"""A run directory followed while others write it."""

from __future__ import annotations

import csv
import fcntl
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.figures.over_windows import planted
from analysis.live import tail
from analysis.live.following import MOST, Follower
from analysis.live.pace import Pace
from analysis.live.segments import Segments
from analysis.live.tail import Tail
from analysis.live.telling import tell
from analysis.live.values import Committed
from analysis.runs import read_run
from online.ledger import Entry, Ledger
from online.lock import is_held
from online.run import read_contract
from online.task import COLUMNS, BinaryTask
from online.windows import DeadLetter, Position

NOW = 2e9
"""Later than any file."""


def everything(follower: Follower) -> list[Committed]:
    """All that is new, in as many looks as it takes."""
    found: list[Committed] = []
    while True:
        look = follower.look(now=NOW)
        found = [*([] if look.anew else found), *look.committed]
        if not look.more:
            return found


def as_csv(found: list[Committed]) -> list[dict[str, str]]:
    """Rows as windows.csv holds them, in its order."""
    rows = []
    for row in sorted((row for one in found for row in one.rows), key=lambda r: (r.window, r.arm != "static", r.arm)):
        fixed = row.model_dump(exclude={"values", "bands"}) | {"complete": str(row.complete).lower()}
        values = {k: int(v) if k in COLUMNS[:4] else v for k, v in row.values.items()}
        rows.append({k: "" if v is None else str(v) for k, v in {**fixed, **values}.items()})
    return rows


def in_file(run: Path) -> list[dict[str, str]]:
    with (run / "windows.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_finished_run_is_told_as_its_own_files_hold_it(drifting: Path) -> None:
    """Rows equal windows.csv and events events.jsonl, value by value."""
    found = everything(Follower(drifting))
    assert in_file(drifting) == as_csv(found)
    events = [event.model_dump() for one in found for event in one.events]
    assert [json.loads(line) for line in (drifting / "events.jsonl").read_text().splitlines()] == events


def test_everything_is_told_once(drifting: Path) -> None:
    """A second look finds nothing."""
    follower = Follower(drifting)
    assert 10 == len(everything(follower))
    assert [] == everything(follower)


def test_the_status_adds_up_what_was_told(drifting: Path) -> None:
    """Windows, numbers, accuracy, cost and planted drift of a finished run."""
    follower = Follower(drifting)
    everything(follower)
    status = follower.status(now=NOW)
    static, dynamic = status.arms
    assert ("finished", 10, 1000, 1000) == (status.state, status.windows, status.numbers, status.messages)
    assert (0.82, 0.94) == (static.accuracy, dynamic.accuracy)
    assert (1, 1, 1) == (dynamic.alarms, dynamic.fits, dynamic.promoted)
    assert [("encoding", 3.5, 3.5)] == [(p.kind, p.start, p.end) for p in status.planted]
    assert [(s.start, s.end) for s in planted(read_run(drifting))] == [(p.start, p.end) for p in status.planted]


def test_a_run_that_is_not_there_yet_is_waited_for(make_run: Callable[..., Path], tmp_path: Path) -> None:
    """Neither a missing directory nor one without manifest or model is an error; then the run begins."""
    follower = Follower(tmp_path / "later")
    assert ([], "waiting") == (everything(follower), follower.status(now=NOW).state)
    run = make_run([np.array([0, 1], dtype=np.int8)], {"static": [np.array([0, 1], dtype=np.int8)]}, size=2)
    (tmp_path / "later").mkdir()
    shutil.copy(run / "manifest.json", tmp_path / "later")
    assert ([], "waiting") == (everything(follower), follower.status(now=NOW).state)
    for folder in ("models", "segments"):
        shutil.copytree(run / folder, tmp_path / "later" / folder)
    assert 1 == len(everything(follower))


def test_interrupted_is_a_run_that_nobody_holds(drifting: Path) -> None:
    """The lock tells a running evaluation from one that has died; looking leaves it free."""
    manifest = json.loads((drifting / "manifest.json").read_text())
    (drifting / "manifest.json").write_text(json.dumps(manifest | {"state": "running"}))
    follower = Follower(drifting)
    everything(follower)
    assert "interrupted" == follower.status(now=NOW).state
    with (drifting / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert "running" == follower.status(now=NOW).state
    assert "interrupted" == follower.status(now=NOW).state


def test_stopped_is_a_run_with_as_many_windows_as_were_asked_for(drifting: Path) -> None:
    """It says so when nobody holds it; while it is held, as on its way to further windows, it runs."""
    manifest = json.loads((drifting / "manifest.json").read_text())
    (drifting / "manifest.json").write_text(json.dumps(manifest | {"state": "stopped"}))
    follower = Follower(drifting)
    everything(follower)
    assert "stopped" == follower.status(now=NOW).state
    with (drifting / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert "running" == follower.status(now=NOW).state


def test_the_expected_end_is_that_of_the_messages_left(drifting: Path) -> None:
    """A thousand of 2,000 messages are left, at 100 in a second: ten seconds."""
    manifest = json.loads((drifting / "manifest.json").read_text())
    (drifting / "manifest.json").write_text(json.dumps(manifest | {"state": "running", "messages": 2000}))
    lines = [json.dumps({"window": window, "done": NOW - 10 + window}) + "\n" for window in range(10)]
    (drifting / "timings.jsonl").write_text("".join(lines))
    follower = Follower(drifting)
    everything(follower)
    with (drifting / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        status = follower.status(now=NOW)
    assert (100.0, NOW + 10) == (status.rate, status.expected_end)


def test_whoever_only_looks_does_not_hold_a_run(drifting: Path) -> None:
    """Two pages that follow one run don't take each other for its evaluator."""
    with (drifting / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        assert not is_held(drifting)


@given(order=st.permutations(range(6)))
def test_windows_come_in_order_however_they_appear(order: list[int], tmp_path_factory: pytest.TempPathFactory) -> None:
    """A window beyond a gap waits until the gap is filled; each comes once."""
    folder = tmp_path_factory.mktemp("segments")
    segments, taken = Segments(folder), []
    for index in order:
        (folder / f"{index:06d}.arrow").touch()
        assert segments.look(now=NOW)
        while due := segments.take():
            taken.append(due[0])
    assert list(range(6)) == taken


def test_arms_added_later_are_told_for_old_windows(make_run: Callable[..., Path], tmp_path: Path) -> None:
    """A second segment tells of the new arm only, and no dead letter or record twice."""
    labels = [np.array([0, 1], dtype=np.int8)] * 3
    first = make_run(labels, {"static": labels}, size=2, name="first")
    both = make_run(labels, {"static": labels, "late": labels}, size=2, name="both")
    follower = Follower(first)
    assert [["static"]] * 3 == [[row.arm for row in one.rows] for one in everything(follower)]
    late = make_late(both, tmp_path)
    shutil.copy(late, first / "segments" / "000001.1.arrow")
    found = everything(follower)
    assert [(1, ["late"])] == [(one.window, [row.arm for row in one.rows]) for one in found]
    assert 6 == follower.status(now=NOW).numbers


def make_late(both: Path, folder: Path) -> Path:
    """The segment that adds arm `late` to window 1."""
    ledger = Ledger(both / "segments", read_contract(both))
    entry = ledger.read(1)
    static = Entry(entry.window, {"model-of-static": entry.scores["model-of-static"]}, {"static": entry.arms["static"]})
    again = Ledger(folder / "again", ledger.dataset)
    for index in (0, 1):
        again.commit(ledger.read(0) if index == 0 else static)
    again.commit(entry)
    return folder / "again" / "000001.1.arrow"


def test_a_damaged_segment_is_said_and_the_rest_is_shown(drifting: Path) -> None:
    """One flipped byte costs one window; its repair, by deleting it and all later ones, begins the page anew."""
    broken = drifting / "segments" / "000003.arrow"
    content = bytearray(broken.read_bytes())
    content[len(content) // 2] ^= 1
    broken.write_bytes(content)
    follower = Follower(drifting)
    assert [0, 1, 2, 4, 5, 6, 7, 8, 9] == [one.window for one in everything(follower)]
    (trouble,) = follower.status(now=NOW).troubles
    assert "000003.arrow is damaged" in trouble
    for index in range(3, 10):
        (drifting / "segments" / f"{index:06d}.arrow").unlink()
    assert [0, 1, 2] == [one.window for one in everything(follower)]
    assert () == follower.status(now=NOW).troubles


def test_another_run_in_the_same_place_begins_anew(make_run: Callable[..., Path], drifting: Path) -> None:
    """A directory that was replaced is told from its first window on."""
    follower = Follower(drifting)
    everything(follower)
    shutil.rmtree(drifting)
    assert ([], "waiting") == (everything(follower), follower.status(now=NOW).state)
    labels = [np.array([0, 1], dtype=np.int8)] * 2
    assert drifting == make_run(labels, {"static": labels}, size=2)
    assert [0, 1] == [one.window for one in everything(follower)]


def test_a_segment_that_was_replaced_is_another_one(drifting: Path) -> None:
    """Whoever put another file in its place: what was told of it before no longer holds."""
    follower = Follower(drifting)
    everything(follower)
    segment = drifting / "segments" / "000003.arrow"
    shutil.copy(segment, drifting / "other").replace(segment)
    assert follower.look(now=NOW).anew


def test_another_identity_is_another_run(drifting: Path) -> None:
    """Even before it has a segment of its own."""
    follower = Follower(drifting)
    everything(follower)
    manifest = json.loads((drifting / "manifest.json").read_text())
    manifest["identity"]["seed"] = 1
    (drifting / "manifest.json").unlink()
    (drifting / "manifest.json").write_text(json.dumps(manifest))
    assert follower.look(now=NOW).anew


def test_dead_letters_are_told_the_first_time_only(drifting: Path) -> None:
    """As text, shortened, with their place where it is known; a later arm's segment doesn't repeat them."""
    entry = Ledger(drifting / "segments", read_contract(drifting)).read(0)
    letters = (DeadLetter(7, "no record", b"<script>\xff"), DeadLetter(8, "too long", b"x" * 10_000))
    dead = replace(entry, window=replace(entry.window, dead=letters))
    options = {"known": (), "position": Position(0, {0: 9}, dead=((0, 7), (0, 8)))}
    told = tell(dead, BinaryTask(0.5), "y", first=True, **options).dead_letters
    assert [(7, "<script>\\xff", 0, 7), (8, "x" * 300 + "…", 0, 8)] == [
        (d.seq, d.text, d.partition, d.offset) for d in told
    ]
    assert () == tell(dead, BinaryTask(0.5), "y", first=False, **options).dead_letters
    (strange,) = {d.offset for d in tell(dead, BinaryTask(0.5), "y", first=True, known=(), position=None).dead_letters}
    assert strange is None


def test_a_dead_letter_stands_at_the_position_of_its_window(drifting: Path) -> None:
    """Each window's are looked up in its own line of positions.jsonl, and not told again when an arm is added."""
    ledger = Ledger(drifting / "segments", read_contract(drifting))
    entries = [ledger.read(window) for window in range(3)]
    shutil.rmtree(drifting / "segments")
    again, lines = Ledger(drifting / "segments", ledger.dataset), []
    for entry in entries:
        index = entry.window.index
        letter = DeadLetter(entry.window.last_seq, "no record", b"?")
        again.commit(replace(entry, window=replace(entry.window, dead=(letter,))))
        lines.append(json.dumps({"window": index, "next": {"0": 100}, "dead": [[0, 1000 + index]]}) + "\n")
    (drifting / "positions.jsonl").write_text("".join(lines))
    follower = Follower(drifting)
    found = [letter for one in everything(follower) for letter in one.dead_letters]
    assert [(0, 1000), (1, 1001), (2, 1002)] == [(letter.window, letter.offset) for letter in found]
    late = replace(again.read(0), arms=again.read(0).arms | {"late": again.read(0).arms["static"]})
    again.commit(late)
    assert [(0, ["late"], ())] == [
        (o.window, [row.arm for row in o.rows], o.dead_letters) for o in everything(follower)
    ]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 2}', '{"format": 1, "identity": 3}'])
def test_a_manifest_that_cannot_be_read_is_said(drifting: Path, content: str) -> None:
    """No traceback: a sentence that names the file or the format."""
    (drifting / "manifest.json").write_text(content)
    follower = Follower(drifting)
    assert [] == everything(follower)
    (trouble,) = follower.status(now=NOW).troubles
    assert str(drifting) in trouble


@pytest.mark.parametrize(
    "changed",
    [{"ends": {"x": "y"}}, {"ends": 3}, {"ends": {"0": 1e400}}, {"messages": "x"}, {"state": 3}, {"identity": {}}],
)
def test_a_manifest_that_says_odd_things_ends_no_watch(drifting: Path, changed: dict[str, object]) -> None:
    """What it says of ends and sizes is left out, and the windows are shown."""
    manifest = json.loads((drifting / "manifest.json").read_text()) | changed
    (drifting / "manifest.json").write_text(json.dumps(manifest))
    follower = Follower(drifting)
    everything(follower)
    assert 10 == follower.status(now=NOW).windows


@pytest.mark.parametrize("line", ["[" * 100_000, '{"window": 1e400, "done": 1, "next": {}, "dead": []}', "3", '"x"'])
def test_lines_that_hold_something_else_say_nothing(drifting: Path, line: str) -> None:
    """Neither of times nor of positions."""
    for name in ("timings.jsonl", "positions.jsonl"):
        (drifting / name).write_text(f"{line}\n")
    follower = Follower(drifting)
    everything(follower)
    assert (10, None) == (follower.status(now=NOW).windows, follower.status(now=NOW).rate)


def test_foreign_files_among_the_segments_change_nothing(drifting: Path) -> None:
    """What is no segment isn't read."""
    for name in ("1.arrow", "000001.txt", ".000010.arrow.tmp", "notes"):
        (drifting / "segments" / name).write_text("?")
    assert 10 == len(everything(Follower(drifting)))


def test_a_long_run_is_told_in_steps(make_run: Callable[..., Path]) -> None:
    """One look reads a bounded number of windows, so that a page opened late begins to fill at once."""
    labels = [np.array([0, 1], dtype=np.int8)] * (MOST + 5)
    follower = Follower(make_run(labels, {"static": labels}, size=2))
    first = follower.look(now=NOW)
    assert (MOST, True) == (len(first.committed), first.more)
    assert [MOST + k for k in range(5)] == [one.window for one in everything(follower)]


def test_lag_is_what_the_committed_windows_have_not_reached(drifting: Path) -> None:
    """End offsets minus the position of the last committed window; a position without a window doesn't count."""
    manifest = json.loads((drifting / "manifest.json").read_text())
    (drifting / "manifest.json").write_text(json.dumps(manifest | {"ends": {"0": 700, "1": 600}}))
    lines = [{"window": w, "next": {"0": 60 * (w + 1), "1": 40 * (w + 1)}, "dead": []} for w in range(11)]
    (drifting / "positions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    follower = Follower(drifting)
    everything(follower)
    assert 1300 - 1000 == follower.status(now=NOW).lag


@given(parts=st.lists(st.sampled_from(["a", "bc\n", "\n", "ö\n", "d\ne"])))
def test_lines_come_whole_and_once(parts: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    """However a file grows, the tail gives the lines that are finished."""
    path = tmp_path_factory.mktemp("tail") / "lines"
    following, found = Tail(path), []
    for part in parts:
        with path.open("a", encoding="utf-8") as file:
            file.write(part)
        found += following.lines()
    assert "".join(parts).split("\n")[:-1] == found


def test_a_line_longer_than_what_is_read_at_a_time_is_a_line(tmp_path: Path) -> None:
    """It comes whole, once, and those after it come, too: dead letters of a window may fill megabytes."""
    path = tmp_path / "file"
    long = "x" * (3 * tail.MOST + 5)
    path.write_text(f"before\n{long}\nafter\nhalf")
    following, found = Tail(path), []
    for _ in range(4):
        found += following.lines()
    assert ["before", long, "after"] == found


def test_a_line_that_never_ends_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It isn't read again at each look, and the next line is found."""
    monkeypatch.setattr(tail, "MOST", 4)
    path = tmp_path / "file"
    path.write_text("x" * (4 * tail.LONGEST + 1))
    following = Tail(path)
    assert [] == following.lines()
    with path.open("a") as file:
        file.write("\nnext\n")
    assert ["x", "next"] == [line for _ in range(3) for line in following.lines()]


@pytest.mark.parametrize("line", ["", "{", '{"window": 1}', '{"window": "x", "done": 1}', "[1]", "null"])
def test_a_half_line_of_times_says_nothing(line: str) -> None:
    """A dying process leaves such lines; they are no pace."""
    pace = Pace()
    pace.read(line)
    assert (-1, {}) == (pace.highest, pace.seconds)


def test_going_through_old_windows_again_is_no_pace() -> None:
    """A resumed run is said to be going through old windows, and its rate is that of new ones."""
    pace = Pace()
    for window, at in ((0, 0.0), (1, 10.0), (2, 20.0), (0, 900.0)):
        pace.add(window, at)
    numbers = dict.fromkeys(range(4), 1000)
    assert (0, 100.0) == (pace.again, pace.rate(numbers, now=0.0))
    for window, at in ((1, 900.1), (2, 900.2), (3, 910.2)):
        pace.add(window, at)
    assert (None, 100.0) == (pace.again, pace.rate(numbers, now=0.0))


def test_a_long_wait_lowers_the_rate() -> None:
    """A run that stands still is not said to go on at its old pace."""
    pace = Pace()
    pace.add(0, 0.0)
    pace.add(1, 1.0)
    assert (1000.0, 100.0) == tuple(pace.rate({0: 1000, 1: 1000}, now=now) for now in (2.0, 10.0))
