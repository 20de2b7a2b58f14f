"""Quantiles of the normal distribution and of Student's t."""

from __future__ import annotations

import math
from statistics import NormalDist

_NORMAL = NormalDist()


def z_two_sided(confidence: float = 0.95) -> float:
    """Return the z between whose negative and which a normal value lies so often."""
    return _NORMAL.inv_cdf(0.5 + confidence / 2)


def t_two_sided(freedom: float, confidence: float = 0.95) -> float:
    """Return the t between whose negative and which a Student-t value lies so often.

    The expansion about the normal quantile (Abramowitz and Stegun, 1964, 26.7.5): good to 1 in
    10,000 from 8 degrees of freedom on.
    """
    if math.isinf(freedom):
        return z_two_sided(confidence)
    z = z_two_sided(confidence)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return sum(term / freedom**power for power, term in enumerate(terms))
