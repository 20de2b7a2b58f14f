"""The accuracy of runs that differ in whatever a study sweeps over."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from onelayer.diagnosis.words import percent
from onelayer.report.document import Block, FigureBlock, Note, Paragraph, Section, Table
from onelayer.report.figure import file_stem
from onelayer.report.figures import sweep_accuracy
from onelayer.report.inline import literal
from onelayer.report.sections.material import Material
from onelayer.study import Replicates, RunOutcome, SectionChoice
from onelayer.words import listed


def accuracy(material: Material, choice: SectionChoice) -> Section:
    """Draw the validation accuracy of each run, and say which keeps the best weights."""
    runs = material.runs(choice)
    groups = material.together(runs)
    labels = {
        own[0].label if group is None else group.label: [run.name for run in own]
        for group, own in groups
    }
    names = [own[0].name if group is None else group.name for group, own in groups]
    figure = sweep_accuracy(
        pl.concat([run.history for run in runs]),
        labels,
        name=file_stem("sweep", *names),
    )
    rows = tuple(_row(group, own) for group, own in groups)
    spread = ""
    if len(groups) < len(runs):
        spread = " With ±: means and standard deviations of runs that differ in seed or draw alone."
    table = Table(
        ("run", "training accuracy", "validation accuracy", "how it ended"),
        rows,
        f"Accuracies of the weights that each run keeps.{spread}",
        ("left", "right", "right", "left"),
    )
    caption = "Validation accuracy over steps for each run."
    return Section(
        choice.title or "Accuracy of each run",
        "Which run gives the best validation accuracy?",
        (FigureBlock(figure, caption), table),
        _answer(material, material.settled(choice)),
    )


def _row(group: Replicates | None, runs: Sequence[RunOutcome]) -> tuple[str, ...]:
    if group is None:
        (run,) = runs
        return (
            literal(run.label),
            *(_percent(a) for a in _accuracies(run)),
            literal(run.record.message),
        )
    numbers = ("train_accuracy", "val_accuracy")
    accuracies = (group.in_words(number, percent) for number in numbers)
    ends = dict.fromkeys(str(record.stop_reason) for record in group.records)
    return literal(group.label), *accuracies, literal(f"{group.over}; ended by {listed(ends)}")


def _answer(material: Material, runs: Sequence[RunOutcome]) -> tuple[Block, ...]:
    groups = {
        own[0].called if group is None else f"{group.called} (mean of {group.over})": (
            own[0].record.final.val_accuracy if group is None else group.mean("val_accuracy")
        )
        for group, own in material.together(runs)
    }
    kept = {name: accuracy for name, accuracy in groups.items() if accuracy is not None}
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
