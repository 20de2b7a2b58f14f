"""The figures of a finding, made of what its check measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from onelayer.diagnosis import Finding
from onelayer.diagnosis.exhibits import Exhibit, Spans
from onelayer.report.document import FigureBlock
from onelayer.report.figure import file_stem
from onelayer.report.figures.exhibits import exhibit_figure
from onelayer.report.inline import literal


def figures_of(finding: Finding, label: Callable[[str], str] = str) -> list[FigureBlock]:
    """Return what shows a finding; nothing where its check shows nothing.

    Parameters
    ----------
    finding : Finding
    label : function
        From the name of a run to what people call it; other words stay.
    """
    if finding.measurement is None:
        return []
    kind = f"{finding.code.lower()}-{finding.check}"
    exhibits = finding.measurement.exhibits()
    return [
        FigureBlock(
            exhibit_figure(
                _labelled(each, label), file_stem(f"{kind}-{n}" if n else kind, *finding.runs[:1])
            ),
            literal(each.caption),
        )
        for n, each in enumerate(exhibits)
    ]


def _labelled(exhibit: Exhibit, label: Callable[[str], str]) -> Exhibit:
    """Return an exhibit whose rows are called as people call the runs."""
    if not isinstance(exhibit, Spans):
        return exhibit
    return replace(exhibit, rows=tuple(replace(r, label=label(r.label)) for r in exhibit.rows))
