"""Register tiles: the innermost loops of a step, written as vector instructions.

A compiler that vectorises a loop over features decides itself in which order it adds, and a loop
over ten classes fills vectors badly. So the two products of a step are spelled out here, in LLVM's
intermediate language, each as a tile that keeps a block of results in registers:

- `dot_tile`: ``rows x classes`` scores. A vector register holds partial sums over every L-th
  feature (L lanes); at the end the lanes are added pairwise.
- `outer_tile`: ``classes x vectors`` of the weights. A lane is one feature; rows are added one
  after another, and the update is made before the block leaves its registers.

In both a result is summed in an order that depends on its own row, class and feature alone: not on
the shape of the tile, nor on what else is computed. That is why the bits of a model do not depend
on its company.

Rows are addressed through an index, so that a shuffled batch is never copied, and elements are
converted as they are loaded, so that pixels stay bytes in memory. Features that do not fill a
vector are loaded under a mask, as zeros.

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

I1, I32, I64 = ir.IntType(1), ir.IntType(32), ir.IntType(64)
ELEMENTS = {"uint8": ir.IntType(8), "float32": ir.FloatType(), "float64": ir.DoubleType()}
_SUFFIX = {"uint8": "i8", "float32": "f32", "float64": "f64"}

Value = Any  # an llvmlite value; the library has no types


class Vectors:
    """Emits operations on vectors of one float type."""

    def __init__(self, builder: Value, dtype: str) -> None:
        self.b = builder
        self.dtype = dtype
        self.element = ELEMENTS[dtype]
        self.lanes = VECTOR_BYTES // (4 if dtype == "float32" else 8)
        self.type = ir.VectorType(self.element, self.lanes)
        self.zero = ir.Constant(self.type, None)

    def constant(self, value: float) -> Value:
        """Return a vector of one number."""
        return ir.Constant(self.type, [value] * self.lanes)

    def spread(self, scalar: Value) -> Value:
        """Return a vector with the scalar in every lane."""
        kind = ir.VectorType(scalar.type, self.lanes)
        first = self.b.insert_element(ir.Constant(kind, ir.Undefined), scalar, I32(0))
        return self.b.shuffle_vector(
            first, first, ir.Constant(ir.VectorType(I32, self.lanes), None)
        )

    def mask(self, count: Value) -> Value:
        """Return a mask of the first lanes."""
        numbers = ir.Constant(ir.VectorType(I64, self.lanes), list(range(self.lanes)))
        return self.b.icmp_signed("<", numbers, self.spread(count))

    def load(self, pointer: Value, dtype: str, mask: Value | None = None) -> Value:
        """Return elements of any type as a vector of floats; lanes outside the mask are zero."""
        kind = ir.VectorType(ELEMENTS[dtype], self.lanes)
        if mask is None:
            raw = self.b.load(self.b.bitcast(pointer, kind.as_pointer()), align=1)
        else:
            name = f"llvm.masked.load.v{self.lanes}{_SUFFIX[dtype]}.p0"
            raw = self._call(
                name, kind, [self._opaque(pointer), I32(1), mask, ir.Constant(kind, None)]
            )
        if dtype == "uint8":
            return self.b.uitofp(raw, self.type)
        if dtype == self.dtype:
            return raw
        convert = self.b.fpext if self.dtype == "float64" else self.b.fptrunc
        return convert(raw, self.type)

    def store(self, value: Value, pointer: Value, mask: Value | None = None) -> None:
        """Store a vector of floats, or the lanes inside the mask."""
        if mask is None:
            self.b.store(value, self.b.bitcast(pointer, self.type.as_pointer()), align=1)
        else:
            name = f"llvm.masked.store.v{self.lanes}{_SUFFIX[self.dtype]}.p0"
            self._call(name, ir.VoidType(), [value, self._opaque(pointer), I32(1), mask])

    def fma(self, a: Value, x: Value, y: Value) -> Value:
        """Return a * x + y, rounded once."""
        return self._call(f"llvm.fma.{self._name}", self.type, [a, x, y])

    def unary(self, operation: str, x: Value) -> Value:
        """Return an LLVM operation of one vector."""
        return self._call(f"llvm.{operation}.{self._name}", self.type, [x])

    def total(self, vector: Value) -> Value:
        """Return the sum of the lanes: halves added to halves."""
        lanes = self.lanes
        while lanes > 1:
            lanes //= 2
            low, high = (
                self.b.shuffle_vector(vector, vector, ir.Constant(
                    ir.VectorType(I32, lanes), list(range(start, start + lanes))))
                for start in (0, lanes)
            )  # fmt: skip
            vector = self.b.fadd(low, high)
        return self.b.extract_element(vector, I32(0))

    @property
    def _name(self) -> str:
        return f"v{self.lanes}{_SUFFIX[self.dtype]}"

    def _opaque(self, pointer: Value) -> Value:
        return self.b.bitcast(pointer, ir.PointerType())

    def _call(self, name: str, result: Value, arguments: list[Value]) -> Value:
        kind = ir.FunctionType(result, [argument.type for argument in arguments])
        function = cgutils.get_or_insert_function(self.b.module, kind, name)  # type: ignore[no-untyped-call]
        return self.b.call(function, arguments)


def _loop(
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


class _Array:
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

    def __getitem__(self, index: Value) -> Value:
        return self._b.load(self.at(index))


def make_dot_tile(n_rows: int, n_classes: int) -> Any:
    """Return ``dot_tile(X, rows, first, W, k, scores)`` for a block of rows and classes.

    scores[first + r, k + c] = sum_f X[rows[first + r], f] * W[k + c, f]

    Rows past the last index repeat the last row; ``scores`` must have room for them.
    """

    @intrinsic
    def dot_tile(_typing: Any, X: Any, rows: Any, first: Any, W: Any, k: Any, scores: Any) -> Any:
        def emit(context: Value, b: Value, signature: Value, arguments: Value) -> Value:
            kinds = dict(zip("XrfWks", zip(signature.args, arguments, strict=True), strict=True))
            X, rows, W, scores = (_Array(context, b, *kinds[name]) for name in "XrWs")
            first, k = kinds["f"][1], kinds["k"][1]
            v = Vectors(b, W.dtype)
            lanes, n_features = I64(v.lanes), X.shape[1]
            last = b.sub(rows.shape[0], I64(1))
            examples = []
            for r in range(n_rows):
                i = b.add(first, I64(r))
                examples.append(rows[b.select(b.icmp_signed("<", i, last), i, last)])
            classes = [b.add(k, I64(c)) for c in range(n_classes)]

            def accumulate(f: Value, sums: list[Value], mask: Value | None = None) -> list[Value]:
                x = [v.load(X.at(example, f), X.dtype, mask) for example in examples]
                sums = list(sums)
                for c, label in enumerate(classes):
                    w = v.load(W.at(label, f), W.dtype, mask)
                    for r in range(n_rows):
                        sums[r * n_classes + c] = v.fma(x[r], w, sums[r * n_classes + c])
                return sums

            whole = b.sdiv(n_features, lanes)
            sums = _loop(b, whole, [v.zero] * (n_rows * n_classes),
                         lambda i, held: accumulate(b.mul(i, lanes), held))  # fmt: skip
            rest = b.srem(n_features, lanes)
            rests = b.zext(b.icmp_signed(">", rest, I64(0)), I64)  # 0 or 1
            mask = v.mask(rest)
            sums = _loop(b, rests, sums,
                         lambda _, held: accumulate(b.mul(whole, lanes), held, mask))  # fmt: skip
            for r in range(n_rows):
                for c, label in enumerate(classes):
                    total = v.total(sums[r * n_classes + c])
                    b.store(total, scores.at(b.add(first, I64(r)), label))
            return context.get_dummy_value()

        return types.void(X, rows, types.int64, W, types.int64, scores), emit

    return dot_tile


def make_outer_tile(n_classes: int, n_vectors: int, *, masked: bool = False) -> Any:
    """Return ``outer_tile(X, rows, residuals, k, f, W, keep, rate, shift)`` for a block of weights.

    W[k + c, f + j] = keep * W[k + c, f + j] + shift[k + c]
                      + rate * sum_i residuals[i, k + c] * X[rows[i], f + j]

    over ``n_vectors`` vectors of features from f on; with ``masked``, over what is left of one.
    """

    @intrinsic
    def outer_tile(
        _typing: Any, X: Any, rows: Any, residuals: Any, k: Any, f: Any, W: Any, keep: Any,
        rate: Any, shift: Any,
    ) -> Any:  # fmt: skip
        def emit(context: Value, b: Value, signature: Value, arguments: Value) -> Value:
            names = ("X", "rows", "residuals", "k", "f", "W", "keep", "rate", "shift")
            kinds = dict(zip(names, zip(signature.args, arguments, strict=True), strict=True))
            X, rows, residuals, W, shift = (
                _Array(context, b, *kinds[name])
                for name in ("X", "rows", "residuals", "W", "shift")
            )
            k, f = kinds["k"][1], kinds["f"][1]
            v = Vectors(b, W.dtype)
            mask = v.mask(b.sub(X.shape[1], f)) if masked else None
            features = [b.add(f, I64(u * v.lanes)) for u in range(n_vectors)]
            classes = [b.add(k, I64(c)) for c in range(n_classes)]

            def accumulate(i: Value, sums: list[Value]) -> list[Value]:
                example = rows[i]
                x = [v.load(X.at(example, feature), X.dtype, mask) for feature in features]
                sums = list(sums)
                for c, label in enumerate(classes):
                    residual = v.spread(b.load(residuals.at(i, label)))
                    for u in range(n_vectors):
                        sums[c * n_vectors + u] = v.fma(residual, x[u], sums[c * n_vectors + u])
                return sums

            sums = _loop(b, rows.shape[0], [v.zero] * (n_classes * n_vectors), accumulate)
            keep, rate = v.spread(kinds["keep"][1]), v.spread(kinds["rate"][1])
            for c, label in enumerate(classes):
                constant = v.spread(shift[label])
                for u, feature in enumerate(features):
                    pointer = W.at(label, feature)
                    old = v.load(pointer, W.dtype, mask)
                    kept = v.fma(keep, old, constant)
                    v.store(v.fma(rate, sums[c * n_vectors + u], kept), pointer, mask)
            return context.get_dummy_value()

        signature = types.void(
            X, rows, residuals, types.int64, types.int64, W, W.dtype, W.dtype, shift
        )
        return signature, emit

    return outer_tile


@intrinsic
def lane_count(_typing: Any, array: Any) -> Any:
    """Return how many values of an array's type fill a vector."""

    def emit(_context: Value, b: Value, signature: Value, _arguments: Value) -> Value:
        return I64(Vectors(b, signature.args[0].dtype.name).lanes)

    return types.int64(array), emit


@intrinsic
def take_number(_typing: Any, counter: Any) -> Any:
    """Return counter[0] and add 1 to it, as one step that no other thread can come between."""

    def emit(context: Value, b: Value, signature: Value, arguments: Value) -> Value:
        array = _Array(context, b, signature.args[0], arguments[0])
        return b.atomic_rmw("add", array.at(I64(0)), I64(1), "monotonic")

    return types.int64(counter), emit


@intrinsic
def exp_inplace(_typing: Any, values: Any, count: Any) -> Any:
    """Replace the first ``count`` values of a flat array, all <= 0, by their exponentials.

    exp(x) = 2^n exp(r) with n = round(x / ln 2) and |r| <= ln 2 / 2, where Taylor's polynomial of
    degree 7 (float32) or 13 (float64) is exact to the last bit or so. Below the least normal number
    the result is 0. The array must have room for a whole vector at its end.
    """

    def emit(context: Value, b: Value, signature: Value, arguments: Value) -> Value:
        array = _Array(context, b, signature.args[0], arguments[0])
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
            x = v.load(pointer, array.dtype)
            tiny = b.fcmp_ordered("<", x, v.constant(least))
            n = v.unary("rint", b.fmul(x, v.constant(1 / math.log(2))))
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
        _loop(b, vectors, [], replace)
        return context.get_dummy_value()

    return types.void(values, types.int64), emit
