"""An answer's rows → charts."""

from cinelake.report.charts.draw import Drawing, draw_charts

__all__ = ["Drawing", "draw_charts"]
