"""Claims of a course, judged by the runs of a section."""

from __future__ import annotations

from onelayer.diagnosis.verdicts import VERDICTS
from onelayer.report.document import Note, Section, Table
from onelayer.report.inline import literal
from onelayer.report.sections.material import Material
from onelayer.study import SectionChoice


def verdicts(material: Material, choice: SectionChoice) -> Section:
    """Judge claims by the runs of a section."""
    runs = material.ended(choice)
    rows = []
    for name in choice.verdicts:
        verdict = VERDICTS[name]
        answer, evidence = verdict.judge(runs, material) or (
            "is not asked", "These runs cannot show it.",
        )  # fmt: skip
        rows.append((literal(verdict.claim), answer, literal(evidence)))
    table = Table(("claim", "here it", "evidence"), tuple(rows), None, ("left", "left", "left"))
    question = "What is said of it, and is it true of these runs?"
    title = choice.title or ("The verdict" if len(rows) == 1 else "Verdicts")
    if not rows:
        return Section(title, question, (Note("info", "No claim is named: give verdicts."),))
    return Section(title, question, (table,))
