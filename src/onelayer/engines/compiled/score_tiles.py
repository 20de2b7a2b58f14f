"""What is asked of, and done to, the scores of an example: ``count`` values side by side.

A lane is an output. The values may begin at any address; what follows them in their last vector,
be it another model's scores or padding, is read but takes no part.

A sum is made in the lanes of `LANES_BYTES`, on every processor. Vectors that are narrower go to the
parts of the lanes in turn; the parts are moved up in a circle, so that the next is always first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from onelayer.engines.compiled.compiler import PARTS
from onelayer.engines.compiled.function_tiles import emit_exp
from onelayer.engines.compiled.vectors import I64, Array, Value, Vectors, loop


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
        outputs = b.add(v.broadcast_integer(before), v.lane_indices)
        mine = b.icmp_signed("<", outputs, v.broadcast_integer(count))
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
        own, label = v.broadcast(z[i, b.add(first, target)]), v.broadcast_integer(target)

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
        top = v.broadcast(arguments[4])

        def add(scores: Value, mine: Value, _: Value, state: list[Value]) -> list[Value]:
            exponentials = emit_exp(b, v, b.fsub(scores, top))
            return [*state[1:], b.fadd(state[0], b.select(mine, exponentials, v.zero))]

        return v.total(_over_scores(b, z, arguments[1:4], [v.zero] * PARTS, add))

    whole = types.int64
    return z.dtype(z, whole, whole, whole, z.dtype), emit


@intrinsic
def add_row(_typing: Any, z: Any, i: Any, count: Any, row: Any) -> Any:
    """Set z[i, k] += row[k] for k < count."""

    def emit(context: Value, b: Value, signature: Value, arguments: Value) -> Value:
        z, row = (Array(context, b, signature.args[j], arguments[j]) for j in (0, 3))
        i, count = arguments[1:3]
        v = Vectors(b, z.dtype)

        def add(scores: Value, mine: Value, outputs: Value, _: list[Value]) -> list[Value]:
            k = b.zext(b.extract_element(outputs, I64(0)), I64)
            more = v.load_some(row.at(k), mine)
            v.store_some(b.fadd(scores, more), z.at(i, k), mine)
            return []

        _over_scores(b, z, (i, I64(0), count), [], add)
        return context.get_dummy_value()

    whole = types.int64
    return types.void(z, whole, whole, row), emit


@intrinsic
def add_rows_up(_typing: Any, z: Any, n: Any, count: Any, totals: Any) -> Any:
    """Set totals[k] to the sum of z[i, k] over i < n, the first first, for k < count; n is not 0.

    The sums of many outputs are made side by side: each waits for itself alone.
    """

    def emit(context: Value, b: Value, signature: Value, arguments: Value) -> Value:
        z, totals = (Array(context, b, signature.args[j], arguments[j]) for j in (0, 3))
        n, count = arguments[1:3]
        v = Vectors(b, z.dtype)
        rest = b.sub(n, I64(1))

        def add(first: Value, mine: Value, outputs: Value, _: list[Value]) -> list[Value]:
            k = b.zext(b.extract_element(outputs, I64(0)), I64)

            def add_row_of(i: Value, state: list[Value]) -> list[Value]:
                return [b.fadd(state[0], v.convert(z.at(b.add(i, I64(1)), k), z.dtype))]

            (total,) = loop(b, rest, [first], add_row_of)
            v.store_some(total, totals.at(k), mine)
            return []

        _over_scores(b, z, (I64(0), I64(0), count), [], add)
        return context.get_dummy_value()

    whole = types.int64
    return types.void(z, whole, whole, totals), emit


@intrinsic
def exp_scores(_typing: Any, z: Any, i: Any, count: Any, top: Any) -> Any:
    """Set z[i, k] = exp(z[i, k] - top) for k < count; return their sum, see `sum_exp`."""

    def emit(context: Value, b: Value, signature: Value, arguments: Value) -> Value:
        z = Array(context, b, signature.args[0], arguments[0])
        i, count = arguments[1:3]
        v = Vectors(b, z.dtype)
        top = v.broadcast(arguments[3])

        def replace(scores: Value, mine: Value, outputs: Value, state: list[Value]) -> list[Value]:
            k = b.zext(b.extract_element(outputs, I64(0)), I64)
            exponentials = emit_exp(b, v, b.fsub(scores, top))
            v.store_some(exponentials, z.at(i, k), mine)
            return [*state[1:], b.fadd(state[0], b.select(mine, exponentials, v.zero))]

        return v.total(_over_scores(b, z, (i, I64(0), count), [v.zero] * PARTS, replace))

    whole = types.int64
    return z.dtype(z, whole, whole, z.dtype), emit


@intrinsic
def divide_scores(_typing: Any, z: Any, i: Any, count: Any, total: Any) -> Any:
    """Set z[i, k] /= total for k < count, and to zero what pads the row."""

    def emit(context: Value, b: Value, signature: Value, arguments: Value) -> Value:
        z = Array(context, b, signature.args[0], arguments[0])
        i, count = arguments[1:3]
        v = Vectors(b, z.dtype)
        total, ours = v.broadcast(arguments[3]), v.broadcast_integer(count)

        def divide(scores: Value, mine: Value, outputs: Value, _: list[Value]) -> list[Value]:
            k = b.zext(b.extract_element(outputs, I64(0)), I64)
            shares = b.select(b.icmp_signed("<", outputs, ours), b.fdiv(scores, total), v.zero)
            v.store_some(shares, z.at(i, k), mine)
            return []

        _over_scores(b, z, (i, I64(0), z.shape[1]), [], divide)
        return context.get_dummy_value()

    whole = types.int64
    return types.void(z, whole, whole, z.dtype), emit
