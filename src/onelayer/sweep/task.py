"""What is trained on, and what is watched or scored beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Dataset, Rows
from onelayer.inference import Classifier
from onelayer.model import Parameters
from onelayer.training import (
    ExampleWeights,
    TrainConfig,
    TrainResult,
    train_many,
)
from onelayer.training.final import as_classifier as of_parameters

Floats = NDArray[np.float64]

LARGEST = 1e100
"""Weights of a diverged run are cut off here, so that its scores are numbers."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Labelled examples, some of which take part.

    Attributes
    ----------
    data : Dataset
    weights : array, shape (n_examples,), or None
        How much each example counts; None: all the same.
    rows : array of int, or None
        The examples that take part. None: all whose weight is not 0.
    """

    data: Dataset
    weights: Floats | None = None
    rows: Rows | None = None

    def __post_init__(self) -> None:
        """Leave out examples that do not count."""
        if self.rows is None and self.weights is not None and not self.weights.all():
            object.__setattr__(self, "rows", np.flatnonzero(self.weights))

    @property
    def n(self) -> int:
        """How many examples take part."""
        return self.data.n_examples if self.rows is None else len(self.rows)

    def numbers(self) -> Rows:
        """Return the numbers of the examples that take part, in rising order."""
        return np.arange(self.data.n_examples) if self.rows is None else self.rows


@dataclass(frozen=True, eq=False)
class Task:
    """Training examples, and validation examples if there are any.

    Attributes
    ----------
    train : Sample
    validation : Sample or None
        It may be other rows of the same data set.
    class_factors : array, shape (n_classes,), or None
        How much an example of each class counts, beside its own weight.
    weighs_validation : bool
        Whether classes count so too where a model is watched, for early stopping for example.
        Scores never do.
    """

    train: Sample
    validation: Sample | None = None
    class_factors: Floats | None = None
    weighs_validation: bool = True

    @property
    def holds_out(self) -> bool:
        """Whether the validation examples are a part of the training data set."""
        return self.validation is not None and self.validation.data is self.train.data

    def everything(self) -> Task:
        """Return the task of training on all the examples, also those held out."""
        rows = self.train.rows
        if self.holds_out and self.validation is not None:
            rows = np.union1d(self.train.numbers(), self.validation.numbers())
        return replace(self, train=replace(self.train, rows=rows), validation=None)

    def loss_weights(self, sample: Sample) -> Floats | None:
        """Return how much each example of a sample counts in the loss; None: all the same."""
        if self.class_factors is None:
            return sample.weights
        by_class: Floats = self.class_factors[sample.data.targets]
        return by_class if sample.weights is None else by_class * sample.weights

    def watched_weights(self, sample: Sample) -> Floats | None:
        """Return how much each example counts where a model is watched; None: all the same."""
        return self.loss_weights(sample) if self.weighs_validation else sample.weights

    def example_weights(self) -> ExampleWeights:
        """Return the weights of a model that trains on all the training examples."""
        on_validation = None if self.validation is None else self.watched_weights(self.validation)
        return ExampleWeights(self.loss_weights(self.train), on_validation)

    def fit(
        self,
        configs: Sequence[TrainConfig],
        weights: Sequence[ExampleWeights] | None = None,
        *,
        initial: Parameters | None = None,
        **how: Any,
    ) -> list[TrainResult]:
        """Train a model for each configuration, all in one pass over the examples.

        See `onelayer.training.train_many`, which takes the other arguments; by default the weights
        are `example_weights`.
        """
        weights = [self.example_weights()] * len(configs) if weights is None else weights
        validation = self.validation
        # Overflow is how divergence looks, and the result says so; what underflows is 0.
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            return train_many(
                self.train.data, None if validation is None else validation.data, configs,
                rows=self.train.rows,
                validation_rows=None if validation is None else validation.rows,
                weights=weights, initial=[initial] * len(configs), **how,
            )  # fmt: skip

    def classifier(self, result: TrainResult) -> Classifier:
        """Return what was trained on this task as a classifier, without a record."""
        parts = result.weights, result.bias
        parameters = result.parameters
        if max(float(np.abs(part).max()) for part in parts) > LARGEST:
            parameters = Parameters(*(np.clip(part, -LARGEST, LARGEST) for part in parts))
        return of_parameters(result.config, parameters, self.train.data)
