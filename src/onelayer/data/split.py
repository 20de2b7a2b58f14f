"""Hold out a part of the examples. Apart from the package's front: scikit-learn loads slowly."""

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupShuffleSplit, train_test_split

from onelayer.data.rows import Rows
from onelayer.errors import InputError


def hold_out(targets: NDArray[np.integer], fraction: float, seed: int) -> tuple[Rows, Rows]:
    """Split examples into rows to train on and rows to hold out, class by class.

    With a matrix of labels, whose rows are of no class, by chance alone.

    Parameters
    ----------
    targets : array, shape (n,), or (n, n_labels)
        The index of each example's class, or a matrix of labels.
    fraction : float
        The share to hold out, between 0 and 1.
    seed : int

    Returns
    -------
    kept, held : arrays of int64
        In the order of the examples.

    Raises
    ------
    InputError
        If a class has too few examples for this share.
    """
    try:
        kept, held = train_test_split(
            np.arange(len(targets)),
            test_size=float(fraction),
            random_state=seed % 2**32,
            stratify=targets if targets.ndim == 1 else None,
        )
    except ValueError:
        if targets.ndim == 2:
            raise InputError(
                f"{fraction:g} of {len(targets)} examples cannot be held out. Give validation "
                "examples of your own, or more examples."
            ) from None
        counts = np.bincount(targets)
        counts = counts[counts > 0]
        raise InputError(
            f"{fraction:g} of {len(targets)} examples cannot be held out class by class: there "
            f"are {len(counts)} classes, and the smallest has {counts.min()} of them. Give "
            "validation examples of your own, or more examples."
        ) from None
    return np.sort(kept), np.sort(held)


def hold_out_groups(
    targets: NDArray[np.integer], groups: NDArray[np.integer], fraction: float, seed: int
) -> tuple[Rows, Rows]:
    """Split examples so that those of one group stay together; `fraction` is that of the groups.

    Raises
    ------
    InputError
        If there are too few groups for this share, or a class has no examples to train on.
    """
    n_groups = len(np.unique(groups))
    splitter = GroupShuffleSplit(1, test_size=float(fraction), random_state=seed % 2**32)
    try:
        kept, held = next(splitter.split(targets, groups=groups))
    except ValueError:
        raise InputError(
            f"{fraction:g} of {n_groups} groups cannot be held out. Give validation examples of "
            "your own, or more groups."
        ) from None
    if targets.ndim == 1 and len(np.unique(targets[kept])) < len(np.unique(targets)):
        raise InputError(
            f"{fraction:g} of {n_groups} groups would leave a class without examples to train on. "
            "Give another seed, a smaller share, or validation examples of your own."
        )
    return np.sort(kept), np.sort(held)
