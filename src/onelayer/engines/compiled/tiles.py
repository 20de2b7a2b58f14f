"""Register tiles: the innermost loops of a step, written as vector instructions.

A compiler that vectorises a loop over features decides itself in which order it adds, and a loop
over ten classes fills vectors badly. So the two products of a step are spelled out here, in LLVM's
intermediate language, each as a tile that keeps a block of results in registers:

- `dot_tile`, in `dot_tiles.py`: ``examples x classes`` scores.
- `outer_tile`: ``classes x vectors`` of the weights. A lane is one feature; examples are added one
  after another, and the update is made before the block leaves its registers.

In both a result is summed in an order that depends on its own example, class and feature alone: not
on the shape of the tile, nor on what else is computed, nor on the width of a register. That is why
the bits of a model depend neither on its company nor on the processor.

Both read arrays whose rows are whole aligned blocks of `LANES_BYTES`; what pads them is zero.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from onelayer.engines.compiled.vectors import (
    ELEMENTS_BYTES,
    I32,
    I64,
    Array,
    Value,
    Vectors,
    for_vectors,
    loop,
)


@intrinsic
def scale_row(_typing: Any, X: Any, row: Any, scale: Any, offset: Any, x: Any, i: Any) -> Any:
    """Set x[i, f] = scale[f] * X[row, f] + offset[f], rounded once, for all features of X."""

    def emit(context: Value, b: Value, signature: Value, arguments: Value) -> Value:
        X, scale, offset, x = (
            Array(context, b, signature.args[j], arguments[j]) for j in (0, 2, 3, 4)
        )
        row, i = arguments[1], arguments[5]

        def convert(v: Vectors, f: Value) -> None:
            values = v.convert(X.at(row, f), X.dtype)
            v.store(v.fma(values, v.load(scale.at(f)), v.load(offset.at(f))), x.at(i, f))

        for_vectors(b, X.shape[1], x.dtype, convert)
        return context.get_dummy_value()

    whole = types.int64
    return types.void(X, whole, scale, offset, x, whole), emit


@intrinsic
def prefetch_row(_typing: Any, X: Any, row: Any) -> Any:
    """Ask the memory for a row that will be read soon."""

    def emit(context: Value, b: Value, signature: Value, arguments: Value) -> Value:
        X = Array(context, b, signature.args[0], arguments[0])
        line = I64(64 // (ELEMENTS_BYTES[X.dtype]))
        kind = ir.FunctionType(ir.VoidType(), [ir.PointerType(), I32, I32, I32])
        prefetch = cgutils.get_or_insert_function(b.module, kind, "llvm.prefetch.p0")  # type: ignore[no-untyped-call]

        def ask(j: Value, _: list[Value]) -> list[Value]:
            address = b.bitcast(X.at(arguments[1], b.mul(j, line)), ir.PointerType())
            b.call(prefetch, [address, I32(0), I32(3), I32(1)])  # to read, keep, data
            return []

        lines = b.sdiv(b.add(X.shape[1], b.sub(line, I64(1))), line)
        loop(b, lines, [], ask)
        return context.get_dummy_value()

    return types.void(X, types.int64), emit


def make_outer_tile(n_classes: int, n_vectors: int, *, by_class: bool = False) -> Any:
    """Return ``outer_tile(x, n, residuals, k, f, W, keep, rate)`` for a block of weights.

    W[k + c, f + j] = keep * W[k + c, f + j] + rate * sum_i residuals[i, k + c] * x[i, f + j]

    over the first n examples and ``n_vectors`` vectors of features from f on. By class the
    residuals are [k + c, i], and each class has a ``keep`` and a ``rate`` of its own.
    """

    @intrinsic
    def outer_tile(
        _typing: Any, x: Any, n: Any, residuals: Any, k: Any, f: Any, W: Any, keep: Any, rate: Any
    ) -> Any:
        def emit(context: Value, b: Value, signature: Value, arguments: Value) -> Value:
            x, residuals, W = (
                Array(context, b, signature.args[i], arguments[i]) for i in (0, 2, 5)
            )
            n, k, f = (arguments[i] for i in (1, 3, 4))
            v = Vectors(b, W.dtype)
            features = [b.add(f, I64(u * v.lanes)) for u in range(n_vectors)]
            classes = [b.add(k, I64(c)) for c in range(n_classes)]

            def accumulate(i: Value, sums: list[Value]) -> list[Value]:
                values = [v.load(x.at(i, feature)) for feature in features]
                sums = list(sums)
                for c, label in enumerate(classes):
                    place = (label, i) if by_class else (i, label)
                    residual = v.broadcast(residuals[place])
                    for u in range(n_vectors):
                        j = c * n_vectors + u
                        sums[j] = v.fma(residual, values[u], sums[j])
                return sums

            sums = loop(b, n, [v.zero] * (n_classes * n_vectors), accumulate)
            kinds = signature.args[6:8]
            for c, label in enumerate(classes):
                keep, rate = (
                    v.broadcast(Array(context, b, kind, own)[label,] if by_class else own)
                    for kind, own in zip(kinds, arguments[6:8], strict=True)
                )
                for u, feature in enumerate(features):
                    pointer = W.at(label, feature)
                    kept = b.fmul(keep, v.load(pointer))
                    v.store(v.fma(rate, sums[c * n_vectors + u], kept), pointer)
            return context.get_dummy_value()

        whole, each = types.int64, (keep, rate) if by_class else (W.dtype, W.dtype)
        return types.void(x, whole, residuals, whole, whole, W, *each), emit

    return outer_tile


@intrinsic
def add_one(_typing: Any, counters: Any, place: Any) -> Any:
    """Add 1 to counters[place], after all that this thread has written before."""

    def emit(context: Value, b: Value, signature: Value, arguments: Value) -> Value:
        array = Array(context, b, signature.args[0], arguments[0])
        b.atomic_rmw("add", array.at(arguments[1]), I64(1), "release")
        return context.get_dummy_value()

    return types.void(counters, types.int64), emit


@intrinsic
def seen(_typing: Any, counters: Any, place: Any) -> Any:
    """Return counters[place] now, before all that this thread reads afterwards."""

    def emit(context: Value, b: Value, signature: Value, arguments: Value) -> Value:
        array = Array(context, b, signature.args[0], arguments[0])
        return b.load_atomic(array.at(arguments[1]), "acquire", 8)

    return types.int64(counters, types.int64), emit


@intrinsic
def next_job(_typing: Any, counter: Any) -> Any:
    """Return counter[0] and add 1 to it, as one step that no other thread can come between."""

    def emit(context: Value, b: Value, signature: Value, arguments: Value) -> Value:
        array = Array(context, b, signature.args[0], arguments[0])
        return b.atomic_rmw("add", array.at(I64(0)), I64(1), "monotonic")

    return types.int64(counter), emit
