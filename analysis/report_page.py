"""The page of a report: sections made of a run's summary and figures, each by a pure function; no script is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from static_model.metrics import METRICS

from .curves_data import curves
from .document import Section, asset, document
from .markup import figure, text, words_table
from .report_origin import again_content, origin_content
from .report_quality import missing_content, quality_content
from .report_tables import TABLES, result_table
from .report_words import CAPTIONS, EXPLAINED, events_table, planted_table, verdict_content, windows_table

if TYPE_CHECKING:
    from .figures.style import Caption
    from .loaded import LoadedRun

STYLES = ("page.css", "report.css", "uPlot.min.css", "charts.css")
SCRIPTS = ("uPlot.iife.min.js", "parts.js", "charts.js", "report.js")
MAIN = "accuracy"
"""The metric whose figure comes first, where there is one of it."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A drawn figure: what stands with it, and the drawing as SVG."""

    caption: Caption
    svg: str


@dataclass(frozen=True, slots=True)
class _Part:
    """A section: its tables by their titles in `report_tables.TABLES`, and figures by how their names begin."""

    name: str
    title: str
    tables: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    more: Callable[[LoadedRun], str] = field(default=lambda loaded: "")


PARTS = (
    _Part(
        "cost",
        "Cost",
        ("Cost", "Cheapest arm by the price of a fit, in errors", "Where it is to work"),
        ("cost-against-quality",),
    ),
    _Part("over-time", "Over time", ("Over time",), (*METRICS, "difference", "saved", "confusion", "scores")),
    _Part("input", "What came in", (), ("input-drift",)),
    _Part(
        "drift",
        "Planted drift and recovery",
        ("After each planted drift",),
        (),
        lambda loaded: _of(planted_table(loaded.run), "What was planted"),
    ),
    _Part("detectors", "Detectors", ("Detectors, by episodes",), ("detector",)),
    _Part(
        "hindsight",
        "What there was to be gained",
        (
            "What there was to be gained: paths, and the oracle in hindsight",
            "Arms beside the oracle and random schedules",
            "Errors saved per 100 records, by cause",
        ),
        ("regret", "causes"),
    ),
)
"""What the page shows between its main figure and the data's quality; tables and figures of no part come last."""


def report_page(loaded: LoadedRun, pictures: Mapping[str, Drawn], *, endings: Sequence[str] = ("png", "csv")) -> str:
    """The whole page, one file that opens from disk without a network.

    Args:
        loaded: the run.
        pictures: its figures by name, in order.
        endings: of the files that lie in `figures/` beside the page, for each figure.
    """
    found = curves(loaded.run)
    sections = report_sections(loaded, pictures, endings=endings)
    note = "The charts are drawn by uPlot:\n" + asset("uPlot.LICENSE")
    title = f"Duel of {loaded.run.path.resolve().name}"
    data = {"curves": found}
    return document(title, sections, lead=_lead(loaded), styles=STYLES, scripts=SCRIPTS, data=data, note=note)


def report_sections(loaded: LoadedRun, pictures: Mapping[str, Drawn], *, endings: Sequence[str]) -> list[Section]:
    """The sections in order, the verdict first; those that this run has nothing for are empty."""
    summary = loaded.summary
    main = next((name for name in (MAIN, *pictures) if name in pictures), None)
    rest = {name: picture for name, picture in pictures.items() if name != main}
    shown = {name: _figure(picture, endings) for name, picture in rest.items()}
    parts = [_section(part, loaded, shown) for part in PARTS]
    return [
        Section("verdict", "Verdict", missing_content(loaded) + verdict_content(summary)),
        Section("arms", "The arms", words_table(result_table(summary), "Arms and baselines over the whole stream")),
        Section("curves-section", "Window by window", _main(loaded, pictures.get(main or ""), endings)),
        *parts,
        Section("more", "More", _leftovers(summary, shown)),
        Section("quality", "The data", quality_content(loaded)),
        Section("origin", "How it was run", origin_content(loaded.run)),
        Section("again", "Run it again", again_content(loaded.run)),
    ]


def _lead(loaded: LoadedRun) -> str:
    summary, run = loaded.summary, loaded.run
    state = "finished" if run.finished else "not finished: reported as far as it goes"
    arms = ", ".join(run.arms)
    return (
        f'<p class="lead">{summary["records"]:,} records in {summary["windows"]:,} windows of {run.window_size:,}; '
        f"{state}. Arms: {text(arms)}. By driftduel.</p>"
    )


def _main(loaded: LoadedRun, picture: Drawn | None, endings: Sequence[str]) -> str:
    """The curves: a drawing, whose place a chart takes where scripts run; then the same as tables."""
    place = '<div id="chart"></div>\n'
    drawn = _figure(picture, endings, above=place) if picture else place
    numbers = _of(windows_table(loaded.run, MAIN), "Accuracy of every arm in every window")
    events = _of(events_table(loaded.run), "What happened, in order")
    return "\n".join([drawn, _folded("The numbers", numbers), _folded("What happened, in order", events)])


def _section(part: _Part, loaded: LoadedRun, shown: dict[str, str]) -> Section:
    """One part; the figures that it shows are taken out of `shown`."""
    tables = [_titled(title, loaded.summary) for title in part.tables]
    names = [name for name in shown if part.figures and name.startswith(part.figures)]
    return Section(part.name, part.title, _joined([part.more(loaded), *tables, *(shown.pop(name) for name in names)]))


def _leftovers(summary: Mapping[str, Any], shown: Mapping[str, str]) -> str:
    known = {title for part in PARTS for title in part.tables}
    return _joined([*(_titled(title, summary) for title in TABLES if title not in known), *shown.values()])


def _titled(title: str, summary: Mapping[str, Any]) -> str:
    """A table of the terminal's with its title and what its columns mean; nothing where this run has none."""
    table = _of(TABLES[title](summary), CAPTIONS.get(title, title))
    said = EXPLAINED.get(title)
    return f'{table}\n<p class="small">{text(said)}</p>' if table and said else table


def _of(table: Any, title: str) -> str:
    return words_table(table, title) if table is not None and table.rows else ""


def _figure(picture: Drawn, endings: Sequence[str], *, above: str = "") -> str:
    told = picture.caption
    return figure(
        picture.svg,
        name=f"figure-{told.name}",
        title=told.title,
        caption=told.text,
        endings=endings,
        above=above,
        file=told.name,
    )


def _folded(title: str, content: str) -> str:
    return f"<details>\n<summary>{text(title)}</summary>\n{content}\n</details>" if content else ""


def _joined(pieces: Sequence[str]) -> str:
    return "\n".join(piece for piece in pieces if piece)
