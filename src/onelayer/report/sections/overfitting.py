"""Whether runs overfit."""

from __future__ import annotations

from onelayer.diagnosis.measures.overfitting import Overfitting
from onelayer.diagnosis.words import percent, signed, span
from onelayer.report.document import Block, Note, Section, Table
from onelayer.report.inline import literal
from onelayer.report.sections.exhibits import figures_of
from onelayer.report.sections.material import Material, measured, said
from onelayer.study import SectionChoice
from onelayer.words import listed


def overfitting(material: Material, choice: SectionChoice) -> Section:
    """Say whether each run overfits, with the gap and the trend that tell."""
    runs = material.runs(choice)
    findings = material.findings_of(Overfitting, runs)
    rows = tuple(
        (
            literal(material.label(finding.runs[0])),
            percent(found.gap.train_accuracy),
            percent(found.gap.val_accuracy),
            f"{signed(found.gap.memory)} ({span(found.gap.memory_interval)})",
            f"{signed(found.gap.parts)} ({span(found.gap.parts_interval)})",
            percent(found.rise_above_lowest, 1),
            "–" if found.minimum is None else percent(found.minimum.rise, 1),
        )
        for finding, found in measured(findings, Overfitting)
    )
    table = Table(
        ("run", "training accuracy", "validation accuracy", "memory (points)",
         "validation harder by (points)", "loss at the end above its lowest",
         "loss at the minimum above it"),
        rows,
        "Memory: how much better the accuracy is on training examples than on a fifth of them that "
        "was held out; both differences with 95% intervals.",
        ("left", "right", "right", "right", "right", "right", "right"),
    )  # fmt: skip
    blocks: list[Block] = [table] if len(rows) > 1 else []
    if len(rows) == 1:
        for finding in findings:
            blocks += figures_of(finding, material.label)
    if broken := [run.called for run in runs if not run.record.stop_reason.is_planned]:
        text = f"Not looked at, since training did not come to its end: {listed(broken)}."
        blocks.append(Note("info", literal(text)))
    question = "Does the model overfit?"
    return Section(choice.title or "Overfitting", question, tuple(blocks), said(findings))
