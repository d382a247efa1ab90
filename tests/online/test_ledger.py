"""The ledger: what was committed is read back unchanged, never rewritten, and damage is found."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from online.ledger import Entry, Ledger, Part
from online.windows import DeadLetter, Window
from producer.dataset import Dataset
from producer.errors import RunError

shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
"""The contract is a frozen value, and each example has a folder of its own."""

WORDS = st.sampled_from(["", "nan", "null", "None", " ", "Zürich", "日本語", "a,b", '"', "#seq"]) | st.text(max_size=5)
ROWS = st.lists(
    st.tuples(
        st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False), WORDS, st.integers(0, 1)
    ),
    max_size=12,
)
EVENT = {"event": "retrain", "reason": "größer", "rows": 3, "gain": 0.1, "lower": None}


def batch(dataset: Dataset, rows: Sequence[tuple[int, float, str, int]]) -> pa.RecordBatch:
    """Records from plain values."""
    columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * len(dataset.columns)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, dataset.schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=dataset.schema)


def entry(records: pa.RecordBatch, *, index: int = 0, arms: Sequence[str] = ("static",), size: int = 20) -> Entry:
    """A window with these records first, then a dead letter, a header line and a missing number."""
    n, first = len(records), index * size
    window = Window(
        index=index,
        first_seq=first,
        last_seq=first + n + 2,
        complete=False,
        seqs=np.arange(first, first + n),
        records=records,
        dead=(DeadLetter(first + n, "2 columns instead of 4: 'ü'", b"\x00\xff\n"),),
        set_aside=(first + n + 1,),
        missing=(first + n + 2,),
    )
    scores = {f"model-of-{arm}": np.linspace(0, 1 / 3, n) for arm in arms}
    return Entry(window, scores, {arm: Part(f"model-of-{arm}", (EVENT,)) for arm in arms})


def simple(dataset: Dataset, index: int = 0, arms: Sequence[str] = ("static",)) -> Entry:
    """An entry with three records."""
    return entry(batch(dataset, [(1, 0.5, "", 1), (2, -0.0, "nan", 0), (3, 1e300, "ü", 1)]), index=index, arms=arms)


def plain(found: Entry) -> tuple[object, ...]:
    """Everything an entry holds, as values that compare; floats by their bytes."""
    w = found.window
    head = (w.index, w.first_seq, w.last_seq, w.complete, w.seqs.tolist(), w.dead, w.set_aside, w.missing)
    scores = {model: scores.tobytes() for model, scores in found.scores.items()}
    return (*head, w.records.schema, repr(w.records.to_pylist()), scores, dict(found.arms))


def segments(folder: Path) -> dict[str, bytes]:
    """The committed files."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@shared
@given(rows=ROWS)
def test_what_is_committed_is_read_back(tiny: Dataset, tmp_path_factory: pytest.TempPathFactory, rows) -> None:
    """Records, words such as nan, bytes of dead letters, scores, models and events come back as they were."""
    folder = tmp_path_factory.mktemp("ledger") / "segments"
    committed = entry(batch(tiny, rows), arms=("static", "dynamic"))
    Ledger(folder, tiny).commit(committed)
    again = Ledger(folder, tiny)
    assert 1 == len(again)
    assert [plain(committed)] == [plain(found) for found in again.entries()]


@shared
@given(rows=ROWS, junk=ROWS)
def test_the_same_entry_gives_the_same_bytes(
    tiny: Dataset, tmp_path_factory: pytest.TempPathFactory, rows, junk
) -> None:
    """Fresh, sliced, filtered, concatenated, or from an array with nulls elsewhere: it leaves no trace."""
    around = batch(tiny, [*junk, *rows, *junk])
    n, at = len(rows), len(junk)
    inside = (np.arange(len(around)) >= at) & (np.arange(len(around)) < at + n)
    nulls = [pa.concat_arrays([pa.nulls(3, c.type), c]).slice(3) for c in batch(tiny, rows).columns]
    ways = {
        "fresh": batch(tiny, rows),
        "sliced": around.slice(at, n),
        "filtered": around.filter(pa.array(inside)),
        "concatenated": pa.concat_batches([around.slice(at, n // 2), around.slice(at + n // 2, n - n // 2)]),
        "with nulls before": pa.RecordBatch.from_arrays(nulls, schema=tiny.schema),
    }
    found = {}
    for way, records in ways.items():
        folder = tmp_path_factory.mktemp("ledger")
        Ledger(folder, tiny).commit(entry(records))
        found[way] = segments(folder)["000000.arrow"]
    assert dict.fromkeys(ways, found["fresh"]) == found


def test_scores_that_are_a_slice_give_the_same_bytes(tiny: Dataset, tmp_path: Path) -> None:
    """Scores and numbers too may be views of larger arrays."""
    fresh = simple(tiny)
    scores = {"model-of-static": np.repeat(fresh.scores["model-of-static"], 2)[::2]}
    for name, committed in (("one", fresh), ("two", Entry(fresh.window, scores, fresh.arms))):
        Ledger(tmp_path / name, tiny).commit(committed)
    assert segments(tmp_path / "one") == segments(tmp_path / "two")


def test_an_empty_window_is_kept(tiny: Dataset, tmp_path: Path) -> None:
    """A window without records has its place, its arms and its schema."""
    ledger = Ledger(tmp_path, tiny)
    committed = [entry(batch(tiny, []), index=index) for index in (0, 1)]
    for each in committed:
        ledger.commit(each)
    assert [plain(each) for each in committed] == [plain(found) for found in Ledger(tmp_path, tiny).entries()]


def test_windows_are_counted_up_to_the_first_gap(tiny: Dataset, tmp_path: Path) -> None:
    """Segments behind a deleted one don't count until it is there again."""
    ledger = Ledger(tmp_path, tiny)
    for index in range(5):
        ledger.commit(simple(tiny, index))
    (tmp_path / "000002.arrow").unlink()
    again = Ledger(tmp_path, tiny)
    assert (2, [0, 1]) == (len(again), [found.window.index for found in again.entries()])
    again.commit(simple(tiny, 2))
    assert 5 == len(again)


def test_an_arm_added_later_appends_and_touches_nothing(tiny: Dataset, tmp_path: Path) -> None:
    """New arms go to part files of their own; the bytes of what was committed stay, and reading joins them."""
    Ledger(tmp_path, tiny).commit(simple(tiny))
    first = segments(tmp_path)
    Ledger(tmp_path, tiny).commit(simple(tiny, arms=("static", "dynamic")))
    second = segments(tmp_path)
    Ledger(tmp_path, tiny).commit(simple(tiny, arms=("another",)))
    third = segments(tmp_path)
    assert ["000000.1.arrow", "000000.2.arrow", "000000.arrow"] == list(third)
    assert (first, second) == ({name: third[name] for name in first}, {name: third[name] for name in second})
    found = Ledger(tmp_path, tiny).read(0)
    assert plain(simple(tiny, arms=("static", "dynamic", "another"))) == plain(found)


def test_an_arm_that_adds_no_model_is_kept_too(tiny: Dataset, tmp_path: Path) -> None:
    """An arm whose model is scored already adds a part without any scores."""
    ledger = Ledger(tmp_path, tiny)
    known = simple(tiny)
    ledger.commit(known)
    ledger.commit(Entry(known.window, known.scores, known.arms | {"shy": Part("model-of-static", ())}))
    assert {"static", "shy"} == set(Ledger(tmp_path, tiny).read(0).arms)


def test_a_lost_part_is_not_written_over_a_later_one(tiny: Dataset, tmp_path: Path) -> None:
    """If an arm's part was deleted, committing it again takes a new number."""
    for arms in (("static",), ("one",), ("two",)):
        Ledger(tmp_path, tiny).commit(simple(tiny, arms=arms))
    (tmp_path / "000000.1.arrow").unlink()
    kept = segments(tmp_path)
    ledger = Ledger(tmp_path, tiny)
    ledger.commit(simple(tiny, arms=("one",)))
    assert kept == {name: segments(tmp_path)[name] for name in kept}
    assert {"static", "one", "two"} == set(ledger.read(0).arms)


def test_committing_the_same_again_writes_nothing(tiny: Dataset, tmp_path: Path) -> None:
    """A known entry leaves the files as they are, also as far as times go."""
    Ledger(tmp_path, tiny).commit(simple(tiny))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    Ledger(tmp_path, tiny).commit(simple(tiny))
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}


@pytest.mark.parametrize("part", [Part("other", (EVENT,)), Part("model-of-static", ())])
def test_another_result_for_a_known_arm_is_refused(tiny: Dataset, tmp_path: Path, part: Part) -> None:
    """A run that doesn't repeat is an error that names the window and the arm; nothing is written."""
    ledger = Ledger(tmp_path / "run" / "segments", tiny)
    ledger.commit(simple(tiny))
    before = segments(ledger.folder)
    changed = Entry(simple(tiny).window, {}, {"static": part})
    with pytest.raises(
        RunError, match=r"run doesn't repeat: in window 0 the arm 'static' does something else now .* start a new run"
    ):
        ledger.commit(changed)
    assert before == segments(ledger.folder)


def test_leftover_temporary_files_are_ignored(tiny: Dataset, tmp_path: Path) -> None:
    """What a dying process was writing is no segment, and doesn't stand in the way."""
    Ledger(tmp_path, tiny).commit(simple(tiny))
    (tmp_path / ".000001.arrow.tmp").write_bytes(b"half a segm")
    ledger = Ledger(tmp_path, tiny)
    assert 1 == len(ledger)
    ledger.commit(simple(tiny, 1))
    assert ["000000.arrow", "000001.arrow"] == list(segments(tmp_path))


@pytest.mark.parametrize("kept", [0, 1, 7, 100, 0.5, -1])
def test_a_segment_cut_short_is_damaged(tiny: Dataset, tmp_path: Path, kept: float) -> None:
    """Wherever a file ends too early, the error names it and says what to do."""
    Ledger(tmp_path, tiny).commit(simple(tiny))
    path = tmp_path / "000000.arrow"
    content = path.read_bytes()
    path.write_bytes(content[: kept if isinstance(kept, int) else int(len(content) * kept)])
    with pytest.raises(RunError, match=r"the segment .*000000\.arrow is damaged .* Delete it and all later segments"):
        Ledger(tmp_path, tiny).read(0)


def test_a_flipped_bit_is_found_or_changes_nothing(tiny: Dataset, tmp_path: Path) -> None:
    """Flip a bit of any byte: reading fails and names the file, or (in padding) gives what was committed."""
    committed = simple(tiny)
    Ledger(tmp_path, tiny).commit(committed)
    path = tmp_path / "000000.arrow"
    content = path.read_bytes()
    found = 0
    for at in range(len(content)):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1 << at % 8]) + content[at + 1 :])
        outcome = attempt(Ledger(tmp_path, tiny))
        assert outcome in (plain(committed), str(path))
        found += outcome == str(path)
    assert found > len(content) / 4


def attempt(ledger: Ledger) -> object:
    """The first entry's values, or the path that the error names."""
    try:
        return plain(ledger.read(0))
    except RunError as error:
        return re.findall(r"segment (\S+) is damaged", str(error))[0]


def test_a_part_that_lost_its_segment_is_named(tiny: Dataset, tmp_path: Path) -> None:
    """A window of which only an added part is left can't be read."""
    Ledger(tmp_path, tiny).commit(simple(tiny))
    Ledger(tmp_path, tiny).commit(simple(tiny, arms=("late",)))
    (tmp_path / "000000.arrow").unlink()
    with pytest.raises(RunError, match=r"000000\.1\.arrow has lost 000000\.arrow"):
        Ledger(tmp_path, tiny).read(0)


def test_a_foreign_file_among_the_segments_is_named(tiny: Dataset, tmp_path: Path) -> None:
    """A copy that somebody made by hand is refused in words."""
    (tmp_path / "000000 (copy).arrow").write_bytes(b"")
    with pytest.raises(RunError, match=r"000000 \(copy\)\.arrow is no segment of a run; move it"):
        Ledger(tmp_path, tiny)


def test_a_segment_under_another_windows_name_is_damage(tiny: Dataset, tmp_path: Path) -> None:
    """A copy of window 0 in the place of window 1 is named; it isn't taken for window 1."""
    Ledger(tmp_path, tiny).commit(simple(tiny, 0, arms=("static",)))
    (tmp_path / "000001.arrow").write_bytes((tmp_path / "000000.arrow").read_bytes())
    with pytest.raises(RunError, match=r"000001\.arrow is damaged: it holds window 0"):
        Ledger(tmp_path, tiny).read(1)


def test_a_checksum_covers_which_values_are_missing(tiny: Dataset, tmp_path: Path) -> None:
    """A label that isn't known is no 0: two segments that differ in nothing else have other checksums."""
    found = []
    for labels in ([0, None], [None, 0]):
        arrays = [pa.array([1, 1]), pa.array([0.5, 0.5]), pa.array(["w", "w"]), pa.array(labels, pa.int8())]
        folder = tmp_path / str(labels)
        Ledger(folder, tiny).commit(entry(pa.RecordBatch.from_arrays(arrays, schema=tiny.schema)))
        assert Ledger(folder, tiny).read(0).window.records.column("y").to_pylist() == labels
        with pa.ipc.open_file(folder / "000000.arrow") as reader:
            found.append(reader.schema.metadata[b"sha256"])
    assert found[0] != found[1]
