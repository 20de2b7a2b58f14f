"""What a classifier is: how it was trained, and which features weigh most."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data.labels import Label
from onelayer.inference.classifier import Classifier
from onelayer.json_values import json_value
from onelayer.model import ModelName

_COLORS = ("red", "green", "blue")


@dataclass(frozen=True)
class FeatureWeight:
    """One weight: the change of the score with the scaled feature, and with the raw value."""

    feature: str
    index: int
    scaled: float
    raw: float


@dataclass(frozen=True)
class OutputWeights:
    """One output's bias, and its largest weights by absolute value, the largest first.

    Attributes
    ----------
    label : label
        The class whose score it is.
    scaled_bias, raw_bias : float
        The score where all scaled features, or all raw values, are zero.
    by_scaled, by_raw : tuple of FeatureWeight
        The order by `scaled` says what weighs most where features are scaled to one size; the
        order by `raw` depends on the units of the raw values.
    """

    label: Label
    scaled_bias: float
    raw_bias: float
    by_scaled: tuple[FeatureWeight, ...]
    by_raw: tuple[FeatureWeight, ...]


@dataclass(frozen=True)
class Description:
    """What there is to say about a classifier.

    Attributes
    ----------
    scaling : str
        "none", "the same for all features" or "one for each feature".
    fills_missing : bool
        Whether it takes missing values.
    weight_norm : float
        Euclidean norm of the weights for scaled features, without the bias.
    outputs : tuple of OutputWeights
        One a class for softmax; one for logistic, that of the positive class.
    """

    model: ModelName
    classes: tuple[Label, ...]
    target: str | None
    n_features: int
    image_shape: tuple[int, int] | None
    channels: int
    dtype: str
    scaling: str
    fills_missing: bool
    weight_norm: float
    record: dict[str, Any]
    data: dict[str, Any]
    outputs: tuple[OutputWeights, ...]

    def as_json(self) -> dict[str, Any]:
        """Return plain values; None for a norm beyond all numbers, which JSON does not know."""
        return asdict(self) | {"weight_norm": json_value(self.weight_norm)}


def describe(classifier: Classifier, largest: int = 10) -> Description:
    """Return what a classifier is, with the `largest` weights of each output."""
    scaled = classifier.weights.astype(np.float64)
    names = feature_labels(classifier)

    def ranked(output: int, by: NDArray[np.float64]) -> tuple[FeatureWeight, ...]:
        # Stable: of equal weights the first feature comes first, on every machine.
        order = np.argsort(-np.abs(by[:, output]), kind="stable")[:largest]
        raw = classifier.raw.weights
        return tuple(
            FeatureWeight(names[f], int(f), float(scaled[f, output]), float(raw[f, output]))
            for f in order
        )

    return Description(
        model=classifier.model,
        classes=classifier.classes,
        target=classifier.target,
        n_features=classifier.n_features,
        image_shape=classifier.image_shape,
        channels=classifier.channels,
        dtype=classifier.weights.dtype.name,
        scaling=_scaling_words(classifier),
        fills_missing=classifier.fill is not None,
        weight_norm=_norm(scaled),
        record=dict(classifier.record),
        data=dict(classifier.data),
        outputs=tuple(
            OutputWeights(
                label=classifier.classes[output],
                scaled_bias=float(classifier.bias[output]),
                raw_bias=float(classifier.raw.bias[output]),
                by_scaled=ranked(output, scaled),
                by_raw=ranked(output, classifier.raw.weights),
            )
            for output in range(scaled.shape[1])
        ),
    )


def feature_labels(classifier: Classifier) -> tuple[str, ...]:
    """Return a name for each feature: its own, the (row, column) of its pixel, or its number."""
    if classifier.feature_names is not None:
        return classifier.feature_names
    if classifier.image_shape is None:
        return tuple(f"x{i}" for i in range(classifier.n_features))
    width, channels = classifier.image_shape[1], classifier.channels
    names = []
    for i in range(classifier.n_features):
        row, column = divmod(i // channels, width)
        color = f" {_COLORS[i % channels]}" if channels == 3 else ""
        names.append(f"({row}, {column}){color}")
    return tuple(names)


def _norm(weights: NDArray[np.float64]) -> float:
    """Return the Euclidean norm; squares of large weights are no reason for infinity."""
    largest = float(np.abs(weights).max())
    return largest * float(np.linalg.norm(weights / largest)) if largest else 0.0


def _scaling_words(classifier: Classifier) -> str:
    scale, offset = np.asarray(classifier.scaling.scale), np.asarray(classifier.scaling.offset)
    if (scale == 1).all() and (offset == 0).all():
        return "none"
    return "the same for all features" if scale.ndim == offset.ndim == 0 else "one for each feature"
