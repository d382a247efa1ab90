"""The contracts that ship with the package, held against the real files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from producer.dataset import load_dataset, preset_names
from producer.files import read_records


def test_the_presets_are_these() -> None:
    """Their names are part of the command line."""
    assert ("dns-exfil", "kddcup99", "linux-memory", "linux-process", "nsl-kdd") == preset_names()


@pytest.mark.parametrize("name", preset_names())
def test_what_leaks_says_so(name: str) -> None:
    """Every column that a preset leaves out has a note that says why."""
    left_out = [column for column in load_dataset(name).columns if not column.feature]
    assert left_out
    assert [] == [column.name for column in left_out if not column.note]


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "file", "rows", "attacks", "kinds"),
    [
        ("kddcup99", "kddcup99_10pct", 494_021, 396_743, 23),
        ("nsl-kdd", "nslkdd_train20", 25_192, 11_743, 22),
        ("nsl-kdd", "nslkdd_test", 22_544, 12_833, 38),
        ("dns-exfil", "dns_tunnels_static", 21_500, 3_500, 0),
    ],
)
def test_the_real_files_are_read_whole(
    data_dir: Path, name: str, file: str, rows: int, attacks: int, kinds: int
) -> None:
    """Every row is a record, with the attacks and kinds that the files are known for."""
    dataset = load_dataset(name)
    decoded = read_records(data_dir / f"{file}.csv.gz", dataset)
    found = decoded.records.column(dataset.label_name).to_numpy()
    assert (rows, 0, attacks) == (decoded.records.num_rows, len(decoded.dead), int(found.sum()))
    if dataset.kind_name:
        assert kinds == len(decoded.records.column(dataset.kind_name).unique())


@pytest.mark.data
@pytest.mark.parametrize(("kind", "rows"), [("process", 11_331), ("memory", 12_205)])
def test_the_real_unlabelled_telemetry_is_read_whole(data_dir: Path, kind: str, rows: int) -> None:
    """The course's telemetry has no labels; every row of it is a record without one."""
    dataset = load_dataset(f"linux-{kind}").unlabelled()
    decoded = read_records(data_dir / f"toniot_linux_{kind}_stream_unlabelled.csv.gz", dataset)
    assert (rows, 0) == (decoded.records.num_rows, len(decoded.dead))


@pytest.mark.data
def test_nice_is_repaired_in_the_real_telemetry(data_dir: Path) -> None:
    """NICE is written without its sign there: 20 beside a priority of 100 is -20."""
    dataset = load_dataset("linux-process").unlabelled()
    records = read_records(data_dir / "toniot_linux_process_stream_unlabelled.csv.gz", dataset).records
    nice, priority = (records.column(name).to_numpy() for name in ("NICE", "PRI"))
    ended = (nice == 0) & (priority == 0)
    np.testing.assert_array_equal(nice[~ended], priority[~ended] - 120)
    assert 2547 == np.count_nonzero(nice == -20)
    assert 202 == np.count_nonzero(ended)
