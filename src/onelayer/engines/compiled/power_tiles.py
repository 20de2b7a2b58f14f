"""The innermost loop of sums of features and of their squares. A lane is one feature."""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic

from onelayer.engines.compiled.vectors import I64, Array, Value, Vectors, for_vectors, loop


@intrinsic
def add_powers(
    _typing: Any, X: Any, counts: Any, units: Any, sums: Any, squares: Any, j: Any
) -> Any:
    """Set sums[j] to sum_i counts[j, i] x_i, and squares[j] to sum_i x_i^2.

    x_i = (X[i] * units[0] + units[1]) - units[2], each operation rounded as NumPy rounds it: what
    is the same in all examples stays so.
    """

    def emit(context: Value, b: Value, signature: Value, arguments: Value) -> Value:
        X, counts, units, sums, squares = (
            Array(context, b, signature.args[k], arguments[k]) for k in range(5)
        )
        j = arguments[5]

        def add(v: Vectors, f: Value) -> None:
            scale, offset, shift = (v.load(units.at(I64(k), f)) for k in range(3))

            def add_example(i: Value, held: list[Value]) -> list[Value]:
                x = b.fmul(v.convert(X.at(i, f), X.dtype), scale)
                x = b.fsub(b.fadd(x, offset), shift)
                return [v.fma(v.broadcast(counts[j, i]), x, held[0]), v.fma(x, x, held[1])]

            found = loop(b, X.shape[0], [v.zero, v.zero], add_example)
            for value, array in zip(found, (sums, squares), strict=True):
                v.store(value, array.at(j, f))

        for_vectors(b, X.shape[1], "float64", add)
        return context.get_dummy_value()

    return types.void(X, counts, units, sums, squares, types.int64), emit
