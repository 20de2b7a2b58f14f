"""The state of a run whose model is a minimum that was found: it has ended without a step."""

from __future__ import annotations

from onelayer.model import Parameters
from onelayer.optimum import Optimum
from onelayer.training.config import TrainConfig
from onelayer.training.state import RunState, always
from onelayer.training.stopping import BestSoFar, StopReason

_REASONS = {
    "certified": StopReason.CONVERGED,
    "no_minimum": StopReason.NO_MINIMUM,
    "interrupted": StopReason.INTERRUPTED,
}


def found_state(config: TrainConfig, found: Optimum) -> RunState:
    """Return the state of a run that keeps the parameters that were found."""
    kept = Parameters(
        found.parameters.weights.astype(config.dtype), found.parameters.bias.astype(config.dtype)
    )
    reason = _REASONS.get(found.reason, StopReason.NOT_CERTIFIED)
    return RunState(BestSoFar(), always(kept), reason=reason)
