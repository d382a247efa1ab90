"""`describe`: what a draft says about a file that nobody has described."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from producer import looks, traits
from producer.columns import Clean, Column, Label
from producer.dataset import load_dataset, parse_dataset
from producer.describe import Draft, describe
from producer.draft import draft_toml
from producer.errors import ContractError, UsageError
from producer.files import read_records
from producer.looks import Look, classify
from producer.traits import Sample

ROWS = 400


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test's file stands."""
    return tmp_path / "flows.csv"


def write(path: Path, **columns: Iterable[object]) -> Path:
    """A CSV file of these columns; cells with commas or quotes are the test's affair."""
    cells = zip(*columns.values(), strict=True)
    lines = [",".join(columns), *(",".join(map(str, row)) for row in cells)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def labels(rows: int = ROWS) -> list[int]:
    """Every third record is an attack."""
    return [int(place % 3 == 0) for place in range(rows)]


def numbers(rows: int = ROWS, seed: int = 1) -> list[int]:
    """Whole numbers that say nothing."""
    return np.random.default_rng(seed).integers(0, 50, rows).tolist()


def column_of(draft: Draft, name: str) -> Column:
    """The decision about one column."""
    return next(each for each in draft.dataset.columns if each.name == name)


def note_of(draft: Draft, name: str) -> str:
    """Why a column is no feature; empty for a feature."""
    column = column_of(draft, name)
    assert column.feature == (not column.note)
    return column.note


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("7", ("int", "", False)),
        ("-0", ("int", "", False)),
        ("007", ("text", "", False)),
        ("9" * 19, ("text", "", False)),
        ("1.50", ("float", "", False)),
        (".5", ("float", "", False)),
        ("1e-7", ("float", "", False)),
        ("5e-324", ("float", "", False)),
        ("1e999", ("text", "", False)),
        ("inf", ("text", "", False)),
        ("0x1F", ("text", "", False)),
        ("184.3M", ("unit", "M", False)),
        ("2 KiB", ("unit", "KiB", False)),
        ("1 024", ("int", "", True)),
        ("1 024 K", ("unit", "K", True)),
        ("NaN", ("missing", "", False)),
        ("-", ("missing", "", False)),
        ("nano", ("text", "", False)),
        ("49:12.9", ("time", "", False)),
        ("2023-08-05T12:57:12.9Z", ("time", "", False)),
        ("192.168.1.30", ("text", "", False)),
    ],
)
def test_cells_are_told_apart(cell: str, expected: tuple[str, str, bool]) -> None:
    """Each cell is of one kind; a number with a needless zero is a code, as the zero would be lost."""
    assert expected == classify(cell)


def test_cells_are_counted_alike_one_by_one_and_at_once() -> None:
    """What Arrow counts at once is what the cells are one by one."""
    cells = ["7", "-1", "007", "1.5", ".5", "1e5", "1e999", "", "NA", " 8 ", "1 0", "3K", "x", "12:30", "7"]
    look = Look("x")
    look.add(pa.array([cell or None for cell in cells]))
    assert Counter(classify(cell.strip())[0] for cell in cells) == Counter({k: n for k, n in look.kinds.items() if n})
    assert (Counter({"": 1, "NA": 1}), Counter({"K": 1}), 1) == (look.missing, look.units, look.blanks)


def test_a_draft_reads_every_row_of_a_dirty_file(path: Path) -> None:
    """Units, blanks, words for missing and a little text among numbers are cleaned, and nothing is lost."""
    sizes = [f"{n}K" if n % 2 else str(n) for n in numbers()]
    spaced = [f"1 0{n:02d}" for n in numbers(seed=2)]
    holes = ["-" if n == 3 else "" if n == 4 else n for n in numbers(seed=3)]
    texts = ["down" if place == 7 else n for place, n in enumerate(numbers(seed=4))]
    codes = ["-" if n == 3 else "NE" if n == 7 else n % 3 for n in numbers(seed=5)]
    write(path, size=sizes, spaced=spaced, holes=holes, texts=texts, codes=codes, label=labels())
    draft = describe([path])
    expected = {
        "size": ("float", Clean(units={"K": 1024.0})),
        "spaced": ("int", Clean(blanks=True)),
        "holes": ("int", Clean(missing=("", "-"))),
        "texts": ("int", Clean(text="missing")),
        "codes": ("string", Clean(missing=("-",))),
        "label": ("label", Clean()),
    }
    assert expected == {column.name: (column.type, column.clean) for column in draft.dataset.columns}
    found = read_records(path, draft.dataset)
    assert (ROWS, (), 0) == (found.records.num_rows, found.dead, draft.dead)
    assert [n * 1024 if n % 2 else n for n in numbers()] == found.records["size"].to_pylist()


def test_columns_that_should_stay_out_say_why(path: Path) -> None:
    """Times, ids, constants, empty columns, kinds of attack and suspected leaks are kept out, each by its note."""
    truth = labels()
    kinds = [("dos", "scan")[place % 2] if label else "normal" for place, label in enumerate(truth)]
    write(
        path,
        clock=[f"{place % 60:02d}:{place % 7:02d}.{place % 10}" for place in range(ROWS)],
        captured=[1_600_000_000 + place // 2 for place in range(ROWS)],
        Timestamp=numbers(),
        flowId=numbers(seed=2),
        serial=[place * 7 for place in range(ROWS)],
        token=[f"t{place * 7919}" for place in range(ROWS)],
        same=["tcp"] * ROWS,
        nothing=[""] * ROWS,
        attack_cat=kinds,
        port=[(80, 22)[label] for label in truth],
        score=[label + n / 100 for label, n in zip(truth, numbers(seed=3), strict=True)],
        host=[f"h{place // 2}" for place in range(ROWS)],
        proto=[("tcp", "udp", "icmp")[n % 3] for n in numbers(seed=4)],
        size=numbers(seed=5),
        label=truth,
    )
    draft = describe([path])
    a_leak = "suspected leak: alone it tells the label, wrongly in no row; a feature only if it is known beforehand"
    a_time = "a time: it tells when a record was captured, and so perhaps which attack ran then, not what it is"
    expected = {
        "clock": a_time,
        "captured": a_time,
        "Timestamp": a_time,
        "flowId": "an id by its name: it tells which record this is, not what it is",
        "serial": "all values differ: an id, or as good as one",
        "token": "all values differ: an id, or as good as one",
        "same": "constant: 'tcp' in every row",
        "nothing": "no value in any row",
        "attack_cat": "which kind of attack it was: the label in other words",
        "port": a_leak,
        "score": a_leak,
        "host": "",
        "proto": "",
        "size": "",
    }
    assert expected == {name: note_of(draft, name) for name in expected}
    assert "attack_cat" == draft.dataset.label.kind


def test_too_many_words_are_kept_out(path: Path) -> None:
    """More than 1,000 different words, or nearly as many as rows, can't be learned one by one."""
    rows = 3_000
    words = [f"w{place % 1_500}" for place in range(rows)]
    few = [f"w{place % 900}" for place in range(rows)]
    draft = describe([write(path, words=words, few=few, label=labels(rows))])
    expected = "1,500 different words: too many to learn one by one, and they can name the record"
    assert (expected, "") == (note_of(draft, "words"), note_of(draft, "few"))


def test_a_suspected_column_stays_where_nothing_else_is_left(path: Path) -> None:
    """A suspicion alone doesn't refuse a file: the column is a feature, and marked."""
    draft = describe([write(path, port=[(80, 22)[label] for label in labels()], same=[1] * ROWS, label=labels())])
    assert ["port"] == [column.name for column in draft.dataset.features]
    assert "# CHECK: suspected leak: alone it tells the label, wrongly in no row" in draft_toml(draft)


def test_columns_that_are_counted_have_names(path: Path) -> None:
    """A header 0, 1, 2 is one, as programs write it that know no names."""
    draft = describe([write(path, **{"0": numbers(), "1": numbers(seed=2), "2": numbers(seed=3), "label": labels()})])
    assert ["0", "1", "2"] == [column.name for column in draft.dataset.features]


@pytest.mark.parametrize(
    ("name", "words", "positive", "negative", "sure"),
    [
        ("Label", ("Attack", "Normal"), ("Attack",), ("Normal",), True),
        ("Target Attack", ("1", "0"), ("1",), ("0",), True),
        ("class", ("malicious", "benign"), ("malicious",), ("benign",), True),
        ("is_attack", ("yes", "no"), ("yes",), ("no",), True),
        ("y", ("True", "False"), ("True",), ("False",), True),
        ("verdict", ("1", "-1"), ("1",), ("-1",), True),
        ("target", ("1.0", "0.0"), ("1.0",), ("0.0",), True),
        ("label", ("neptune", "normal."), ("neptune",), ("normal.",), True),
        ("class", ("attack", "web"), ("attack",), ("web",), True),
        ("class", ("B", "A"), ("B",), ("A",), False),
        ("verdict_of_us", ("ATTACK", "Benign"), ("ATTACK",), ("Benign",), True),
    ],
)
def test_the_label_is_found_by_name_and_words(
    path: Path, name: str, words: tuple[str, str], positive: tuple[str], negative: tuple[str], sure: bool
) -> None:
    """Its words say which means an attack; where they don't, the rarer one is taken, and marked."""
    column = {name: [words[0] if label else words[1] for label in labels()]}
    draft = describe([write(path, x=numbers(), flag=[n % 2 for n in numbers(seed=2)], **column)])
    assert (name, Label(positive=positive, negative=negative), sure) == (
        draft.label.name,
        draft.label.label,
        draft.label.sure,
    )
    assert ("CHECK: the words don't say which of them means an attack" in draft_toml(draft)) == (not sure)
    assert sum(labels()) == draft.class_counts[1]


def test_a_label_of_many_kinds_has_one_normal_word(path: Path) -> None:
    """A label that names the attacks maps all of them to 1."""
    words = [("smurf.", "normal.", "neptune.")[n % 3] for n in numbers()]
    draft = describe([write(path, x=numbers(seed=2), label=words)])
    assert Label(positive=("neptune.", "smurf."), negative=("normal.",)) == draft.dataset.label


def test_the_likelier_name_wins_and_the_others_are_told(path: Path) -> None:
    """Two columns could be the label: the draft says which was not taken, and --label takes it."""
    other = [n % 2 for n in numbers(seed=2)]
    write(path, x=numbers(), attack=other, label=labels())
    assert "by its name; it could also be attack" == describe([path]).label.why
    assert "attack" == describe([path], label="attack").dataset.label_name


@pytest.mark.parametrize(
    ("columns", "asked", "sentence"),
    [
        ({"a": numbers(), "b": labels()}, None, "Columns with two values: b (0, 1). If one of them is the label, say"),
        ({"a": numbers(), "b": numbers()}, None, "none has two values. Models learn from labelled records: join"),
        ({"a": numbers(), "label": [1] * ROWS}, None, "no label was found"),
        ({"a": numbers(), "b": labels()}, "a", "column 'a' of {path} can't be the label: it has 50 values (0, 1, 10,"),
        ({"a": range(ROWS), "b": labels()}, "a", "it has more than 200 values"),
        ({"same": [1] * ROWS, "label": labels()}, None, "no column of {path} is left to learn from. same: constant"),
    ],
)
def test_a_file_without_what_a_contract_needs_is_refused(
    path: Path, columns: dict[str, Iterable[object]], asked: str | None, sentence: str
) -> None:
    """The sentence names the file, what was found, and what to do."""
    write(path, **columns)
    with pytest.raises(ContractError) as failure:
        describe([path], label=asked)
    assert sentence.format(path=path) in str(failure.value)
    assert str(path) in str(failure.value)


def test_a_label_that_is_no_column_is_wrong_usage(path: Path) -> None:
    """The sentence names the columns that there are."""
    with pytest.raises(UsageError, match=r"no column 'z' in .*flows\.csv; it has: x, label"):
        describe([write(path, x=numbers(), label=labels())], label="z")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"a,label\n", "holds a header and no records"),
        (b"0,tcp,5,7\n1,udp,3,4\n", "begins with 0, tcp, 5, 7...: these are no names"),
        (b"a;label\n1;0\n", "has one column only, 'a;label'; columns are parted by commas or tabs"),
        (b"a,a,label\n1,1,0\n", "has column names that can't be used: 'a'"),
        (b"a,,label\n1,1,0\n", "has column names that can't be used: ''"),
        (b"a,label\n1\n2\n", "no line of {path} has the columns that its header names; flows.csv, line 2: 1 columns"),
        (b"PK\x03\x04\x00\xff\n", "doesn't begin with a line of CSV in UTF-8"),
        (
            gzip.compress(b"a,label\n" + bytes(range(48, 58)) * 500, mtime=0)[:-9],
            "is a gzip file that is cut short or damaged",
        ),
    ],
)
def test_what_is_no_table_is_refused(path: Path, content: bytes, sentence: str) -> None:
    """Each way of being none has its sentence, with the file's name."""
    path.write_bytes(content)
    with pytest.raises(ContractError) as failure:
        describe([path])
    assert sentence.format(path=path) in str(failure.value)
    assert str(path) in str(failure.value)


def test_rows_that_fit_no_contract_are_counted(path: Path) -> None:
    """Lines of another length and rows without a label are told, with the first of them."""
    write(path, x=numbers(), label=labels())
    path.write_text(path.read_text() + "1,2,3\n7,\n")
    draft = describe([path])
    assert (2, "flows.csv, line 402: 3 columns instead of 2: b'1,2,3'") == (draft.dead, draft.first_dead)
    text = draft_toml(draft)
    assert "# CHECK: 2 rows are no records; the first: flows.csv, line 402" in text
    assert "# CHECK: 1 rows have no label, and are no records" in text


def test_the_draft_survives_any_name_and_word(path: Path) -> None:
    """Quotes, brackets, control characters and long words neither break the TOML nor get lost."""
    odd = '"q""\\[x] é\u0085#\x7f"'
    write(path, **{odd: ["a\x01\u2028b", 'c"'] * (ROWS // 2), "attack\x01": labels(), "label": labels()})
    draft = describe([path], name='o"dd\n')
    text = draft_toml(draft)
    assert draft.dataset == parse_dataset(text, "draft")
    assert ('o"dd\n', 'q"\\[x] é\u0085#\x7f') == (draft.dataset.name, draft.dataset.columns[0].name)
    assert () == read_records(path, draft.dataset).dead


def test_any_form_and_number_of_files_gives_the_same_draft(path: Path, tmp_path: Path) -> None:
    """CSV, TSV, gzip, Parquet, or cut in two: the same columns, decisions and counts."""
    columns = {"x": numbers(), "w": [("a", "b, c")[n % 2] for n in numbers(seed=2)], "label": labels()}
    quoted = [f'"{word}"' for word in columns["w"]]
    expected = describe([write(path, **{**columns, "w": quoted})])
    lines = path.read_bytes().splitlines(keepends=True)
    tabs, packed, stored, part = (tmp_path / name for name in ("a", "b", "c", "d"))
    rows = zip(*columns.values(), strict=True)
    tabs.write_text("x\tw\tlabel\n" + "".join("\t".join(map(str, row)) + "\n" for row in rows))
    packed.write_bytes(gzip.compress(b"".join(lines[:200])))
    part.write_bytes(lines[0] + b"".join(lines[200:]))
    pq.write_table(pa.table(columns), stored)
    for paths in ([tabs], [stored], [packed, part]):
        draft = describe(paths, name="flows")
        assert expected.dataset == draft.dataset
        assert (expected.class_counts, 0) == (draft.class_counts, draft.dead)
        assert [each.facts for each in expected.decisions] == [each.facts for each in draft.decisions]


def test_memory_is_bounded_and_what_is_sampled_still_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond its capacity a sample keeps whole values: estimates are near, and a double is still a double."""
    monkeypatch.setattr(traits, "CAPACITY", 256)
    sample = Sample()
    for start in range(0, 40_000, 1_000):
        values = list(range(start, start + 1_000))
        sample.add(values, traits._hashes(values), np.tile([1, 2], (1_000, 1)))
    assert len(sample.counts) <= 256
    assert 30_000 < sample.distinct < 50_000
    assert {(1, 2)} == set(sample.counts.values())


def test_distinct_words_are_remembered_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A column with many values keeps none of them, however they come."""
    monkeypatch.setattr(looks, "VALUES", 3)
    slow, fast = Look("slow"), Look("fast")
    for place in range(4):
        slow.add(pa.array([f"{place}"]))
        assert (place < 3) == (slow.values is not None)
    fast.add(pa.array(["a", "b", "c", "d"]))
    fast.add(pa.array(["a"]))
    assert fast.values is None


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "records", "label", "kind"),
    [
        ("dns_exf_static", 76_842, "Target Attack", None),
        ("dns_tunnels_static", 21_500, "Target Attack", None),
        ("nslkdd_train20", 25_192, "label", "attack_type"),
        ("kddcup99_10pct", 494_021, "label", "attack_type"),
        ("elec", 45_312, "class", None),
    ],
)
def test_a_draft_reads_every_row_of_a_real_file(
    data_dir: Path, name: str, records: int, label: str, kind: str | None
) -> None:
    """Drafted, written, loaded again: every row is a record, and label and kind are found."""
    path = data_dir / f"{name}.csv.gz"
    draft = describe([path])
    dataset = parse_dataset(draft_toml(draft), name)
    assert draft.dataset == dataset
    found = read_records(path, dataset)
    assert (records, (), label, kind) == (found.records.num_rows, found.dead, dataset.label_name, dataset.kind_name)
    assert (records, 0) == (draft.rows, draft.dead)


@pytest.mark.data
@pytest.mark.parametrize("name", ["process", "memory"])
def test_linux_telemetry_has_no_label_and_with_one_is_read_whole(data_dir: Path, path: Path, name: str) -> None:
    """The unlabelled stream is refused in a sentence; with labels joined to it, its dirt is cleaned."""
    stream = data_dir / f"toniot_linux_{name}_stream_unlabelled.csv.gz"
    with pytest.raises(ContractError, match=r"no label was found in .*unlabelled\.csv\.gz: no column has a usual name"):
        describe([stream])
    header, *lines = gzip.decompress(stream.read_bytes()).decode().splitlines()
    ends = [",0,normal" if place % 3 else f",1,{('dos', 'scan')[place % 2]}" for place in range(len(lines))]
    dirty = [line.replace(".0,", ".0 K,", 1) if place % 5 == 0 else line for place, line in enumerate(lines)]
    joined = [f"{header},attack,type", *(line + end for line, end in zip(dirty, ends, strict=True))]
    path.write_text("\n".join(joined) + "\n")
    draft = describe([path])
    left_out = {each.name for each in draft.dataset.columns if not each.feature}
    assert {"sequence", "PID", "ts", "type"} <= left_out
    assert ("attack", "type") == (draft.dataset.label_name, draft.dataset.kind_name)
    assert any(column.clean.units for column in draft.dataset.columns)
    found = read_records(path, draft.dataset)
    assert (len(lines), ()) == (found.records.num_rows, found.dead)


@pytest.mark.data
def test_the_draft_of_dns_exf_is_the_preset_as_far_as_a_machine_can_know(data_dir: Path) -> None:
    """Names, types, label and features are the preset's; the contract's name, the wire and the notes' words aren't."""
    preset, draft = load_dataset("dns-exfil"), describe([data_dir / "dns_exf_static.csv.gz"]).dataset
    assert preset.fingerprint == draft.fingerprint
    assert preset.label == draft.label
    assert preset.schema == draft.schema
    assert [column.name for column in preset.features] == [column.name for column in draft.features]
    assert ("dns-exfil", "json-csv") == (preset.name, preset.wire)
    assert ("dns_exf_static", "csv") == (draft.name, draft.wire)
    described = {column.name for column in draft.columns if column.note}
    assert {"timestamp", "longest_word", "sld", "Target Attack"} == described
