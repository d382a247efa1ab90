"""A report killed at any step of its writing: the run stays whole, and the next report is the undisturbed one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis.report import write_report
from analysis.report_files import write_tables

QUICK = {"metrics": ("accuracy",), "formats": ("svg",)}


@pytest.fixture(autouse=True)
def _few_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page shows one figure, as all are written alike, and drawing them is most of what a report costs."""
    monkeypatch.setattr("analysis.figures.charts_of", lambda loaded: {})


def report(run: Path, **options: Any) -> None:
    """What `driftduel report RUN --latex --csv` writes."""
    written = write_report(run, **options)
    write_tables(written.summary, written.path.parent, latex=True, csv=True)


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its relative path; also what was left half done."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def check_left(left: Path, before: dict[str, bytes], after: dict[str, bytes]) -> None:
    """What the evaluation wrote is untouched, a file under its own name is whole, and one at most is half done."""
    found = content(left)
    assert before.items() <= found.items()
    half = [name for name in found if name not in before and name not in after]
    assert all(Path(name).name.startswith(".") and name.endswith(".tmp") for name in half), half
    assert len(half) <= 1
    assert all(found[name] == after[name] for name in found.keys() & after.keys())


def test_killed_at_any_step_a_report_is_written_anew_to_the_same_bytes(
    drifting: Path, deaths_in: Callable[..., Any], tmp_path: Path
) -> None:
    """Every write, rename and folder of figure, numbers, captions, summary, page and tables; no half file stays."""
    before = content(drifting)
    deaths = deaths_in(drifting, tmp_path / "kept")
    with deaths.watched():
        report(drifting, **QUICK)
    after = content(drifting)
    assert {"report.html", "summary.json", "figures/accuracy.svg", "table.tex"} <= after.keys()
    written = {Path(step.split()[1]).name.removeprefix(".").removesuffix(".tmp") for step in deaths.steps}
    assert {Path(name).name for name in after.keys() - before.keys()} <= written
    assert len(deaths.left) >= 2 * len(after.keys() - before.keys())
    for left in deaths.left:
        check_left(left, before, after)
        report(left, **QUICK)
        assert after == content(left), f"killed at {left.name}"


def test_a_report_over_another_one_replaces_it_file_by_file(
    drifting: Path, deaths_in: Callable[..., Any], tmp_path: Path
) -> None:
    """Killed while it replaces an older report, each file is the old one or the new one, and the next report is new."""
    report(drifting, **QUICK | {"where": _where(0.01)})
    old = content(drifting)
    deaths = deaths_in(drifting, tmp_path / "kept")
    with deaths.watched():
        report(drifting, **QUICK)
    new = content(drifting)
    assert old["summary.json"] != new["summary.json"]
    for left in deaths.left:
        found = content(left)
        assert all(found[name] in (old[name], new[name]) for name in new)
        assert len(found.keys() - new.keys()) <= 1
    report(deaths.left[-1], **QUICK)
    assert new == content(deaths.left[-1])


def _where(prevalence: float) -> Any:
    from analysis.measures.measured import Where

    return Where(prevalence=prevalence, cost_fp=1.0, cost_fn=1.0)
