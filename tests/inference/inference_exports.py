"""What both exports are tried on."""

from __future__ import annotations

from typing import Any

import numpy as np
from inference_material import DIGITS, WORDS, Array, logistic, softmax

from onelayer.data import Scaling
from onelayer.inference import Classifier

FILL = np.array([1.5, -2, 3, 0, 5])

MODELS: dict[str, Classifier] = {
    "softmax": softmax(),
    "softmax-strings": softmax(classes=WORDS),
    "softmax-two": softmax(classes=(4, 7)),
    "softmax-two-turned": softmax(classes=("yes", "no")),
    "logistic": logistic(classes=(4, 7)),
    "logistic-turned": logistic(classes=(7, 4)),
    "logistic-strings": logistic(classes=("a", "b")),
    "logistic-bools": logistic(classes=(True, False)),
    "fill": softmax(fill=FILL),
    "fill-names": logistic(fill=FILL, feature_names=("v", "w", "x", "y", "ä")),
    "names": softmax(feature_names=("v", "w", "x", "y", "ä"), target="kind"),
    "one-feature": softmax(1),
    "many-classes": softmax(classes=tuple(range(50, 0, -1))),
}


def badly_scaled() -> tuple[Classifier, Array]:
    """Return a model of features around 10,000 that vary by 1, and such rows, exact in float32.

    It is written with one scaling for all features, which is enough: scale 1, offset -10,000.
    """
    rng = np.random.default_rng(0)
    scaling: dict[str, Any] = {"scale": 1.0, "offset": -1e4}
    model = softmax(50, weights=rng.normal(size=(50, len(DIGITS))), scaling=Scaling(**scaling))
    rows = (1e4 + rng.normal(size=(500, 50))).astype(np.float32)
    return model, rows


def with_missing(rows: Array) -> Array:
    rows = rows.copy()
    rows[np.random.default_rng(2).random(rows.shape) < 0.3] = np.nan
    return rows
