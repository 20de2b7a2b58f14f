"""What the training loop asks of an engine. Threads and the limits of libraries are its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from onelayer.engines.power_sums import PowerSums
from onelayer.engines.problem import Batches, Problem, Source, WeightedRows
from onelayer.model import Parameters, Sums

EngineName = Literal["auto", "compiled", "reference"]


@dataclass(frozen=True)
class Measures:
    """What an evaluation measures: mean validation loss, fractions right, the penalty's norm.

    The training accuracy is NaN where the problem does not ask for it.
    """

    val_loss: float
    val_accuracy: float
    train_accuracy: float
    weight_norm: float


@dataclass(frozen=True)
class Tally:
    """Sums over some examples, each weighted as the model weighs it.

    Attributes
    ----------
    loss : float
        Of losses; 0 where they were not wanted.
    correct : float
        Of the weights of those that are predicted right.
    count : int
        How many examples there are.
    """

    loss: float
    correct: float
    count: int

    def __add__(self, other: Tally) -> Tally:
        """Return the sums over both."""
        return Tally(self.loss + other.loss, self.correct + other.correct, self.count + other.count)

    @property
    def mean_loss(self) -> float:
        """The mean loss."""
        return self.loss / self.count

    @property
    def accuracy(self) -> float:
        """The fraction that is right."""
        return self.correct / self.count


@dataclass(frozen=True, eq=False)
class Advance:
    """What came of an advance.

    Attributes
    ----------
    losses : (models, steps) float64 array
        Mean loss of each batch before its update.
    measures : list of Measures
        One a model, of its parameters before the steps; empty if none were asked for.
    """

    losses: NDArray[np.float64]
    measures: list[Measures]


@dataclass(frozen=True, eq=False)
class Planned:
    """An advance that is yet to be made.

    Attributes
    ----------
    work : list of functions
        Each is to be called in every thread of the engine, at most once, until all is done: whoever
        calls it last finds nothing to do.
    outcome : function
        Returns what came of it, once all of it is done.
    """

    work: list[Callable[[], None]]
    outcome: Callable[[], Advance]


class Stack(Protocol):
    """The models of a problem. What becomes of one depends neither on the others nor on threads."""

    def advance(
        self,
        models: Sequence[int],
        batches: Batches,
        rates: NDArray[np.float64],
        *,
        evaluate: bool,
        averaging: NDArray[np.float64] | None = None,
    ) -> Advance:
        """Evaluate models as they are, and make a step on each batch; both may go on at once.

        Parameters
        ----------
        models : sequence of int
            The numbers of those that take part.
        batches : Batches
        rates : array, shape (models, steps)
            The learning rate of each step.
        evaluate : bool
        averaging : array, shape (models, steps)
            The average of a model goes so large a part of the way to its new parameters after each
            step; needed where a model's rule averages.
        """
        planned = self.plan(models, batches, rates, evaluate=evaluate, averaging=averaging)
        self.do(planned.work)
        return planned.outcome()

    def do(self, work: Sequence[Callable[[], None]]) -> None:
        """Call each function once in every thread of the engine."""

    def plan(
        self,
        models: Sequence[int],
        batches: Batches,
        rates: NDArray[np.float64],
        *,
        evaluate: bool,
        averaging: NDArray[np.float64] | None = None,
    ) -> Planned:
        """Return what `advance` would do, so that it can be done together with other work."""

    def parameters(self, model: int) -> Parameters:
        """Return a copy of a model's parameters; of its average, where its rule averages."""

    def keep(self, models: Sequence[int]) -> list[bool]:
        """Remember models as they are, those that are finite; tell which ones are."""

    def parameters_before(self, model: int) -> Parameters:
        """Return a copy of a model's parameters as they were last evaluated, or kept."""

    def state(self, model: int) -> dict[str, NDArray[Any]]:
        """Return all that a model needs to go on with the same bits, in another stack too."""

    def restore(self, model: int, state: Mapping[str, NDArray[Any]]) -> None:
        """Take up a model where `state` left it.

        Raises
        ------
        InputError
            If the state is that of another problem.
        """


class WindowStack(Stack, Protocol):
    """A stack that sees a part of the data at a time, and can be turned to another part."""

    def turn_to(self, prepared: Any, train: WeightedRows) -> None:
        """Take batches from other data from now on, of the same features and types."""

    def tally(self, models: Sequence[int], *, losses: bool) -> list[Tally]:
        """Return sums over all training examples, of models as they are now."""

    def weight_norm(self, model: int) -> float:
        """Return the norm of what a model's penalty covers."""


class Totals(Protocol):
    """Sums over all training examples. A model's depend neither on the others nor on threads."""

    def sums(self, models: Sequence[int], at: Sequence[Parameters]) -> list[Sums]:
        """Return the sums of losses and gradients, in float64, in one pass for all models.

        Parameters
        ----------
        models : sequence of int
            The numbers of those that take part; each may stand once.
        at : sequence of Parameters
            Where each of them is evaluated, in the type of the arithmetic.
        """


class WindowTotals(Totals, Protocol):
    """Totals that see a part of the data at a time, and can be turned to another part."""

    def turn_to(self, prepared: Any, train: WeightedRows) -> None:
        """Sum over other data from now on, of the same features and types."""


class Chains(NamedTuple):
    """The most operations by which a term of a sum in single precision is rounded.

    Sums of residuals and losses are in double precision from the first.

    Attributes
    ----------
    examples : int
        Of a sum over any number of examples, which goes on in double precision.
    lanes : int
        A sum over outputs or features is made in so many lanes, which are then added in pairs.
    """

    examples: int
    lanes: int

    def over(self, terms: int) -> int:
        """Return that number of a sum over so many outputs or features."""
        return -(-terms // self.lanes) + self.lanes.bit_length() + terms // 1024


class Engine(AbstractContextManager["Engine"], Protocol):
    """Makes stacks. Use it in a `with` statement, at whose end its threads are let go."""

    name: EngineName

    chains: Chains | None
    """Of `Totals` of dense data; None if they are not known."""

    power_sums: PowerSums
    """See `onelayer.engines.power_sums.power_sums`."""

    def prepare(self, source: Source) -> Any:
        """Return data in the engine's own form, for any number of stacks."""

    def stack(self, prepared: Any, problem: Problem) -> WindowStack:
        """Return the models of a problem at their start."""

    def totals(self, prepared: Any, problem: Problem) -> WindowTotals:
        """Return what sums losses and gradients of a problem's models up."""

    def do(self, work: Sequence[Callable[[], None]]) -> None:
        """Call each function once in every thread."""
