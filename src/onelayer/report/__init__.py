"""The report of a study: figures, document, page and paper."""

from onelayer.report.write import compose, prepare, render

__all__ = ["compose", "prepare", "render"]
