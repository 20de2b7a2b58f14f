"""How many labels are wrong, and which, from scores of models that did not see them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from onelayer.diagnosis.experiments.crossfit import CrossFit, log_probabilities

RATES = np.concatenate([[0.0], np.geomspace(0.0025, 0.5, 160)])
SHARPNESS = np.concatenate([[0.0], np.geomspace(0.05, 5, 30)])
HALF_CHI2 = 3.317
"""Half of the 99% quantile of chi² with one degree of freedom."""


def share_of_wrong_labels(
    scores: NDArray[np.float64], targets: NDArray[np.int64]
) -> tuple[float, float, float]:
    """Return the share of wrong labels with its interval, from scores that did not see them.

    A label y is what the example is, with a probability of 1 - e, and any other class otherwise:
    P(y | x) = (1 - e) p + e (1 - p) / (K - 1), where p is the softmax of t times the scores
    (Copas, 1988); for t = 0, the shares of the classes. Where classes overlap p is not near 0; a
    wrong label may be anywhere. Both e and the sharpness t are fitted, e with its profile
    likelihood.
    """
    n, classes = scores.shape
    shares = (np.bincount(targets, minlength=classes) + 1) / (n + classes)
    likelihoods = np.empty((len(SHARPNESS), len(RATES)))
    for i, sharpness in enumerate(SHARPNESS):
        # Scores that know nothing leave the shares of the classes.
        sharpened = sharpness * scores if sharpness else np.tile(np.log(shares), (n, 1))
        logarithms = log_probabilities(sharpened)[np.arange(n), targets]
        p, counts = _binned(logarithms)
        labels = np.outer(1 - RATES, p) + np.outer(RATES, (1 - p) / (classes - 1))
        likelihoods[i] = np.log(np.maximum(labels, 1e-300)) @ counts
    profile = likelihoods.max(axis=0)
    inside = RATES[profile >= profile.max() - HALF_CHI2]
    return float(RATES[profile.argmax()]), float(inside[0]), float(inside[-1])


def _binned(logarithms: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return probabilities and how many examples have about each of them: 200 times cheaper."""
    # Even steps of the logarithm down to 1e-13, where any label is wrong, by the log-odds.
    odds = np.clip(logarithms - np.log(-np.expm1(np.minimum(logarithms, -1e-13))), -30, 30)
    bins = np.round((odds + 30) * 10).astype(np.int64)
    counts = np.bincount(bins, minlength=601).astype(np.float64)
    centres = np.arange(601) / 10 - 30
    return 1 / (1 + np.exp(-centres)), counts


def ranking(fit: CrossFit) -> NDArray[np.int64]:
    """Return the places of the examples, that of the least probable label first."""
    logarithms = log_probabilities(fit.scores)[np.arange(len(fit.targets)), fit.targets]
    return np.argsort(logarithms, kind="stable")
