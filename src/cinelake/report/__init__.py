"""Answers → one HTML file."""

from cinelake.report.run import ReportOptions, ReportResult, write_report

__all__ = ["ReportOptions", "ReportResult", "write_report"]
