"""What an evaluation asks of the scores of one example and model: ``count`` values side by side.

A lane is an output. The values may begin at any address; what follows them in their last vector,
be it another model's scores or padding, is read but takes no part.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from onelayer.training.kernels.tiles import emit_exp
from onelayer.training.kernels.vectors import I64, Array, Value, Vectors, loop


def _over_scores(
    b: Value,
    z: Array,
    place: Sequence[Value],
    state: list[Value],
    body: Callable[[Value, Value, Value, list[Value]], list[Value]],
) -> list[Value]:
    """Emit a loop over the vectors of z[i, first:first + count]; ``place`` is (i, first, count).

    The body gets the scores, which of them count, the numbers of their outputs, and the state.
    """
    i, first, count = place
    v = Vectors(b, z.dtype)

    def step(j: Value, state: list[Value]) -> list[Value]:
        before = b.mul(j, I64(v.lanes))
        outputs = b.add(v.spread_integer(before), v.numbers)
        mine = b.icmp_signed("<", outputs, v.spread_integer(count))
        scores = v.convert(z.at(i, b.add(first, before)), z.dtype)
        return body(scores, mine, outputs, state)

    vectors = b.sdiv(b.add(count, I64(v.lanes - 1)), I64(v.lanes))
    return loop(b, vectors, state, step)


@intrinsic
def is_predicted(_typing: Any, z: Any, i: Any, first: Any, count: Any, target: Any) -> Any:
    """Tell whether the first of the largest of z[i, first:first + count] is that of the target.

    With NaN among the scores nothing is predicted.
    """

    def emit(context: Value, b: Value, signature: Value, arguments: Value) -> Value:
        z = Array(context, b, signature.args[0], arguments[0])
        i, first, count, target = arguments[1:]
        v = Vectors(b, z.dtype)
        own, label = v.spread(z[i, b.add(first, target)]), v.spread_integer(target)

        def compare(scores: Value, mine: Value, outputs: Value, state: list[Value]) -> list[Value]:
            as_large = b.and_(
                b.fcmp_unordered(">=", scores, own), b.icmp_signed("<", outputs, label)
            )
            larger = b.or_(b.fcmp_unordered(">", scores, own), as_large)
            return [b.or_(state[0], b.and_(mine, larger))]

        none = ir.Constant(ir.VectorType(ir.IntType(1), v.lanes), None)
        (larger,) = _over_scores(b, z, (i, first, count), [none], compare)
        bits = ir.IntType(v.lanes)
        return b.icmp_unsigned("==", b.bitcast(larger, bits), bits(0))

    whole = types.int64
    return types.boolean(z, whole, whole, whole, whole), emit


@intrinsic
def largest_score(_typing: Any, z: Any, i: Any, first: Any, count: Any) -> Any:
    """Return the largest of z[i, first:first + count], NaN apart."""

    def emit(context: Value, b: Value, signature: Value, arguments: Value) -> Value:
        z = Array(context, b, signature.args[0], arguments[0])
        v = Vectors(b, z.dtype)
        least = v.constant(-math.inf)

        def compare(scores: Value, mine: Value, _: Value, state: list[Value]) -> list[Value]:
            return [v.maximum(b.select(mine, scores, least), state[0])]

        (largest,) = _over_scores(b, z, arguments[1:], [least], compare)
        return v.largest(largest)

    whole = types.int64
    return z.dtype(z, whole, whole, whole), emit


@intrinsic
def sum_exp(_typing: Any, z: Any, i: Any, first: Any, count: Any, top: Any) -> Any:
    """Return the sum of exp(z - top) over z[i, first:first + count], none of them above ``top``.

    With NaN among the scores the sum is NaN.
    """

    def emit(context: Value, b: Value, signature: Value, arguments: Value) -> Value:
        z = Array(context, b, signature.args[0], arguments[0])
        v = Vectors(b, z.dtype)
        top = v.spread(arguments[4])

        def add(scores: Value, mine: Value, _: Value, state: list[Value]) -> list[Value]:
            exponentials = emit_exp(b, v, b.fsub(scores, top))
            return [b.fadd(state[0], b.select(mine, exponentials, v.zero))]

        (sums,) = _over_scores(b, z, arguments[1:4], [v.zero], add)
        return v.total(sums)

    whole = types.int64
    return z.dtype(z, whole, whole, whole, z.dtype), emit
