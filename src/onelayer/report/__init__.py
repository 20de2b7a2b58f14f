"""The report of a study: figures, document, page and paper."""

from onelayer.report.write import compose, write_report

__all__ = ["compose", "write_report"]
