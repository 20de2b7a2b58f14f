"""What workers compute: pure functions of a block and of what models carry on."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Scaling
from onelayer.engines.blocked import WindowModels
from onelayer.engines.blocked.part import joined_values
from onelayer.engines.choice import open_engine
from onelayer.engines.problem import Batches, Problem, Source, WeightedRows
from onelayer.engines.protocol import Engine, EngineName, Tally, WindowStack
from onelayer.model import Parameters, Sums

if TYPE_CHECKING:
    from onelayer.engines.cluster.examples import FewBytes

States = Mapping[int, Mapping[str, NDArray[Any]]]
"""What models carry on, by their number; see `onelayer.engines.protocol.Stack.state`."""


@dataclass(frozen=True, eq=False)
class Carried:
    """Models on their way from block to block.

    Attributes
    ----------
    states : mapping of int to mapping of str to array
    losses : tuple of arrays, each (models, steps)
        Of the steps that they have made on it.
    """

    states: States
    losses: tuple[NDArray[np.float64], ...] = ()

    def __sizeof__(self) -> int:
        """Return the bytes of the arrays: a cluster goes by them."""
        arrays = [array for state in self.states.values() for array in state.values()]
        return sum(array.nbytes for array in (*arrays, *self.losses))


@dataclass(frozen=True, eq=False)
class Leg:
    """Steps in one window of blocks.

    Attributes
    ----------
    blocks : tuple of int
        The window's, by their places among those of a task.
    batches : Batches
        Rows are places among the examples of these blocks that take part.
    rates : array of float64, shape (models, steps)
    averaging : array of float64, shape (models, steps), or None
    """

    blocks: tuple[int, ...]
    batches: Batches
    rates: NDArray[np.float64]
    averaging: NDArray[np.float64] | None


def steps(
    models: WindowModels,
    engine: EngineName,
    carried: Carried,
    values: Sequence[Any],
    examples: Sequence[Sequence[FewBytes]],
    legs: Sequence[Leg],
) -> Carried:
    """Make the steps of some windows, one window after the other."""
    numbers, losses = list(carried.states), [*carried.losses]
    whole = _whole(examples)
    with open_engine(engine, 1) as opened:
        stack = _taken_up(models, opened, carried)
        for leg in legs:
            here = WeightedRows.joined([whole[k] for k in leg.blocks])
            X = joined_values([values[k] for k in leg.blocks])
            stack.turn_to(models.prepare(opened, X), here)
            own = Batches(here.rows[leg.batches.rows], leg.batches.offsets)
            advance = stack.advance(
                numbers, own, leg.rates, evaluate=False, averaging=leg.averaging
            )
            losses.append(advance.losses)
        states = {m: stack.state(m) for m in numbers}
    return Carried(states, tuple(losses))


def tallies(
    models: WindowModels,
    engine: EngineName,
    carried: Carried,
    values: Sequence[Any],
    examples: Sequence[Sequence[FewBytes]],
    pieces: Sequence[tuple[int, bool]],
) -> list[list[Tally]]:
    """Evaluate models on examples, each in one of some blocks.

    `pieces` has for each which block that is, and whether losses are wanted.
    """
    numbers = list(carried.states)
    with open_engine(engine, 1) as opened:
        stack = _taken_up(models, opened, carried)
        found = []
        for own, (block, with_losses) in zip(_whole(examples), pieces, strict=True):
            stack.turn_to(models.prepare(opened, values[block]), own)
            found.append(stack.tally(numbers, losses=with_losses))
        return found


def _whole(examples: Sequence[Sequence[FewBytes]]) -> list[WeightedRows]:
    """Return the examples of blocks in their order."""
    return [own.whole() for own in itertools.chain.from_iterable(examples)]


def _taken_up(models: WindowModels, engine: Engine, carried: Carried) -> WindowStack:
    """Return models where they stand."""
    stack = models.stack(engine)
    for m, state in carried.states.items():
        stack.restore(m, state)
    return stack


def sums(
    engine: EngineName,
    source: tuple[Scaling, str],
    problem: Problem,
    numbers: Sequence[int],
    at: Sequence[Parameters],
    values: Any,
    examples: WeightedRows,
) -> list[Sums]:
    """Sum losses and gradients over one block."""
    with open_engine(engine, 1) as opened:
        prepared = opened.prepare(Source(values, None, *source))
        totals = opened.totals(prepared, replace(problem, train=examples))
        return totals.sums(numbers, at)


def added(a: Sequence[Sums], b: Sequence[Sums]) -> list[Sums]:
    """Add the sums of each model up."""
    return [one + other for one, other in zip(a, b, strict=True)]


def same(value: Any) -> Any:
    """Return a value: so it lies on the cluster, and is handed out again if a worker is lost."""
    return value
