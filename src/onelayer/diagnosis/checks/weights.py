"""OL104: how noisy the weights look as pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.finding import Finding, Severity
from onelayer.diagnosis.image_shape import ImageShape
from onelayer.diagnosis.measurement import Measurement
from onelayer.diagnosis.words import number


@dataclass(frozen=True)
class WeightNoise(Measurement):
    """How noisy a run's weights look as pictures: Geary's C (mean over the pictures), and its λ."""

    code: ClassVar[str] = "OL104"
    check: ClassVar[str] = "weights"
    title: ClassVar[str] = "Noise in the pictures of the weights"

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


def look(context: Context) -> list[Finding]:
    """Report the noise of each run's weights, where the features are the pixels of an image."""
    shape = ImageShape.of_grey(context.outcome.data)
    if shape is None:
        return []
    findings = []
    for run in context.outcome.runs:
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
        findings.append(CHECK.found((run.name,), statement, measurement, severity=Severity.INFO))
    return findings


CHECK = Check(WeightNoise, look, "Geary's C of each picture.")
