"""OL306: accuracy that is lost when images are moved and scaled, and found again by preparing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data.drawings import Frame, prepared
from onelayer.data.labels import Label
from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.finding import Finding, Severity
from onelayer.diagnosis.image_shape import ImageShape
from onelayer.diagnosis.measures.image_sheet import ImageSheet, Levels
from onelayer.diagnosis.measures.moved_images import (
    FINE,
    SCALES,
    SHIFT,
    Drawable,
    MovedAccuracies,
    MovedExample,
    MovedImages,
    moved,
)
from onelayer.diagnosis.statistics import PairedAccuracies, wilson_interval
from onelayer.diagnosis.subjects.choices import has_choosable_model
from onelayer.diagnosis.subjects.examples import (
    SharedData,
    dense,
    drawn,
    rows_within,
    shared_data,
)
from onelayer.diagnosis.words import count, percent, points, span
from onelayer.engines.blas import one_blas_thread
from onelayer.study import RunOutcome

MATTERS = 0.02
"""A smaller loss of accuracy is let pass."""

MOST_MOVED, LEAST_MOVED, MOST_LOOKED_AT, SHOWN = 1000, 50, 500, 12
MOST_VALUES, MOST_EXAMPLES, MOST_A_CLASS = 100_000, 24, 2
"""So many values the examples have that a page offers, so many there are, and of each class."""

Array = NDArray[Any]


def look(context: Context) -> list[Finding]:
    """Report on the images of each data set."""
    return [_finding(context, data) for data in shared_data(context)]


def _finding(context: Context, data: SharedData) -> Finding:
    if data.train.image_shape is None:
        return CHECK.not_applicable(data.names, "The examples are no images.")
    runs = [run for run in data.runs if has_choosable_model(run)]
    if not runs:
        said = f"No model of {data.who} that gives an image one class has come to an end."
        return CHECK.not_applicable(data.names, said)
    found, loss = _measured(context, data, runs)
    n, best = found.examples, found.of(found.best)
    called = {run.name: run.called for run in runs}
    assert best is not None
    said = (
        f"Of {count(n, 'validation image')} {called[found.best]} has {_told(best.still, n)} right "
        f"as they are, and {_told(best.moved, n)} when they are moved by up to "
        f"{percent(SHIFT, 0)} of the side each way and scaled by {SCALES[0]} to {SCALES[1]}"
    )
    if best.prepared is not None:
        said += f"; cut out, scaled and centred again, {_told(best.prepared, n)}"
    names = [run.name for run in runs]
    if n < LEAST_MOVED:
        return CHECK.cant_tell(names, f"{said}: too few to tell.", found)
    low, high = loss.interval()
    if low <= MATTERS:
        answer = CHECK.clear if high <= MATTERS else CHECK.cant_tell
        said += f". The loss is {points(loss.difference)} (95% interval {span((low, high))})."
        return answer(names, said, found)
    advice = (
        "A single layer weighs each pixel where it is. Before it predicts, cut images out, scale "
        "and centre them as those that trained were."
    )
    return CHECK.found(names, f"{said}.", found, severity=Severity.INFO, advice=advice)


def _told(right_ones: int, n: int) -> str:
    share = right_ones / n
    return f"{percent(share, 1)} ({span(wilson_interval(share, n), 1)})"


def _measured(
    context: Context, data: SharedData, runs: Sequence[RunOutcome]
) -> tuple[MovedImages, PairedAccuracies]:
    """Return what models say of moved images; what the best of them loses."""
    height, width = data.train.image_shape or (1, 1)
    shape = ImageShape(height, width, data.train.n_features // (height * width))
    train = data.train
    looked_at = dense(train, drawn(train.n_examples, rows_within(train, MOST_LOOKED_AT)))
    grey = shape.channels == 1
    frame = Frame.of(looked_at.reshape(-1, height, width)) if grey else None
    rows = drawn(data.validation.n_examples, rows_within(data.validation, MOST_MOVED))
    raw = dense(data.validation, rows)
    away, again = context.once(
        ("moved images", id(data.validation), frame), lambda: _moved(raw, shape, frame)
    )
    targets = np.asarray(data.validation.encode(train.classes))[rows]
    said = {run.name: [_right(run, X, targets) for X in (raw, away, again)] for run in runs}
    accuracies = tuple(
        MovedAccuracies(name, *(None if each is None else int(each.sum()) for each in own))  # type: ignore[arg-type]
        for name, own in said.items()
    )
    best = max(accuracies, key=lambda each: each.still).run
    model = next(run.model for run in runs if run.name == best)
    first = slice(0, SHOWN)
    labels = [train.classes[k] for k in targets[first]]
    before = model.predict(away[first]).tolist()
    after: list[Label | None] = (
        [None] * len(labels) if again is None else model.predict(again[first]).tolist()
    )
    levels = Levels.of(raw)
    found = MovedImages(
        len(rows), SHIFT, SCALES, accuracies, best,
        tuple(map(MovedExample, labels, before, after)),
        ImageSheet.of(away[first], shape, levels),
        _drawable(data, looked_at, frame, shape),
    )  # fmt: skip
    still, moved_ones, _ = said[best]
    assert still is not None
    assert moved_ones is not None
    return found, PairedAccuracies.of(still, moved_ones)


def _right(run: RunOutcome, X: Array | None, targets: Array) -> NDArray[np.bool_] | None:
    return None if X is None else np.asarray(run.model.predict_indices(X) == targets)


def _moved(raw: Array, shape: ImageShape, frame: Frame | None) -> tuple[Array, Array | None]:
    """Return images moved and scaled by chance, (n, n_features); and prepared after that."""
    with one_blas_thread():  # such small products are faster so
        return _moved_one_by_one(raw, shape, frame)


def _moved_one_by_one(
    raw: Array, shape: ImageShape, frame: Frame | None
) -> tuple[Array, Array | None]:
    rng = np.random.default_rng(0)
    size = (shape.height, shape.width)
    margin = max(size) // 2
    away: list[Array] = []
    again: list[Array] = []
    for row in raw:
        image = row.astype(np.float64).reshape(*size, *([shape.channels] * (shape.channels > 1)))
        scale = float(np.exp(rng.uniform(*np.log(SCALES))))
        down, right_ = (float(rng.uniform(-SHIFT, SHIFT)) * side for side in size)
        if frame is None:
            away.append(moved(image, (down, right_), scale).ravel())
            continue
        # With paper all around, so that what lies at an edge does not go on beyond it.
        ink = np.pad((image - frame.paper) / (frame.ink - frame.paper), margin)
        inside = moved(ink, (down, right_), scale)[margin:-margin, margin:-margin]
        away.append((frame.paper + (frame.ink - frame.paper) * inside).ravel())
        again.append(prepared(moved(ink, (down, right_), scale, fine=FINE), frame).ravel())
    return np.array(away), np.array(again) if again else None


def _drawable(
    data: SharedData, looked_at: Array, frame: Frame | None, shape: ImageShape
) -> Drawable:
    validation, classes = data.validation, data.train.classes
    targets = np.asarray(validation.encode(classes))
    most = min(MOST_EXAMPLES, max(2, MOST_VALUES // shape.n_features))
    each = max(1, min(MOST_A_CLASS, most // len(classes)))
    some = np.unique(np.linspace(0, len(classes) - 1, min(len(classes), most)).round().astype(int))
    rows = np.concatenate([np.flatnonzero(targets == k)[:each] for k in some]).astype(np.int64)
    order = np.argsort(rows)
    raw = np.empty((len(rows), shape.n_features), looked_at.dtype)
    raw[order] = dense(validation, rows[order])
    levels = Levels.of(looked_at)
    paper = 0.0 if frame is None else frame.paper
    norm = float(np.sqrt(((raw.astype(np.float64) - paper) ** 2).sum(axis=1)).max())
    mean = looked_at.mean(axis=0, dtype=np.float64)[None]
    return Drawable(
        frame,
        ImageSheet.of(mean, shape, levels),
        tuple(classes[k] for k in targets[rows]),
        ImageSheet.of(raw, shape, levels),
        norm,
    )


CHECK = Check(
    MovedImages,
    look,
    "Validation images, drawn by a seed, are moved and scaled by chance; those on plain paper are "
    "then prepared as drawings are. Intervals of accuracies are Wilson's, those of what is "
    "lost Tango's for pairs; all are of 95%.",
    ("images in use are moved and scaled about as much",),
    covers="95%, for shares of all images of which those that were moved are a random sample, with "
    "moves of the same kind",
    looks_beside=True,
)
