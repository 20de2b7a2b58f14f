"""The weights of runs as pictures: what a hand can look through, and what stands on paper."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onelayer.diagnosis import Finding
from onelayer.diagnosis.image_shape import ImageShape
from onelayer.diagnosis.measures.pictures import (
    FINE,
    MOST_SHOWN,
    Pictures,
    RoundedWeights,
    WeightNoise,
    evenly,
)
from onelayer.report import style
from onelayer.report.document import Block, FigureBlock, Interactive, Note, Paragraph, Section
from onelayer.report.figure import file_stem
from onelayer.report.figures import WeightRow, weight_pictures
from onelayer.report.inline import literal
from onelayer.report.packed import array
from onelayer.report.sections.material import Material, l2_labels, measured, said
from onelayer.study import RunOutcome, SectionChoice
from onelayer.words import listed

MOST_POINTS = 240
"""Of a curve beside the pictures."""

_NOISE = (
    "The noise is the root mean square difference of neighbouring pixels, over that of pixels that "
    "know nothing of their neighbours and have the same spread: $sqrt(C)$ of Geary's $C$, which "
    "is averaged over the pictures of a row. It is 1 for pure noise, near 0 for a smooth picture, "
    "and does not depend on the scale of the weights."
)


def weights(material: Material, choice: SectionChoice) -> Section:
    """Show the weights of the runs, and say how noisy they are and what the penalty does."""
    settled = material.settled(choice)
    findings = material.findings_of(WeightNoise, settled)
    found = [noise for _, noise in measured(findings, WeightNoise)]
    pictures = {own.run: own for noise in found for own in noise.pictures}
    runs = sorted(
        (run for run in settled if run.name in pictures), key=lambda run: run.record.config.l2
    )
    shape = ImageShape.of(material.outcome.data)
    if shape is None or shape.channels not in (1, 3) or not runs or _differ(runs):
        text = "Weights are drawn where features are pixels and all models have the same outputs."
        return Section(choice.title or "Weights", None, (Note("info", text),))
    ends = [runs[0], runs[-1]] if len(runs) > 2 else runs
    shown = evenly(runs, MOST_SHOWN)
    still = FigureBlock(
        _still(ends, pictures, shape), literal(_caption(ends, pictures, l2_labels(ends)))
    )
    hands = Interactive("weights", _looked_at(shown, pictures, found, shape), (still,))
    blocks: list[Block] = [hands]
    if len(shown) < len(runs):
        blocks.insert(0, Paragraph(f"{len(shown)} of the {len(runs)} runs are shown."))
    several = len({run.record.config.l2 for run in runs}) > 1
    return Section(
        choice.title or "The weights as pictures",
        "What do the weights look like, and what does the penalty do to them?"
        if several
        else "What do the weights look like?",
        tuple(blocks),
        (*_answer(findings, runs, pictures), Paragraph(_NOISE)),
    )


def _differ(runs: Sequence[RunOutcome]) -> bool:
    return len({(run.record.classes, run.model.weights.shape) for run in runs}) > 1


def _answer(
    findings: Sequence[Finding], runs: Sequence[RunOutcome], pictures: Mapping[str, Pictures]
) -> tuple[Block, ...]:
    """Return what was found of sweeps; of other runs their noises in one sentence."""
    swept = [f for f in findings if len(f.runs) > 1]
    alone = [r for r in runs if not any(r.name in f.runs for f in swept)]
    if not alone:
        return said(swept)
    noises = listed([f"{pictures[run.name].noise:.2f} for {run.called}" for run in alone])
    return (*said(swept), Paragraph(literal(f"The noise is {noises}.")))


def _caption(
    runs: Sequence[RunOutcome], pictures: Mapping[str, Pictures], labels: Mapping[str, str]
) -> str:
    noises = {run.name: pictures[run.name].noise for run in runs}
    smooth, noisy = (f(runs, key=lambda run: noises[run.name]) for f in (min, max))
    low, high = noises[smooth.name], noises[noisy.name]
    scale = "One colour scale a model: the sign says for or against the class."
    if smooth is noisy:
        return f"The noise is {low:.2f}. {scale}"
    return (
        f"Neighbouring pixels differ {high / low:.2f} times as much for {labels[noisy.name]} as "
        f"for {labels[smooth.name]}, relative to the spread of the weights. {scale}"
    )


def _still(runs: Sequence[RunOutcome], pictures: Mapping[str, Pictures], shape: ImageShape) -> Any:
    labels = l2_labels(runs)
    rows = [WeightRow(labels[r.name], r.model.weights, pictures[r.name].noise) for r in runs]
    name = file_stem("weights", *(run.name for run in runs))
    return weight_pictures(rows, shape, _outputs(runs[0]), noise_label="noise", name=name)


def _outputs(run: RunOutcome) -> list[str]:
    return [str(c) for c in run.record.classes[: run.model.weights.shape[1]]]


def _looked_at(
    runs: Sequence[RunOutcome],
    pictures: Mapping[str, Pictures],
    found: Sequence[WeightNoise],
    shape: ImageShape,
) -> dict[str, Any]:
    """Return what the page shows: for each run its weights at each place, and its curves."""
    labels = l2_labels(runs)
    by_penalty = all(label.startswith("λ = ") for label in labels.values())
    limit, limit_noise = None, None
    if by_penalty and len(found) == 1 and found[0].limit is not None:
        limit, limit_noise = found[0].limit, found[0].limit_noise
    return {
        "classes": _outputs(runs[0]),
        "shape": [shape.height, shape.width, shape.channels],
        "colours": list(style.DIVERGING),
        "along": "λ" if by_penalty else "run",
        "stops": [_stop(run, pictures[run.name], labels[run.name]) for run in runs],
        "limit": None if limit is None else {**asdict(limit), "noise": _finite(limit_noise)},
    }


def _stop(run: RunOutcome, own: Pictures, label: str) -> dict[str, Any]:
    end = RoundedWeights.of(run.model.weights[None], FINE)
    minimum, film, final = own.minimum, own.film, run.record.final
    numbers = [_finite(final.val_loss), _finite(final.val_accuracy)]
    return {
        "label": label,
        "l2": own.l2,
        "end": {
            **asdict(end),
            "noise": own.noise,
            "final": None if None in numbers else numbers,
        },
        "minimum": None
        if minimum is None
        else {**asdict(minimum), "noise": _finite(own.minimum_noise)},
        "noises": [own.noise, _finite(own.minimum_noise)],
        "film": None
        if film is None
        else {
            **asdict(film.weights),
            "steps": list(film.steps),
            "noises": [_finite(noise) for noise in film.noises],
        },
        "curve": None if film is None else _curve(run, film.steps[-1]),
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and np.isfinite(value) else None


def _curve(run: RunOutcome, steps: int) -> dict[str, Any] | None:
    """Return validation loss and both accuracies by steps made, up to the weights that are kept."""
    rows = run.curve.filter(
        (pl.col("step") < steps) & pl.col("val_loss").is_finite()
    )  # of a step's number one less than the steps made by then
    if rows.height < 2:
        return None
    made = rows["step"].to_numpy() + 1
    columns = {name: rows[name].to_numpy() for name in ("val_loss", "val_accuracy")}
    chosen = _thinned(made, list(columns.values()))
    return {
        "steps": array(made[chosen].astype(np.int32)),
        **{name: array(column[chosen].astype(np.float32)) for name, column in columns.items()},
    }


def _thinned(
    steps: NDArray[np.integer], columns: Sequence[NDArray[np.floating]]
) -> NDArray[np.int64]:
    """Return the places of the points to draw over log steps: extremes of each column are kept."""
    if len(steps) <= MOST_POINTS:
        return np.arange(len(steps))
    groups = MOST_POINTS // (2 * len(columns))
    edges = np.geomspace(steps[0], steps[-1] + 1, groups + 1)
    places = np.searchsorted(steps, edges)
    chosen = {0, len(steps) - 1}
    for low, high in itertools.pairwise(places):
        for column in columns if high > low else ():
            chosen |= {low + int(f(column[low:high])) for f in (np.argmin, np.argmax)}
    return np.array(sorted(chosen))
