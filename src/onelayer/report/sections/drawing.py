"""Draw an image, and every model answers."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from onelayer.diagnosis.measures.moved_images import MovedImages
from onelayer.diagnosis.statistics import wilson_interval
from onelayer.diagnosis.subjects.choices import has_choosable_model
from onelayer.diagnosis.words import percent, span
from onelayer.report import packed, style
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
from onelayer.report.figures import Picture, example_pictures, lines
from onelayer.report.inline import literal
from onelayer.report.sections.material import Material, measured, said
from onelayer.report.sections.mistakes import picture_of
from onelayer.study import RunOutcome, SectionChoice
from onelayer.words import listed

MOST_WEIGHTS = 200_000
"""So many weights a page holds at most, of all models together."""

EXACT = 1e-3
"""A rounded weight differs by up to half of this, over the size of an image: the scores of two
classes then differ from those of the model by 0.0004 in the mean square, and probabilities by less
than 0.0005 even where that is five times as much."""

MOST_STEPS = np.iinfo(np.int16).max


def draw(material: Material, choice: SectionChoice) -> Section:
    """Let a reader draw, or paint on an image where there is no paper to draw on."""
    asked = material.ended(choice) if choice.runs else material.outcome.runs
    runs = [run for run in asked if has_choosable_model(run)]
    findings = material.findings_of(MovedImages, runs)
    have = measured(findings, MovedImages)
    title = choice.title or "Draw one"
    question = "What do the models say of what you draw, and why?"
    if not have:
        statements = dict.fromkeys(finding.statement for finding in findings)
        why = " ".join(statements) or "Nothing was measured of images."
        return Section(title, question, (Note("info", literal(why)),))
    # The one of most classes has examples of all.
    found = max((m for _, m in have), key=lambda m: len({*m.drawable.labels}))
    shown = _fitting(runs, found)
    blocks: list[Block] = []
    if shown:
        how = (
            "Draw in the square with a mouse, a finger or a pen, or take one of the validation "
            "images below it. What is drawn is cut out, scaled and centred as the images of the "
            "data are, and every model answers at once."
            if found.drawable.frame
            else "Take a validation image and paint over parts of it: every model answers at once."
        )
        still = (*_pictures(material, found),)
        blocks.append(Interactive("draw", _data(shown, found, how), still))
    if left := [run.called for run in runs if run not in shown]:
        text = f"Too large to answer in a page: {listed(left)}."
        blocks.append(Paragraph(literal(text)))
    blocks.append(_accuracies(runs, [m for _, m in have]))
    return Section(title, question, tuple(blocks), said(f for f, _ in have))


def _fitting(runs: list[RunOutcome], found: MovedImages) -> list[RunOutcome]:
    """Return the first runs whose weights fit in a page."""
    sheet, together, shown = found.drawable.mean, 0, []
    for run in runs:
        together += run.model.weights.size
        if together > MOST_WEIGHTS:
            break
        if run.model.n_features == sheet.height * sheet.width * sheet.channels:
            shown.append(run)
    return shown


def _data(runs: list[RunOutcome], found: MovedImages, how: str) -> dict[str, Any]:
    drawable = found.drawable
    return {
        "how": how,
        "frame": None if drawable.frame is None else asdict(drawable.frame),
        "labels": [*map(str, drawable.labels)],
        "examples": picture_of(drawable.examples),
        "mean": drawable.mean.pixels,
        "models": [_model(run, found) for run in runs],
        "colours": [*style.DIVERGING],
    }


def _model(run: RunOutcome, found: MovedImages) -> dict[str, Any]:
    """Return a model on raw values less those of paper, its weights rounded as far as they may."""
    drawable, raw = found.drawable, run.model.raw
    paper = 0.0 if drawable.frame is None else drawable.frame.paper
    step = EXACT / max(drawable.norm, 1e-300)
    weights = raw.weights.T
    if np.abs(weights).max() > step * MOST_STEPS:
        step, kept = 1.0, weights.astype(np.float32)
    else:
        kept = np.rint(weights / step).astype(np.int16)
    return {
        "name": run.label,
        "is_logistic": run.record.model == "logistic",
        "classes": [*map(str, run.model.classes)],
        "weights": packed.array(kept),
        "step": step,
        "base": (raw.bias + paper * raw.weights.sum(axis=0)).tolist(),
        "paper": paper,
    }


def _pictures(material: Material, found: MovedImages) -> list[Block]:
    """Return moved images, and what is said of them."""
    pictures = [
        Picture(
            image,
            lines(
                f"{each.label}", f"{each.moved}",
                *([] if each.prepared is None else [f"then {each.prepared}"]),
            ),
        )
        for each, image in zip(found.shown, found.images.shown, strict=True)
    ]  # fmt: skip
    figure = example_pictures(
        pictures, title="Images that are moved and scaled", name=file_stem("moved", found.best)
    )
    best = literal(material.called(found.best))
    caption = f"The label, then what {best} says of the image as it lies here" + (
        "." if found.drawable.frame is None
        else ", and what it says once the image is cut out, scaled and centred."
    )  # fmt: skip
    return [FigureBlock(figure, caption)]


def _accuracies(runs: list[RunOutcome], measurements: list[MovedImages]) -> Table:
    rows = []
    for run in runs:
        for found in measurements:
            if (own := found.of(run.name)) is not None:
                counts = (own.still, own.moved, own.prepared)
                rows.append((literal(run.label), *(_share(n, found.examples) for n in counts)))
    with_paper = any(m.drawable.frame for m in measurements)
    low, high = measurements[0].scales
    caption = (
        f"Validation images that each model has right, with 95% intervals; moved by up to "
        f"{percent(measurements[0].shift, 0)} of the side each way and scaled by {low:g} to "
        f"{high:g}" + (", then prepared as a drawing is." if with_paper else ".")
    )
    columns = 4 if with_paper else 3
    head = ("run", "as they are", "moved", "moved, then prepared")[:columns]
    align = ("left", "right", "right", "right")[:columns]
    return Table(head, tuple(row[:columns] for row in rows), caption, align)  # type: ignore[arg-type]


def _share(count: int | None, n: int) -> str:
    if count is None:
        return "–"
    return f"{percent(count / n, 1)} ({span(wilson_interval(count / n, n), 1)})"
