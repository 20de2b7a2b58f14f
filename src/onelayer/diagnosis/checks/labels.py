"""OL210: labels that models which did not train on them contradict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from onelayer.data import Dataset
from onelayer.data.labels import Label
from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.exhibits import Bars, Exhibit, Pictures, as_bytes, packed
from onelayer.diagnosis.experiments.crossfit import FOLDS, CrossFit, cross_fit, log_probabilities
from onelayer.diagnosis.finding import Finding
from onelayer.diagnosis.measurement import Measurement
from onelayer.diagnosis.measures.wrong_labels import ranking, share_of_wrong_labels
from onelayer.diagnosis.subjects.examples import SharedData, dense, shared_data
from onelayer.diagnosis.words import count, percent, span
from onelayer.words import listed

MATTERS = 0.03
"""A smaller share of wrong labels is no reason to act."""

TOO_WIDE = 0.1
"""An interval that reaches up to here says too little."""

MIN_EXAMPLES = 200
MIN_PER_CLASS = 2 * FOLDS
MOST_BYTES = 200_000
"""Of pixels: larger images are not kept."""

LISTED = 10


@dataclass(frozen=True)
class Suspect:
    """A training example, by its row; its label, the predicted one, and the label's probability."""

    row: int
    label: Label
    predicted: Label
    probability: float


@dataclass(frozen=True)
class SuspiciousLabels(Measurement):
    """How many labels are wrong, and which are the most suspicious.

    Attributes
    ----------
    examples : int
        Of how many training examples the labels were examined.
    accuracy : float
        Of the models that did not train on them.
    share : float
        Estimate of the share of wrong labels.
    share_interval : (float, float)
        Of 99%, for the share, by its profile likelihood; of the models' own bias it says nothing.
    suspects : tuple of Suspect
        The labels of the least probability, lowest first.
    pixels : str or None
        Of images, those of the suspects, as `onelayer.diagnosis.exhibits.packed` has them.
    image_shape : (int, int, int) or None
        Height, width, channels.
    """

    code: ClassVar[str] = "OL210"
    check: ClassVar[str] = "labels"
    title: ClassVar[str] = "Wrong labels"

    examples: int
    accuracy: float
    share: float
    share_interval: tuple[float, float]
    suspects: tuple[Suspect, ...]
    pixels: str | None = None
    image_shape: tuple[int, int, int] | None = None

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return the first suspects: as pictures, or by the probability of their label."""
        first, title = self.suspects, "The most suspicious labels"
        if self.pixels is not None and self.image_shape is not None:
            caption = "The label that the data has, and what a model that did not see it predicts."
            texts = tuple(f"{s.label}, seems {s.predicted}" for s in first)
            return (Pictures(title, caption, self.pixels, self.image_shape, texts),)
        caption = "How probable models that did not train on an example take its label to be."
        rows = tuple(
            (f"row {s.row:,}: {s.label}, seems {s.predicted}", "", 100 * s.probability)
            for s in first
        )
        return (Bars(title, caption, "probability of the label (%)", rows),)


def look(context: Context) -> list[Finding]:
    """Estimate how many labels of each data set are wrong, and list the worst."""
    return [_finding(context, data) for data in shared_data(context)]


def _finding(context: Context, data: SharedData) -> Finding:
    train = data.train
    if train.has_label_matrix:
        statement = "Examples with any number of labels are not examined."
        return CHECK.not_applicable(data.names, statement)
    sizes = np.bincount(train.targets, minlength=train.n_classes)
    if train.n_examples < MIN_EXAMPLES or sizes.min() < MIN_PER_CLASS:
        statement = (
            f"To examine the labels of {data.who} takes at least {MIN_EXAMPLES} training examples, "
            f"and {MIN_PER_CLASS} of each class; there are {train.n_examples:,}, and "
            f"{int(sizes.min())} of the rarest."
        )
        return CHECK.cant_tell(data.names, statement)
    fit = cross_fit(context, train)
    rate, low, high = share_of_wrong_labels(fit.scores, fit.targets)
    accuracy = float(np.mean(fit.scores.argmax(axis=1) == fit.targets))
    suspects = tuple(_suspects(fit, train.classes))
    measurement = SuspiciousLabels(
        len(fit.rows), accuracy, rate, (low, high), suspects,
        *(_pictures(train, suspects) if low > MATTERS else (None, None)),
    )  # fmt: skip
    return _said(data, measurement)


def _said(data: SharedData, m: SuspiciousLabels) -> Finding:
    low, high = m.share_interval
    tried = (
        f"{FOLDS} softmax models, each on all but one of {FOLDS} parts of {m.examples:,} training "
        "examples",
    )
    estimate = (
        f"About {percent(m.share, 1)} of the training labels of {data.who} are wrong (99% interval "
        f"{span(m.share_interval, 1)})"
    )
    first = m.suspects[0]
    worst = (
        f"The most suspicious is row {first.row:,}: its label is {first.label}, and a model that "
        f"did not train on it predicts {first.predicted}"
    )
    rows = listed([f"{s.row}" for s in m.suspects[:5]])
    if low > MATTERS:
        statement = (
            f"{estimate}: so many are contradicted where the models are sure, more than classes "
            f"that overlap explain. {worst}. The five worst rows, counted from 0: {rows}."
        )
        advice = (
            "Look at the examples listed first; nearly all wrong labels are among the first "
            f"{count(round(min(1.0, 2 * high) * m.examples), 'example')} by their probability."
        )
        return CHECK.found(data.names, statement, m, advice=advice, tried=tried)
    if high > TOO_WIDE:
        statement = (
            f"How many training labels of {data.who} are wrong cannot be told: the 99% interval "
            f"goes from {percent(low, 1)} to {percent(high, 1)}, since the models are sure of too "
            f"few examples. {worst}."
        )
        return CHECK.cant_tell(data.names, statement, m, tried=tried)
    statement = (
        f"{estimate}; the interval reaches down to a share below {percent(MATTERS, 0)}, so classes "
        f"that overlap may explain it. {worst}."
    )
    return CHECK.clear(data.names, statement, m, tried=tried)


def _suspects(fit: CrossFit, classes: tuple[Label, ...]) -> list[Suspect]:
    suspects = []
    for place in ranking(fit)[:LISTED].tolist():
        logarithms = log_probabilities(fit.scores[place : place + 1])[0]
        label = int(fit.targets[place])
        suspects.append(
            Suspect(
                int(fit.rows[place]),
                classes[label],
                classes[int(logarithms.argmax())],
                float(np.exp(logarithms[label])),
            )
        )
    return suspects


def _pictures(
    train: Dataset, suspects: tuple[Suspect, ...]
) -> tuple[str | None, tuple[int, int, int] | None]:
    """Return the pixels of the suspects, where they are images that are not too large."""
    if train.image_shape is None or train.n_features * len(suspects) > MOST_BYTES:
        return None, None
    height, width = train.image_shape
    channels = train.n_features // (height * width)
    if channels not in (1, 3):
        return None, None
    (images,) = as_bytes([dense(train, np.array([s.row for s in suspects]))])
    return packed(images), (height, width, channels)


CHECK = Check(
    SuspiciousLabels,
    look,
    "Self-confidence of cross-fitted models (Northcutt, Jiang and Chuang, 2021), and the maximum "
    "likelihood of a softmax model whose labels are wrong at random (Copas, 1988).",
    (
        "labels are wrong at random, whatever the example: mistakes where classes overlap are not "
        "counted",
        "the log-odds of the classes are sums of functions of single features",
    ),
    covers="99%, for the share of wrong labels given the models; their own bias is not in it",
    looks_beside=True,
)
