"""Exponential and logarithms as a fixed sequence of operations, for arrays.

NumPy's own have other last digits where a processor has wider vectors or the system another C
library, and then a saved model would have another loss there. These use sums, products and shifts
alone, which are rounded the same everywhere. They are computed in float64 and returned in the type
that is given; their errors are below 1.1 units in the last place. Kernels have functions of their
own, `onelayer.engines.compiled.function_tiles`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

_Values = NDArray[np.float64]
_Function = Callable[[_Values], _Values]

VALUES_AT_ONCE = 8192
"""Computed in one go: few enough for the first caches, since there are many operations."""

# ln 2 in two parts: the first has so few bits that whole numbers times it are exact.
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_EXP_TERMS = tuple(1 / math.factorial(power) for power in range(13, -1, -1))
_LOG_TERMS = (
    1.479819860511658591e-01,
    1.531383769920937332e-01,
    1.818357216161805012e-01,
    2.222219843214978396e-01,
    2.857142874366239149e-01,
    3.999999999940941908e-01,
    6.666666666666735130e-01,
)
_ROOT, _ONE, _MANTISSA = 0x3FE6A09E00000000, 0x3FF0000000000000, (1 << 52) - 1
_LEAST, _MOST = -708.0, 709.0


def exp(x: Floats) -> Floats:
    """Return e to the power of each value; 0 for those below -708, inf for those above 709.

    exp(x) = 2^n exp(r) with n = round(x / ln 2) and |r| <= ln 2 / 2, by Taylor's polynomial.
    """
    return _by_pieces(_exp, x)


def log(x: Floats) -> Floats:
    """Return the natural logarithm of each value, a normal number above 0."""
    return _by_pieces(_log, x)


def log1p(x: Floats) -> Floats:
    """Return ln(1 + x) of each value, from 0 to 1."""
    return _by_pieces(_log1p, x)


def _by_pieces(function: _Function, x: Floats) -> Floats:
    flat = np.ascontiguousarray(x).reshape(-1)
    found = np.empty_like(flat)
    with np.errstate(all="ignore"):  # NaN stays NaN
        for start in range(0, len(flat), VALUES_AT_ONCE):
            piece = slice(start, start + VALUES_AT_ONCE)
            found[piece] = function(flat[piece].astype(np.float64))
    return found.reshape(np.shape(x))


def _exp(x: _Values) -> _Values:
    inside = np.clip(x, _LEAST, _MOST)
    n = np.rint(inside * (1 / math.log(2)))
    r = inside - n * _LN2_HIGH
    r -= n * _LN2_LOW
    p = _polynomial(_EXP_TERMS, r)
    # The last digits of 1.5 * 2^52 + m are those of m, here the exponent with its bias.
    n += 1.5 * 2.0**52 + 1023
    bits = n.view(np.int64)
    bits <<= 52
    p *= n
    p[x < _LEAST] = 0
    p[x > _MOST] = np.inf
    return p


def _log(x: _Values) -> _Values:
    return _log_of_sum(x, 0.0)


def _log1p(x: _Values) -> _Values:
    total = 1.0 + x
    return _log_of_sum(total, (x - (total - 1.0)) / total)


def _log_of_sum(x: _Values, more: _Values | float) -> _Values:
    """Return ln(x + more), ``more`` below the last digit of x.

    x = 2^k (1 + f) with 1 + f from 1/sqrt 2 to sqrt 2, and with s = f / (2 + f)
    ln(1 + f) = f - f^2 / 2 + s (f^2 / 2 + R(s^2)), R by a polynomial: K. C. Ng's form in FreeBSD's
    ``e_log.c`` (Sun Microsystems, 1993), whose constants these are.
    """
    bits = x.view(np.int64) + (_ONE - _ROOT)
    k = (bits >> 52).astype(np.float64)
    k -= 1023
    bits &= _MANTISSA
    bits += _ROOT
    f = bits.view(np.float64)
    f -= 1.0
    half_square, s = 0.5 * f, f / (2.0 + f)
    half_square *= f
    z = s * s
    R = _polynomial(_LOG_TERMS, z)
    R *= z
    R += half_square
    R *= s
    R += k * _LN2_LOW + more
    half_square -= R
    half_square -= f
    k *= _LN2_HIGH
    k -= half_square
    k[np.isnan(x)] = np.nan
    return k


def _polynomial(terms: tuple[float, ...], x: _Values) -> _Values:
    """Return the polynomial with these terms, that of the highest power first."""
    p = x * terms[0]
    for term in terms[1:-1]:
        p += term
        p *= x
    p += terms[-1]
    return p
