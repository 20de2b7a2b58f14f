"""Cross-entropy from scores, its derivative with respect to them, and predictions.

For each model there are three functions of the scores z, shape (n, n_outputs), and the targets
t, shape (n,), the index of each example's class. Logistic regression has one score a row, the
log-odds of class 0, its positive class: y = 1 where t = 0. A multilabel model is K logistic ones
that are trained together: its targets are a matrix (n, K), y = 1 where an example has the label,
and the loss of an example is the sum over the labels.

==========  ============================================  ======================  ===============
model       loss of an example                            d loss / d z            predicted class
==========  ============================================  ======================  ===============
logistic    max(z, 0) - z y + ln(1 + exp(-|z|))           sigmoid(z) - y          0 where z >= 0
softmax     ln(sum_k exp(z_k - m)) - (z_t - m), m=max z   softmax(z) - onehot(t)  argmax_k z_k
multilabel  sum_k max(z_k, 0) - z_k y_k                   sigmoid(z) - y          each label where
            + ln(1 + exp(-|z_k|))                                                 z_k >= 0
==========  ============================================  ======================  ===============

These forms equal the textbook ones and stay finite for every finite score, since no argument of
``exp`` is positive. `onelayer.model.derivations` derives and verifies them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from onelayer.model.elementary import exp, log, log1p
from onelayer.model.parameters import ModelName

Floats = NDArray[np.floating]
Targets = NDArray[np.integer]


class _ScoreFunction(Protocol):
    def __call__(self, scores: Floats, targets: Targets) -> Floats: ...


class _PredictFunction(Protocol):
    def __call__(self, scores: Floats) -> Targets: ...


@dataclass(frozen=True)
class Loss:
    """The functions of one model.

    Attributes
    ----------
    values : function
        Loss of each example, shape (n,), natural logarithm, in the dtype of the scores.
    residuals : function
        Derivative of each example's loss with respect to its scores, shape (n, n_outputs).
    probabilities : function
        Of each output, shape (n, n_outputs), from the scores alone.
    predict : function
        Index of the predicted class, shape (n,); of a multilabel model 1 for each label that is
        predicted and 0 for the others, shape (n, n_outputs).
    """

    values: _ScoreFunction
    residuals: _ScoreFunction
    probabilities: Callable[[Floats], Floats]
    predict: _PredictFunction

    def is_right(self, scores: Floats, targets: Targets) -> NDArray[np.bool_]:
        """Return which predictions are right, shape (n,): with several labels, if all of them are.

        With NaN among its scores an example is wrong.
        """
        right: NDArray[np.bool_] = np.equal(self.predict(scores), targets)
        if right.ndim == 1:
            return right
        right[np.isnan(scores)] = False
        return np.asarray(right.all(axis=1))


def sigmoid(scores: Floats) -> Floats:
    """Return 1 / (1 + exp(-z)), computed without overflow for either sign."""
    decay = exp(-np.abs(scores))
    probabilities: Floats = np.where(scores >= 0, 1, decay) / (1 + decay)
    return probabilities


def softmax(scores: Floats) -> Floats:
    """Return exp(z_k) / sum_j exp(z_j) over the last axis, shifted by the largest score."""
    exponentials = exp(scores - scores.max(axis=-1, keepdims=True))
    probabilities: Floats = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return probabilities


def _logistic_values(scores: Floats, targets: Targets) -> Floats:
    z = scores[:, 0]
    losses: Floats = np.maximum(z, 0) - np.where(targets == 0, z, 0) + log1p(exp(-np.abs(z)))
    return losses


def _logistic_residuals(scores: Floats, targets: Targets) -> Floats:
    residuals: Floats = sigmoid(scores) - (targets == 0)[:, None].astype(scores.dtype)
    return residuals


def _logistic_predict(scores: Floats) -> Targets:
    return np.where(scores[:, 0] >= 0, 0, 1)


def _softmax_values(scores: Floats, targets: Targets) -> Floats:
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_sum = log(exp(shifted).sum(axis=1))
    losses: Floats = log_sum - shifted[np.arange(len(scores)), targets]
    return losses


def _softmax_residuals(scores: Floats, targets: Targets) -> Floats:
    residuals = softmax(scores)
    residuals[np.arange(len(scores)), targets] -= 1
    return residuals


def _softmax_predict(scores: Floats) -> Targets:
    predicted: Targets = scores.argmax(axis=1)
    return predicted


def _multilabel_values(scores: Floats, targets: Targets) -> Floats:
    losses = np.maximum(scores, 0) - scores * targets + log1p(exp(-np.abs(scores)))
    summed: Floats = losses.sum(axis=1)
    return summed


def _multilabel_residuals(scores: Floats, targets: Targets) -> Floats:
    residuals: Floats = sigmoid(scores) - targets.astype(scores.dtype)
    return residuals


def _multilabel_predict(scores: Floats) -> Targets:
    return np.asarray(scores >= 0, np.uint8)


LOSSES: dict[ModelName, Loss] = {
    "logistic": Loss(_logistic_values, _logistic_residuals, sigmoid, _logistic_predict),
    "softmax": Loss(_softmax_values, _softmax_residuals, softmax, _softmax_predict),
    "multilabel": Loss(_multilabel_values, _multilabel_residuals, sigmoid, _multilabel_predict),
}
