"""Which classes a model takes for which, and its surest mistakes."""

from __future__ import annotations

from typing import Any

from onelayer.diagnosis import Answer
from onelayer.diagnosis.checks.labels import SuspiciousLabels
from onelayer.diagnosis.measures.image_sheet import ImageSheet
from onelayer.diagnosis.measures.mistakes import Mistakes
from onelayer.diagnosis.words import percent
from onelayer.report.document import (
    Block,
    FigureBlock,
    Interactive,
    Note,
    Paragraph,
    Section,
    Table,
)
from onelayer.report.figure import file_stem
from onelayer.report.figures import Picture, confusion, example_pictures, lines
from onelayer.report.inline import literal
from onelayer.report.sections.material import Material, measured, said
from onelayer.study import SectionChoice

SURE = 12
"""So many of the surest mistakes are shown."""


def mistakes(material: Material, choice: SectionChoice) -> Section:
    """Show which classes are taken for which, by each run that is asked about."""
    runs = material.ended(choice) if choice.runs else material.outcome.runs
    findings = material.findings_of(Mistakes, runs)
    blocks: list[Block] = []
    for finding, found in measured(findings, Mistakes):
        if found.wrong:
            run = material.called(finding.runs[0])
            still = _still(run, finding.runs[0], found)
            blocks.append(Interactive("confusion", _data(run, found), still))
    if not findings:
        blocks.append(Note("info", "Nothing was measured: no run has a model that can be asked."))
    answer = [*said(findings), *(_labels(material) if blocks else ())]
    title = choice.title or "Mistakes"
    return Section(title, "Which are taken for which, and how sure?", tuple(blocks), tuple(answer))


def picture_of(sheet: ImageSheet) -> dict[str, Any]:
    """Return images as the page's scripts take them."""
    return {
        "height": sheet.height,
        "width": sheet.width,
        "channels": sheet.channels,
        "low": sheet.levels.low,
        "step": sheet.levels.step,
        "white": sheet.levels.white,
        "pixels": sheet.pixels,
    }


def _data(run: str, found: Mistakes) -> dict[str, Any]:
    return {
        "run": run,
        "classes": [*map(str, found.classes)],
        "sizes": [*found.sizes],
        "right": [*found.right],
        "pairs": [[pair.label, pair.predicted, pair.count] for pair in found.pairs],
        "mistakes": [[m.row, m.label, m.predicted, m.probability] for m in found.mistakes],
        "images": None if found.images is None else picture_of(found.images),
        "sure": SURE,
        "is_matrix": found.is_whole,
    }


def _still(run: str, name: str, found: Mistakes) -> tuple[Block, ...]:
    names = [*map(str, found.classes)]
    blocks: list[Block] = []
    if found.is_whole:
        figure = confusion(
            found.counts, names, title=f"What {run} takes for what",
            name=file_stem("confusion", name),
        )  # fmt: skip
        caption = (
            f"Labels in rows, predictions of {literal(run)} in columns: {found.wrong:,} of "
            f"{found.examples:,} validation examples lie off the diagonal. The stronger the "
            "colour, the more of a class."
        )
        blocks.append(FigureBlock(figure, caption))
    else:
        blocks.append(_pairs(run, found, names))
    return (*blocks, _surest(run, name, found, names))


def _pairs(run: str, found: Mistakes, names: list[str]) -> Table:
    rows = tuple(
        (
            literal(names[pair.label]), literal(names[pair.predicted]), f"{pair.count:,}",
            percent(pair.count / found.sizes[pair.label], 1),
        )
        for pair in found.pairs
    )  # fmt: skip
    caption = f"The {len(rows)} pairs of classes that {literal(run)} confuses most often."
    head = ("label", "predicted", "examples", "of the class")
    return Table(head, rows, caption, ("left", "left", "right", "right"))


def _surest(run: str, name: str, found: Mistakes, names: list[str]) -> Block:
    surest = found.mistakes[:SURE]
    if found.images is None:
        rows = tuple(
            (f"{m.row:,}", literal(names[m.label]), literal(names[m.predicted]),
             percent(m.probability))
            for m in surest
        )  # fmt: skip
        caption = f"The surest mistakes of {literal(run)}; validation examples are counted from 0."
        head = ("validation example", "label", "predicted", "with probability")
        return Table(head, rows, caption, ("right", "left", "left", "right"))
    pictures = [
        Picture(image, lines(names[m.label], names[m.predicted], percent(m.probability, 1)))
        for m, image in zip(surest, found.images.shown, strict=False)
    ]
    figure = example_pictures(
        pictures, title=f"The surest mistakes of {run}", name=file_stem("surest-mistakes", name)
    )
    caption = "The label, what is predicted instead, and the probability that it is given."
    return FigureBlock(figure, caption)


def _labels(material: Material) -> list[Block]:
    """Return where labels that may be wrong are listed, if some are."""
    for finding, found in measured(material.findings, SuspiciousLabels):
        if finding.answer is Answer.FOUND and found.suspects:
            where = f"Labels of the training part may be wrong too: see {finding.code}, "
            return [Paragraph(literal(f"{where}{finding.title}, under All findings."))]
    return []
