"""Models of one pass that read different features or different rows, as one stack.

Those that read the same are a stack of their own, on data that is cut down to what they read: so
each model has the bits that it would have if there were nothing else. The work of all of them is
dealt out together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Rows
from onelayer.engines.problem import Batches, WeightedRows
from onelayer.engines.protocol import Advance, Engine, Measures, Planned, Tally, WindowStack
from onelayer.model import Parameters


@dataclass(frozen=True, eq=False)
class Share:
    """The models that read the same features of the same rows.

    Attributes
    ----------
    stack : Stack
    first_feature : int
        Where their features begin among all.
    rows : array of int64, or None
        The examples that the numbers in batches stand for; None: they are the examples' own.
    """

    stack: WindowStack
    first_feature: int
    rows: Rows | None

    def batches(self, batches: Batches) -> Batches:
        """Return the batches with the numbers of the examples."""
        return batches if self.rows is None else Batches(self.rows[batches.rows], batches.offsets)


class JoinedStack(WindowStack):
    """Several stacks as one, with parameters for all features; see `Stack`.

    Parameters
    ----------
    engine : Engine
    n_features : int
        Of the data. Weights of features that a model does not read are 0.
    places : sequence of (Share, int)
        For each model, its share, and its number in the stack of that.
    """

    def __init__(
        self, engine: Engine, n_features: int, places: Sequence[tuple[Share, int]]
    ) -> None:
        self._engine, self._n_features, self._places = engine, n_features, places
        self._shares = list({id(share): share for share, _ in places}.values())

    def do(self, work: Sequence[Callable[[], None]]) -> None:
        """Call each function once in every thread of the engine."""
        self._engine.do(work)

    def plan(
        self,
        models: Sequence[int],
        batches: Batches,
        rates: NDArray[np.float64],
        *,
        evaluate: bool,
        averaging: NDArray[np.float64] | None = None,
    ) -> Planned:
        """Return the work of all shares: steps, which are large, before evaluations."""
        chosen = {
            id(share): [j for j, m in enumerate(models) if self._places[m][0] is share]
            for share in self._shares
        }
        parts = [
            (
                chosen[id(share)],
                share.stack.plan(
                    [self._places[models[j]][1] for j in chosen[id(share)]],
                    share.batches(batches),
                    rates[chosen[id(share)]],
                    evaluate=evaluate,
                    averaging=None if averaging is None else averaging[chosen[id(share)]],
                ),
            )
            for share in self._shares
            if chosen[id(share)]
        ]

        def outcome() -> Advance:
            losses = np.zeros((len(models), len(batches)))
            measures: dict[int, Measures] = {}
            for places, planned in parts:
                advance = planned.outcome()
                losses[places] = advance.losses
                measures |= dict(zip(places, advance.measures, strict=False))
            return Advance(losses, [measures[j] for j in sorted(measures)])

        by_turns = zip_longest(*(planned.work for _, planned in parts))
        return Planned([work for work in chain(*by_turns) if work is not None], outcome)

    def turn_to(self, prepared: Sequence[Any], train: WeightedRows) -> None:
        """Take batches from other data from now on, prepared for each share in turn."""
        for share, own in zip(self._shares, prepared, strict=True):
            share.stack.turn_to(own, train)

    def tally(self, models: Sequence[int], *, losses: bool) -> list[Tally]:
        """Return sums over all training examples; see `Stack`."""
        found: dict[int, Tally] = {}
        for share in self._shares:
            chosen = [m for m in models if self._places[m][0] is share]
            places = [self._places[m][1] for m in chosen]
            found |= dict(zip(chosen, share.stack.tally(places, losses=losses), strict=True))
        return [found[m] for m in models]

    def weight_norm(self, model: int) -> float:
        """Return the norm of what a model's penalty covers."""
        share, place = self._places[model]
        return share.stack.weight_norm(place)

    def parameters(self, model: int) -> Parameters:
        """Return a copy of a model's parameters."""
        share, place = self._places[model]
        return self._among_all(share, share.stack.parameters(place))

    def keep(self, models: Sequence[int]) -> list[bool]:
        """Remember models as they are; see `Stack`."""
        finite: dict[int, bool] = {}
        for share in self._shares:
            chosen = [m for m in models if self._places[m][0] is share]
            places = [self._places[m][1] for m in chosen]
            finite |= dict(zip(chosen, share.stack.keep(places), strict=True))
        return [finite[m] for m in models]

    def parameters_before(self, model: int) -> Parameters:
        """Return a copy of a model's parameters as they were last evaluated, or kept."""
        share, place = self._places[model]
        return self._among_all(share, share.stack.parameters_before(place))

    def _among_all(self, share: Share, own: Parameters) -> Parameters:
        return own.among(self._n_features, share.first_feature)

    def state(self, model: int) -> dict[str, NDArray[Any]]:
        """Return all that a model needs to go on; see `Stack`."""
        share, place = self._places[model]
        return share.stack.state(place)

    def restore(self, model: int, state: Mapping[str, NDArray[Any]]) -> None:
        """Take up a model where `state` left it."""
        share, place = self._places[model]
        share.stack.restore(place, state)
