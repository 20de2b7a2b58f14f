"""Quantiles of the normal distribution and of Student's t."""

from __future__ import annotations

from scipy.special import ndtri, stdtrit


def z_two_sided(confidence: float = 0.95) -> float:
    """Return the z between whose negative and which a normal value lies so often."""
    return float(ndtri(0.5 + confidence / 2))


def t_two_sided(freedom: float, confidence: float = 0.95) -> float:
    """Return the t between whose negative and which a Student-t value lies so often."""
    return float(stdtrit(freedom, 0.5 + confidence / 2))
