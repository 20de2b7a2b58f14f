"""The update rule: what a step makes of a gradient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onelayer.model import Parameters


@dataclass(frozen=True)
class UpdateRule:
    """How a model makes its steps, from the gradient g of a batch with that of the penalty.

    Without momentum  W <- W - rate g.  With momentum mu there is a velocity v, at first zero:

        v <- mu v + g,   W <- W - rate v

    and in Nesterov's form  W <- W - rate (g + mu v),  with the new v. These are the forms of
    PyTorch's SGD (https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html), after
    Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013.

    Attributes
    ----------
    momentum : float
        mu, from 0 to below 1.
    nesterov : bool
    averages : bool
        Whether an average of the parameters stands for the model: it is evaluated, and kept.
    """

    momentum: float = 0.0
    nesterov: bool = False
    averages: bool = False


class Iterate:
    """The parameters of a model under its rule, and what its steps carry on.

    Attributes
    ----------
    now : Parameters
        From which the next step is made.
    velocity, average : Parameters or None
        None where the rule has no use for it.
    """

    def __init__(self, start: Parameters, rule: UpdateRule) -> None:
        self._rule = rule
        self.now = start.copy()
        zeros = Parameters(np.zeros_like(start.weights), np.zeros_like(start.bias))
        self.velocity = zeros if rule.momentum else None
        self.average = start.copy() if rule.averages else None

    @property
    def evaluated(self) -> Parameters:
        """The parameters that stand for the model."""
        return self.now if self.average is None else self.average

    def arrays(self) -> dict[str, NDArray[np.floating]]:
        """Return all arrays that the model needs to go on, by name."""
        parts = {"": self.now, "velocity_": self.velocity, "average_": self.average}
        return {
            f"{name}{kind}": array
            for name, part in parts.items()
            if part is not None
            for kind, array in (("weights", part.weights), ("bias", part.bias))
        }

    def step(self, gradient: Parameters, learning_rate: float, averaging: float) -> None:
        """Make one step in place.

        Parameters
        ----------
        averaging : float
            The average goes so large a part of the way to the new parameters.
        """
        arrays, dtype = self.arrays(), self.now.weights.dtype
        rate, mu, share = map(dtype.type, (learning_rate, self._rule.momentum, averaging))
        for kind, slope in (("weights", gradient.weights), ("bias", gradient.bias)):
            now = arrays[kind]
            if self.velocity is not None:
                velocity = arrays[f"velocity_{kind}"]
                velocity[...] = mu * velocity + slope
                slope = slope + mu * velocity if self._rule.nesterov else velocity
            now[...] -= rate * slope
            if self.average is not None:
                average = arrays[f"average_{kind}"]
                average[...] = now if share == 1 else average + share * (now - average)
