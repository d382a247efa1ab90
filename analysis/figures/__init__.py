"""Pictures: the one room that draws with matplotlib. Nothing here counts or decides; it shows tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .chart import Chart
from .confusion import ConfusionChart
from .critical_difference import critical_difference
from .detectors import DetectorsChart
from .difference import DifferenceChart, SavedChart
from .hindsight import CausesChart, RegretChart, RegretOverPricesChart
from .input_drift import InputDriftChart
from .metric import METRIC_CHARTS
from .pareto import ParetoChart
from .scores import ScoresChart

if TYPE_CHECKING:
    from analysis.loaded import LoadedRun

__all__ = ["CHARTS", "METRIC_CHARTS", "Chart", "charts_of", "critical_difference"]

CHARTS: tuple[type[Chart], ...] = (
    *METRIC_CHARTS.values(),
    DifferenceChart,
    SavedChart,
    ConfusionChart,
    ScoresChart,
    InputDriftChart,
    ParetoChart,
    RegretChart,
    RegretOverPricesChart,
    DetectorsChart,
    CausesChart,
)
"""Every figure of a run, in the order in which a report shows them."""


def charts_of(loaded: LoadedRun) -> dict[str, Chart]:
    """The figures that the run has something for, by name."""
    made = [kind(loaded) for kind in CHARTS if not (kind.per_record and loaded.counts_only)]
    return {chart.name: chart for chart in made if chart.refusal is None}
