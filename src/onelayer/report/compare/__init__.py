"""Two studies side by side."""

from onelayer.report.compare.page import compare
from onelayer.report.compare.side import Side

__all__ = ["Side", "compare"]
