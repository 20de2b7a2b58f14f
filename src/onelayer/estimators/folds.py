"""What the candidates of a sweep are scored on, and their scores."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import check_cv

from onelayer.errors import InputError
from onelayer.estimators.fitting import Problem
from onelayer.estimators.inputs import Sample
from onelayer.inference import Classifier
from onelayer.inference.probabilities import log_probabilities
from onelayer.inference.scoring import RawScorer
from onelayer.training import ExampleWeights

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

ROWS_AT_ONCE = 4800
"""Examples gathered at a time."""


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


def single_fold(problem: Problem) -> list[Fold]:
    """Return the validation examples of a problem as the one thing to score on."""
    validation, rows = problem.validation, problem.validation_rows
    assert validation is not None
    rows = np.arange(len(validation.targets)) if rows is None else rows
    return [Fold(problem.example_weights(), validation, rows)]


def cross_validation(problem: Problem, cv: Any, labels: NDArray[Any]) -> list[Fold]:
    """Return the folds of a splitter.

    Folds are weights of 0 and more on the same examples, so that all models share one pass. A
    splitter is given the examples that count; the numbers in a list of splits are those of all
    examples.

    Raises
    ------
    ValueError
        If the examples cannot be split so.
    """
    sample = problem.sample
    n, rows = len(sample.targets), sample.rows
    splitter = check_cv(
        cv, sample.targets if rows is None else sample.targets[rows], classifier=True
    )
    listed = not (isinstance(cv, int | np.integer) or hasattr(cv, "split"))
    if rows is None or listed:
        X, y, numbers = sample.X, labels, np.arange(n)
    else:
        X, y, numbers = sample.X[rows], labels[rows], rows
    base = problem.weights_of(sample)
    counts = np.ones(n) if base is None else base
    folds: list[Fold] = []
    for train, validation in splitter.split(X, y):
        # A splitter may draw an example more than once, as the bootstrap does.
        drawn = np.bincount(numbers[train], minlength=n) * counts
        scored = np.unique(numbers[validation])
        scored = scored[counts[scored] > 0]
        if not drawn.any() or not len(scored):
            raise InputError(f"cv: fold {len(folds)} has no examples that count on one side.")
        held = np.zeros(n)
        held[scored] = counts[scored]
        folds.append(Fold(ExampleWeights(drawn, held), sample, scored))
    return folds


def log_scores(fold: Fold, models: Sequence[Classifier]) -> Floats:
    """Return minus the mean log loss of several softmax models on a fold, in float64.

    Their outputs are put side by side, so that one pass over the examples gives the scores of all.

    Returns
    -------
    array, shape (models,)
    """
    K = models[0].weights.shape[1]
    weights = np.hstack([model.raw.weights for model in models])
    bias = np.concatenate([model.raw.bias for model in models])
    targets = fold.scored_on.targets[fold.rows]
    own = np.ones(len(fold.rows)) if fold.sample_weight is None else fold.sample_weight
    total: Floats = np.zeros(len(models))
    for start in range(0, len(fold.rows), ROWS_AT_ONCE):
        block = slice(start, start + ROWS_AT_ONCE)
        some = fold.scored_on.X[fold.rows[block]]
        for rows, scores in RawScorer(weights, bias, None).blocks(some):
            logs = log_probabilities("softmax", scores.reshape(-1, K))
            wanted = np.repeat(targets[block][rows], len(models))
            of_target = logs[np.arange(len(logs)), wanted].reshape(-1, len(models))
            total += own[block][rows] @ of_target
    total /= own.sum()
    return total


def scorer_scores(
    fold: Fold, models: Sequence[Any], scorer: Callable[..., Any], classes: NDArray[Any]
) -> Floats:
    """Return the score of each fitted model on a fold by a scikit-learn scorer."""
    X, y = fold.scored_on.X[fold.rows], classes[fold.scored_on.targets[fold.rows]]
    options = {}
    if fold.sample_weight is not None and "sample_weight" in inspect.signature(scorer).parameters:
        options["sample_weight"] = fold.sample_weight
    return np.array([float(scorer(model, X, y, **options)) for model in models])
