"""A register tile for softmax: the residuals of a few examples whose scores fill one vector each.

It does what `largest_score`, `exp_scores` and `divide_scores` do in turn, to the bit, for several
examples at once and without a way through memory between them. A vector that is written in part
cannot be read before it has left the processor's queue of writes, and for one example the additions
across a vector wait for each other.
"""

from __future__ import annotations

import math
from typing import Any

from numba import types
from numba.extending import intrinsic

from onelayer.engines.compiled.compiler import PARTS
from onelayer.engines.compiled.function_tiles import emit_exp
from onelayer.engines.compiled.vectors import ELEMENTS, I64, Array, Value, Vectors


def make_softmax_tile(n_examples: int) -> Any:
    """Return ``softmax_tile(z, first, count, rows, targets, margins, totals)``.

    z[i, :count] becomes softmax(z[i, :count]) - onehot(targets[rows[i]]), and what pads the row
    zero, for the examples i from ``first`` on. A row of z has no more values than a vector.
    margins[i], in float64, gets the score of the target less the largest one; totals[i] gets the
    sum of exp(z[i, :count] - the largest one).
    """

    @intrinsic
    def softmax_tile(
        _typing: Any, z: Any, first: Any, count: Any, rows: Any, targets: Any,
        margins: Any, totals: Any,
    ) -> Any:  # fmt: skip
        def emit(context: Value, b: Value, signature: Value, arguments: Value) -> Value:
            z, rows, targets, margins, totals = (
                Array(context, b, signature.args[j], arguments[j]) for j in (0, 3, 4, 5, 6)
            )
            first, count = arguments[1:3]
            v = Vectors(b, z.dtype)
            ours, stored = (
                b.icmp_signed("<", v.lane_indices, v.broadcast_integer(n))
                for n in (count, z.shape[1])
            )
            least, one = v.constant(-math.inf), v.constant(1.0)
            examples = [b.add(first, I64(r)) for r in range(n_examples)]
            labels = [b.sext(targets[rows[i,],], I64) for i in examples]
            scores = [v.convert(z.at(i, I64(0)), z.dtype) for i in examples]
            own = [z[i, label] for i, label in zip(examples, labels, strict=True)]
            tops = [v.largest(v.maximum(b.select(ours, some, least), least)) for some in scores]
            powers = [
                emit_exp(b, v, b.fsub(some, v.broadcast(top)))
                for some, top in zip(scores, tops, strict=True)
            ]
            sums = [
                v.total([v.zero] * (PARTS - 1) + [b.fadd(v.zero, b.select(ours, some, v.zero))])
                for some in powers
            ]
            for r, i in enumerate(examples):
                margin = b.fsub(own[r], tops[r])
                b.store(b.fpext(margin, ELEMENTS["float64"]), margins.at(i))
                b.store(sums[r], totals.at(i))
                shares = b.select(ours, b.fdiv(powers[r], v.broadcast(sums[r])), v.zero)
                target = b.icmp_signed("==", v.lane_indices, v.broadcast_integer(labels[r]))
                shares = b.select(target, b.fsub(shares, one), shares)
                v.store_some(shares, z.at(i, I64(0)), stored)
            return context.get_dummy_value()

        whole = types.int64
        return types.void(z, whole, whole, rows, targets, margins, totals), emit

    return softmax_tile
