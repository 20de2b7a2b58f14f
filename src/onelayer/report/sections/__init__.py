"""From a section of a study to a section of its report: the question, the figure, the answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from onelayer.report.document import Note, Paragraph, Section
from onelayer.report.inline import literal
from onelayer.report.sections import (
    against,
    claims,
    curves,
    drawing,
    early_stopping,
    gradients,
    mistakes,
    overfitting,
    penalty,
    shuffling,
    sweep,
    verdicts,
    weights,
)
from onelayer.report.sections.material import Material
from onelayer.study import SectionChoice

Builder = Callable[[Material, SectionChoice], Section]

BUILDERS: dict[str, Builder] = {
    "derivation": gradients.derivation,
    "gradient-check": gradients.gradient_check,
    "loss-curves": curves.loss,
    "accuracy-curves": curves.accuracy,
    "early-stopping": early_stopping.early_stopping,
    "shuffling": shuffling.shuffling,
    "overfitting": overfitting.overfitting,
    "weights": weights.weights,
    "sweep-accuracy": sweep.accuracy,
    "l2-accuracy": penalty.l2_accuracy,
    "weight-norm": penalty.weight_norm,
    "mistakes": mistakes.mistakes,
    "draw": drawing.draw,
    "claims": claims.claims,
    "final-against": against.final_against,
    "losses": against.losses,
    "verdicts": verdicts.verdicts,
}
"""What builds each kind of section."""


_OF_KEPT_WEIGHTS = (
    "weights", "l2-accuracy", "weight-norm", "final-against", "losses", "verdicts",
    *SectionChoice.of_all_runs,
)  # fmt: skip


def build(material: Material, choice: SectionChoice) -> Section:
    """Return the report's section for a study's section, opened by what the study says of it."""
    section = _built(material, choice)
    said = [" ".join(part.split()) for part in re.split(r"\n\s*\n", choice.text or "")]
    words = tuple(Paragraph(literal(part)) for part in said if part)
    return replace(section, blocks=(*words, *section.blocks))


def _built(material: Material, choice: SectionChoice) -> Section:
    shown = material.ended if choice.kind in _OF_KEPT_WEIGHTS else material.runs
    needs_runs = choice.kind not in choice.without_runs and (
        choice.runs or choice.kind not in choice.of_all_runs
    )
    if needs_runs and not shown(choice):
        names = ", ".join(choice.runs) or "none named"
        note = Note("warning", literal(f"No results to show: runs {names}."))
        return Section(choice.title or choice.kind, None, (note,))
    return BUILDERS[choice.kind](material, choice)


__all__ = ["BUILDERS", "Material", "build"]
