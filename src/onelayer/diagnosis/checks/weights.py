"""OL104: how noisy the weights look as pictures, and what a penalty makes of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from onelayer.diagnosis.budget import OverBudget
from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.experiments.film import films
from onelayer.diagnosis.experiments.optima import AtMinimum, at_minima
from onelayer.diagnosis.finding import Finding, Severity
from onelayer.diagnosis.image_shape import ImageShape
from onelayer.diagnosis.measures.pictures import (
    COARSE,
    FINE,
    MOST_SHOWN,
    Film,
    Pictures,
    RoundedWeights,
    WeightNoise,
    evenly,
)
from onelayer.diagnosis.measures.small_weights import gradient_at_zero
from onelayer.diagnosis.subjects.sweeps import penalty_sweeps
from onelayer.diagnosis.words import decimals
from onelayer.study import RunOutcome
from onelayer.words import listed

NOISY = 0.5
"""Neighbours that differ by half of what unrelated pixels do: the eye sees noise."""


def geary_c(image: NDArray[np.floating]) -> float:
    """Return Geary's C of a picture, shape (height, width); neighbours share an edge.

    The mean squared difference of neighbouring pixels over twice the variance (Geary, 1954): 1 for
    pixels that know nothing of their neighbours, near 0 for a smooth picture. NaN for a flat one.
    """
    image = np.asarray(image, np.float64)
    if np.ptp(image) == 0:
        return float("nan")
    squares = [np.square(np.diff(image, axis=axis)).ravel() for axis in (0, 1)]
    return float(np.mean(np.concatenate(squares)) / (2 * image.var(ddof=1)))


def noise(weights: NDArray[np.floating], shape: ImageShape) -> float:
    """Return the root mean square difference of neighbours; weights (n_features, K).

    Over that of unrelated pixels with the same spread: the root of the mean over the outputs'
    pictures of Geary's C, which is a ratio of squares.
    """
    pictures = shape.pictures(_bounded(weights))
    return math.sqrt(np.mean([geary_c(picture) for picture in pictures]))


def _bounded(weights: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the weights over the largest: squares of those of wild runs are beyond all numbers."""
    wide = np.asarray(weights, np.float64)
    return wide / (float(np.abs(wide).max()) or 1.0)


def likeness(weights: NDArray[np.floating], others: NDArray[np.floating]) -> float:
    """Return the mean over the outputs of the cosine of two weights, both (n_features, K)."""
    weights, others = _bounded(weights), _bounded(others)
    lengths = np.linalg.norm(weights, axis=0) * np.linalg.norm(others, axis=0)
    with np.errstate(invalid="ignore"):
        return float(np.mean((weights * others).sum(axis=0) / lengths))


def look(context: Context) -> list[Finding]:
    """Report on each sweep over λ and each other run, where the features are an image's pixels."""
    shape = ImageShape.of(context.outcome.data)
    if shape is None:
        return []
    runs = [run for run in context.outcome.runs if _has_noise(run, shape)]
    names = {run.name for run in runs}
    groups = [
        own
        for sweep in penalty_sweeps(context.outcome)
        if len(own := [run for run in sweep if run.name in names]) > 1
    ]
    swept = {run.name for group in groups for run in group}
    groups += [[run] for run in runs if run.name not in swept]
    return [_finding(context, group, shape) for group in groups]


def _has_noise(run: RunOutcome, shape: ImageShape) -> bool:
    weights = run.model.weights
    reads_all = run.record.config.features is None and len(weights) == shape.n_features
    return bool(reads_all and np.isfinite(weights).all() and np.isfinite(noise(weights, shape)))


def _finding(context: Context, runs: list[RunOutcome], shape: ImageShape) -> Finding:
    limit = -gradient_at_zero(context, runs[0]).weights
    # Without a penalty there is often no minimum, and a search for it takes longest.
    penalties = [run.record.config.l2 for run in runs if run.record.config.l2 > 0]
    there = at_minima(context, runs[0], penalties, if_affordable=True) if penalties else {}
    shown = evenly(_shown(context, runs), MOST_SHOWN)
    names = [run.name for run in runs]
    tried = [f"the minimum with {listed([f'λ = {l2:g}' for l2 in there])}"] if there else []
    pictures = [_pictures(r, there.get(r.record.config.l2), limit, shape) for r in runs]
    if shown:
        pictures = _with_weights(context, runs, pictures, there, shown, shape)
        if any(p.film for p in pictures):
            tried.append("the same steps once more, looking at the weights on the way")
    found = WeightNoise(
        tuple(pictures),
        noise(limit, shape),
        RoundedWeights.of(limit[None], FINE) if shown and np.isfinite(limit).all() else None,
    )
    words = _words(found, {run.name: run.called for run in runs})
    if any(p.noise >= NOISY for p in pictures):
        return CHECK.found(names, words, found, severity=Severity.INFO, tried=tried)
    return CHECK.clear(names, words, found, tried=tried)


def _pictures(
    run: RunOutcome, minimum: AtMinimum | None, limit: NDArray[np.floating], shape: ImageShape
) -> Pictures:
    weights = run.model.weights
    at = None
    if minimum is not None and minimum.is_certified:
        at = minimum.found.parameters.weights
    own = noise(weights, shape)
    return Pictures(
        run.name, run.record.config.l2, own, own**2, likeness(weights, limit),
        None if at is None else noise(at, shape), None if at is None else likeness(at, limit),
    )  # fmt: skip


def _shown(context: Context, runs: list[RunOutcome]) -> list[RunOutcome]:
    """Return those of some runs whose weights a section of the study shows."""
    outcome = context.outcome
    named = {
        run.name
        for section in outcome.study.sections if section.kind == "weights"
        for run in outcome.named(section.runs)
    }  # fmt: skip
    return [run for run in runs if run.name in named]


def _with_weights(
    context: Context,
    runs: list[RunOutcome],
    pictures: list[Pictures],
    there: dict[float, AtMinimum],
    shown: list[RunOutcome],
    shape: ImageShape,
) -> list[Pictures]:
    """Return what was measured with the weights to look at, of the runs that are shown."""
    try:
        made = films(context, shown)
    except OverBudget:
        made = {}
    names = {run.name for run in shown}
    full = []
    for run, own in zip(runs, pictures, strict=True):
        at, film = there.get(run.record.config.l2), None
        if run.name in made:
            steps, weights = made[run.name]
            noises = tuple(noise(each, shape) for each in weights)
            film = Film(tuple(steps), noises, RoundedWeights.of(weights, COARSE))
        minimum = None
        if run.name in names and at is not None and at.is_certified:
            minimum = RoundedWeights.of(at.found.parameters.weights[None], FINE)
        full.append(replace(own, minimum=minimum, film=film))
    return full


def _words(found: WeightNoise, called: Mapping[str, str]) -> str:
    each = [_one(p, called[p.run]) for p in found.pictures]
    text = (
        "The noise of the pictures, how much neighbouring pixels differ (root mean square) over "
        "how much unrelated pixels of the same spread would: "
        f"{'; '.join(each)}.{_course(found.pictures)}"
    )
    if not math.isfinite(found.limit_noise):
        return text
    text += (
        f" A penalty that grows without end leaves −∇C(0) / (2λ): of each class nearly its mean "
        f"picture less the mean of all, whose noise is {found.limit_noise:.2f}."
    )
    likest = max(found.pictures, key=lambda p: (math.isfinite(p.likeness), p.likeness))
    least = min(found.pictures, key=lambda p: (not math.isfinite(p.likeness), p.likeness))
    if likest is least:
        alike = f"are like that by a cosine of {decimals(likest.likeness)}"
        return f"{text} The weights of {called[likest.run]} {alike}."
    return (
        f"{text} The weights of {called[likest.run]} are likest to that, with a cosine of "
        f"{decimals(likest.likeness)}, and those of {called[least.run]} least, with "
        f"{decimals(least.likeness)}."
    )


def _one(p: Pictures, called: str) -> str:
    at = "" if p.minimum_noise is None else f", at the minimum {p.minimum_noise:.2f}"
    value = "" if "λ" in called else f" (λ = {p.l2:g})"
    return f"{called}{value} {p.noise:.2f}{at}"


MATTERS = 0.005
"""Noises that differ by less are alike: the text says two digits of them."""


def _course(pictures: Sequence[Pictures]) -> str:
    """Say whether the noise falls with λ, at the minimum where it is known."""
    if len(pictures) < 2:
        return ""
    known = [p.minimum_noise for p in pictures if p.minimum_noise is not None]
    minima = len(known) > 1
    noises = known if minima else [p.noise for p in pictures]
    where = "at the minimum" if minima else "at the ends of the runs"
    changes = np.diff(noises)  # from each λ to the next smaller
    if max(noises) - min(noises) < MATTERS:
        return f" They are about as noisy with each penalty {where}."
    if (changes > 0).all():
        return f" The stronger the penalty, the smoother they are {where}."
    if (changes < 0).all():
        return f" The stronger the penalty, the noisier they are {where}."
    return f" They become neither smoother nor noisier throughout with the penalty {where}."


CHECK = Check(
    WeightNoise,
    look,
    "The root of Geary's C of each picture, and the cosine to −∇C(0).",
)
