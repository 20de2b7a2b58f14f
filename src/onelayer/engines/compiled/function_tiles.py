"""Exponentials and logarithms of many values at once.

Those of a C library differ from one to the next, and within one by what the processor has. Here
each is a fixed sequence of operations that are rounded correctly everywhere. A lane is one value.
"""

from __future__ import annotations

import math
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from onelayer.engines.compiled.vectors import ELEMENTS, I64, Array, Value, Vectors, loop


def emit_exp(b: Value, v: Vectors, x: Value) -> Value:
    """Return the exponentials of a vector of values, all <= 0.

    exp(x) = 2^n exp(r) with n = round(x / ln 2) and |r| <= ln 2 / 2, where Taylor's polynomial of
    degree 7 (float32) or 13 (float64) is exact to the last bit or so. Below the least normal number
    the result is 0.
    """
    single = v.type.element == ELEMENTS["float32"]
    degree, mantissa, bias = (7, 23, 127) if single else (13, 52, 1023)
    least = -87.0 if single else -708.0
    # ln 2 in two parts: the first has so few bits that n times it is exact.
    high = 0.693359375 if single else 6.93147180369123816490e-01
    low = -2.12194440054690583e-4 if single else 1.90821492927058770002e-10
    tiny = b.fcmp_ordered("<", x, v.constant(least))
    n = v.rint(b.fmul(x, v.constant(1 / math.log(2))))
    r = v.fma(n, v.constant(-low), v.fma(n, v.constant(-high), x))
    p = v.constant(1 / math.factorial(degree))
    for power in range(degree - 1, -1, -1):
        p = v.fma(p, r, v.constant(1 / math.factorial(power)))
    exponent = b.add(b.fptosi(n, v.integers), ir.Constant(v.integers, [bias] * v.lanes))
    shifted = b.shl(exponent, ir.Constant(v.integers, [mantissa] * v.lanes))
    result = b.select(tiny, v.zero, b.fmul(p, b.bitcast(shifted, v.type)))
    # NaN must stay NaN: that is how a diverging run shows.
    return b.select(b.fcmp_unordered("uno", x, x), x, result)


@intrinsic
def exp_inplace(_typing: Any, values: Any, count: Any) -> Any:
    """Replace the first ``count`` values of a flat array, all <= 0, by their exponentials.

    The array must be aligned and have room for a whole vector at its end.
    """

    def emit(context: Value, b: Value, signature: Value, arguments: Value) -> Value:
        array = Array(context, b, signature.args[0], arguments[0])
        v = Vectors(b, array.dtype)

        def replace(i: Value, _: list[Value]) -> list[Value]:
            pointer = array.at(b.mul(i, I64(v.lanes)))
            v.store(emit_exp(b, v, v.load(pointer)), pointer)
            return []

        vectors = b.sdiv(b.add(arguments[1], I64(v.lanes - 1)), I64(v.lanes))
        loop(b, vectors, [], replace)
        return context.get_dummy_value()

    return types.void(values, types.int64), emit


def emit_log(b: Value, v: Vectors, x: Value, more: Value) -> Value:
    """Return ln(x + more) of normal float64 numbers x; ``more`` is below the last digit of x.

    x = 2^k (1 + f) with 1 + f from 1/sqrt 2 to sqrt 2, and with s = f / (2 + f)
    ln(1 + f) = f - f^2 / 2 + s (f^2 / 2 + R(s^2)), R by a polynomial: K. C. Ng's form in FreeBSD's
    ``e_log.c`` (Sun Microsystems, 1993), whose constants these are.
    """

    def whole(number: int) -> Value:
        return ir.Constant(v.integers, [number] * v.lanes)

    root, one, mantissa = 0x3FE6A09E00000000, 0x3FF0000000000000, (1 << 52) - 1
    bits = b.add(b.bitcast(x, v.integers), whole(one - root))
    # The biased exponent as the last digits of 2^52 + it: a conversion that every processor has.
    exponent = b.or_(b.lshr(bits, whole(52)), whole(0x4330000000000000))
    k = b.fsub(b.bitcast(exponent, v.type), v.constant(2.0**52 + 1023))
    f = b.fsub(
        b.bitcast(b.add(b.and_(bits, whole(mantissa)), whole(root)), v.type), v.constant(1.0)
    )
    half_square = b.fmul(b.fmul(v.constant(0.5), f), f)
    s = b.fdiv(f, b.fadd(v.constant(2.0), f))
    z = b.fmul(s, s)
    R = v.constant(_LOG_TERMS[-1])
    for term in _LOG_TERMS[-2::-1]:
        R = v.fma(R, z, v.constant(term))
    R = b.fmul(R, z)
    rest = b.fadd(v.fma(k, v.constant(_LN2_LOW), more), b.fmul(s, b.fadd(half_square, R)))
    result = v.fma(k, v.constant(_LN2_HIGH), b.fsub(f, b.fsub(half_square, rest)))
    return b.select(b.fcmp_unordered("uno", x, x), x, result)  # NaN stays NaN


def emit_log1p(b: Value, v: Vectors, x: Value) -> Value:
    """Return ln(1 + x) of float64 numbers x from 0 to 1."""
    sum_ = b.fadd(v.constant(1.0), x)
    lost = b.fsub(x, b.fsub(sum_, v.constant(1.0)))
    # The sum of 1 and a float32 number above 2^-29 is exact: then there is nothing to divide.
    bits = ir.IntType(v.lanes)
    inexact = b.bitcast(b.fcmp_unordered("!=", lost, v.zero), bits)
    before = b.block
    with b.if_then(b.icmp_unsigned("!=", inexact, bits(0)), likely=False):
        quotient, divided = b.fdiv(lost, sum_), b.block
    more = b.phi(v.type)
    more.add_incoming(v.zero, before)
    more.add_incoming(quotient, divided)
    return emit_log(b, v, sum_, more)


_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_LOG_TERMS = (
    6.666666666666735130e-01,
    3.999999999940941908e-01,
    2.857142874366239149e-01,
    2.222219843214978396e-01,
    1.818357216161805012e-01,
    1.531383769920937332e-01,
    1.479819860511658591e-01,
)


def _make_log(plus_one: bool) -> Any:
    @intrinsic
    def into(_typing: Any, values: Any, count: Any, logs: Any) -> Any:
        def emit(context: Value, b: Value, signature: Value, arguments: Value) -> Value:
            values, logs = (Array(context, b, signature.args[i], arguments[i]) for i in (0, 2))
            v = Vectors(b, "float64")

            def take(i: Value, _: list[Value]) -> list[Value]:
                place = b.mul(i, I64(v.lanes))
                x = v.convert(values.at(place), values.dtype)
                v.store(emit_log1p(b, v, x) if plus_one else emit_log(b, v, x, v.zero),
                        logs.at(place))  # fmt: skip
                return []

            vectors = b.sdiv(b.add(arguments[1], I64(v.lanes - 1)), I64(v.lanes))
            loop(b, vectors, [], take)
            return context.get_dummy_value()

        return types.void(values, types.int64, logs), emit

    return into


log_into = _make_log(plus_one=False)
"""``log_into(values, count, logs)`` sets logs[i] = ln(values[i]) for i < count, values normal
numbers above 0. Logarithms are float64; both arrays have room for a whole vector at their end."""

log1p_into = _make_log(plus_one=True)
"""``log1p_into(values, count, logs)`` sets logs[i] = ln(1 + values[i]) for i < count, values from 0
to 1; see `log_into`."""
