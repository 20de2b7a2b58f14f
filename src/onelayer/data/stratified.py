"""A random order of examples of which every beginning is stratified: for parts and for draws."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from onelayer.data.rows import Rows


def stratified_order(targets: NDArray[np.integer], seed: int) -> Rows:
    """Return the examples in a random order whose first n hold each class by its share, for any n.

    A pure function. The examples of a class stand in random order, evenly spread from a random
    start: of the first n, each class has its share to within two examples.

    Parameters
    ----------
    targets : int array, shape (n,), or (n, n_labels)
        The examples' classes, by number. Of a matrix of labels the order is by chance alone.
    seed : int
        0 or more.

    Returns
    -------
    array of int64, shape (n,)
        A permutation of 0, ..., n-1.
    """
    if targets.ndim == 2:
        targets = np.zeros(len(targets), np.int64)
    place = np.empty(len(targets))
    for k in np.unique(targets):
        own = np.flatnonzero(targets == k)
        generator = np.random.Generator(np.random.Philox(key=[seed, int(k)]))
        place[own[generator.permutation(len(own))]] = (
            np.arange(len(own)) + generator.random()
        ) / len(own)
    return np.argsort(place, kind="stable").astype(np.int64, copy=False)
