"""An experiment whose streams aren't all there is refused before the first of them takes its hours."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.experiment import run_experiment
from online.experiment import Experiment
from producer.errors import UsageError


def test_a_stream_without_its_file_is_refused_before_any_runs(tmp_path: Path) -> None:
    """The message names stream and file, and nothing is written."""
    there = tmp_path / "there.csv"
    there.write_text("x\n")
    streams = [{"name": "a", "file": there}, {"name": "b", "file": tmp_path / "none.csv"}]
    asked = Experiment.model_validate({"model": tmp_path / "model", "stream": streams})
    with pytest.raises(UsageError, match=r"stream 'b': there is no file .*none\.csv; name one that is there"):
        run_experiment(asked, tmp_path / "out")
    assert not (tmp_path / "out").exists()
