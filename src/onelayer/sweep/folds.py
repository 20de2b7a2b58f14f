"""What the candidates of a sweep are scored on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Rows
from onelayer.data.blocks import select_rows
from onelayer.errors import Argument, InputError
from onelayer.sweep.splits import sides_of
from onelayer.sweep.task import Floats, Sample, Task
from onelayer.training import ExampleWeights
from onelayer.words import number_of

LEAST_SHARE = 1e-30
"""Of the weight of all examples, for those that a fold trains on."""


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
    share : float
        What counts in training, as a share of what counts in the last training on all examples.
    """

    weights: ExampleWeights
    scored_on: Sample
    rows: Rows
    share: float = 1.0

    @property
    def sample_weight(self) -> Floats | None:
        """The weights of the rows that score; None: all the same."""
        weights = self.scored_on.weights
        return None if weights is None else weights[self.rows]


def single_fold(task: Task) -> list[Fold]:
    """Return the validation examples of a task as the one thing to score on."""
    if task.validation is None:
        raise InputError("cv: give validation examples, or how many folds to score on.")
    share = 1.0
    if task.holds_out:
        trains, everything = (
            _in_part(sample, task.loss_weights(sample)).sum()
            for sample in (task.train, task.everything().train)
        )
        share = float(trains / everything)
    return [Fold(task.example_weights(), task.validation, task.validation.numbers(), share)]


def cross_validation(
    task: Task,
    cv: Any,
    labels: NDArray[Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> list[Fold]:
    """Return the folds of a splitter over the training examples.

    Folds are weights of 0 and more on the same examples, so that all models share one pass. A
    splitter is given the examples that count; the numbers in a list of splits are those of all
    examples. A fold may train without a class: its model knows the class, and gives it little
    probability.

    Parameters
    ----------
    cv : int, splitter or iterable of splits
        As for scikit-learn's `check_cv`; a number of folds is stratified by class, but with a
        matrix of labels.
    labels : array, shape (n_examples,), optional
        What the splitter sees as labels, where not those of the data set.
    metadata : mapping, optional
        What the splitter is given beside, by name: `groups`, one for each example, or what else
        it takes.

    Raises
    ------
    ValueError
        If the examples cannot be split so, a split has other rows than there are, or the splitter
        needs groups and has none.
    """
    from sklearn.model_selection import check_cv  # loads slowly

    sample, n = task.train, task.train.data.n_examples
    X, y = sample.data.X, sample.data.y if labels is None else labels
    metadata = metadata or {}
    _check_groups(cv, metadata.get("groups"), n)
    numbers = sample.numbers()
    splitter = check_cv(cv, sample.data.targets[numbers], classifier=True)
    listed = not (isinstance(cv, int | np.integer) or hasattr(cv, "split"))
    if sample.rows is None or listed:
        numbers = np.arange(n)
    else:
        X, y, metadata = select_rows(X, numbers), y[numbers], at_rows(metadata, numbers, n)
    counts = _in_part(sample, task.loss_weights(sample))
    watched = _in_part(sample, task.watched_weights(sample))
    folds: list[Fold] = []
    for f, split in enumerate(splitter.cv if listed else splitter.split(X, y, **metadata)):
        train, validation = sides_of(split, f, numbers)
        # A splitter may draw an example more than once, as the bootstrap does.
        drawn = np.bincount(train, minlength=n) * counts
        scored = np.unique(validation)
        scored = scored[counts[scored] > 0]
        if not drawn.any() or not len(scored):
            raise InputError(
                f"cv: fold {f} has no examples that count to "
                f"{'score' if drawn.any() else 'train on'}; give each fold some on both sides."
            )
        held = np.zeros(n)
        held[scored] = watched[scored]
        share = float(drawn.sum() / counts.sum())
        if share < LEAST_SHARE:
            raise InputError(
                f"sample_weight: the examples that fold {f} trains on have {share:.2g} of the "
                "weight of all, and count for nothing beside the penalty; give weights that differ "
                "by less."
            )
        folds.append(Fold(ExampleWeights(drawn, held), sample, scored, share))
    if not folds:
        raise InputError(
            "cv: there are no splits; give a list of them, not an iterator, which is empty when "
            "it has been used."
        )
    return folds


def check_classes(folds: Sequence[Fold], labels: NDArray[Any] | None = None) -> None:
    """Refuse folds that train without a class, where minima are sought.

    Parameters
    ----------
    folds : sequence of Fold
        On the training examples, as `cross_validation` makes them.
    labels : array, shape (n_examples,), optional
        What people call the classes of the examples, where not as the data set does.

    Raises
    ------
    InputError
        That names the class, and what to do.
    """
    for f, fold in enumerate(folds):
        data, weights = fold.scored_on.data, np.asarray(fold.weights.train)
        if data.has_label_matrix:
            return
        targets = data.targets
        trains = np.bincount(targets[weights > 0], minlength=data.n_classes)
        held = np.bincount(targets[fold.rows], minlength=data.n_classes)
        absent = np.flatnonzero((trains == 0) & (held > 0))
        if not len(absent):
            continue
        names = data.y if labels is None else labels
        label = names[np.flatnonzero(targets == absent[0])[0]]
        label = label.item() if isinstance(label, np.generic) else label
        count = int(held[absent[0]])
        others = " take folds that divide its examples," if count > 1 else ""
        raise InputError(
            f"cv: fold {f} has {f'all {count} examples' if count > 1 else 'the only example'} of "
            f"the class {label!r}, and would train without it, which has no minimum. Leave the "
            f"class out,{others} or train by steps: ", Argument("solver", "sgd"), ".",
        )  # fmt: skip


def _check_groups(cv: Any, groups: Any, n: int) -> None:
    """Refuse groups that are missing where a splitter requests them, or too many or too few."""
    from sklearn.utils.metadata_routing import get_routing_for_object

    requests = getattr(get_routing_for_object(cv), "split", None)
    if groups is None and requests is not None and requests.requests.get("groups"):
        raise InputError(
            f"cv: {type(cv).__name__} divides groups of examples, and none were given; give "
            "groups, one for each example."
        )
    if groups is not None and np.shape(groups)[:1] != (n,):
        raise InputError(
            f"groups: the shape is {np.shape(groups)}; give one group for each of {n} examples."
        )
    absent = [] if groups is None else [i for i, group in enumerate(groups) if group is None]
    if absent:
        raise InputError(
            f"groups: {number_of(len(absent), 'example')} without a group, the first is number "
            f"{absent[0]}; add the groups, or remove these."
        )


def at_rows(metadata: Mapping[str, Any], rows: Rows, n: int) -> dict[str, Any]:
    """Return metadata for some rows of n: of what has a value for each row, those of the rows."""
    return {
        name: np.asarray(value)[rows] if np.shape(value)[:1] == (n,) else value
        for name, value in metadata.items()
    }


def _in_part(sample: Sample, weights: Floats | None) -> Floats:
    """Return weights that are 0 for examples that take no part."""
    counts, rows = np.zeros(sample.data.n_examples), sample.numbers()
    counts[rows] = 1 if weights is None else weights[rows]
    return counts
