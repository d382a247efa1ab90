"""A loaded run: its frames, the same as Arrow, and what a notebook shows of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from matplotlib.axes import Axes

from analysis import load_run
from analysis.figures.chart import Chart
from analysis.frames import DEAD_LETTERS, EVENTS, SCORES, WINDOWS
from analysis.measures.measured import Where
from analysis.report import write_report
from online.ledger import Entry, Ledger, Part
from online.task import BinaryTask
from online.tracker import export
from online.windows import DeadLetter, Window
from producer.errors import RunError, UsageError


def test_the_tables_have_the_documented_columns(drifting: Path) -> None:
    """Columns, types and order are those of the schemas; frame and Arrow hold the same."""
    run = load_run(drifting)
    for name, schema in (("windows", WINDOWS), ("events", EVENTS), ("scores", SCORES), ("dead_letters", DEAD_LETTERS)):
        assert schema.equals(run.arrow(name).schema.remove_metadata())
        frame: pd.DataFrame = getattr(run, name)
        assert (list(frame.columns), len(frame)) == (schema.names, run.arrow(name).num_rows)
    with pytest.raises(UsageError, match=r"no table 'window' \(did you mean 'windows'\?\)"):
        run.arrow("window")


def test_the_home_folder_may_be_written_as_in_a_shell(drifting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`~` is it; that of nobody here is a place where there is no run."""
    monkeypatch.setenv("HOME", str(drifting.parent))
    assert drifting == load_run(f"~/{drifting.name}").run.path
    with pytest.raises(RunError, match="~nobody-here/run is no run"):
        load_run("~nobody-here/run")


def test_scores_are_the_ledgers_record_by_record(drifting: Path) -> None:
    """By window, then arm, then number; the predictions that follow from them are those of the tracker."""
    run = load_run(drifting)
    scores = run.scores
    assert scores["arm"].tolist()[:200] == ["static"] * 100 + ["dynamic"] * 100
    assert scores["seq"].tolist()[:200] == [*range(100), *range(100)]
    wrong = (
        ((scores["score"] > 0.5) != (scores["label"] == 1)).groupby([scores["window"], scores["arm"].astype(str)]).sum()
    )
    tracked = run.windows.assign(wrong=run.windows["fp"] + run.windows["fn"]).set_index(["window", "arm"])["wrong"]
    assert tracked.to_dict() == wrong.to_dict()
    assert [entry.window.index for entry in run.entries()] == list(range(10))


def test_scores_of_an_arm_come_by_window(drifting: Path) -> None:
    """Labels, which of them are known, and the scores of the model in force; an unknown arm is named."""
    first = next(iter(load_run(drifting).scores_of("dynamic")))
    assert (first.window, first.labels.tolist(), bool(first.known.all())) == (0, [0, 1] * 50, True)
    assert first.scores.tolist() == [0.25, 0.75] * 50
    with pytest.raises(UsageError, match=r"no arm 'dynamc' \(did you mean 'dynamic'\?\); it has static, dynamic"):
        load_run(drifting).scores_of("dynamc")


def test_an_unknown_label_is_null_and_a_dead_letter_has_its_bytes(make_run: Callable[..., Path]) -> None:
    """Undefined is not 0, and what was no record is there as it came."""
    labels = [np.array([0, 1, 1, 0], dtype=np.int8)]
    run = make_run(labels, {"static": labels}, size=5)
    dataset = load_run(run).dataset
    (run / "segments" / "000000.arrow").unlink()
    columns = [pa.array([0] * 4), pa.array([0, None, 1, 0], pa.int8())]
    records = pa.RecordBatch.from_arrays(columns, schema=dataset.schema)
    dead = (DeadLetter(4, "no int in column x", b"=cmd,<script>\xff"),)
    window = Window(0, 0, 4, True, np.arange(4), records, dead)
    ledger = Ledger(run / "segments", dataset)
    ledger.commit(Entry(window, {"m": np.array([0.1, 0.2, 0.9, 0.8])}, {"static": Part("m", ())}))
    export(run, ledger, BinaryTask(0.5), positions={}, source={"file": "s.csv"})
    loaded = load_run(run)
    assert loaded.arrow("scores")["label"].to_pylist() == [0, None, 1, 0]
    assert loaded.scores["label"].isna().tolist() == [False, True, False, False]
    letter = loaded.arrow("dead_letters").to_pylist()[0]
    assert (letter["window"], letter["seq"], letter["bytes"]) == (0, 4, b"=cmd,<script>\xff")


def test_a_run_shows_itself_without_computing(drifting: Path) -> None:
    """In one line: state, windows, arms."""
    assert repr(load_run(drifting)) == f"<run {drifting}: finished, 10 windows, arms static, dynamic>"


def test_a_run_is_a_table_in_a_notebook(drifting: Path) -> None:
    """Arms with totals and costs, state and verdict, as the summary has them."""
    run = load_run(drifting)
    shown = run._repr_html_()
    row = '<tr><th scope="row">dynamic</th>' + "".join(
        f'<td style="text-align: right">{value}</td>' for value in [*["0.9400"] * 4, "0.8800", "1", "1", "500", "1"]
    )
    assert row in shown
    assert "<caption>run: finished, 1,000 records in 10 windows</caption>" in shown
    assert run.summary["verdicts"]["dynamic"].replace("'", "&#x27;") in shown


class Dots(Chart):
    """A figure for the test."""

    name, title, per_record = "dots", "Dots <b>", True

    def table(self) -> pd.DataFrame:
        """True positives."""
        return self.loaded.windows[["window", "tp"]]

    def caption(self) -> str:
        """Words with quotes."""
        return 'One must not conclude "anything".'

    def _draw(self, ax: Axes) -> None:
        ax.scatter("window", "tp", data=self.table())


def test_a_figure_shows_itself_with_its_text(drifting: Path) -> None:
    """A picture with a text alternative, and its caption, escaped."""
    shown = Dots(load_run(drifting))._repr_html_()
    text = "Dots &lt;b&gt;. One must not conclude &quot;anything&quot;."
    assert f'alt="{text}"' in shown
    assert shown.startswith('<figure><img src="data:image/png;base64,iVBOR')


def test_figures_of_single_records_are_left_out_without_segments(
    drifting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where only counts are known, a figure that needs predictions is not among the run's."""
    monkeypatch.setattr("analysis.figures.CHARTS", (Dots,))
    assert list(load_run(drifting).figures) == ["dots"]
    for segment in (drifting / "segments").iterdir():
        segment.unlink()
    assert list(load_run(drifting).figures) == []


def test_one_path_leads_from_a_run_to_its_summary(drifting: Path, tmp_path: Path) -> None:
    """The report writes what a notebook shows, with the same options."""
    where = Where(prevalence=0.01, cost_fn=10.0)
    written = write_report(drifting, out=tmp_path / "out", where=where)
    assert load_run(drifting, where=where).summary == json.loads(written.path.read_text("utf-8"))
    assert load_run(drifting).summary["deployment_asked"] is False
