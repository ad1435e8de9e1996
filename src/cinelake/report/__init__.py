"""Answers → one HTML file."""

from cinelake.report.charts import start_drawing
from cinelake.report.run import ReportOptions, ReportResult, write_report

__all__ = ["ReportOptions", "ReportResult", "start_drawing", "write_report"]
