"""Everything that was looked for, whatever the study's sections show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from onelayer.diagnosis import Answer, Finding
from onelayer.diagnosis.words import count
from onelayer.report.document import Block, Fold, Note, Section, Table
from onelayer.report.inline import literal
from onelayer.report.sections.exhibits import figures_of
from onelayer.report.sections.material import Material, each_sure, leading
from onelayer.words import listed

MOST_RUNS = 6

MOST_IN_FULL = 2
"""So many findings of a check have their figure and how sure they are; the others their words."""


def findings(material: Material, told: Mapping[str, str]) -> Section:
    """List what was found, folded what was not; say in full what no other section says.

    Parameters
    ----------
    material : Material
    told : mapping of str to str
        What other sections say of findings, inline text, to the numbers of those sections.
    """
    found = [f for f in material.findings if f.answer is Answer.FOUND or f.is_warning]
    others = [f for f in material.findings if f not in found]
    blocks: list[Block] = []
    if found:
        blocks.append(_table(material, found, told))
    if others:
        title = f"{count(len(others), 'more answer')}: not found, or could not be told"
        blocks.append(Fold(title, (_table(material, others, None),)))
    of_checks: dict[str, list[Finding]] = {}
    for finding in found:
        if _place(finding, told) is None:
            of_checks.setdefault(finding.code, []).append(finding)
    for alike in of_checks.values():
        told_of: list[Block] = []
        in_full = alike[:MOST_IN_FULL]
        for finding, sure in zip(in_full, each_sure(in_full), strict=True):
            told_of += [_statement(finding), *sure]
            told_of += figures_of(finding, material.label)
        if rest := alike[MOST_IN_FULL:]:
            title = f"{len(rest):,} more of {alike[0].code}, {alike[0].title}"
            told_of.append(Fold(title, tuple(map(_statement, rest))))
        warns = ": a warning" if any(finding.is_warning for finding in alike) else ""
        blocks.append(Fold(f"{alike[0].code}, {alike[0].title}{warns}", tuple(told_of)))
    question = "What was looked for, what was found, and how sure is that?"
    return Section("All findings", question, tuple(blocks))


def _table(
    material: Material, findings: Sequence[Finding], told: Mapping[str, str] | None
) -> Table:
    """Return findings, those of one check together, with where they are said."""
    rows: dict[tuple[str, str, str], list[str]] = {}
    for finding in findings:
        own = str(finding.answer) if told is None else _place(finding, told) or "below"
        called = map(material.called, finding.runs)
        rows.setdefault((finding.code, finding.title, own), []).extend(called)
    return Table(
        ("code", "looked for", "answer" if told is None else "section", "runs"),
        tuple(
            (code, literal(title), own, literal(_runs(material, called)))
            for (code, title, own), called in rows.items()
        ),
        None,
        ("left",) * 4,
    )


def _place(finding: Finding, told: Mapping[str, str]) -> str | None:
    """Return the section that says what was found: all of it, or how it begins."""
    texts = (finding.statement, leading(finding.statement)[0])
    return next((told[own] for text in texts if (own := literal(text)) in told), None)


def _runs(material: Material, called: Sequence[str]) -> str:
    own = dict.fromkeys(called)
    return "all" if len(own) == len(material.outcome.runs) > 1 else listed(own, MOST_RUNS)


def _statement(finding: Finding) -> Note:
    """Return what was found, and what to do."""
    said = finding.statement
    if finding.advice:
        said += f" What to do: {finding.advice}"
    level: Literal["warning", "info"] = "warning" if finding.is_warning else "info"
    return Note(level, literal(said))
