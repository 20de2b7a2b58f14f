"""The answers of a study as cards: question, verdict, sentence, and a drawing of what is behind."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from onelayer.diagnosis import Measurement
from onelayer.diagnosis.answers import answers
from onelayer.diagnosis.checks.early_stopping import EarlyStop
from onelayer.diagnosis.checks.shuffling_speed import ShufflingSpeed
from onelayer.diagnosis.claims import first, furthest_ahead
from onelayer.diagnosis.measures.dips import AccuracyDips
from onelayer.diagnosis.measures.l2_accuracies import SweepAccuracies
from onelayer.diagnosis.measures.l2_norms import SweepNorms
from onelayer.diagnosis.measures.overfitting import Overfitting
from onelayer.diagnosis.measures.pictures import WeightNoise
from onelayer.report import thumbnails
from onelayer.report.document import Answers as Cards
from onelayer.report.document import Block, Card
from onelayer.report.inline import literal
from onelayer.report.sections.material import Material
from onelayer.report.style import MUTED, TRAINING, VALIDATION

SECTIONS: Mapping[type[Measurement] | None, tuple[str, ...]] = {
    AccuracyDips: ("dips", "shuffling"),
    ShufflingSpeed: ("shuffling", "dips"),
    EarlyStop: ("early-stopping",),
    Overfitting: ("overfitting",),
    SweepAccuracies: ("l2-accuracy",),
    WeightNoise: ("weights",),
    SweepNorms: ("weight-norm",),
    None: ("sweep-accuracy", "l2-accuracy", "accuracy-curves", "loss-curves"),
}
"""Kinds of sections that say more of an answer."""


_TRAINS, _VALIDATES = ("training", TRAINING), ("validation", VALIDATION)


def abstract(material: Material, places: Mapping[str, tuple[int, int]]) -> list[Block]:
    """Return the answers of a study.

    Parameters
    ----------
    places : mapping
        Chapter and section of the first section of each kind, from 1.
    """
    cards = []
    for answer in answers(material):
        draw = None if answer.claim else _DRAWN.get(answer.kind)
        kinds = ("verdicts",) if answer.claim else SECTIONS.get(answer.kind, ())
        to = next((places[k] for k in kinds if k in places), None)
        cards.append(Card(
            answer.question, answer.verdict, literal(answer.sentence),
            None if draw is None else draw(material), to or places.get("findings"),
        ))  # fmt: skip
    return [Cards(tuple(cards))] if cards else []


def _dips(material: Material) -> str | None:
    have = first(material, AccuracyDips)
    if have is None or not (dips := have[1]).accuracies:
        return None
    batch = -1 if dips.batch is None else dips.batch
    return thumbnails.dips(dips.accuracies, dips.batches_per_epoch, batch)


def _speed(material: Material) -> str | None:
    have = first(material, ShufflingSpeed)
    if have is None:
        return None
    steps = [(math.log(max(at.step, 1)), at) for at in have[1].at_steps]
    own = [(x, at.own_loss) for x, at in steps]
    shuffled = [(x, at.shuffled_loss) for x, at in steps]
    lines = ((own, VALIDATION), (shuffled, TRAINING))
    return thumbnails.curves(
        lines, dots=True, left=("own order", VALIDATION), right=("shuffled", TRAINING)
    )


def _early(material: Material) -> str | None:
    have = first(material, EarlyStop)
    if have is None:
        return None
    (finding, stop) = have
    line = _curve(material, finding.runs[0], "val_loss")
    marks = (stop.best_step, stop.stopped_step)
    words = ("loss", VALIDATION), ("stop", MUTED)
    return thumbnails.curves(
        ((line, VALIDATION),), marks=marks, cut=0.7, left=words[0], right=words[1]
    )


def _gap(material: Material) -> str | None:
    have = furthest_ahead(material)
    if have is None:
        return None
    run = have[0].runs[0]
    lines = (
        (_settled(_curve(material, run, "train_accuracy")), TRAINING),
        (_settled(_curve(material, run, "val_accuracy")), VALIDATION),
    )
    return thumbnails.curves(lines, left=_TRAINS, right=_VALIDATES)


def _penalty(material: Material) -> str | None:
    have = first(material, SweepAccuracies)
    if have is None:
        return None
    runs = [(math.log(run.l2), run) for run in have[1].runs if run.l2 > 0]
    known = [(x, run.certified) for x, run in runs if run.certified is not None]
    lines = (
        ([(x, at.train_accuracy) for x, at in known], TRAINING),
        ([(x, at.val_accuracy) for x, at in known], VALIDATION),
    )
    return thumbnails.curves(lines, dots=True, left=_TRAINS, right=_VALIDATES)


def _noise(material: Material) -> str | None:
    have = first(material, WeightNoise)
    if have is None:
        return None
    line = [(math.log(p.l2), p.noise) for p in have[1].pictures if p.l2 > 0]
    return thumbnails.curves(
        ((line, TRAINING),), dots=True, left=("noise", MUTED), right=("λ →", MUTED)
    )


def _norms(material: Material) -> str | None:
    have = first(material, SweepNorms)
    if have is None:
        return None
    points = [p for p in (*have[1].points, *have[1].beyond) if p.l2 > 0]
    line = sorted((math.log(p.l2), math.log(p.minimum)) for p in points if p.minimum)
    limit = sorted((math.log(p.l2), math.log(p.limit_norm)) for p in points if p.limit_norm)
    lines = ((limit, MUTED), (line, TRAINING))
    return thumbnails.curves(lines, left=("log norm", MUTED), right=("log λ →", MUTED))


def _best(material: Material) -> str | None:
    accuracies = [run.record.final.val_accuracy for run in material.outcome.runs]
    known = [each for each in accuracies if each is not None]
    return thumbnails.bars(known) if 1 < len(known) <= 40 else None


def _settled(curve: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return a curve without its first fifth, whose rise hides all that comes after."""
    return curve[len(curve) // 5 :]


def _curve(material: Material, run: str, column: str) -> list[tuple[float, float]]:
    curve = material.outcome[run].curve
    pairs: Any = zip(curve["step"].to_list(), curve[column].to_list(), strict=True)
    return [(step, value) for step, value in pairs if value is not None]


_DRAWN: Mapping[type[Measurement] | None, Callable[[Material], str | None]] = {
    AccuracyDips: _dips,
    ShufflingSpeed: _speed,
    EarlyStop: _early,
    Overfitting: _gap,
    SweepAccuracies: _penalty,
    WeightNoise: _noise,
    SweepNorms: _norms,
    None: _best,
}
