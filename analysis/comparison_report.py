"""Several runs -> their reports, and one that compares them: comparison.json, report.html and its figures."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.measures.measured import HERE, Where
from producer.errors import RunError, UsageError

from .comparison import compare_runs
from .comparison_page import comparison_page
from .figures import critical_difference
from .figures.chart import Picture
from .figures.forest import Forest
from .loaded import load_run
from .members import member, names_of
from .report import DEFAULT_METRICS, FORMATS, write_loaded
from .report_files import CSV, LATEX, runs_csv, runs_latex, write_text
from .report_page import Drawn


@dataclass(frozen=True, slots=True)
class ComparisonReport:
    """What `write_comparison` wrote: what was found, and the files, the summary first."""

    comparison: dict[str, Any]
    files: tuple[Path, ...]


def write_comparison(
    paths: Sequence[Path],
    *,
    out: Path,
    metrics: Sequence[str] = DEFAULT_METRICS,
    formats: Sequence[str] = FORMATS,
    paper: Sequence[str] = (),
    where: Where = HERE,
    latex: bool = False,
    csv: bool = False,
    done: Callable[[int], None] = lambda runs: None,
) -> ComparisonReport:
    """Report each run into `out/runs/NAME`, and compare them in `out`: comparison.json and report.html.

    Args:
        paths: the run directories; nothing in them is changed.
        out: where everything goes.
        metrics: what to draw of each run.
        formats: of the figures: png, svg and pdf; the pages need svg, and write it.
        paper: of `report.PAPER`: widths to draw each run's figures in as PDF, too.
        where: the deployment to give totals for.
        latex: write table.tex, too.
        csv: write table.csv, too.
        done: called with 1 for each run that is reported.

    Raises:
        UsageError: a run is named twice.
        RunError: no run, a damaged one, or the report can't be written.
    """
    _refuse_doubles(paths)
    members = []
    for name, path in zip(names_of(paths), paths, strict=True):
        loaded, folder = load_run(path, where=where), out / "runs" / name
        _make(folder)
        write_loaded(loaded, metrics=metrics, formats=formats, paper=paper, out=folder)
        members.append(member(name, loaded.run, loaded.summary))
        done(1)
    comparison = compare_runs(members)
    ranked = critical_difference(comparison["scores"])
    comparison["ranks"] = ranked.plain()
    summaries = {one.name: one.summary for one in members}
    texts = {"comparison.json": json.dumps(comparison, indent=1, ensure_ascii=False, allow_nan=False) + "\n"}
    texts |= {LATEX: runs_latex(summaries)} if latex else {}
    texts |= {CSV: runs_csv(summaries)} if csv else {}
    drawn = [_drawn(picture, out, formats) for picture in (Forest(comparison), ranked)]
    texts["report.html"] = comparison_page(comparison, *drawn, endings=(*formats, "csv"))
    return ComparisonReport(comparison, tuple(write_text(out / name, text) for name, text in texts.items()))


def _drawn(picture: Picture, out: Path, formats: Sequence[str]) -> Drawn | None:
    """A figure, drawn into `figures/`; None where there is nothing to draw."""
    if picture.refusal is not None:
        return None
    _make(out / "figures")
    picture.save(out / "figures", formats=tuple(dict.fromkeys((*formats, "svg"))))
    return Drawn(picture.described(), (out / "figures" / f"{picture.name}.svg").read_text("utf-8"))


def _refuse_doubles(paths: Sequence[Path]) -> None:
    seen = [path.resolve() for path in paths]
    for path, place in zip(paths, seen, strict=True):
        if seen.count(place) > 1:
            raise UsageError(f"{path} is named twice; name each run once")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"can't write the report to {folder}: {error.strerror}; choose another --out") from None
