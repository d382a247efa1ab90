"""Pictures: the one room that draws with matplotlib. Nothing here counts or decides; it shows tables."""

from .tracker import plot_metric

__all__ = ["plot_metric"]
