"""A figure: the numbers that are drawn, and the drawing."""

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from onelayer.report.svg import Drawing, render


@dataclass(frozen=True, eq=False)
class Figure:
    """Computed data plus a drawing of it.

    Parameters
    ----------
    name
        File stem, for example ``"loss-binary"``; unique within a report.
    title
        Plain text; shown at the head of the caption.
    alt
        One sentence that says what is drawn, for those who cannot see it.
    data
        The numbers drawn, as a table.
    chart
        An Altair chart.
    """

    name: str
    title: str
    alt: str
    data: pl.DataFrame
    chart: Drawing

    @cached_property
    def _svg(self) -> str:
        return render(self.chart, title=self.title, description=self.alt)

    def svg(self) -> str:
        """Return the drawing as a standalone SVG in the light theme, rendered once.

        The same figure gives the same text, whatever was rendered before.
        """
        return self._svg
