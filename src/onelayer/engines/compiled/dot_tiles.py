"""Register tiles for scores: ``examples x classes`` products over some of the features.

A lane is a partial sum over every L-th feature; at the end neighbouring lanes are added, then
neighbouring sums, until one is left. L belongs to the definition: on every processor the lanes fill
`LANES_BYTES`. Where registers are narrower, several of them are the parts of the lanes. There are
not enough for all parts at once, so a tile goes over its features once for each: that costs a loop
more, which is little where they stay in the first-level cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numba import types
from numba.extending import intrinsic

from onelayer.engines.compiled.compiler import PARTS
from onelayer.engines.compiled.folding import fold
from onelayer.engines.compiled.vectors import I64, Array, Value, Vectors, loop

SUMS_AT_ONCE = 10
"""Vectors of sums for which there are registers where those are narrow."""


def make_dot_tile(n_examples: int, n_classes: int, *, by_class: bool = False) -> Any:
    """Return ``dot_tile(x, first, W, k, f, count, scores)`` for a block of examples and classes.

    scores[first + r, k + c] = sum_j x[first + r, f + j] * W[k + c, f + j]  over ``count`` features
    from f on, in whole blocks of `LANES_BYTES`. The sum is added to the score if f is not 0.
    It is scores[k + c, first + r] where they lie by class.
    """

    @intrinsic
    def dot_tile(
        _typing: Any, x: Any, first: Any, W: Any, k: Any, f: Any, count: Any, scores: Any
    ) -> Any:
        def emit(context: Value, b: Value, signature: Value, arguments: Value) -> Value:
            x, W, scores = (Array(context, b, signature.args[i], arguments[i]) for i in (0, 2, 6))
            first, k, f, count = (arguments[i] for i in (1, 3, 4, 5))
            examples = [b.add(first, I64(r)) for r in range(n_examples)]
            classes = [b.add(k, I64(c)) for c in range(n_classes)]
            totals = _products(b, x, examples, W, classes, f, count)
            places = [
                scores.at(label, example) if by_class else scores.at(example, label)
                for label in classes
                for example in examples
            ]
            with b.if_else(b.icmp_signed("==", f, I64(0))) as (at_first, later):
                with at_first:
                    for place, total in zip(places, totals, strict=True):
                        b.store(total, place)
                with later:
                    for place, total in zip(places, totals, strict=True):
                        b.store(b.fadd(b.load(place), total), place)
            return context.get_dummy_value()

        whole = types.int64
        return types.void(x, whole, W, whole, whole, whole, scores), emit

    return dot_tile


def _products(
    b: Value,
    x: Array,
    examples: list[Value],
    W: Array,
    classes: list[Value],
    f: Value,
    count: Value,
) -> list[Value]:
    """Return the products of each class with each example over ``count`` features from f on."""
    v, n_sums = Vectors(b, W.dtype), len(examples) * len(classes)
    blocks = b.sdiv(count, I64(v.lanes * PARTS))

    def over_blocks(parts: Sequence[int]) -> list[Value]:
        def accumulate(i: Value, sums: list[Value]) -> list[Value]:
            block = b.add(f, b.mul(i, I64(v.lanes * PARTS)))
            products = []
            for part in parts:
                own = b.add(block, I64(v.lanes * part))
                features = [v.load(x.at(example, own)) for example in examples]
                for label in classes:
                    weights = v.load(W.at(label, own))
                    products += [(values, weights) for values in features]
            return [v.fma(*pair, before) for pair, before in zip(products, sums, strict=True)]

        return loop(b, blocks, [v.zero] * (n_sums * len(parts)), accumulate)

    folded, together = [], max(1, SUMS_AT_ONCE // n_sums)
    for start in range(0, PARTS, together):
        sums = over_blocks(range(PARTS)[start : start + together])
        # Folded at once: those of the next parts need the registers.
        folded += [fold(v, sums[s : s + n_sums]) for s in range(0, len(sums), n_sums)]
    while len(folded) > 1:
        folded = [one.add(v, other) for one, other in zip(folded[::2], folded[1::2], strict=True)]
    return folded[0].scalars(v)
