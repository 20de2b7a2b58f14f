"""What models on files are scored on."""

from __future__ import annotations

import warnings
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Rows
from onelayer.errors import Argument, InputError
from onelayer.words import first_few
from onelayer.workflow.files import Share, TrainingFiles
from onelayer.workflow.training_data import TrainingData

Splits: TypeAlias = list[tuple[Rows, Rows]]
"""The rows to train on, and those to score on, of each fold."""


def split(data: TrainingData, folds: int, *, with_all_classes: bool = False) -> Splits:
    """Return folds of the training examples with about the same share of each class.

    With several labels an example they are drawn by chance alone. Where there are groups, each is
    in one of them as a whole. `with_all_classes` says that each fold must train on every class, as
    a minimum needs.

    Raises
    ------
    InputError
        If there are too few examples or groups, or a class has all its examples in one fold.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold  # loads slowly

    groups, targets = data.examples.groups, data.train.targets
    if data.train.has_label_matrix:
        return _split_by_chance(len(targets), groups, folds)
    counts = np.bincount(targets)
    largest = counts.max()
    alone = [data.train.classes[k] for k in np.flatnonzero(counts < 2)]
    if with_all_classes and alone:
        raise InputError(
            Argument("validation"),
            f": folds need two examples of a class, and there are fewer of {first_few(alone)}. "
            "Give validation examples, or leave the class out.",
        )
    if folds > largest:
        raise InputError(
            Argument("folds"), f": {folds} was given, and no class has more than {largest} "
            "examples; take fewer folds.",
        )  # fmt: skip
    n_groups = folds if groups is None else int(groups.max()) + 1
    if folds > n_groups:
        raise InputError(
            Argument("folds"), f": {folds} was given, and there are {n_groups} groups; take fewer "
            "folds.",
        )  # fmt: skip
    splitter = StratifiedKFold(folds) if groups is None else StratifiedGroupKFold(folds)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class")  # `rare_class` says it
        splits = list(splitter.split(targets, targets, groups))
    if groups is not None:
        _check(splits, data)
    return splits


def _check(splits: Splits, data: TrainingData) -> None:
    targets = data.train.targets
    for kept, held in splits:
        absent = np.setdiff1d(targets, targets[kept])
        if len(absent) or not len(held):
            names = first_few(data.train.classes[k] for k in absent)
            trouble = f"all examples of {names} are in one" if names else "one is empty"
            raise InputError(
                Argument("groups"), f": of {len(splits)} folds of whole groups {trouble}; take "
                "fewer folds, or other groups.",
            )  # fmt: skip


def _split_by_chance(n: int, groups: NDArray[Any] | None, folds: int) -> Splits:
    """Return folds of examples, or of whole groups, that are of no class."""
    from sklearn.model_selection import GroupKFold, KFold  # loads slowly

    there, what = (n, "examples") if groups is None else (int(groups.max()) + 1, "groups")
    if folds > there:
        raise InputError(
            Argument("folds"), f": {folds} was given, and there are {there} {what}; take fewer "
            "folds.",
        )  # fmt: skip
    splitter = (KFold if groups is None else GroupKFold)(folds, shuffle=True, random_state=0)
    return list(splitter.split(np.zeros(n), None, groups))


def rare_class(data: TrainingData, folds: int) -> str | None:
    """Say that a class has fewer examples than there are folds; None where none has."""
    if data.train.has_label_matrix:
        return None
    counts = np.bincount(data.train.targets)
    k = int(counts.argmin())
    if counts[k] >= folds:
        return None
    return (
        f"Warning: the class {data.train.classes[k]!r} has {counts[k]} examples, fewer than there "
        "are folds: some folds score without it."
    )


def scored_on(files: TrainingFiles, folds: int | None = None) -> str:
    """Say on what models are scored."""
    if folds is not None:
        groups = "" if files.groups is None else f" of whole groups ({files.groups})"
        return f"{folds} folds{groups}"
    if files.groups is not None and isinstance(files.validation, Share):
        return f"{100 * files.validation.fraction:.3g}% of the groups ({files.groups}), held out"
    return str(files.validation or "nothing")
