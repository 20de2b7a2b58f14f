"""A figure: the numbers that are drawn, and the drawing."""

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import polars as pl

from onelayer.report.svg import Drawing, render, render_narrow

_LONGEST_STEM: Final = 80
_PLAIN: Final = re.compile(r"[a-z0-9.]+(?:-[a-z0-9.]+)*")


def file_stem(kind: str, *names: str) -> str:
    """Return the name of a figure of so many runs, safe as a file name on every system.

    It depends on nothing but the kind and the runs' names, and other names give another one, also
    where capitals do not count: what small letters, digits, dots and single hyphens cannot spell
    gets a hash of the names.
    """
    readable = "_".join(re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-") for name in names)
    stem = f"{kind}-{readable}" if readable else kind
    if len(stem) <= _LONGEST_STEM and all(map(_PLAIN.fullmatch, names)):
        return stem
    digest = hashlib.sha256(ascii(names).encode()).hexdigest()[:12]
    return f"{stem[:_LONGEST_STEM].rstrip('-_')}_{digest}"


@dataclass(frozen=True, eq=False)
class Figure:
    """Computed data plus a drawing of it.

    Parameters
    ----------
    name
        File stem, for example ``"loss-binary"``; see :func:`file_stem`.
    title
        Plain text; shown at the head of the caption.
    alt
        One sentence that says what is drawn, for those who cannot see it.
    data
        The numbers drawn, as a table.
    chart
        An Altair chart.
    narrow
        Another for a phone; without one it is made of the first, where no mark has a fixed place.
    """

    name: str
    title: str
    alt: str
    data: pl.DataFrame
    chart: Drawing
    narrow: Drawing | None = None

    @cached_property
    def _svg(self) -> str:
        return render(self.chart, title=self.title, description=self.alt)

    def svg(self) -> str:
        """Return the drawing as a standalone SVG in the light theme, rendered once.

        The same figure gives the same text, whatever was rendered before.
        """
        return self._svg

    def narrow_svg(self) -> str | None:
        """Return the drawing for a narrow page; None where the wide one serves there as well."""
        if self.narrow is not None:
            return render(self.narrow, title=self.title, description=self.alt)
        return render_narrow(self.chart, title=self.title, description=self.alt)
