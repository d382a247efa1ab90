"""What holds for every figure of a run: sizes, looks, fonts, bytes, and the pictures that are kept."""

from __future__ import annotations

import os
import re
from itertools import combinations
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.testing.compare import compare_images
from matplotlib.text import Text

from analysis.figures import Chart
from analysis.figures.confusion import AREAS, ConfusionChart
from analysis.figures.difference import DifferenceChart, SavedChart
from analysis.figures.looks import looks_of
from analysis.figures.metric import METRIC_CHARTS
from analysis.figures.style import ONE_COLUMN, TWO_COLUMN, WIDTH
from analysis.loaded import load_run

REFERENCE = Path(__file__).with_name("reference")
"""`RENEW_FIGURES=1 python -m pytest tests/analysis/test_chart_style.py` draws the pictures in it anew: look at them."""
CHARTS = (METRIC_CHARTS["accuracy"], METRIC_CHARTS["f1"], DifferenceChart, SavedChart, ConfusionChart)
TWELVE = ("static", "dynamic", *(f"arm-{number}" for number in range(10)))


@pytest.fixture(params=["drifting", "crowded"])
def charts(request: pytest.FixtureRequest) -> list[Chart]:
    """The charts of a run with two arms, and of one with six."""
    loaded = load_run(request.getfixturevalue(request.param))
    return [chart(loaded) for chart in CHARTS]


@pytest.mark.parametrize("width", [WIDTH, TWO_COLUMN, ONE_COLUMN])
def test_text_is_readable_and_whole_at_every_width(
    charts: list[Chart], width: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No text is smaller than 6 points, none is cut at the figure's edge, and only a screen's figure has its title."""
    for chart in charts:
        figure = chart.draw(width=width)
        assert width == figure.get_figwidth()
        assert (width == WIDTH) == (chart.title in {ax.get_title("left") for ax in figure.axes})
        for text in _drawn_texts(figure, monkeypatch):
            assert text.get_fontsize() >= 6, (chart.name, text.get_text())
            box = text.get_window_extent()
            inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1
            assert inside, (chart.name, width, text.get_text())


def _drawn_texts(figure: Figure, patch: pytest.MonkeyPatch) -> list[Text]:
    """The texts that reach the picture; a figure holds others, of ticks beyond its axes."""
    drawn: list[Text] = []
    with patch.context() as inner:
        inner.setattr(Text, "draw", lambda self, renderer: drawn.append(self))
        figure.draw_without_rendering()
    return [text for text in drawn if text.get_visible() and text.get_text()]


def test_twelve_arms_are_told_apart_in_grey() -> None:
    """Each pair of looks differs in luminance by a quarter, in line style, or in marker; in any order of the arms."""
    looks = looks_of(TWELVE)
    for first, second in combinations(looks.values(), 2):
        shade = abs(_luminance(first.color) - _luminance(second.color)) > 0.25
        assert shade or first.line != second.line or first.marker != second.marker
    assert looks == looks_of(reversed(TWELVE))
    assert 70 == len({(look.line, look.marker) for look in list(looks_of(map(str, range(70))).values())})


def test_static_and_dynamic_look_the_same_in_every_run() -> None:
    """Whoever else takes part."""
    both = looks_of(["static", "dynamic"])
    assert both == {arm: look for arm, look in looks_of(TWELVE).items() if arm in both}
    assert looks_of(["dynamic"])["dynamic"] == both["dynamic"]


def test_stacked_areas_are_told_apart_in_grey() -> None:
    """Areas that lie on each other differ in luminance."""
    shades = [_luminance(area["facecolor"]) for area in AREAS.values()]
    assert min(abs(np.diff(shades))) > 0.2


def _luminance(color: str) -> float:
    """Relative, as WCAG defines it."""
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in to_rgb(color)]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def test_bytes_repeat_and_fonts_are_embedded(charts: list[Chart], tmp_path: Path) -> None:
    """Saved twice, under whatever settings of the user, a figure has the same bytes; its PDF holds TrueType fonts."""
    for chart in charts[1:4]:
        folders = [tmp_path / name for name in ("a", "b")]
        for folder, mine in zip(
            folders, ({}, {"font.size": 20, "axes.facecolor": "red", "lines.linewidth": 9}), strict=True
        ):
            folder.mkdir(exist_ok=True)
            with matplotlib.rc_context(mine):
                paths = chart.save(folder, width=ONE_COLUMN)
        for path in paths:
            assert (folders[0] / path.name).read_bytes() == path.read_bytes(), path.name
        pdf = (folders[0] / f"{chart.name}.pdf").read_bytes()
        assert re.search(rb"/FontFile2\b", pdf)
        assert not re.search(rb"/Subtype\s*/Type3\b", pdf)


def test_the_csv_is_the_table(charts: list[Chart], tmp_path: Path) -> None:
    """Beside the pictures lie the numbers, with all their digits."""
    for chart in charts:
        chart.save(tmp_path, formats=())
        lines = (tmp_path / f"{chart.name}.csv").read_text().splitlines()
        table = chart.table()
        assert ",".join(table.columns) == lines[0]
        assert len(table) == len(lines) - 1
        last = [str(value) if value == value else "" for value in table.iloc[-1]]
        assert last == lines[-1].split(",")


def test_a_name_is_no_formula_in_the_csv(tmp_path: Path) -> None:
    """A column of somebody's file, or a folder, may be called anything; a spreadsheet would run it."""

    class Named(ConfusionChart):
        def table(self) -> pd.DataFrame:
            return pd.DataFrame({"feature": ["=cmd|' /c calc'!A0", "plain", None], "moved": [-1.5, 0.25, 1e-9]})

        def draw(self, *, width: float = WIDTH) -> Figure:
            return Figure()

    Named.save(object.__new__(Named), tmp_path, formats=["svg"])
    (written,) = tmp_path.glob("*.csv")
    assert "feature,moved\n'=cmd|' /c calc'!A0,-1.5\nplain,0.25\n,1e-09\n" == written.read_text()


def test_pictures_are_the_kept_ones(charts: list[Chart], tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The drawings look like those that were looked at and kept; letters may differ by a shade."""
    run = request.node.callspec.params["charts"]
    for chart in charts:
        kept = REFERENCE / f"{run}-{chart.name}.png"
        drawn = kept if "RENEW_FIGURES" in os.environ else tmp_path / kept.name
        chart.draw(width=TWO_COLUMN).savefig(drawn, dpi=50, metadata={"Software": None})
        if drawn != kept:
            assert compare_images(str(kept), str(drawn), tol=2.0) is None


def test_confusion_counts_are_the_trackers(charts: list[Chart]) -> None:
    """The table is the run's; the caption names the arms that are stacked and the share of class 1."""
    chart = charts[-1]
    windows = chart.loaded.run.windows
    for kind in ("tp", "fp", "tn", "fn"):
        assert windows[kind].tolist() == chart.table()[kind].tolist()
    static = windows[windows["arm"] == "static"]
    share = (static["tp"] + static["fn"]).sum() / static["labelled"].sum()
    assert "all records of 'static' and 'dynamic', stacked" in chart.caption()
    assert f"{share:.1%} of the records are of class 1" in chart.caption()
