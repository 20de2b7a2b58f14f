"""A register tile for logistic regression: from the scores of a model to residuals and losses.

A lane is an example. Nothing goes through memory on the way but what is asked for.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from onelayer.engines.compiled.function_tiles import emit_exp, emit_log1p
from onelayer.engines.compiled.vectors import ELEMENTS, I32, I64, Array, Value, Vectors, loop


@intrinsic
def logistic_tile(
    _typing: Any, z: Any, g: Any, n: Any, bias: Any, positive: Any, losses: Any
) -> Any:
    """Turn the products of model g with n examples into residuals, in place, and give the losses.

    z[g, i] becomes sigmoid(s) - positive[i], where s = z[g, i] + bias, and losses[g, i], float64,
    ln(1 + exp(-|s|)) + max(s, 0) - positive[i] s. Rows begin where a vector may be read, and have
    room for whole ones. ``positive`` is 1 or 0, of the type of z.
    """

    def emit(context: Value, b: Value, signature: Value, arguments: Value) -> Value:
        z, positive, losses = (
            Array(context, b, signature.args[j], arguments[j]) for j in (0, 4, 5)
        )
        g, n = arguments[1:3]
        v, double = Vectors(b, z.dtype), Vectors(b, "float64")
        one, bias = v.constant(1.0), v.broadcast(arguments[3])

        def convert(j: Value, _: list[Value]) -> list[Value]:
            i = b.mul(j, I64(v.lanes))
            scores, marks = b.fadd(v.load(z.at(g, i)), bias), v.load(positive.at(i))
            below = b.fcmp_ordered("<", scores, v.zero)
            decays = emit_exp(b, v, b.select(below, scores, b.fneg(scores)))
            at_least = b.fcmp_ordered(">=", scores, v.zero)
            probabilities = b.fdiv(b.select(at_least, one, decays), b.fadd(one, decays))
            v.store(b.fsub(probabilities, marks), z.at(g, i))
            ours = b.fcmp_ordered("!=", marks, v.zero)
            own = b.select(ours, scores, v.zero)
            for part in range(v.lanes // double.lanes):
                score, mine, decay = (
                    _some(b, double, vector, part) for vector in (scores, own, decays)
                )
                above = b.select(b.fcmp_ordered(">", score, double.zero), score, double.zero)
                loss = b.fadd(b.fsub(above, mine), emit_log1p(b, double, decay))
                double.store(loss, losses.at(g, b.add(i, I64(part * double.lanes))))
            return []

        vectors = b.sdiv(b.add(n, I64(v.lanes - 1)), I64(v.lanes))
        loop(b, vectors, [], convert)
        return context.get_dummy_value()

    whole = types.int64
    return types.void(z, whole, whole, z.dtype, positive, losses), emit


def _some(b: Value, double: Vectors, vector: Value, part: int) -> Value:
    """Return a vector's worth of another one's lanes in double precision."""
    if vector.type == double.type:
        return vector
    kind = ir.VectorType(I32, double.lanes)
    places = list(range(part * double.lanes, (part + 1) * double.lanes))
    lanes = b.shuffle_vector(vector, vector, ir.Constant(kind, places))
    return b.fpext(lanes, ir.VectorType(ELEMENTS["float64"], double.lanes))
