"""The figures of a finding, made of what its check measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from onelayer.diagnosis import Finding
from onelayer.diagnosis.exhibits import Bars, Exhibit, Spans
from onelayer.report.document import FigureBlock
from onelayer.report.figure import file_stem
from onelayer.report.figures.exhibits import exhibit_figure
from onelayer.report.inline import literal

Called = Callable[[str], str]
"""From the name of a run to its label; other texts stay."""


def figures_of(finding: Finding, called: Called = str) -> list[FigureBlock]:
    """Return what shows a finding; nothing where its check shows nothing."""
    if finding.measurement is None:
        return []
    kind = f"{finding.code.lower()}-{finding.check}"
    exhibits = [
        _labelled(each, called)
        for each in finding.measurement.exhibits()
        if not (isinstance(each, Bars) and len(each.rows) == 1)  # a bar alone shows nothing
    ]
    return [
        FigureBlock(
            exhibit_figure(each, file_stem(f"{kind}-{n}" if n else kind, *finding.runs[:1])),
            literal(each.caption),
        )
        for n, each in enumerate(exhibits)
    ]


def _labelled(exhibit: Exhibit, called: Called) -> Exhibit:
    """Return an exhibit whose rows have the labels of runs for their names."""
    if isinstance(exhibit, Spans):
        spans = tuple(replace(row, label=called(row.label)) for row in exhibit.rows)
        return replace(exhibit, rows=spans)
    if isinstance(exhibit, Bars):
        bars = tuple((called(label), series, value) for label, series, value in exhibit.rows)
        return replace(exhibit, rows=bars)
    return exhibit
