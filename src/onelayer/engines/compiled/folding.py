"""The sums of the lanes of many vectors, with few operations.

Neighbouring lanes are added, then neighbouring sums, until one is left: a tree over the lanes, the
same for every vector. Vectors are halved two at once, so that each comes to hold the sums of more
and more.
"""

from __future__ import annotations

from dataclasses import dataclass

from llvmlite import ir

from onelayer.engines.compiled.vectors import I32, Value, Vectors


@dataclass(frozen=True)
class Folded:
    """Sums side by side in few vectors.

    Attributes
    ----------
    vectors : list of vectors
    places : list of int
        Where each sum is, counted over the lanes of all vectors.
    """

    vectors: list[Value]
    places: list[int]

    def add(self, v: Vectors, other: Folded) -> Folded:
        """Add other sums to these, which lie in the same places."""
        return Folded(list(map(v.b.fadd, self.vectors, other.vectors)), self.places)

    def scalars(self, v: Vectors) -> list[Value]:
        """Return the sums."""
        return [
            v.b.extract_element(self.vectors[place // v.lanes], I32(place % v.lanes))
            for place in self.places
        ]


def fold(v: Vectors, sums: list[Value]) -> Folded:
    """Return the sum of the lanes of each vector."""
    held = [_Held(vector, [(n, i) for i in range(v.lanes)]) for n, vector in enumerate(sums)]
    for _ in range(v.lanes.bit_length() - 1):
        pairs = zip(held[::2], held[1::2] + held[-1:], strict=False)
        held = [_with_neighbours(v, one, other) for one, other in pairs]
    owners = [n for one in held for n, _ in one.lanes]
    return Folded([one.vector for one in held], [owners.index(n) for n in range(len(sums))])


@dataclass(frozen=True)
class _Held:
    """A vector, and of each lane whose it is and which of the sums that are yet to be added."""

    vector: Value
    lanes: list[tuple[int, int]]


def _with_neighbours(v: Vectors, one: _Held, other: _Held) -> _Held:
    """Add what are neighbours in two vectors; return both in one."""
    lanes = one.lanes + other.lanes
    pairs = [
        (lane, lanes.index((n, i + 1), lane // v.lanes * v.lanes))
        for lane, (n, i) in enumerate(lanes)
        if i % 2 == 0
    ]
    piece = 16 // v.lane_bytes
    if all(low // piece == high // piece for low, high in pairs):
        # Lanes that stay within their 16 bytes are moved at little cost.
        pairs.sort(key=lambda pair: pair[0] % v.lanes // piece)
    kind = ir.VectorType(I32, v.lanes)
    low, high = (
        v.b.shuffle_vector(one.vector, other.vector, ir.Constant(kind, list(places)))
        for places in zip(*pairs, strict=True)
    )
    return _Held(v.b.fadd(low, high), [(lanes[lane][0], lanes[lane][1] // 2) for lane, _ in pairs])
