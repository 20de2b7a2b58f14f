"""Training as the estimators ask for it, and coefficients that apply to raw values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Dataset, Scaling, split
from onelayer.errors import InputError
from onelayer.estimators.inputs import Sample
from onelayer.inference import Classifier
from onelayer.model import ModelName, Parameters
from onelayer.training import ExampleWeights, Listener, TrainConfig, TrainResult, train_many

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Problem:
    """What one call trains on.

    Attributes
    ----------
    model : "logistic" or "softmax"
    n_classes : int
    sample : Sample
        The training examples.
    scaling : Scaling
        Of the features.
    rows : array of int or None
        The examples that train; None: all.
    validation : Sample or None
        May be `sample` itself.
    validation_rows : array of int or None
        Those of `validation` that validate; None: all.
    factors : array, shape (n_classes,), or None
        How much an example of each class counts.
    """

    model: ModelName
    n_classes: int
    sample: Sample
    scaling: Scaling
    rows: Rows | None = None
    validation: Sample | None = None
    validation_rows: Rows | None = None
    factors: Floats | None = None

    def weights_of(self, sample: Sample) -> Floats | None:
        """Return how much each example counts in the loss; None: all the same."""
        if self.factors is None:
            return sample.weights
        by_class = self.factors[sample.targets]
        return by_class if sample.weights is None else by_class * sample.weights

    def example_weights(self) -> ExampleWeights:
        """Return the weights of a model that trains on all the training examples."""
        on_validation = None if self.validation is None else self.weights_of(self.validation)
        return ExampleWeights(self.weights_of(self.sample), on_validation)

    def _dataset(self, sample: Sample) -> Dataset:
        # The engine's logistic regression takes the first class as its positive one.
        classes = range(self.n_classes)
        order = classes[::-1] if self.model == "logistic" else classes
        return Dataset(sample.X, sample.targets, classes=order, scaling=self.scaling)

    def train(
        self,
        configs: Sequence[TrainConfig],
        weights: Sequence[ExampleWeights],
        threads: int,
        *,
        initial: Parameters | None = None,
        first_epoch: int = 0,
        listen: Listener = lambda _event: None,
    ) -> list[TrainResult]:
        """Train a model for each configuration, all in one pass over the examples."""
        data = self._dataset(self.sample)
        validation = None
        if self.validation is not None:
            same = self.validation is self.sample
            validation = data if same else self._dataset(self.validation)
        # Overflow is how divergence looks, and the result says so.
        with np.errstate(over="ignore", invalid="ignore"):
            return train_many(
                data, validation, configs, threads,
                rows=self.rows, validation_rows=self.validation_rows, weights=weights,
                initial=[initial] * len(configs), first_epoch=first_epoch, listen=listen,
            )  # fmt: skip


def hold_out(sample: Sample, fraction: float, seed: int) -> tuple[Rows, Rows]:
    """Split the examples that count into rows to train and rows to validate, class by class.

    Raises
    ------
    InputError
        If the fraction is not between 0 and 1, or a class has too few examples.
    """
    if not isinstance(fraction, float | int | np.number) or not 0 < fraction < 1:
        raise InputError(
            f"validation_fraction: {fraction!r} was given; give a number between 0 and 1."
        )
    rows = np.arange(len(sample.targets)) if sample.rows is None else sample.rows
    try:
        kept, held = split.hold_out(sample.targets[rows], float(fraction), seed)
    except InputError as error:
        raise InputError(f"validation_fraction: {error}") from None
    return rows[kept], rows[held]


def masked(weights: Floats | None, rows: Rows | None, n: int) -> Floats | None:
    """Return weights that are zero outside `rows`."""
    if rows is None:
        return weights
    mask = np.zeros(n)
    mask[rows] = 1 if weights is None else weights[rows]
    return mask


LARGEST_WEIGHT = 1e100
"""Weights of a run that diverged may be larger; then scores would leave float64."""


def classifier_of(result: TrainResult, classes: NDArray[Any], scaling: Scaling) -> Classifier:
    """Return the classifier of what was trained, for values before scaling.

    Parameters
    ----------
    classes : array, shape (n_classes,)
        In the order of the outputs. A classifier knows no floats as labels: it has their numbers.
    """
    weights, bias = (
        np.clip(array, -LARGEST_WEIGHT, LARGEST_WEIGHT) if array.dtype == np.float64 else array
        for array in (result.weights, result.bias)
    )
    labels = classes.tolist() if classes.dtype.kind in "biuU" else range(len(classes))
    return Classifier(result.config.model, weights, bias, tuple(labels), scaling)


def scaled_parameters(coef: Floats, intercept: Floats, scaling: Scaling) -> Parameters:
    """Return the parameters for scaled features whose classifier has these coefficients.

    With x = raw * scale + offset, the score x·w + b is raw·(scale * w) + (b + offset·w).
    """
    scale, offset = scaling.per_feature(coef.shape[1])
    weights = coef.T / scale[:, None]
    return Parameters(weights, intercept - offset @ weights)
