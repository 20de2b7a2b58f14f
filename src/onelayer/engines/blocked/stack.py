"""Models that are trained on data which is read block by block.

The engine below knows one window of blocks at a time. An evaluation goes over all blocks in their
order and adds up: so it is the same wherever the blocks lie.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data.windows import Ahead, Window, Windows
from onelayer.engines.blocked.models import WindowModels
from onelayer.engines.blocked.part import BlockedPart
from onelayer.engines.problem import Batches, Visit, Visits, WeightedRows
from onelayer.engines.protocol import Advance, Engine, Measures, Planned, Stack, Tally
from onelayer.model import Parameters

Loaded = tuple[Any, WeightedRows, bool]
"""Values as the engine takes them, their examples, and whether all of these take part in order."""


class BlockedStack(Stack):
    """Models on data in blocks; see `Stack`. Batches are `Visits`.

    Parameters
    ----------
    engine : Engine
    models : WindowModels
    train : BlockedPart
    validation : BlockedPart or None
    windows : Windows
        The law of order.
    last_epoch : int
        Windows are read ahead to its end.
    evaluates_train : bool
        Whether evaluations measure the training accuracy.
    """

    def __init__(
        self,
        engine: Engine,
        models: WindowModels,
        train: BlockedPart,
        validation: BlockedPart | None,
        windows: Windows,
        last_epoch: int,
        evaluates_train: bool = True,
    ) -> None:
        self._engine, self._models = engine, models
        self._train, self._validation = train, validation
        self._windows = Ahead(windows, last_epoch, self._read)
        self._evaluates_train = evaluates_train
        self._stack = models.stack(engine)
        self._before: dict[int, Parameters] = {}

    def begin(self, window: Window) -> None:
        """Read what the next steps take, from now on."""
        self._windows.begin(window)

    def do(self, work: Sequence[Callable[[], None]]) -> None:
        """Call each function once in every thread of the engine."""
        self._stack.do(work)

    def plan(
        self,
        models: Sequence[int],
        batches: Batches,
        rates: NDArray[np.float64],
        *,
        evaluate: bool,
        averaging: NDArray[np.float64] | None = None,
    ) -> Planned:
        """Leave all of it to the end; see `Stack`."""

        def outcome() -> Advance:
            if evaluate:
                self._before = {m: self._stack.parameters(m) for m in models}
            return self._advanced(models, batches, rates, averaging, evaluate)

        return Planned([], outcome)

    def _advanced(
        self,
        models: Sequence[int],
        batches: Batches,
        rates: NDArray[np.float64],
        averaging: NDArray[np.float64] | None,
        evaluate: bool,
    ) -> Advance:
        """Evaluate, then step."""
        measures = self._measures(models) if evaluate else []
        losses = [np.zeros((len(models), 0))]
        for visit, steps in visits_of(batches):
            shares = None if averaging is None else averaging[:, steps]
            losses.append(self._visit(models, visit, rates[:, steps], shares))
        return Advance(np.concatenate(losses, axis=1), measures)

    def _visit(
        self,
        models: Sequence[int],
        visit: Visit,
        rates: NDArray[np.float64],
        averaging: NDArray[np.float64] | None,
    ) -> NDArray[np.float64]:
        prepared, examples, all_rows = self._windows.of(visit.window)
        self._stack.turn_to(prepared, examples)
        own = visit.batches
        if not all_rows:
            own = Batches(examples.rows[own.rows], own.offsets)
        advance = self._stack.advance(models, own, rates, evaluate=False, averaging=averaging)
        return advance.losses

    def _read(self, window: Window) -> Loaded:
        X = self._train.values(window.blocks)
        examples = WeightedRows.joined([self._train.examples_of(i) for i in window.blocks])
        return self._models.prepare(self._engine, X), examples, examples.takes_all

    def _measures(self, models: Sequence[int]) -> list[Measures]:
        assert self._validation is not None
        on_validation = self._tallies(models, self._validation, losses=True)
        on_train = None
        if self._evaluates_train:
            on_train = self._tallies(models, self._train, losses=False)
        norms = [self._stack.weight_norm(m) for m in models]
        return measured(on_validation, on_train, norms)

    def _tallies(self, models: Sequence[int], part: BlockedPart, *, losses: bool) -> list[Tally]:
        total = [Tally(0.0, 0.0, 0)] * len(models)
        for X, examples in part.each_block():
            self._stack.turn_to(self._models.prepare(self._engine, X), examples)
            total = added(total, self._stack.tally(models, losses=losses))
        return total

    def parameters(self, model: int) -> Parameters:
        """Return a copy of a model's parameters."""
        return self._stack.parameters(model)

    def keep(self, models: Sequence[int]) -> list[bool]:
        """Remember models as they are; see `Stack`."""
        return self._stack.keep(models)

    def parameters_before(self, model: int) -> Parameters:
        """Return a copy of a model's parameters as they were last evaluated, or kept."""
        evaluated = self._before.get(model)
        return self._stack.parameters_before(model) if evaluated is None else evaluated.copy()

    def state(self, model: int) -> dict[str, NDArray[Any]]:
        """Return all that a model needs to go on; see `Stack`."""
        return self._stack.state(model)

    def restore(self, model: int, state: Mapping[str, NDArray[Any]]) -> None:
        """Take up a model where `state` left it."""
        self._stack.restore(model, state)


def visits_of(batches: Batches) -> Iterator[tuple[Visit, slice]]:
    """Yield the visits that batches are, and which steps each of them makes."""
    first = 0
    for visit in batches.visits if isinstance(batches, Visits) else ():
        yield visit, slice(first, first + len(visit.batches))
        first += len(visit.batches)


def added(a: Sequence[Tally], b: Sequence[Tally]) -> list[Tally]:
    """Add the sums of each model up."""
    return [one + other for one, other in zip(a, b, strict=True)]


def measured(
    on_validation: Sequence[Tally], on_train: Sequence[Tally] | None, norms: Sequence[float]
) -> list[Measures]:
    """Return what an evaluation measures, of sums over both parts, or over validation alone."""
    seen = [math.nan] * len(norms) if on_train is None else [own.accuracy for own in on_train]
    return [
        Measures(own.mean_loss, own.accuracy, train_accuracy, norm)
        for own, train_accuracy, norm in zip(on_validation, seen, norms, strict=True)
    ]
