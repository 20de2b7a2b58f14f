"""What an engine is given: examples, how much each counts, and the models to train on them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onelayer.data import Rows, Scaling
from onelayer.data.windows import Window
from onelayer.engines.update import UpdateRule
from onelayer.model import Objective, Parameters
from onelayer.model.losses import Targets


@dataclass(frozen=True, eq=False)
class Source:
    """The stored values of both parts of the data; what an engine prepares once for many models.

    Attributes
    ----------
    train, validation : arrays or CSR arrays, shape (n, n_features)
        As stored. They may be the same object, as in a cross-validation, whose folds are weights.
        Without validation examples there are no evaluations.
    scaling : Scaling
        From stored values to features.
    dtype : str
        Of the arithmetic, "float32" or "float64".
    """

    train: Any
    validation: Any | None
    scaling: Scaling
    dtype: str

    @property
    def n_features(self) -> int:
        """Features of an example."""
        return int(self.train.shape[1])


@dataclass(frozen=True, eq=False)
class WeightedRows:
    """Which examples of a part take part, their targets, and how much each counts.

    Attributes
    ----------
    targets : array of int32, shape (n,)
        Class indices of all examples of the part; for multilabel models an array of uint8, shape
        (n, n_outputs), 1 where an example has a label and 0 elsewhere.
    rows : array, shape (k,)
        The numbers of those that take part.
    weights : array of float64, shape (distinct, n)
        Weights with mean 1 over `rows`.
    weights_of : array of int, shape (models,)
        Each model's row of `weights`; -1 where every example counts 1.
    """

    targets: Targets
    rows: Rows
    weights: NDArray[np.float64]
    weights_of: NDArray[np.int64]

    @classmethod
    def of(
        cls, targets: Targets, rows: Rows | None, weights: Sequence[ArrayLike | None]
    ) -> WeightedRows:
        """Return examples; models that are given the same array share a row of weights."""
        n = len(targets)
        distinct = {id(array): array for array in weights if array is not None}
        place = {key: i for i, key in enumerate(distinct)}
        rows = np.arange(n) if rows is None else rows
        table = np.zeros((len(distinct), n))
        for i, array in enumerate(distinct.values()):
            table[i] = np.asarray(array, np.float64)
            table[i] /= table[i, rows].mean()
        of = [-1 if array is None else place[id(array)] for array in weights]
        return cls(targets, rows, table, np.array(of, np.int64))

    @classmethod
    def joined(cls, parts: Sequence[WeightedRows]) -> WeightedRows:
        """Return the examples of some parts, one after the other, as those of one."""
        if len(parts) == 1:
            return parts[0]
        begins = np.cumsum([0, *(len(part.targets) for part in parts)])
        return cls(
            np.concatenate([part.targets for part in parts]),
            np.concatenate([p.rows + begin for p, begin in zip(parts, begins, strict=False)]),
            np.concatenate([part.weights for part in parts], axis=1),
            parts[0].weights_of,
        )

    @property
    def takes_all(self) -> bool:
        """Whether all examples take part, in their order."""
        return np.array_equal(self.rows, np.arange(len(self.targets)))

    def none(self) -> WeightedRows:
        """Return no examples, for the same models."""
        return WeightedRows(
            self.targets[:0], np.zeros(0, np.int64), self.weights[:, :0], self.weights_of
        )

    def weights_for(self, model: int, rows: Rows) -> NDArray[np.float64] | None:
        """Return a model's weights of some examples."""
        place = self.weights_of[model]
        return None if place < 0 else self.weights[place, rows]


@dataclass(frozen=True, eq=False)
class Problem:
    """Models to be trained on the same data, in the same batches, with the same outputs.

    Attributes
    ----------
    train : WeightedRows
    validation : WeightedRows or None
        None where the source has no validation part.
    n_outputs : int
    objectives : tuple of Objective
        One a model; they differ in the penalty alone.
    initial : tuple of Parameters
        Where each model starts, in the type of the arithmetic.
    rules : tuple of UpdateRule
        One a model; none at all where all steps are plain.
    evaluates_train : bool
        Whether evaluations measure the training accuracy, which takes a pass over all examples.
    """

    train: WeightedRows
    validation: WeightedRows | None
    n_outputs: int
    objectives: tuple[Objective, ...]
    initial: tuple[Parameters, ...]
    rules: tuple[UpdateRule, ...] = ()
    evaluates_train: bool = True

    def rule(self, model: int) -> UpdateRule:
        """Return a model's rule."""
        return self.rules[model] if self.rules else UpdateRule()


@dataclass(frozen=True, eq=False)
class Batches:
    """The rows of consecutive batches: those of batch s are rows[offsets[s]:offsets[s + 1]]."""

    rows: Rows
    offsets: Rows

    @classmethod
    def none(cls) -> Batches:
        """Return no batches."""
        return cls(np.zeros(0, np.int64), np.zeros(1, np.int64))

    def __len__(self) -> int:
        """Return how many batches there are."""
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[Rows]:
        """Yield the rows of each batch."""
        for begin, end in itertools.pairwise(self.offsets.tolist()):
            yield self.rows[begin:end]


@dataclass(frozen=True, eq=False)
class Visit:
    """Consecutive batches of one window of blocks.

    Attributes
    ----------
    window : Window
    batches : Batches
        Rows are places among the examples of the window's blocks that take part, one block after
        the other.
    """

    window: Window
    batches: Batches


@dataclass(frozen=True, eq=False)
class Visits(Batches):
    """Consecutive batches of data that is read block by block.

    Attributes
    ----------
    visits : tuple of Visit
        Their batches are these, in turn.
    """

    visits: tuple[Visit, ...]

    @classmethod
    def of(cls, visits: Sequence[Visit]) -> Visits:
        """Return the batches of some visits."""
        sizes = [np.diff(visit.batches.offsets) for visit in visits]
        offsets = np.concatenate([[0], np.cumsum(np.concatenate(sizes))])
        return cls(np.concatenate([v.batches.rows for v in visits]), offsets, tuple(visits))
