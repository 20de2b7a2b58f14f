"""Tiles for examples that are mostly zeros, given by their other values alone.

Here a lane is an output: the weights of one feature, for all outputs of all models of a block, lie
side by side, and a stored value is multiplied with that row of them. The lanes never meet, so that
an output's bits do not depend on who its neighbours are.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from onelayer.engines.compiled.vectors import ELEMENTS, I64, Array, Value, Vectors, loop

CHAINS = 4
"""Sums of a product that go on side by side, since an addition waits for the one before it. Rows
have a multiple of this many stored values, the last of them zeros."""


GROUP = 64
"""Stored values looked at together when zeros are left out."""


@intrinsic
def take_nonzeros(_typing: Any, X: Any, i: Any, f: Any, values: Any, features: Any, p: Any) -> Any:
    """Append those of X[i, f:f + GROUP] that are not zero at values[p]; return the end of them."""

    def emit(context: Value, b: Value, signature: Value, arguments: Value) -> Value:
        X, values, features = (
            Array(context, b, signature.args[j], arguments[j]) for j in (0, 3, 4)
        )
        i, f, p = (arguments[j] for j in (1, 2, 5))
        kind = ir.VectorType(ELEMENTS[X.dtype], GROUP)
        group = b.load(b.bitcast(X.at(i, f), kind.as_pointer()), align=1)
        differs = b.icmp_unsigned if X.dtype == "uint8" else b.fcmp_unordered
        mask = b.bitcast(differs("!=", group, ir.Constant(kind, None)), I64)
        count = b.ctpop(mask)

        def take(j: Value, state: list[Value]) -> list[Value]:
            feature = b.add(f, b.cttz(state[0], ir.IntType(1)(1)))
            target = features.at(b.add(p, j))
            b.store(X[i, feature], values.at(b.add(p, j)))
            b.store(b.trunc(feature, target.type.pointee), target)
            return [b.and_(state[0], b.sub(state[0], I64(1)))]

        loop(b, count, [mask], take)
        return b.add(p, count)

    whole = types.int64
    return whole(X, whole, whole, values, features, whole), emit


def make_sparse_dot(n_vectors: int) -> Any:
    """Return ``sparse_dot(values, features, begin, end, W, scale, c, z, i, k)``.

    z[i, k:] = scale * sum_p values[p] * W[features[p], k:] + c[k:]  for ``n_vectors`` vectors of
    outputs, with p from begin to end.
    """

    @intrinsic
    def sparse_dot(
        _typing: Any, values: Any, features: Any, begin: Any, end: Any, W: Any, scale: Any, c: Any,
        z: Any, i: Any, k: Any,
    ) -> Any:  # fmt: skip
        def emit(context: Value, b: Value, signature: Value, arguments: Value) -> Value:
            values, features, W, c, z = (
                Array(context, b, signature.args[j], arguments[j]) for j in (0, 1, 4, 6, 7)
            )
            begin, end, scale, i, k = (arguments[j] for j in (2, 3, 5, 8, 9))
            v = Vectors(b, W.dtype)
            outputs = [b.add(k, I64(u * v.lanes)) for u in range(n_vectors)]

            def accumulate(j: Value, sums: list[Value]) -> list[Value]:
                sums = list(sums)
                first = b.add(begin, b.mul(j, I64(CHAINS)))
                # Converted together: one by one they would keep the port for shuffles busy.
                together = v.convert(values.at(first), values.dtype, CHAINS)
                for chain in range(CHAINS):
                    feature = b.zext(features[b.add(first, I64(chain)),], I64)
                    value = v.spread_lane(together, chain)
                    for u, output in enumerate(outputs):
                        s = u * CHAINS + chain
                        sums[s] = v.fma(value, v.load(W.at(feature, output)), sums[s])
                return sums

            rounds = b.sdiv(b.sub(end, begin), I64(CHAINS))
            sums = loop(b, rounds, [v.zero] * (n_vectors * CHAINS), accumulate)
            scale = v.broadcast(scale)
            for u, output in enumerate(outputs):
                first, second, third, fourth = sums[u * CHAINS : (u + 1) * CHAINS]
                total = b.fadd(b.fadd(first, second), b.fadd(third, fourth))
                v.store(v.fma(scale, total, v.load(c.at(output))), z.at(i, output))
            return context.get_dummy_value()

        whole = types.int64
        signature = types.void(values, features, whole, whole, W, W.dtype, c, z, whole, whole)
        return signature, emit

    return sparse_dot


def make_sparse_add() -> Any:
    """Return ``sparse_add(values, features, begin, end, residuals, i, rate, W, k)``.

    W[features[p], k:] += values[p] * (rate * residuals[i, k:])  over one vector of outputs, for
    each p from begin to end. The values have the type of the weights.
    """

    @intrinsic
    def sparse_add(
        _typing: Any, values: Any, features: Any, begin: Any, end: Any, residuals: Any, i: Any,
        rate: Any, W: Any, k: Any,
    ) -> Any:  # fmt: skip
        def emit(context: Value, b: Value, signature: Value, arguments: Value) -> Value:
            values, features, residuals, W = (
                Array(context, b, signature.args[j], arguments[j]) for j in (0, 1, 4, 7)
            )
            begin, end, i, rate, k = (arguments[j] for j in (2, 3, 5, 6, 8))
            v = Vectors(b, W.dtype)
            step = b.fmul(v.load(residuals.at(i, k)), v.broadcast(rate))

            def add(j: Value, _: list[Value]) -> list[Value]:
                p = b.add(begin, j)
                weights = W.at(b.zext(features[p,], I64), k)
                value = v.broadcast(values[p,])
                v.store(v.fma(value, step, v.load(weights)), weights)
                return []

            loop(b, b.sub(end, begin), [], add)
            return context.get_dummy_value()

        whole = types.int64
        signature = types.void(values, features, whole, whole, residuals, whole, W.dtype, W, whole)
        return signature, emit

    return sparse_add
