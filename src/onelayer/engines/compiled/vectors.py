"""What tiles are written with: vectors, arrays and loops in LLVM's intermediate language."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils

from onelayer.engines.compiled.compiler import VECTOR_BYTES

I32, I64 = ir.IntType(32), ir.IntType(64)
# Numba has no arrays of half precision: they come as uint16, which is stored for nothing else.
ELEMENTS = {
    "uint8": ir.IntType(8),
    "uint16": ir.HalfType(),
    "float32": ir.FloatType(),
    "float64": ir.DoubleType(),
}
ELEMENTS_BYTES = {"uint8": 1, "uint16": 2, "float32": 4, "float64": 8}

Value = Any  # an llvmlite value; the library has no types


def lanes_of(dtype: str) -> int:
    """Return how many values fill a vector."""
    return VECTOR_BYTES // ELEMENTS_BYTES[dtype]


class Vectors:
    """Emits operations on vectors of one float type, which fill a register or fewer lanes of it."""

    def __init__(self, builder: Value, dtype: str, lanes: int | None = None) -> None:
        self.b = builder
        self.lanes, self.lane_bytes = lanes or lanes_of(dtype), ELEMENTS_BYTES[dtype]
        self._bytes = self.lanes * self.lane_bytes
        self.type = ir.VectorType(ELEMENTS[dtype], self.lanes)
        self.zero = ir.Constant(self.type, None)
        self.integers = ir.VectorType(I32 if dtype == "float32" else I64, self.lanes)
        self._name = f"v{self.lanes}{'f32' if dtype == 'float32' else 'f64'}"

    def constant(self, value: float) -> Value:
        """Return a vector of one number."""
        return ir.Constant(self.type, [value] * self.lanes)

    @property
    def lane_indices(self) -> Value:
        """The number of each lane."""
        return ir.Constant(self.integers, list(range(self.lanes)))

    def broadcast(self, scalar: Value) -> Value:
        """Return a vector with the scalar in every lane."""
        first = self.b.insert_element(ir.Constant(self.type, ir.Undefined), scalar, I32(0))
        return self.spread_lane(first, 0)

    def broadcast_integer(self, scalar: Value) -> Value:
        """Return a vector of integers, as wide as the floats, with the 64-bit scalar in each."""
        narrow = self.b.trunc(scalar, I32) if self.integers.element == I32 else scalar
        first = self.b.insert_element(ir.Constant(self.integers, ir.Undefined), narrow, I32(0))
        return self.spread_lane(first, 0)

    def spread_lane(self, vector: Value, lane: int) -> Value:
        """Return a vector with one lane of another, of any length, in every lane."""
        source = ir.Constant(ir.VectorType(I32, self.lanes), [lane] * self.lanes)
        return self.b.shuffle_vector(vector, vector, source)

    def load(self, pointer: Value) -> Value:
        """Return a vector from memory."""
        return self.b.load(self.b.bitcast(pointer, self.type.as_pointer()), align=self._bytes)

    def convert(self, pointer: Value, dtype: str, count: int | None = None) -> Value:
        """Return a vector, or `count` values, from memory of another type, at any address."""
        count = count or self.lanes
        stored = ir.VectorType(ELEMENTS[dtype], count)
        values = self.b.load(self.b.bitcast(pointer, stored.as_pointer()), align=1)
        return self._as_floats(values, dtype, ir.VectorType(self.type.element, count))

    def _as_floats(self, values: Value, dtype: str, target: Value) -> Value:
        if dtype == "uint8":
            return self.b.uitofp(values, target)
        if values.type == target:
            return values
        return (self.b.fptrunc if dtype == "float64" else self.b.fpext)(values, target)

    def store(self, value: Value, pointer: Value) -> None:
        """Write a vector to memory."""
        target = self.b.bitcast(pointer, self.type.as_pointer())
        self.b.store(value, target, align=self._bytes)

    def load_some(self, pointer: Value, mask: Value) -> Value:
        """Return some lanes from memory, at any address, and zero in the others."""
        return self._masked("load", self.type, pointer, I32(1), mask, self.zero)

    def store_some(self, value: Value, pointer: Value, mask: Value) -> None:
        """Write some lanes to memory, at any address."""
        self._masked("store", ir.VoidType(), value, pointer, I32(1), mask)

    def _masked(self, operation: str, result: Value, *arguments: Value) -> Value:
        values = [
            self.b.bitcast(a, ir.PointerType()) if isinstance(a.type, ir.PointerType) else a
            for a in arguments
        ]
        kind = ir.FunctionType(result, [value.type for value in values])
        name = f"llvm.masked.{operation}.{self._name}.p0"
        function = cgutils.get_or_insert_function(self.b.module, kind, name)  # type: ignore[no-untyped-call]
        return self.b.call(function, values)

    def fma(self, a: Value, x: Value, y: Value) -> Value:
        """Return a * x + y, rounded once."""
        return self._call("fma", a, x, y)

    def rint(self, x: Value) -> Value:
        """Return the nearest whole numbers."""
        return self._call("rint", x)

    def maximum(self, a: Value, x: Value) -> Value:
        """Return the larger ones; the second where one is NaN."""
        return self.b.select(self.b.fcmp_ordered(">", a, x), a, x)

    def total(self, parts: list[Value]) -> Value:
        """Return the sum of all lanes of the vectors that hold them: halves added to halves.

        Vectors that are moved up in a circle have the same sum, to the bit.
        """
        while len(parts) > 1:
            half = len(parts) // 2
            parts = [self.b.fadd(*pair) for pair in zip(parts[:half], parts[half:], strict=True)]
        return self._fold(parts[0], self.b.fadd)

    def largest(self, vector: Value) -> Value:
        """Return the largest of the lanes, none of them NaN."""
        return self._fold(vector, self.maximum)

    def _fold(self, vector: Value, combine: Callable[[Value, Value], Value]) -> Value:
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
            vector = combine(low, high)
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


def for_vectors(b: Value, count: Value, dtype: str, body: Callable[[Vectors, Value], None]) -> None:
    """Emit ``body(v, f)`` for all vectors that ``count`` values fill, each from value f on.

    What whole ones leave is filled by shorter and shorter ones.
    """
    lanes = lanes_of(dtype)

    def with_whole(j: Value, _: list[Value]) -> list[Value]:
        body(Vectors(b, dtype), b.mul(j, I64(lanes)))
        return []

    loop(b, b.sdiv(count, I64(lanes)), [], with_whole)
    f = b.and_(count, I64(-lanes))
    while lanes > 1:
        lanes //= 2
        left = b.and_(count, I64(lanes))
        with b.if_then(b.icmp_signed("!=", left, I64(0))):
            body(Vectors(b, dtype, lanes), f)
        f = b.add(f, left)


class Array:
    """An array argument of an intrinsic, with contiguous rows.

    Those of a matrix may lie apart, as in a view of some of its columns.
    """

    def __init__(self, context: Value, b: Value, kind: Value, value: Value) -> None:
        self._b = b
        self.dtype: str = kind.dtype.name
        array = context.make_array(kind)(context, b, value)
        self.data = array.data
        self.shape = [b.extract_value(array.shape, axis) for axis in range(kind.ndim)]
        self._sizes = self.shape[1:]
        if kind.layout == "A" and kind.ndim == 2:
            size = I64(ELEMENTS_BYTES[self.dtype])
            self._sizes = [b.sdiv(b.extract_value(array.strides, 0), size)]

    def at(self, *indices: Value) -> Value:
        """Return a pointer to an element; all indices after the first are within its row."""
        offset = indices[0]
        for index, size in zip(indices[1:], self._sizes, strict=True):
            offset = self._b.add(self._b.mul(offset, size), index)
        return self._b.gep(self.data, [offset])

    def __getitem__(self, indices: tuple[Value, ...]) -> Value:
        """Return an element."""
        return self._b.load(self.at(*indices))
