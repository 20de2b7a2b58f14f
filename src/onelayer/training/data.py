"""The examples of a run: both parts, which rows of them take part, and how much each counts."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Dataset, Rows, Windows
from onelayer.optimum import Optimum, Sample
from onelayer.training.config import TrainConfig
from onelayer.training.feature_ranges import FeatureRange
from onelayer.training.schedule import Schedule
from onelayer.training.weights import ExampleWeights


@dataclass(frozen=True, eq=False)
class RunData:
    """What one run is trained and validated on.

    Attributes
    ----------
    train : Dataset
    validation : Dataset or None
        Its own scaling and order of classes have no part in a run; those of `train` have.
    rows, validation_rows : arrays of int64 or None
        The examples that take part; None: all.
    weights : ExampleWeights
    minimum : Optimum or None
        Of the run's objective on these examples, where it was asked for.
    evaluates_train : bool
        Whether the evaluations of the history measure the training accuracy.
    samples : dict
        What is known of the curvature, by features and the identities of rows and values; shared
        by the runs of one call, whose data live as long as these.
    """

    train: Dataset
    validation: Dataset | None
    rows: Rows | None = None
    validation_rows: Rows | None = None
    weights: ExampleWeights = field(default_factory=ExampleWeights)
    minimum: Optimum | None = None
    evaluates_train: bool = True
    samples: dict[tuple[FeatureRange | None, int, int], Sample] = field(default_factory=dict)

    def features(self, config: TrainConfig) -> FeatureRange | None:
        """Return which features a run reads; None: all there are."""
        return None if config.features == (0, self.train.n_features) else config.features

    def windows(self, config: TrainConfig) -> Windows | None:
        """Return the windows that a run visits; None where it does not go by blocks."""
        if config.order != "blocks" or config.solver == "optimum":
            return None
        lengths = self.train.block_lengths
        assert lengths is not None  # data in memory was cut into blocks
        if self.rows is not None:
            ends = np.searchsorted(np.sort(self.rows), np.cumsum(lengths))
            lengths = tuple(np.diff(ends, prepend=0).tolist())
        return Windows(lengths, config.window, config.seed)

    def schedule(self, config: TrainConfig) -> Schedule:
        """Return the calendar of a run."""
        windows = self.windows(config)
        return Schedule.of(config, self.n_train, None if windows is None else windows.sizes())

    @property
    def targets(self) -> NDArray[np.integer]:
        """The classes of the examples that train, by number, in file order."""
        return self.train.targets if self.rows is None else self.train.targets[self.rows]

    @property
    def n_train(self) -> int:
        """How many examples train."""
        return self.train.n_examples if self.rows is None else len(self.rows)

    @property
    def n_validation(self) -> int:
        """How many examples validate."""
        if self.validation is None:
            return 0
        rows = self.validation_rows
        return self.validation.n_examples if rows is None else len(rows)
