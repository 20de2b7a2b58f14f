"""What the candidates of a sweep are scored on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Rows
from onelayer.errors import InputError
from onelayer.sweep.task import Floats, Sample, Task
from onelayer.training import ExampleWeights


@dataclass(frozen=True, eq=False)
class Fold:
    """Examples that train a model, and examples that score it.

    Attributes
    ----------
    weights : ExampleWeights
        How much each example counts in training and in its evaluations.
    scored_on : Sample
    rows : array of int
        The examples of `scored_on` that score.
    """

    weights: ExampleWeights
    scored_on: Sample
    rows: Rows

    @property
    def sample_weight(self) -> Floats | None:
        """The weights of the rows that score; None: all the same."""
        weights = self.scored_on.weights
        return None if weights is None else weights[self.rows]


def single_fold(task: Task) -> list[Fold]:
    """Return the validation examples of a task as the one thing to score on."""
    if task.validation is None:
        raise InputError("cv: give validation examples, or how many folds to score on.")
    return [Fold(task.example_weights(), task.validation, task.validation.numbers())]


def cross_validation(task: Task, cv: Any, labels: NDArray[Any] | None = None) -> list[Fold]:
    """Return the folds of a splitter over the training examples.

    Folds are weights of 0 and more on the same examples, so that all models share one pass. A
    splitter is given the examples that count; the numbers in a list of splits are those of all
    examples.

    Parameters
    ----------
    cv : int, splitter or iterable of splits
        As for scikit-learn's `check_cv`; a number of folds is stratified by class.
    labels : array, shape (n_examples,), optional
        What the splitter sees as labels, where not those of the data set.

    Raises
    ------
    ValueError
        If the examples cannot be split so.
    """
    from sklearn.model_selection import check_cv  # loads slowly

    sample, n = task.train, task.train.data.n_examples
    X, y = sample.data.X, sample.data.y if labels is None else labels
    numbers = sample.numbers()
    splitter = check_cv(cv, sample.data.targets[numbers], classifier=True)
    listed = not (isinstance(cv, int | np.integer) or hasattr(cv, "split"))
    if sample.rows is None or listed:
        numbers = np.arange(n)
    else:
        X, y = X[numbers], y[numbers]
    counts = _in_part(sample, task.loss_weights(sample))
    watched = _in_part(sample, task.watched_weights(sample))
    folds: list[Fold] = []
    for train, validation in splitter.split(X, y):
        # A splitter may draw an example more than once, as the bootstrap does.
        drawn = np.bincount(numbers[train], minlength=n) * counts
        scored = np.unique(numbers[validation])
        scored = scored[counts[scored] > 0]
        if not drawn.any() or not len(scored):
            raise InputError(f"cv: fold {len(folds)} has no examples that count on one side.")
        held = np.zeros(n)
        held[scored] = watched[scored]
        folds.append(Fold(ExampleWeights(drawn, held), sample, scored))
    return folds


def _in_part(sample: Sample, weights: Floats | None) -> Floats:
    """Return weights that are 0 for examples that take no part."""
    counts, rows = np.zeros(sample.data.n_examples), sample.numbers()
    counts[rows] = 1 if weights is None else weights[rows]
    return counts
