"""The order in which an epoch visits the examples: a pure function of what it depends on."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from onelayer.data.checks import check_integer

OrderName = Literal["file", "class", "once", "batches", "epoch", "blocks"]
"""A law of order: see `order_by_law`, and of blocks `onelayer.data.windows`."""


def epoch_order(seed: int, epoch: int, n: int, shuffle: bool = True) -> NDArray[np.int64]:
    """Return the order of the examples in one epoch.

    A pure function: the order of an epoch is found without those of the epochs before it, so a
    run can go on from any epoch.

    Parameters
    ----------
    seed : int
        The run's seed, 0 or more.
    epoch : int
        The number of completed epochs, 0 or more.
    n : int
        The number of examples, 0 or more.
    shuffle : bool
        False gives 0, 1, ..., n-1 in every epoch.

    Returns
    -------
    array of int64, shape (n,)
        A permutation of 0, ..., n-1.

    Raises
    ------
    InputError
        If `seed`, `epoch` or `n` is not a whole number of 0 or more.
    """
    seed = check_integer(seed, "seed", 0)
    epoch = check_integer(epoch, "epoch", 0)
    n = check_integer(n, "n", 0)
    if not shuffle:
        return np.arange(n, dtype=np.int64)
    # A spawn key, because SeedSequence([seed, epoch]) splits numbers into 32-bit words and
    # pads with zeros: there, seed 7 in epoch 5 equals seed 7 + 5 * 2**32 in epoch 0.
    sequence = np.random.SeedSequence(seed, spawn_key=(epoch,))
    order = np.random.Generator(np.random.PCG64(sequence)).permutation(n)
    return order.astype(np.int64, copy=False)


def order_by_law(
    law: OrderName,
    seed: int,
    epoch: int,
    targets: NDArray[np.integer],
    batch_size: int,
) -> NDArray[np.int64]:
    """Return the order of the examples in one epoch, by a law.

    ``file`` is 0, ..., n-1; ``class`` sorts by class, and by number within one; ``once`` is one
    permutation for all epochs; ``batches`` visits the batches of ``file`` in a new sequence in each
    epoch, except that a last batch which is not full stays the last; ``epoch`` is a new permutation
    in each epoch.

    Parameters
    ----------
    law : str
        One of those above.
    seed, epoch : int
        As for `epoch_order`.
    targets : int array, shape (n,)
        The examples' classes, by number.
    batch_size : int

    Returns
    -------
    array of int64, shape (n,)
        A permutation of 0, ..., n-1.
    """
    n = len(targets)
    if law == "class":
        return np.argsort(targets, kind="stable").astype(np.int64, copy=False)
    if law == "batches":
        whole = n // batch_size
        sequence = epoch_order(seed, epoch, whole)
        batches = np.arange(whole * batch_size, dtype=np.int64).reshape(whole, batch_size)
        return np.concatenate([batches[sequence].ravel(), np.arange(whole * batch_size, n)])
    return epoch_order(seed, 0 if law == "once" else epoch, n, shuffle=law != "file")
