"""What studies of this kind have claimed, each claim with its verdict on the data at hand."""

from __future__ import annotations

from onelayer.diagnosis.claims import CLAIMS, FAILS, HOLDS
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
    answers = [row[1] for row in rows]
    held, failed = answers.count(HOLDS), answers.count(FAILS)
    rest = len(rows) - held - failed
    caption = f"Of {len(rows)} claims {held} hold here and {failed} do not"
    caption += f"; {rest} cannot be told or were not asked." if rest else "."
    table = Table(("claim", "here it", "evidence"), tuple(rows), caption, ("left", "left", "left"))
    question = "What is often said of such runs, and is it true of these?"
    return Section(choice.title or "Claims, tested", question, (table,), ())
