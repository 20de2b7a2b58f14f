"""How good a classifier's predictions and probabilities are, on labelled examples."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data.labels import Label
from onelayer.inference.probabilities import log_probabilities
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


class Accumulator:
    """What each example contributes to the metrics, kept until all are there.

    The sums are then made in the order of the examples, in float64: they do not depend on the
    pieces in which the scores came, nor on the threads that computed them.

    Parameters
    ----------
    model : "logistic" or "softmax"
    classes : tuple of labels
    targets : (n,) array, n > 0
        The index of each example's class.
    """

    def __init__(
        self, model: ModelName, classes: tuple[Label, ...], targets: NDArray[np.int32]
    ) -> None:
        self._model, self._classes, self._targets = model, classes, targets
        n = len(targets)
        self._losses = np.empty(n)
        self._tops = np.empty(n)
        self._predicted = np.empty(n, np.int64)

    def take(self, rows: slice, scores: NDArray[np.float64]) -> None:
        """Take note of some examples' scores; threads may call this for different rows at once."""
        logarithms = log_probabilities(self._model, scores)  # the one costly step, for both below
        self._losses[rows] = 0 - logarithms[np.arange(len(scores)), self._targets[rows]]
        self._tops[rows] = np.exp(logarithms.max(axis=1))
        self._predicted[rows] = LOSSES[self._model].predict(scores)

    def metrics(self) -> Metrics:
        """Return the metrics of all examples."""
        n, n_classes = len(self._targets), len(self._classes)
        right = self._predicted == self._targets
        pairs = self._targets.astype(np.int64) * n_classes + self._predicted
        edges = np.linspace(0, 1, N_BINS + 1)
        bins = np.searchsorted(edges[1:-1], self._tops, side="left")
        counts = np.bincount(bins, minlength=N_BINS)
        confidences = np.bincount(bins, self._tops, N_BINS)
        hits = np.bincount(bins, right, N_BINS)
        return Metrics(
            n=n,
            accuracy=int(right.sum()) / n,
            log_loss=_mean(self._losses),
            classes=self._classes,
            confusion=np.bincount(pairs, minlength=n_classes**2).reshape(n_classes, n_classes),
            calibration=tuple(
                CalibrationBin(
                    low=i / N_BINS,
                    high=(i + 1) / N_BINS,
                    n=int(counts[i]),
                    confidence=float(confidences[i] / counts[i]) if counts[i] else None,
                    accuracy=float(hits[i] / counts[i]) if counts[i] else None,
                )
                for i in range(N_BINS)
            ),
            calibration_error=float(np.abs(hits - confidences).sum() / n),
        )


def _mean(losses: NDArray[np.float64]) -> float:
    """Return the mean of losses, also of those whose sum is too large for a number."""
    with np.errstate(over="ignore"):
        total = float(losses.sum())
    return total / len(losses) if np.isfinite(total) else float((losses / len(losses)).sum())
