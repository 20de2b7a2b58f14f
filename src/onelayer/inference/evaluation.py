"""How good a classifier's predictions and probabilities are, on labelled examples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data.labels import Label
from onelayer.inference.by_class import ClassMetrics, class_metrics, mean_of_defined
from onelayer.inference.probabilities import log_probabilities
from onelayer.inference.ranking import PassOverScores, roc_auc
from onelayer.inference.top_k import check_k, places
from onelayer.model import LOSSES, ModelName
from onelayer.model.elementary import exp

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

    The fields are measured in one pass over the examples; the properties when they are asked for.

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
    roc_auc : float or None
        Area under the ROC curve; for more than two classes the mean of each against the rest. It
        takes another pass over the examples, which are kept for it. See
        `onelayer.inference.ranking`.
    clipped_log_loss : float
        The log loss as `sklearn.metrics.log_loss` computes it from float64 probabilities, which it
        clips to [eps, 1 - eps]: no example loses more than 36.04.
    """

    n: int
    accuracy: float
    log_loss: float
    classes: tuple[Label, ...]
    confusion: NDArray[np.int64]
    calibration: tuple[CalibrationBin, ...]
    calibration_error: float
    _places: NDArray[np.intp] = field(repr=False)
    _ranked: Callable[[], float | None] = field(repr=False)
    _clipped: Callable[[], float] = field(repr=False)

    @cached_property
    def roc_auc(self) -> float | None:
        """See the class."""
        return self._ranked()

    @cached_property
    def clipped_log_loss(self) -> float:
        """See the class."""
        return self._clipped()

    @cached_property
    def by_class(self) -> tuple[ClassMetrics, ...]:
        """Precision, recall and F1 of each class, in the order of `classes`."""
        return class_metrics(self.classes, self.confusion)

    @property
    def macro(self) -> dict[str, float | None]:
        """The means of `by_class` over the classes for which a value is defined; or None."""
        return {
            name: mean_of_defined(getattr(found, name) for found in self.by_class)
            for name in ("precision", "recall", "f1")
        }

    @property
    def balanced_accuracy(self) -> float:
        """The mean accuracy per class: of the recall of each class that has an example."""
        mean = self.macro["recall"]
        assert mean is not None  # some class has an example
        return mean

    def top_k_accuracy(self, k: int) -> float:
        """Return the share of examples whose class is among the `k` with the largest scores.

        With `k` = 1 it is `accuracy`; on equal scores see `onelayer.inference.top_k.places`.

        Raises
        ------
        InputError
            If `k` is below 1, or not below the number of classes.
        """
        check_k(k, len(self.classes))
        return int(np.count_nonzero(self._places < k)) / self.n

    @property
    def most_frequent(self) -> Label:
        """The class with the most of these examples."""
        return self.classes[int(self.confusion.sum(axis=1).argmax())]

    @property
    def baseline_accuracy(self) -> float:
        """The accuracy of always saying `most_frequent`."""
        return int(self.confusion.sum(axis=1).max()) / self.n

    def as_json(self, top_k: int | None = None) -> dict[str, Any]:
        """Return plain values of all there is; None is what is not defined.

        With `top_k` also that and its accuracy.
        """
        top = {} if top_k is None else {
            "top_k": top_k, "top_k_accuracy": self.top_k_accuracy(top_k)
        }  # fmt: skip
        return {
            "n": self.n,
            "accuracy": self.accuracy,
            "balanced_accuracy": self.balanced_accuracy,
            **top,
            "baseline_accuracy": self.baseline_accuracy,
            "most_frequent": self.most_frequent,
            "log_loss": self.log_loss,
            "clipped_log_loss": self.clipped_log_loss,
            "roc_auc": self.roc_auc,
            **{f"macro_{name}": mean for name, mean in self.macro.items()},
            "classes": list(self.classes),
            "by_class": [asdict(found) for found in self.by_class],
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
        self._places = np.empty(n, np.intp)

    def take(self, rows: slice, scores: NDArray[np.float64]) -> None:
        """Take note of some examples' scores; threads may call this for different rows at once."""
        logarithms = log_probabilities(self._model, scores)  # the one costly step, for both below
        self._losses[rows] = 0 - logarithms[np.arange(len(scores)), self._targets[rows]]
        self._tops[rows] = exp(logarithms.max(axis=1))
        self._predicted[rows] = LOSSES[self._model].predict(scores)
        self._places[rows] = places(self._model, scores, self._targets[rows])

    def metrics(self, scores: PassOverScores) -> Metrics:
        """Return the metrics of all examples.

        Parameters
        ----------
        scores : function
            Gives all scores once more, for what takes another pass.
        """
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
            _places=self._places,
            _ranked=partial(roc_auc, self._model, self._targets, n_classes, scores),
            _clipped=partial(_clipped_mean, self._losses),
        )


def _mean(losses: NDArray[np.float64]) -> float:
    """Return the mean of losses, also of those whose sum is too large for a number."""
    with np.errstate(over="ignore"):
        total = float(losses.sum())
    return total / len(losses) if np.isfinite(total) else float((losses / len(losses)).sum())


def _clipped_mean(losses: NDArray[np.float64]) -> float:
    eps = np.finfo(np.float64).eps
    return float(np.clip(losses, -np.log1p(-eps), -np.log(eps)).mean())
