"""The example notebook, executed as a reader would; it is kept without outputs, so that none can be out of date."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis import load_run

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

NOTEBOOK = Path(__file__).parents[2] / "docs" / "exercise.ipynb"


def test_the_notebook_is_kept_without_outputs() -> None:
    """Outputs would have to be made anew with every change, and say when and where they were made."""
    cells = [cell for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"]
    assert cells
    assert not [cell for cell in cells if cell.outputs or cell.execution_count]


@pytest.mark.e2e
@pytest.mark.spark
def test_the_notebook_does_the_whole_exercise(tmp_path: Path) -> None:
    """Explore, train, duel and report: what it shows is what the run holds, and every figure is drawn."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    text = "".join(output.text for output in outputs if output.output_type == "stream" and output.name == "stdout")
    shown = [output.data for output in outputs if "data" in output]
    summary = json.loads((tmp_path / "exercise" / "run" / "summary.json").read_text("utf-8"))
    run = load_run(tmp_path / "exercise" / "run")
    assert run.missing == ()
    assert json.loads(json.dumps(run.summary)) == summary
    assert summary["verdicts"]["dynamic"] in text
    assert summary["comparisons"]["dynamic"]["finding"] == "better"
    assert (summary["finished"], summary["windows"], summary["records"]) == (True, 20, 10_000)
    tables = [data["text/html"] for data in shown if data.get("text/html", "").startswith("<table>")]
    assert len(tables) == 1
    assert f"{summary['arms']['dynamic']['metrics']['accuracy']:.4f}" in tables[0]
    pictures = [data for data in shown if "image/png" in data or "data:image/png;base64," in data.get("text/html", "")]
    assert len(pictures) == 1 + len(run.figures)
    assert (tmp_path / "exercise" / "explored" / "index.html").is_file()
