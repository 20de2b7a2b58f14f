"""Register tiles: the innermost loops of a step, written as vector instructions.

A compiler that vectorises a loop over features decides itself in which order it adds, and a loop
over ten classes fills vectors badly. So the two products of a step are spelled out here, in LLVM's
intermediate language, each as a tile that keeps a block of results in registers:

- `dot_tile`: ``examples x classes`` scores. A vector register holds partial sums over every L-th
  feature (L lanes); at the end the lanes are added pairwise.
- `outer_tile`: ``classes x vectors`` of the weights. A lane is one feature; examples are added one
  after another, and the update is made before the block leaves its registers.

In both a result is summed in an order that depends on its own example, class and feature alone: not
on the shape of the tile, nor on what else is computed. That is why the bits of a model do not
depend on its company.

Both read arrays whose rows are whole aligned vectors; what pads them is zero.

`exp_inplace` is the exponential of many values at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from onelayer.training.kernels.compiler import VECTOR_BYTES

I32, I64 = ir.IntType(32), ir.IntType(64)
ELEMENTS = {"uint8": ir.IntType(8), "float32": ir.FloatType(), "float64": ir.DoubleType()}
ELEMENTS_BYTES = {"uint8": 1, "float32": 4, "float64": 8}

Value = Any  # an llvmlite value; the library has no types


def lanes_of(dtype: str) -> int:
    """Return how many values fill a vector."""
    return VECTOR_BYTES // (4 if dtype == "float32" else 8)


class Vectors:
    """Emits operations on vectors of one float type."""

    def __init__(self, builder: Value, dtype: str) -> None:
        self.b = builder
        self.lanes = lanes_of(dtype)
        self.type = ir.VectorType(ELEMENTS[dtype], self.lanes)
        self.zero = ir.Constant(self.type, None)
        self._name = f"v{self.lanes}{'f32' if dtype == 'float32' else 'f64'}"

    def constant(self, value: float) -> Value:
        """Return a vector of one number."""
        return ir.Constant(self.type, [value] * self.lanes)

    def spread(self, scalar: Value) -> Value:
        """Return a vector with the scalar in every lane."""
        first = self.b.insert_element(ir.Constant(self.type, ir.Undefined), scalar, I32(0))
        zeros = ir.Constant(ir.VectorType(I32, self.lanes), None)
        return self.b.shuffle_vector(first, first, zeros)

    def load(self, pointer: Value) -> Value:
        """Return a vector from memory."""
        return self.b.load(self.b.bitcast(pointer, self.type.as_pointer()), align=VECTOR_BYTES)

    def convert(self, pointer: Value, dtype: str) -> Value:
        """Return a vector from memory that holds another type, at any address."""
        stored = ir.VectorType(ELEMENTS[dtype], self.lanes)
        values = self.b.load(self.b.bitcast(pointer, stored.as_pointer()), align=1)
        if dtype == "uint8":
            return self.b.uitofp(values, self.type)
        if stored == self.type:
            return values
        wider = ELEMENTS[dtype] == ELEMENTS["float32"]
        return (self.b.fpext if wider else self.b.fptrunc)(values, self.type)

    def store(self, value: Value, pointer: Value) -> None:
        """Write a vector to memory."""
        target = self.b.bitcast(pointer, self.type.as_pointer())
        self.b.store(value, target, align=VECTOR_BYTES)

    def fma(self, a: Value, x: Value, y: Value) -> Value:
        """Return a * x + y, rounded once."""
        return self._call("fma", a, x, y)

    def rint(self, x: Value) -> Value:
        """Return the nearest whole numbers."""
        return self._call("rint", x)

    def total(self, vector: Value) -> Value:
        """Return the sum of the lanes: halves added to halves."""
        lanes = self.lanes
        while lanes > 1:
            lanes //= 2
            kind = ir.VectorType(I32, lanes)
            low, high = (
                self.b.shuffle_vector(
                    vector, vector, ir.Constant(kind, list(range(start, start + lanes)))
                )
                for start in (0, lanes)
            )
            vector = self.b.fadd(low, high)
        return self.b.extract_element(vector, I32(0))

    def _call(self, operation: str, *arguments: Value) -> Value:
        kind = ir.FunctionType(self.type, [self.type] * len(arguments))
        name = f"llvm.{operation}.{self._name}"
        function = cgutils.get_or_insert_function(self.b.module, kind, name)  # type: ignore[no-untyped-call]
        return self.b.call(function, arguments)


def loop(
    b: Value, count: Value, state: list[Value], body: Callable[[Value, list[Value]], list[Value]]
) -> list[Value]:
    """Emit ``for i in range(count): state = body(i, state)``, the state held in registers."""
    before = b.block
    head, inside, after = (b.function.append_basic_block(n) for n in ("head", "inside", "after"))
    b.branch(head)
    b.position_at_end(head)
    i = b.phi(I64)
    i.add_incoming(I64(0), before)
    held = [b.phi(value.type) for value in state]
    for phi, value in zip(held, state, strict=True):
        phi.add_incoming(value, before)
    b.cbranch(b.icmp_signed("<", i, count), inside, after)
    b.position_at_end(inside)
    updated = body(i, held)
    i.add_incoming(b.add(i, I64(1)), b.block)
    for phi, value in zip(held, updated, strict=True):
        phi.add_incoming(value, b.block)
    b.branch(head)
    b.position_at_end(after)
    return held


class Array:
    """A contiguous array argument of an intrinsic."""

    def __init__(self, context: Value, b: Value, kind: Value, value: Value) -> None:
        self._b = b
        self.dtype: str = kind.dtype.name
        array = context.make_array(kind)(context, b, value)
        self.data = array.data
        self.shape = [b.extract_value(array.shape, axis) for axis in range(kind.ndim)]

    def at(self, *indices: Value) -> Value:
        """Return a pointer to an element; all indices after the first are within its row."""
        offset = indices[0]
        for index, size in zip(indices[1:], self.shape[1:], strict=True):
            offset = self._b.add(self._b.mul(offset, size), index)
        return self._b.gep(self.data, [offset])

    def __getitem__(self, indices: tuple[Value, ...]) -> Value:
        """Return an element."""
        return self._b.load(self.at(*indices))


@intrinsic
def scale_row(
    _typing: Any, X: Any, row: Any, scale: Any, offset: Any, x: Any, i: Any, vectors: Any
) -> Any:
    """Set x[i, f] = scale * X[row, f] + offset over the first so many vectors of features."""

    def emit(context: Value, b: Value, signature: Value, arguments: Value) -> Value:
        X, x = (Array(context, b, signature.args[i], arguments[i]) for i in (0, 4))
        row, scale, offset, i, vectors = (arguments[j] for j in (1, 2, 3, 5, 6))
        v = Vectors(b, x.dtype)
        scale, offset = v.spread(scale), v.spread(offset)

        def convert(j: Value, _: list[Value]) -> list[Value]:
            f = b.mul(j, I64(v.lanes))
            values = v.convert(X.at(row, f), X.dtype)
            v.store(b.fadd(b.fmul(values, scale), offset), x.at(i, f))
            return []

        loop(b, vectors, [], convert)
        return context.get_dummy_value()

    whole = types.int64
    return types.void(X, whole, x.dtype, x.dtype, x, whole, whole), emit


@intrinsic
def fetch_row(_typing: Any, X: Any, row: Any) -> Any:
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


def make_dot_tile(n_examples: int, n_classes: int) -> Any:
    """Return ``dot_tile(x, first, W, k, scores)`` for a block of examples and classes.

    scores[first + r, k + c] = sum_f x[first + r, f] * W[k + c, f]
    """

    @intrinsic
    def dot_tile(_typing: Any, x: Any, first: Any, W: Any, k: Any, scores: Any) -> Any:
        def emit(context: Value, b: Value, signature: Value, arguments: Value) -> Value:
            x, W, scores = (Array(context, b, signature.args[i], arguments[i]) for i in (0, 2, 4))
            v = Vectors(b, W.dtype)
            examples = [b.add(arguments[1], I64(r)) for r in range(n_examples)]
            classes = [b.add(arguments[3], I64(c)) for c in range(n_classes)]

            def accumulate(i: Value, sums: list[Value]) -> list[Value]:
                f = b.mul(i, I64(v.lanes))
                features = [v.load(x.at(example, f)) for example in examples]
                sums = list(sums)
                for c, label in enumerate(classes):
                    weights = v.load(W.at(label, f))
                    for r in range(n_examples):
                        j = r * n_classes + c
                        sums[j] = v.fma(features[r], weights, sums[j])
                return sums

            vectors = b.sdiv(W.shape[1], I64(v.lanes))
            sums = loop(b, vectors, [v.zero] * (n_examples * n_classes), accumulate)
            for r, example in enumerate(examples):
                for c, label in enumerate(classes):
                    b.store(v.total(sums[r * n_classes + c]), scores.at(example, label))
            return context.get_dummy_value()

        return types.void(x, types.int64, W, types.int64, scores), emit

    return dot_tile


def make_outer_tile(n_classes: int, n_vectors: int) -> Any:
    """Return ``outer_tile(x, n, residuals, k, f, W, keep, rate)`` for a block of weights.

    W[k + c, f + j] = keep * W[k + c, f + j] + rate * sum_i residuals[i, k + c] * x[i, f + j]

    over the first n examples and ``n_vectors`` vectors of features from f on.
    """

    @intrinsic
    def outer_tile(
        _typing: Any, x: Any, n: Any, residuals: Any, k: Any, f: Any, W: Any, keep: Any, rate: Any
    ) -> Any:
        def emit(context: Value, b: Value, signature: Value, arguments: Value) -> Value:
            x, residuals, W = (
                Array(context, b, signature.args[i], arguments[i]) for i in (0, 2, 5)
            )
            n, k, f, keep, rate = (arguments[i] for i in (1, 3, 4, 6, 7))
            v = Vectors(b, W.dtype)
            features = [b.add(f, I64(u * v.lanes)) for u in range(n_vectors)]
            classes = [b.add(k, I64(c)) for c in range(n_classes)]

            def accumulate(i: Value, sums: list[Value]) -> list[Value]:
                values = [v.load(x.at(i, feature)) for feature in features]
                sums = list(sums)
                for c, label in enumerate(classes):
                    residual = v.spread(residuals[i, label])
                    for u in range(n_vectors):
                        j = c * n_vectors + u
                        sums[j] = v.fma(residual, values[u], sums[j])
                return sums

            sums = loop(b, n, [v.zero] * (n_classes * n_vectors), accumulate)
            keep, rate = v.spread(keep), v.spread(rate)
            for c, label in enumerate(classes):
                for u, feature in enumerate(features):
                    pointer = W.at(label, feature)
                    kept = b.fmul(keep, v.load(pointer))
                    v.store(v.fma(rate, sums[c * n_vectors + u], kept), pointer)
            return context.get_dummy_value()

        whole = types.int64
        return types.void(x, whole, residuals, whole, whole, W, W.dtype, W.dtype), emit

    return outer_tile


@intrinsic
def take_number(_typing: Any, counter: Any) -> Any:
    """Return counter[0] and add 1 to it, as one step that no other thread can come between."""

    def emit(context: Value, b: Value, signature: Value, arguments: Value) -> Value:
        array = Array(context, b, signature.args[0], arguments[0])
        return b.atomic_rmw("add", array.at(I64(0)), I64(1), "monotonic")

    return types.int64(counter), emit


@intrinsic
def exp_inplace(_typing: Any, values: Any, count: Any) -> Any:
    """Replace the first ``count`` values of a flat array, all <= 0, by their exponentials.

    exp(x) = 2^n exp(r) with n = round(x / ln 2) and |r| <= ln 2 / 2, where Taylor's polynomial of
    degree 7 (float32) or 13 (float64) is exact to the last bit or so. Below the least normal number
    the result is 0. The array must be aligned and have room for a whole vector at its end.
    """

    def emit(context: Value, b: Value, signature: Value, arguments: Value) -> Value:
        array = Array(context, b, signature.args[0], arguments[0])
        v = Vectors(b, array.dtype)
        single = array.dtype == "float32"
        degree, mantissa, bias = (7, 23, 127) if single else (13, 52, 1023)
        integers = ir.VectorType(I32 if single else I64, v.lanes)
        least = -87.0 if single else -708.0
        # ln 2 in two parts: the first has so few bits that n times it is exact.
        high = 0.693359375 if single else 6.93147180369123816490e-01
        low = -2.12194440054690583e-4 if single else 1.90821492927058770002e-10

        def replace(i: Value, _: list[Value]) -> list[Value]:
            pointer = array.at(b.mul(i, I64(v.lanes)))
            x = v.load(pointer)
            tiny = b.fcmp_ordered("<", x, v.constant(least))
            n = v.rint(b.fmul(x, v.constant(1 / math.log(2))))
            r = v.fma(n, v.constant(-low), v.fma(n, v.constant(-high), x))
            p = v.constant(1 / math.factorial(degree))
            for power in range(degree - 1, -1, -1):
                p = v.fma(p, r, v.constant(1 / math.factorial(power)))
            exponent = b.add(b.fptosi(n, integers), ir.Constant(integers, [bias] * v.lanes))
            shifted = b.shl(exponent, ir.Constant(integers, [mantissa] * v.lanes))
            result = b.fmul(p, b.bitcast(shifted, v.type))
            result = b.select(tiny, v.zero, result)
            # NaN must stay NaN: that is how a diverging run shows.
            result = b.select(b.fcmp_unordered("uno", x, x), x, result)
            v.store(result, pointer)
            return []

        vectors = b.sdiv(b.add(arguments[1], I64(v.lanes - 1)), I64(v.lanes))
        loop(b, vectors, [], replace)
        return context.get_dummy_value()

    return types.void(values, types.int64), emit
