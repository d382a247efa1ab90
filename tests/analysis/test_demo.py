"""The demo's plan and its folder; the demo itself runs in the end-to-end ring."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from analysis.demo import run_demo, stream_recipe
from producer.errors import UsageError
from producer.recipe import truth_of


@pytest.mark.parametrize("records", [10_000, 100_000])
def test_the_stream_drifts_twice(records: int) -> None:
    """The encoding changes at 40 % of any length, the benign part from 70 to 80 %."""
    truth = truth_of(stream_recipe(records=records, seed=2))
    assert [(d["kind"], d["shape"], d["start"] * 10 // records, d["end"] * 10 // records) for d in truth["drifts"]] == [
        ("encoding", "abrupt", 4, 4),
        ("mix", "gradual", 7, 8),
    ]


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    """The demo never writes into a folder that it didn't make."""
    (tmp_path / "thesis.tex").write_text("draft")
    with pytest.raises(UsageError, match="isn't empty and holds no demo; choose another folder with --out"):
        run_demo(out=tmp_path, records=10_000, seed=1, bootstrap=None, data=tmp_path / "broker")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    """Where a file bears the folder's name, the demo says so."""
    (tmp_path / "demo").write_text("")
    with pytest.raises(UsageError, match=r"demo can't be written .*; choose another folder with --out"):
        run_demo(out=tmp_path / "demo", records=10_000, seed=1, bootstrap=None, data=tmp_path)


def test_help_loads_nothing_heavy() -> None:
    """Importing the verbs brings in neither pandas nor matplotlib nor numpy, so --help answers at once."""
    code = "import sys, analysis.cli; print(sorted({'pandas', 'matplotlib', 'numpy', 'pyspark'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
