"""The accuracy of runs that differ in whatever a study sweeps over."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from onelayer.diagnosis.words import percent
from onelayer.report.document import Block, FigureBlock, Note, Paragraph, Section, Table
from onelayer.report.figure import file_stem
from onelayer.report.figures import sweep_accuracy
from onelayer.report.inline import code, literal
from onelayer.report.sections.material import Material
from onelayer.study import RunOutcome, SectionChoice
from onelayer.words import listed


def accuracy(material: Material, choice: SectionChoice) -> Section:
    """Draw the validation accuracy of each run, and say which keeps the best weights."""
    runs = material.runs(choice)
    names = [run.name for run in runs]
    figure = sweep_accuracy(
        pl.concat([run.history for run in runs]),
        {name: name for name in names},
        name=file_stem("sweep", *names),
    )
    rows = tuple(
        (code(run.name), *(_percent(a) for a in _accuracies(run)), literal(run.record.message))
        for run in runs
    )
    table = Table(
        ("run", "training accuracy", "validation accuracy", "how it ended"),
        rows,
        "Accuracies of the weights that each run keeps.",
        ("left", "right", "right", "left"),
    )
    caption = "Validation accuracy over steps for each run."
    return Section(
        choice.title or "Accuracy of each run",
        "Which run gives the best validation accuracy?",
        (FigureBlock(figure, caption), table),
        _answer(material.settled(choice)),
    )


def _answer(runs: Sequence[RunOutcome]) -> tuple[Block, ...]:
    kept = {run.name: a for run in runs if (a := run.record.final.val_accuracy) is not None}
    if len(kept) < 2:
        return (Note("info", "Fewer than two runs came to their end: none can be called best."),)
    best, worst = max(kept.values()), min(kept.values())
    if best == worst:
        return (
            Paragraph(literal(f"{listed(kept)} all keep weights of {percent(best)} accuracy.")),
        )
    first, last = (listed(n for n, a in kept.items() if a == end) for end in (best, worst))
    text = (
        f"The best validation accuracy of the weights that are kept is {percent(best)}, by "
        f"{first}; the worst {percent(worst)}, by {last}. Whether they can be told apart was not "
        "tested."
    )
    return (Paragraph(literal(text)),)


def _accuracies(run: RunOutcome) -> tuple[float | None, float | None]:
    return run.record.final.train_accuracy, run.record.final.val_accuracy


def _percent(value: float | None) -> str:
    return "–" if value is None else percent(value)
