"""Planted drift: what changes, what doesn't, and that the truth says so."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer import files
from producer.dataset import load_dataset, parse_dataset
from producer.errors import ContractError, DriftduelError, UsageError
from producer.files import read_blocks, read_records
from producer.inject import Injected, inject_blocks, inject_file
from producer.injection_plan import plan_for
from producer.injection_spec import parse_injection
from producer.output import truth_path
from producer.recipe import Recipe, parse_drift, read_truth
from producer.synthetic import write

DATASET = parse_dataset(
    """
    name = "flows"
    label = { positive = ["bad", "evil"], negative = ["good"], kind = "family" }
    columns = [
        { name = "id", type = "int", feature = false },
        { name = "a", type = "int" },
        { name = "b", type = "int" },
        { name = "x", type = "float" },
        { name = "z", type = "float", clean = { missing = ["-"], units = { K = 1024 } } },
        { name = "word", type = "string" },
        { name = "family", type = "string", feature = false },
        { name = "y", type = "label" },
    ]
    """,
    "flows",
)
HEADER = ",".join(DATASET.names)
NAMES = DATASET.names
ROWS = 600
DEAD = {100: "no record", 350: "", 351: '"open,1'}
Rows = list[list[str]]
Inject = Callable[..., Injected]


def row(i: int) -> str:
    """Row i: a tells it apart, z is dirty, the word needs quotes at times, every third one is an attack."""
    word = ("plain", '"a, b"', '"say ""so"""', "")[i % 4]
    label = ("evil" if i % 2 else "bad") if i % 3 == 0 else "good"
    return f"{i},{i + 1},{-i},{i / 8},{('-', '2K', '7')[i % 3]},{word},f{i % 3},{label}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of 600 rows, three of them no records."""
    file = tmp_path / "flows.csv"
    file.write_text("\n".join([HEADER, *(DEAD.get(i, row(i)) for i in range(ROWS)), ""]))
    return file


@pytest.fixture
def inject(path: Path, tmp_path: Path) -> Inject:
    """Plants drifts, given in words, into that file."""

    def call(*drifts: str, out: str = "out.csv", seed: int = 1, **options: Any) -> Injected:
        injections = [parse_injection(drift) for drift in drifts]
        return inject_file(path, DATASET, injections, seed=seed, out=tmp_path / out, **options)

    return call


def lines_of(path: Path) -> list[str]:
    raw = path.read_bytes()
    return (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode().split("\n")[1:-1]


def cells_of(path: Path, column: str) -> dict[int, str]:
    """A column's cells of the records, by row."""
    place = NAMES.index(column)
    return {i: next(csv.reader([line]))[place] for i, line in enumerate(lines_of(path)) if i not in DEAD}


def changed_rows(before: Path, after: Path) -> list[int]:
    pairs = zip(lines_of(before), lines_of(after), strict=True)
    return [i for i, (old, new) in enumerate(pairs) if old != new]


def records(first: int, end: int = ROWS) -> list[int]:
    return [i for i in range(first, end) if i not in DEAD]


# --- each kind does what the truth says


@pytest.mark.parametrize(
    ("drift", "told"),
    [
        ("label-swap@300", {"share": 1.0}),
        ("permutation@300", {"share": 1.0, "features": ["a", "b"], "sources": {"a": "b", "b": "a"}}),
        ("scaling@300,feature=a", {"share": 1.0, "features": ["a"], "factor": 2.0}),
        ("missing@300,feature=x", {"share": 1.0, "features": ["x"], "values": {"x": "37.375"}}),
        ("category@300", {"share": 1.0, "features": ["word"], "values": {"word": "unseen"}}),
    ],
)
def test_all_is_as_it_was_before_the_start_and_new_from_the_end_on(
    inject: Inject, path: Path, drift: str, told: dict[str, Any]
) -> None:
    """An abrupt change reaches every record from its place on, no row before, and no row that is no record."""
    made = inject(drift)
    assert records(300) == changed_rows(path, made.files.path)
    assert [(parse_injection(drift), len(records(300)))] == list(made.changed)
    kind = drift.partition("@")[0]
    truth = read_truth(made.files.truth)
    assert [{"kind": kind, "shape": "abrupt", "start": 300, "end": 300, **told}] == truth["drifts"]
    assert ("flows", "flows.csv", ROWS, 3, 1) == tuple(
        truth[key] for key in ("dataset", "injected_into", "records", "dead", "seed")
    )


def test_a_change_touches_its_own_column_only(inject: Inject, path: Path) -> None:
    """The other cells hold the same text as before, quotes and dirt included."""
    out = inject("scaling@0,feature=a,factor=3").files.path
    for column in NAMES:
        old = cells_of(path, column)
        expected = {i: str(3 * int(cell)) for i, cell in old.items()} if column == "a" else old
        assert expected == cells_of(out, column)


def test_labels_are_swapped_both_ways(inject: Inject, path: Path) -> None:
    """Every word of the attacks becomes the benign one, and the benign one the attacks' first; the family stays."""
    out = inject("label-swap@0").files.path
    expected = {i: "good" if word in ("bad", "evil") else "bad" for i, word in cells_of(path, "y").items()}
    assert expected == cells_of(out, "y")
    assert cells_of(path, "family") == cells_of(out, "family")


def test_labels_swapped_twice_are_as_they_were(inject: Inject, path: Path) -> None:
    """A later change is done to what the earlier ones left."""
    out = inject("label-swap@100", "label-swap@400").files.path
    classes = {i: word.replace("evil", "bad") for i, word in cells_of(path, "y").items() if not 100 <= i < 400}
    assert classes == {i: word.replace("evil", "bad") for i, word in cells_of(out, "y").items() if not 100 <= i < 400}
    assert set(records(100, 400)) <= set(changed_rows(path, out))


def test_scaling_reads_and_writes_what_the_contract_means(inject: Inject, path: Path) -> None:
    """2K times a half is 1024, what is missing stays missing, whole numbers stay whole."""
    out = inject("scaling@0,factor=0.5").files.path
    assert {"-": "-", "2K": "1024", "7": "3.5"} == dict(
        zip(cells_of(path, "z").values(), cells_of(out, "z").values(), strict=True)
    )
    assert [str(round((i + 1) / 2)) for i in records(0)] == [*cells_of(out, "a").values()]
    assert [i / 16 for i in records(0)] == [float(cell) for cell in cells_of(out, "x").values()]


def test_missing_writes_what_the_contract_calls_so(inject: Inject) -> None:
    """The contract's word where it has one, an empty word, and the lower median where there are no gaps."""
    out = inject("missing@0").files.path
    median = sorted(i + 1 for i in records(0))[(len(records(0)) - 1) // 2]
    found = [{*cells_of(out, column).values()} for column in ("z", "word", "a")]
    assert [{"-"}, {""}, {str(median)}] == found
    assert read_records(out, DATASET).records.column("z").null_count == len(records(0))


def test_the_median_is_a_value_that_occurs(inject: Inject, path: Path) -> None:
    """Of an even number of values it is the lower one of the two in the middle, so that whole numbers stay whole."""
    path.write_text("\n".join([HEADER, *map(row, (7, 1, 4, 2)), ""]))
    out = inject("missing@1,feature=a,feature=x").files.path
    assert ["7,8,-7,0.875", "1,3,-1,0.25", "4,3,-4,0.25", "2,3,-2,0.25"] == [
        ",".join(line.split(",")[:4]) for line in lines_of(out)
    ]


def test_a_new_category_may_need_quotes(inject: Inject) -> None:
    """A word with commas and quotes is one cell."""
    out = inject('category@0,value=a "new" one').files.path
    assert {'a "new" one'} == {*cells_of(out, "word").values()}
    assert '"a ""new"" one"' in lines_of(out)[0]


@pytest.mark.parametrize(("share", "grown"), [(0.1, "good"), (0.8, "attack")])
def test_a_prior_shift_replaces_no_more_than_it_must(tmp_path: Path, share: float, grown: str) -> None:
    """The share becomes what was asked; each replaced row is a copy of one of the last 5,000 of the other class."""
    lines = [f"{i},1,1,1,1,w,f,{'bad' if i % 3 == 0 else 'good'}" for i in range(30_000)]
    (tmp_path / "in.csv").write_text("\n".join([HEADER, *lines, ""]))
    drift = parse_injection(f"prior@10000,share={share}")
    out = inject_file(tmp_path / "in.csv", DATASET, [drift], seed=3, out=tmp_path / "out.csv").files.path
    new = lines_of(out)
    changed = changed_rows(tmp_path / "in.csv", out)
    assert share == pytest.approx(np.mean([line.endswith("bad") for line in new[10_000:]]), abs=0.01)
    assert abs(share - 1 / 3) == pytest.approx(len(changed) / 20_000, abs=0.01)
    assert min(changed) >= 10_000
    ages = [i - int(new[i].partition(",")[0]) for i in changed]
    assert {new[i].endswith("good") for i in changed} == {grown == "good"}
    assert 0 < min(ages)
    assert {"good": 7_500, "attack": 15_000}[grown] == pytest.approx(max(ages), rel=0.01)
    assert set(new) <= set(lines)


def test_of_several_prior_shifts_the_latest_is_in_force(tmp_path: Path) -> None:
    """Fewer attacks and then more, in whatever order they are named."""
    write(Recipe(30_000, 4, attack_share=0.4), tmp_path / "in.csv")
    drifts = [parse_injection("prior@20000,share=0.7"), parse_injection("prior@10000,share=0.1")]
    out = tmp_path / "out.csv"
    inject_file(tmp_path / "in.csv", load_dataset("dns-exfil"), drifts, seed=1, out=out)
    labels = [int(line[-1]) for line in lines_of(out)]
    shares = [np.mean(labels[a : a + 10_000]) for a in (0, 10_000, 20_000)]
    assert [0.4, 0.1, 0.7] == pytest.approx(shares, abs=0.02)


def test_a_prior_shift_halves_the_attacks_unless_a_share_is_named(inject: Inject) -> None:
    """The truth says the share there was from the start on, and the one that it becomes."""
    drift = inject("prior@300").truth["drifts"][0]
    was = sum(i % 3 == 0 for i in records(300)) / len(records(300))
    assert (was, was / 2) == (drift["was"], drift["share"])


# --- shapes


def test_a_gradual_change_comes_by_chance_and_an_incremental_one_by_degrees(inject: Inject, path: Path) -> None:
    """Gradual: each record is old or new, more and more are new. Incremental: all have a factor that grows."""
    old = np.array([*map(int, cells_of(path, "id").values())])
    gradual, incremental = (
        np.array(
            [
                *map(
                    int,
                    cells_of(
                        inject(f"scaling@100-500,feature=id,factor=101{shape}", out=out).files.path, "id"
                    ).values(),
                )
            ]
        )
        for shape, out in (("", "g.csv"), (",shape=incremental", "i.csv"))
    )
    progress = np.clip((old - 100) / 400, 0, 1)
    assert np.rint(old * (1 + 100 * progress)).tolist() == incremental.tolist()
    new = gradual == 101 * old
    assert (new | (gradual == old)).all()
    assert [0, 1] == [new[old < 100][1:].mean(), new[old >= 500].mean()]
    assert [0.25, 0.75] == pytest.approx(
        [new[(old >= 100) & (old < 300)].mean(), new[(old >= 300) & (old < 500)].mean()], abs=0.08
    )


def test_a_recurring_change_has_an_entry_for_each_turn(inject: Inject, path: Path) -> None:
    """New and old alternate every period until the end, and then all is old."""
    made = inject("category@100-370,period=90")
    assert [*records(100, 190), *records(280, 370)] == changed_rows(path, made.files.path)
    turns = [(d["start"], d["end"], d["shape"], d["to"]) for d in read_truth(made.files.truth)["drifts"]]
    expected = [(100, "new"), (190, "old"), (280, "new"), (370, "old")]
    assert [(at, at, "recurring", to) for at, to in expected] == turns


def test_a_share_of_the_records_may_be_changed(inject: Inject, path: Path) -> None:
    """A quarter of the labels, from the start on."""
    changed = changed_rows(path, inject("label-swap@100,share=0.25").files.path)
    assert min(changed) >= 100
    assert 0.25 == pytest.approx(len(changed) / len(records(100)), abs=0.06)


def test_several_drifts_are_planted_at_once(inject: Inject, path: Path) -> None:
    """Each is in the truth, by start; one more changes nothing about what is drawn for those named before it."""
    both = inject("label-swap@300,share=0.5", "scaling@100,feature=a")
    assert [100, 300] == [drift["start"] for drift in both.truth["drifts"]]
    alone = inject("label-swap@300,share=0.5", out="alone.csv")
    assert cells_of(alone.files.path, "y") == cells_of(both.files.path, "y")
    assert cells_of(path, "y") != cells_of(both.files.path, "y")


def test_copies_never_come_from_what_follows(inject: Inject, path: Path) -> None:
    """Before the first attack there is none to copy: those rows stay, and every copy is older than its place."""
    path.write_text("\n".join([HEADER, *(row(i if i > 200 else 3 * i + 1) for i in range(ROWS)), ""]))
    out = inject("prior@0,share=0.9").files.path
    changed = changed_rows(path, out)
    assert 201 < min(changed)
    assert all(int(cells.partition(",")[0]) < i for i, cells in enumerate(lines_of(out)) if i in changed)


def test_drifts_are_drawn_apart(inject: Inject, path: Path) -> None:
    """Of two swaps of half of the labels each, half of the records get one of them alone."""
    out = inject("label-swap@0,share=0.5", "label-swap@0,share=0.5").files.path
    old, new = (np.array([word == "good" for word in cells_of(p, "y").values()]) for p in (path, out))
    assert 0.5 == pytest.approx((old != new).mean(), abs=0.07)


# --- bytes

ALL = (
    "prior@50-300,share=0.6",
    "label-swap@200,share=0.5",
    "permutation@100,period=70",
    "scaling@150-400,shape=incremental,factor=1.5",
    "missing@250,share=0.3",
    "category@500",
)


@settings(max_examples=15)
@given(block=st.integers(1, 700), seed=st.integers(0, 2**63 - 1))
def test_the_size_of_a_block_changes_nothing(block: int, seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """All kinds and shapes at once: the same seed gives the same lines, however the file is cut into blocks."""
    path = tmp_path_factory.mktemp("blocks") / "flows.csv"
    path.write_text("\n".join([HEADER, *(DEAD.get(i, row(i)) for i in range(ROWS)), ""]))
    injections = [parse_injection(drift) for drift in ALL]

    def planted() -> list[bytes]:
        plan = plan_for(read_blocks(path, DATASET), DATASET, injections, seed=seed)
        return [line for lines in inject_blocks(read_blocks(path, DATASET), plan) for line in lines]

    whole = planted()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "BLOCK", block)
        assert whole == planted()
    assert ROWS == len(whole)
    assert [DEAD[i] for i in DEAD] == [whole[i].decode() for i in DEAD]
    decoded = files.decode(whole, DATASET, wire="csv")
    assert [*DEAD] == [i for i, _ in decoded.dead]


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=6)
LINES = st.one_of(
    st.builds(
        lambda a, x, z, word: f'7,{a},3,{x},{z},"{word}",f,good'.encode(),
        st.integers(-(2**50), 2**50),
        st.floats(allow_nan=False, allow_infinity=False, width=32),
        st.sampled_from(["-", " 2K", "7.5"]),
        CELLS.map(lambda text: text.replace('"', '""')),
    ),
    st.binary(max_size=12).filter(lambda line: b"\n" not in line and not line.endswith(b"\r")),
)


@given(lines=st.lists(LINES, min_size=1, max_size=20), seed=st.integers(0, 99))
def test_records_stay_records_and_everything_else_stays_as_it_is(lines: list[bytes], seed: int) -> None:
    """Whatever a cell holds and whatever lies between the records: as many rows, and the same of them are records."""
    before = files.decode([*lines, row(0).encode(), row(1).encode()], DATASET, wire="csv")
    block = files.Block(Path("in"), 2, [*lines, row(0).encode(), row(1).encode()], before)
    injections = [parse_injection(f"{drift.partition('@')[0]}@0") for drift in ALL if "prior" not in drift]
    plan = plan_for([block], DATASET, injections, seed=seed)
    after = next(inject_blocks([block], plan))
    decoded = files.decode(after, DATASET, wire="csv")
    assert before.positions.tolist() == decoded.positions.tolist()
    assert [block.lines[i] for i, _ in before.dead] == [after[i] for i, _ in before.dead]
    assert {"unseen"} == {*decoded.records.column("word").to_pylist()}


def test_the_same_seed_gives_the_same_bytes(inject: Inject) -> None:
    """Packed or not, and another seed gives others."""
    first, second, other = (
        inject(*ALL, out=f"{name}.csv.gz", seed=seed) for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert first.files.sha256 == second.files.sha256 != other.files.sha256
    assert lines_of(first.files.path) == lines_of(inject(*ALL).files.path)
    assert first.truth == json.loads(first.files.truth.read_text())


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_what_is_not_changed_keeps_its_bytes(tmp_path: Path, path: Path, mark: bytes, end: bytes) -> None:
    """Header, byte order mark, line ends and rows before the start are those of the file, gzip or not."""
    raw = mark + path.read_bytes().replace(b"\n", end).replace(b"id,", b'"id",', 1)
    (tmp_path / "in.gz").write_bytes(gzip.compress(raw))
    out = tmp_path / "out.csv"
    inject_file(tmp_path / "in.gz", DATASET, [parse_injection("scaling@599,feature=a")], seed=1, out=out)
    old, new = raw.split(end), out.read_bytes().split(end)
    assert old[:600] == new[:600]
    assert [b"599,1200,-599,74.875,7,,f2,good", b""] == new[600:]


def test_tables_of_other_forms_become_csv(tmp_path: Path, path: Path) -> None:
    """TSV and Parquet are read as everywhere; the row count and the records are theirs."""
    good = [row(i) for i in range(50)]
    tabs = ["\t".join(next(csv.reader([line]))) for line in (HEADER, *good)]
    (tmp_path / "in.tsv").write_text("\n".join(tabs) + "\n")
    out = tmp_path / "out.csv"
    inject_file(tmp_path / "in.tsv", DATASET, [parse_injection("scaling@49,feature=a")], seed=1, out=out)
    expected = [*good[:49], row(49).replace("49,50", "49,100")]
    found = list(csv.reader(io.StringIO(out.read_text())))
    assert list(csv.reader([HEADER, *expected])) == found


def test_drifts_that_were_there_before_stay_in_the_truth(tmp_path: Path) -> None:
    """A file with a sidecar of its own, as generate and inject write it, hands it on."""
    write(Recipe(1000, 1, drifts=(parse_drift("encoding@500"),)), tmp_path / "a.csv")
    contract = load_dataset("dns-exfil")
    for source, drift, out in (("a", "label-swap@800", "b"), ("b", "scaling@200", "c")):
        inject_file(tmp_path / f"{source}.csv", contract, [parse_injection(drift)], seed=1, out=tmp_path / f"{out}.csv")
    found = [(d["kind"], d["start"]) for d in read_truth(truth_path(tmp_path / "c.csv"))["drifts"]]
    assert [("scaling", 200), ("encoding", 500), ("label-swap", 800)] == found


# --- what can't be done


@pytest.mark.parametrize(
    ("drift", "message"),
    [
        ("label-swap@600", "drift label-swap@600 starts beyond the last of the 600 rows, whose number is 599"),
        ("label-swap@500-601", "drift label-swap@500-601 ends beyond the file of 600 rows; end earlier"),
        ("scaling@5,feature=wird", "no column 'wird' in dataset 'flows' (did you mean 'word'?)"),
        ("scaling@5,feature=word", "'word' is a column of type string; scaling is for int or float"),
        ("scaling@5,factor=1e300", "column 'a' can't hold"),
        ("scaling@5,factor=1e307,feature=x", "column 'x' can't hold inf; scale it by a smaller factor"),
        ("category@5,value=plain", "'plain' is no new category, as column 'word' holds it already"),
        ("prior@3,share=0.333", "the share of attacks among the records from 3 on is 0.3"),
    ],
)
def test_a_drift_that_does_not_fit_the_file(inject: Inject, tmp_path: Path, drift: str, message: str) -> None:
    """One sentence, and nothing is written, not even in part."""
    with pytest.raises(UsageError) as failure:
        inject(drift)
    assert message in str(failure.value)
    assert ["flows.csv"] == [file.name for file in tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty. Expected CSV or TSV"),
        (HEADER.encode() + b"\n", "holds a header and no records"),
        (f"{row(1)}\n{row(2)}\n".encode(), "doesn't fit dataset 'flows': missing"),
        (f"{HEADER}\nx\n".encode(), "none of the 1 rows is a record of dataset 'flows'"),
        (
            gzip.compress("\n".join([HEADER, *map(row, range(99))]).encode(), mtime=0)[:-30],
            "gzip file that is cut short",
        ),
    ],
)
def test_a_file_that_cannot_be_read(inject: Inject, path: Path, tmp_path: Path, content: bytes, message: str) -> None:
    """No header, no rows, no records, or cut short: told in a sentence, and nothing is written."""
    path.write_bytes(content)
    with pytest.raises(ContractError) as failure:
        inject("label-swap@0")
    assert message in str(failure.value)
    assert ["flows.csv"] == [file.name for file in tmp_path.iterdir()]


def test_one_class_has_no_share_to_change(inject: Inject, path: Path) -> None:
    """Where there are no attacks at all, none can be copied."""
    path.write_text("\n".join([HEADER, *(row(3 * i + 1) for i in range(20)), ""]))
    with pytest.raises(UsageError, match="the file holds one class only, so that no share can change"):
        inject("prior@5,share=0.5")


def test_files_are_not_written_over(inject: Inject, path: Path) -> None:
    """Not without force, and the file that is read not even with it."""
    inject("label-swap@5")
    with pytest.raises(UsageError, match=r"out\.csv is there already; choose another name"):
        inject("label-swap@5")
    before = path.read_bytes()
    with pytest.raises(UsageError, match=r"flows\.csv is the file to be read"):
        inject("label-swap@5", out="flows.csv", force=True)
    assert before == path.read_bytes()
    inject("label-swap@5", force=True)


def test_nothing_stays_when_it_is_broken_off(inject: Inject, tmp_path: Path) -> None:
    """Neither the file nor its truth nor a part of them."""
    calls = []

    def stop(rows: int) -> None:
        calls.append(rows)
        if len(calls) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        inject("label-swap@5", advance=stop)
    assert ["flows.csv"] == [file.name for file in tmp_path.iterdir()]


def test_a_text_with_a_line_break_is_no_row_of_csv(tmp_path: Path) -> None:
    """Parquet can hold what CSV can't; better nothing than another number of rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = dict(
        zip(
            NAMES,
            ([1, 2], [1, 2], [1, 2], [1.0, 2.0], ["-", "2K"], ["a\nb", "c"], ["f", "f"], ["bad", "good"]),
            strict=True,
        )
    )
    pq.write_table(pa.table(columns), tmp_path / "in.parquet")
    with pytest.raises(ContractError, match="has texts with line breaks, which no row of CSV can hold"):
        inject_file(tmp_path / "in.parquet", DATASET, [parse_injection("label-swap@0")], seed=1, out=tmp_path / "o.csv")
    assert ["in.parquet"] == [file.name for file in tmp_path.iterdir()]


def test_nothing_to_plant_is_told(inject: Inject) -> None:
    """Without a drift there is nothing to do."""
    with pytest.raises(DriftduelError, match="nothing is to be planted; name a kind and a place"):
        inject()
