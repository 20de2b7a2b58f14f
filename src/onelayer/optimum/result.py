"""What a search for a minimum returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from onelayer.model import Objective, Parameters

Reason = Literal["certified", "uncertified", "no_minimum", "passes", "precision", "interrupted"]


@dataclass(frozen=True, eq=False)
class Optimum:
    """What was found for one objective.

    Attributes
    ----------
    objective : Objective
    parameters : Parameters
        In float64.
    value, loss : float
        The objective J, and the mean loss C, there; as a rule right to 1e-7 of them where float32
        was enough for the bound.
    excess_bound : float
        No parameters have a J that is smaller by more than this; infinite where no bound is known.
    passes : int
        Over the examples.
    reason : str
        "certified": the bound is within the tolerance. "no_minimum": J falls for ever along
        `direction`, since it separates classes. "uncertified": without a penalty, J hardly falls
        any more, and no bound could be had. "passes", "precision", "interrupted": the search ended
        before.
    direction : Parameters or None
        The proof that there is no minimum: see `onelayer.optimum.separation`.
    """

    objective: Objective
    parameters: Parameters
    value: float
    loss: float
    excess_bound: float
    passes: int
    reason: Reason
    direction: Parameters | None = None
