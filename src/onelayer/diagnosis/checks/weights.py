"""OL104: how noisy the weights look as pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from onelayer.diagnosis.finding import Finding, Severity
from onelayer.diagnosis.image_shape import ImageShape
from onelayer.diagnosis.measurement import Measurement
from onelayer.diagnosis.words import number
from onelayer.study import Outcome, StudyData


@dataclass(frozen=True)
class WeightNoise(Measurement):
    """How noisy a run's weights look as pictures: Geary's C (mean over the pictures), and its λ."""

    code: ClassVar[str] = "OL104"
    check: ClassVar[str] = "weights"

    geary_c: float
    l2: float


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
    """Return the mean Geary's C over the outputs' weight pictures; weights (n_features, K)."""
    return float(np.mean([geary_c(picture) for picture in shape.pictures(weights)]))


def check(outcome: Outcome, _data: StudyData) -> list[Finding]:
    """Report the noise of each run's weights, where the features are the pixels of an image."""
    shape = ImageShape.of_grey(outcome.data)
    if shape is None:
        return []
    findings = []
    for run in outcome.runs:
        if not np.all(np.isfinite(run.model.weights)):
            continue  # OL001 has spoken of it
        value = noise(run.model.weights, shape)
        if not np.isfinite(value):
            continue
        statement = (
            f"The weights of {run.name} have a noise of {number(value)}: the mean squared "
            "difference between neighbouring pixels over twice the pixels' variance (Geary's C, "
            "mean over the pictures), 1 for pure noise and near 0 for a smooth picture."
        )
        measurement = WeightNoise(value, run.record.config.l2)
        findings.append(Finding(WeightNoise, (run.name,), Severity.INFO, statement, measurement))
    return findings
