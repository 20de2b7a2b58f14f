"""Fewer points of a curve, none of its extremes among those that are left out."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray


def extremes(curves: ArrayLike, most: int) -> NDArray[np.intp]:
    """Return which points of curves to keep, in their order.

    All where there are no more than `most`. Else the first and the last, and of equal groups of
    points that follow one another those with the lowest and the highest value of each curve: what
    one point alone has is still seen (Steinarsson 2013, "min-max").

    Parameters
    ----------
    curves : array-like, shape (n,) or (k, n)
        Curves over the same n points; values that are not finite are no extremes.
    most : int
        At least 2 k + 2.
    """
    several = np.atleast_2d(np.asarray(curves, np.float64))
    k, n = several.shape
    if n <= most:
        return np.arange(n)
    groups = max(1, (most - 2) // (2 * k))
    edges = np.linspace(0, n, groups + 1).astype(np.intp)
    kept = {0, n - 1}
    for first, end in pairwise(edges):
        for curve in several[:, first:end]:
            if (finite := np.flatnonzero(np.isfinite(curve))).size:
                kept |= {
                    int(first + finite[pick(curve[finite])]) for pick in (np.argmin, np.argmax)
                }
    return np.array(sorted(kept))
