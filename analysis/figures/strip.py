"""The strip below the curves of few arms: planted drift and events, a row for each kind of each arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from analysis.runs import Run

from .looks import Look
from .over_windows import MARKS, Span, fine, inches, mark, planted, shade, windows_of
from .style import NARROW, plain

ROW = 0.17
"""Inches: a row of the strip."""


def strip_rows(run: Run, looks: Mapping[str, Look]) -> int:
    """How many rows the strip has; 0 where nothing was planted and nothing happened."""
    return bool(planted(run)) + len(_rows(run, looks))


def _rows(run: Run, looks: Mapping[str, Look]) -> list[tuple[str, str]]:
    return [(arm, kind) for arm in looks for kind in MARKS if windows_of(run, arm, kind)]


def draw_strip(ax: Axes, run: Run, looks: Mapping[str, Look]) -> None:
    """A row for the planted drifts, and one for each arm and kind of event, from the top down."""
    spans = planted(run)
    shade(ax, spans)
    _name_spans(ax, spans, float(run.windows["window"].max()))
    labels = ["planted drift"] if spans else []
    for y, (arm, kind) in enumerate(_rows(run, looks), start=len(labels)):
        at = windows_of(run, arm, kind)
        mark(ax, at, [y] * len(at), kind, looks[arm].color, small=fine(run.windows))
        labels.append(f"{plain(arm)}: {MARKS[kind][0]}")
    ax.set_ylim(len(labels) - 0.3, -0.7)
    ax.set_yticks(range(len(labels)), labels, fontsize="x-small")
    ax.tick_params(axis="y", length=0)
    ax.tick_params(axis="x", labelsize="x-small")
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)


def _name_spans(ax: Axes, spans: Sequence[Span], last: float) -> None:
    """Beside each; one that recurs is told once, at its first turn. A narrow figure has room for the kind only."""
    first = {span.words: span.start for span in reversed(spans)}
    narrow = inches(ax) < NARROW
    for span in spans:
        if span.words.endswith("(recurring)") and span.start != first[span.words]:
            continue
        words = span.words.partition(" (")[0] if narrow else span.words
        at, side = (span.start, "right") if span.end > 0.82 * last else (span.end, "left")
        shift = (-4 if side == "right" else 4, 0)
        size = "x-small" if narrow else "small"
        ax.annotate(words, (at, 0), shift, textcoords="offset points", ha=side, va="center", fontsize=size)
