"""The training and the validation part of a source, as it has them or drawn anew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse

from onelayer.data.dataset import Dataset
from onelayer.data.stratified import stratified_order
from onelayer.errors import InputError


def random_parts(
    train: Dataset, validation: Dataset, n_train: int, n_validation: int, seed: int
) -> tuple[Dataset, Dataset]:
    """Draw two parts from all examples of a source, stratified, without an example in both.

    The examples of a part stand in the order of the source. The same seed draws the same training
    examples whatever the size of the validation part.

    Raises
    ------
    InputError
        If there are fewer examples than both parts are to have.
    """
    n = train.n_examples + validation.n_examples
    if n_train + n_validation > n:
        raise InputError(
            f"{n_train:,} training and {n_validation:,} validation examples were asked for, and "
            f"the source has {n:,} in all. Ask for fewer."
        )
    y = np.concatenate([train.y, validation.y])
    targets = np.concatenate([train.targets, validation.encode(train.classes)])
    order = stratified_order(targets, seed)
    stack = sparse.vstack if train.is_sparse else np.concatenate
    X = stack([train.X, validation.X])
    drawn = [np.sort(order[:n_train]), np.sort(order[n_train : n_train + n_validation])]
    first, second = (replace(train, X=X[rows], y=y[rows]) for rows in drawn)
    return first, second
