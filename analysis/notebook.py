"""A run and its figures as a notebook shows them: a table, the verdict in words, a picture with its text."""

from __future__ import annotations

import base64
from io import BytesIO
from typing import TYPE_CHECKING

from .markup import text
from .report_tables import result_table

if TYPE_CHECKING:
    from .figures.chart import Picture
    from .loaded import LoadedRun


def run_text(loaded: LoadedRun) -> str:
    """A run in one line, without computing anything."""
    run = loaded.run
    windows = run.windows["window"].nunique()
    state = "finished" if run.finished else "not finished"
    lost = f", {len(run.missing)} things missing or damaged" if run.missing else ""
    return f"<run {run.path}: {state}, {windows:,} windows, arms {', '.join(run.arms)}{lost}>"


def run_html(loaded: LoadedRun) -> str:
    """A run as a table of its arms, its state, and the verdict in words; everything in it is escaped."""
    summary = loaded.summary
    state = "finished" if summary["finished"] else "not finished"
    caption = f"{loaded.run.path.name}: {state}, {summary['records']:,} records in {summary['windows']:,} windows"
    found = result_table(summary)
    head = "".join(f'<th scope="col">{text(title)}</th>' for title in found.headings)
    body = "\n".join(_row(*cells) for cells in found.rows)
    said = (*summary["verdicts"].values(), *summary["notes"])
    words = "\n".join(f"<p>{text(sentence)}</p>" for sentence in said)
    return (
        f"<table>\n<caption>{text(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody>\n</table>\n{words}"
    )


def _row(name: str, *values: str) -> str:
    cells = "".join(f'<td style="text-align: right">{text(value)}</td>' for value in values)
    return f'<tr><th scope="row">{text(name)}</th>{cells}</tr>'


def chart_html(chart: Picture) -> str:
    """A figure with its caption, which is also the picture's text for those who don't see it."""
    drawn = BytesIO()
    chart.draw().savefig(drawn, format="png", dpi=100)
    picture = base64.b64encode(drawn.getvalue()).decode()
    title, caption = text(chart.title), text(chart.caption())
    return (
        f'<figure><img src="data:image/png;base64,{picture}" alt="{title}. {caption}" style="max-width: 100%">'
        f"<figcaption><strong>{title}.</strong> {caption}</figcaption></figure>"
    )
