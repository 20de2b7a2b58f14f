"""How good a classifier's predictions and probabilities are, on labelled examples."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data.labels import Label
from onelayer.inference.probabilities import probabilities
from onelayer.inference.scoring import ScoreBlock
from onelayer.model import LOSSES, ModelName

N_BINS = 10


@dataclass(frozen=True)
class CalibrationBin:
    """The examples whose top probability lies in (`low`, `high`].

    `confidence` is the mean of these probabilities and `accuracy` the share of these examples
    whose top class is right; None where there is no example. They agree in a calibrated model.
    """

    low: float
    high: float
    n: int
    confidence: float | None
    accuracy: float | None


@dataclass(frozen=True, eq=False)
class Metrics:
    """A classifier on labelled examples.

    Attributes
    ----------
    n : int
        Number of examples.
    accuracy : float
        The share of right predictions.
    log_loss : float
        Mean cross-entropy, natural logarithm, from the scores: finite however wrong the model is.
    classes : tuple
    confusion : (n_classes, n_classes) int64 array
        Number of examples by true class (rows) and predicted class (columns).
    calibration : tuple of CalibrationBin
        Ten bins of equal width from 0 to 1.
    calibration_error : float
        The expected calibration error: sum over bins of n_bin / n * |accuracy - confidence|;
        C. Guo et al., On Calibration of Modern Neural Networks, ICML 2017, equation 3.
    """

    n: int
    accuracy: float
    log_loss: float
    classes: tuple[Label, ...]
    confusion: NDArray[np.int64]
    calibration: tuple[CalibrationBin, ...]
    calibration_error: float

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "n": self.n,
            "accuracy": self.accuracy,
            "log_loss": self.log_loss,
            "classes": list(self.classes),
            "confusion": self.confusion.tolist(),
            "calibration": [asdict(b) for b in self.calibration],
            "calibration_error": self.calibration_error,
        }


def measure(
    model: ModelName,
    classes: tuple[Label, ...],
    blocks: Iterable[ScoreBlock],
    targets: NDArray[np.int32],
) -> Metrics:
    """Return the metrics of scores that come in blocks.

    Parameters
    ----------
    blocks : iterable of (rows, scores)
        As from `RawScorer.blocks`.
    targets : (n,) array, n > 0
        The index of each example's class.
    """
    loss = 0.0
    confusion = np.zeros((len(classes), len(classes)), np.int64)
    # By bin: number of examples, sum of top probabilities, number of right predictions.
    sums = np.zeros((3, N_BINS))
    edges = np.linspace(0, 1, N_BINS + 1)
    for rows, scores in blocks:
        true = targets[rows]
        predicted = LOSSES[model].predict(scores)
        loss += float(LOSSES[model].values(scores, true).sum())
        np.add.at(confusion, (true, predicted), 1)
        top = probabilities(model, scores).max(axis=1)
        bins = np.searchsorted(edges[1:-1], top, side="left")
        for row, values in enumerate((np.ones_like(top), top, predicted == true)):
            sums[row] += np.bincount(bins, values, N_BINS)
    n = len(targets)
    counts, confidences, right = sums
    return Metrics(
        n=n,
        accuracy=int(np.trace(confusion)) / n,
        log_loss=loss / n,
        classes=classes,
        confusion=confusion,
        calibration=tuple(
            CalibrationBin(
                low=i / N_BINS,
                high=(i + 1) / N_BINS,
                n=int(counts[i]),
                confidence=float(confidences[i] / counts[i]) if counts[i] else None,
                accuracy=float(right[i] / counts[i]) if counts[i] else None,
            )
            for i in range(N_BINS)
        ),
        calibration_error=float(np.abs(right - confidences).sum() / n),
    )
