"""An answer's rows → charts."""

from cinelake.report.charts.draw import Drawing, draw_charts, start_drawing

__all__ = ["Drawing", "draw_charts", "start_drawing"]
