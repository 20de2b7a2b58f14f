"""Everything that was looked for, whatever the study's sections show."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from onelayer.diagnosis import Answer, Finding
from onelayer.report.document import Block, Note, Section, Table
from onelayer.report.inline import literal
from onelayer.report.sections.exhibits import figures_of
from onelayer.report.sections.material import Material, how_sure
from onelayer.words import listed

MOST_RUNS = 6

MOST_DRAWN = 2
"""So many findings of a check have their figure; the others their words."""


def findings(material: Material) -> Section:
    """List every check with its answer; say in full what was found, and how sure that is."""
    answers: dict[tuple[str, str, Answer], list[str]] = {}
    for finding in material.findings:
        key = finding.code, finding.title, finding.answer
        answers.setdefault(key, []).extend(map(material.called, finding.runs))
    rows = tuple(
        (code, literal(title), str(answer), literal(listed(dict.fromkeys(runs), MOST_RUNS)))
        for (code, title, answer), runs in answers.items()
    )
    table = Table(("code", "looked for", "answer", "runs"), rows, _caption(material), ("left",) * 4)
    blocks: list[Block] = [table] if rows else []
    drawn: Counter[str] = Counter()
    for finding in material.findings:
        if finding.answer is Answer.FOUND or finding.is_warning:
            blocks += _told(finding)
            drawn[finding.code] += 1
            if drawn[finding.code] <= MOST_DRAWN:
                blocks += figures_of(finding, material.label)
    question = "What was looked for, what was found, and how sure is that?"
    return Section("All findings", question, tuple(blocks))


def _caption(material: Material) -> str:
    count = Counter(finding.answer for finding in material.findings)
    return literal("Answers: " + ", ".join(f"{n} {answer}" for answer, n in count.items()) + ".")


def _told(finding: Finding) -> list[Block]:
    """Return a finding in full."""
    said = f"{finding.code}, {finding.title}: {finding.statement}"
    if finding.advice:
        said += f" What to do: {finding.advice}"
    level: Literal["warning", "info"] = "warning" if finding.is_warning else "info"
    return [Note(level, literal(said)), how_sure(finding)]
