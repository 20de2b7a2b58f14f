"""The figures of a finding, made of what its check measured."""

from __future__ import annotations

from onelayer.diagnosis import Finding
from onelayer.report.document import FigureBlock
from onelayer.report.figure import file_stem
from onelayer.report.figures.exhibits import exhibit_figure
from onelayer.report.inline import literal


def figures_of(finding: Finding) -> list[FigureBlock]:
    """Return what shows a finding; nothing where its check shows nothing."""
    if finding.measurement is None:
        return []
    kind = f"{finding.code.lower()}-{finding.check}"
    exhibits = finding.measurement.exhibits()
    return [
        FigureBlock(
            exhibit_figure(each, file_stem(f"{kind}-{n}" if n else kind, *finding.runs[:1])),
            literal(each.caption),
        )
        for n, each in enumerate(exhibits)
    ]
