"""A report killed at any step of its writing: the run stays whole, and the next report is the undisturbed one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from analysis import figures
from analysis.cli import report
from analysis.figures.chart import Chart
from analysis.figures.style import canvas

Report = Callable[..., None]


@pytest.fixture
def write(monkeypatch: pytest.MonkeyPatch) -> Report:
    """`driftduel report` with two figures, on empty sheets: drawing is most of its cost; all are written alike."""
    every = figures.charts_of
    monkeypatch.setattr(figures, "charts_of", lambda loaded: dict(list(every(loaded).items())[:2]))
    monkeypatch.setattr(Chart, "draw", lambda *given, **options: canvas(1.0, width=1.0))
    asked = ("--latex", "--csv", "--json", "--metric", "accuracy", "--format", "svg", "--paper", "one-column")

    def call(*given: Path | str) -> None:
        done = CliRunner().invoke(report, [*map(str, given), *asked], catch_exceptions=False)
        assert done.exit_code == 0, done.output

    return call


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its relative path; also what was left half done."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def check_left(left: Path, old: dict[str, bytes], new: dict[str, bytes]) -> None:
    """Each file is the old or the new one, whole, and none of the old is gone; at most one is half done, hidden."""
    found = content(left)
    half = [name for name in found if name not in old and name not in new]
    assert all(Path(name).name.startswith(".") and name.endswith(".tmp") for name in half), half
    assert len(half) <= 1
    assert old.keys() <= found.keys()
    assert all(found[name] in (old.get(name), new[name]) for name in found if name not in half), left.name


def taken_up(left: Path, run: Path, write: Report) -> dict[str, bytes]:
    """What the run holds if that was left of it and it is reported again; a page names the run, so it stands there."""
    shutil.rmtree(run)
    left.rename(run)
    write(run)
    return content(run)


def test_killed_at_any_step_a_report_is_written_anew_to_the_same_bytes(
    drifting: Path, write: Report, deaths_in: Callable[..., Any], tmp_path: Path
) -> None:
    """Every write, rename and folder of figures, numbers, captions, summary, page and tables; no half file stays."""
    before = content(drifting)
    deaths = deaths_in(drifting, tmp_path / "kept")
    with deaths.watched():
        write(drifting)
    after = content(drifting)
    made = after.keys() - before.keys()
    assert {"report.html", "summary.json", "figures/accuracy.svg", "figures/captions.json", "table.tex"} <= made
    assert "figures/one-column/accuracy.pdf" in made
    steps = {tuple(step.split()) for step in deaths.steps}
    for name in made:
        part = Path(name).with_name(f".{Path(name).name}.tmp")
        assert {("open", f"{part}"), ("os.rename", f"{part}")} <= steps
    assert len(deaths.left) >= 3 * len(made)  # begun, half, written
    for left in deaths.left:
        check_left(left, before, after)
        assert after == taken_up(left, drifting, write), f"killed at {left.name}"


def test_killed_while_it_replaces_another_report_it_leaves_old_files_or_new_ones(
    drifting: Path, write: Report, deaths_in: Callable[..., Any], tmp_path: Path
) -> None:
    """The next report is the new one, to the byte."""
    write(drifting, "--prevalence", "0.01")
    old = content(drifting)
    deaths = deaths_in(drifting, tmp_path / "kept")
    with deaths.watched():
        write(drifting)
    new = content(drifting)
    changed = {name for name in new if new[name] != old[name]}
    assert {"summary.json", "report.html"} <= changed
    for left in deaths.left:
        check_left(left, old, new)
        assert new == taken_up(left, drifting, write), f"killed at {left.name}"
