"""What studies of this kind have claimed, each claim with its verdict on the data at hand."""

from __future__ import annotations

from onelayer.diagnosis.claims import CLAIMS
from onelayer.report.document import Section, Table
from onelayer.report.inline import literal
from onelayer.report.sections.material import Material
from onelayer.study import SectionChoice


def claims(material: Material, choice: SectionChoice) -> Section:
    """Judge each claim by what was found."""
    rows = []
    for claim, judge in CLAIMS:
        judged = judge(material) or ("is not asked", "No run of this study can show it.")
        rows.append((claim, judged[0], literal(judged[1])))
    table = Table(("claim", "here it", "evidence"), tuple(rows), None, ("left", "left", "left"))
    question = "What is often said of such runs, and is it true of these?"
    return Section(choice.title or "Claims, tested", question, (table,), ())
