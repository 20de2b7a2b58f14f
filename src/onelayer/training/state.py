"""Where a run stands between two advances, and the file that keeps it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.errors import InputError
from onelayer.inference import file
from onelayer.model import Parameters
from onelayer.training.config import TrainConfig
from onelayer.training.data import RunData
from onelayer.training.history import Evaluation, History
from onelayer.training.result import TrainResult
from onelayer.training.stopping import BestSoFar, StopReason


class OtherTrainingError(InputError):
    """A checkpoint belongs to other data, other options or another format."""


@dataclass(eq=False)
class RunState:
    """All that a run needs to go on or to be reported, and all that it has recorded.

    Attributes
    ----------
    best : BestSoFar
    keeps : function
        Returns the parameters that would be returned if the run ended at the last evaluation; they
        are always finite. Of a run that goes on it may ask the engine.
    losses : list of float64 arrays
        The losses of the steps made, in pieces.
    evaluations : list of Evaluation
    engine : function
        Returns a model's state in its engine; see `Stack.state`. Empty once the run has ended.
    reason : StopReason or None
        How the run ended; None while it can go on.
    """

    best: BestSoFar
    keeps: Callable[[], Parameters]
    losses: list[NDArray[np.float64]] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)
    engine: Callable[[], Mapping[str, NDArray[Any]]] = dict
    reason: StopReason | None = None

    @property
    def kept(self) -> Parameters:
        """The parameters that are kept now."""
        return self.keeps()

    @property
    def step(self) -> int:
        """How many steps were made."""
        return sum(map(len, self.losses))

    def result(
        self, config: TrainConfig, data: RunData, batches_per_epoch: int, reason: StopReason
    ) -> TrainResult:
        """Return what a run that ends here for a reason has come to."""
        losses = np.concatenate([np.zeros(0), *self.losses])
        best = self.best.evaluation
        return TrainResult(
            config, data, self.kept,
            History(batches_per_epoch, losses, tuple(self.evaluations)), reason,
            self.evaluations[best] if best >= 0 else None,
            self.evaluations[-1] if self.evaluations else None,
        )  # fmt: skip

    def copy(self) -> RunState:
        """Return a state that further steps and evaluations of the run do not change."""
        arrays = self.engine()
        return replace(
            self, keeps=always(self.kept), losses=list(self.losses),
            evaluations=list(self.evaluations), engine=partial(dict, arrays),
        )  # fmt: skip

    def keep_if_finite(self, parameters: Parameters) -> bool:
        """Keep these where they are finite, and tell whether they are."""
        finite = parameters.is_finite
        if finite:
            self.keeps = always(parameters)
        return finite

    def let_go(self) -> None:
        """Hold what the engine was asked for: the run has ended, and goes on nowhere."""
        self.keeps, self.engine = always(self.kept), dict


def always(parameters: Parameters) -> Callable[[], Parameters]:
    """Return a function that returns these."""
    return lambda: parameters


def encode_states(states: Mapping[str, RunState], facts: Mapping[str, Any]) -> bytes:
    """Return the content of a checkpoint: states by name, and what they belong to.

    The format is that of model files: tensors, and one description with a hash over everything.
    """
    tensors: dict[str, NDArray[Any]] = {}
    runs = [[name, state.reason] for name, state in states.items()]
    for i, state in enumerate(states.values()):
        rows = [astuple(evaluation) for evaluation in state.evaluations]
        columns, kept = len(Evaluation.__dataclass_fields__), state.kept
        tensors |= {
            f"{i}.losses": np.concatenate([np.zeros(0), *state.losses]),
            f"{i}.evaluations": np.array(rows, np.float64).reshape(len(rows), columns),
            f"{i}.kept.weights": np.ascontiguousarray(kept.weights),
            f"{i}.kept.bias": kept.bias,
            **{f"{i}.engine.{name}": array for name, array in state.engine().items()},
        }
    return file.encode(tensors, {"checkpoint": dict(facts), "runs": runs})


def read_states(
    path: Path, facts: Mapping[str, Any], configs: Mapping[str, TrainConfig]
) -> dict[str, RunState]:
    """Return the states of a checkpoint, by name.

    Parameters
    ----------
    facts : mapping
        What the checkpoint must belong to.
    configs : mapping of str to TrainConfig
        Of the runs that may be in it.

    Raises
    ------
    InputError
        If it cannot be read, was changed, or belongs to something else.
    """
    try:
        tensors, description = file.read(path)
    except InputError as error:
        raise InputError(*error.parts, " Remove it, and what is not done begins anew.") from None
    if description.get("checkpoint") != dict(facts):
        raise OtherTrainingError(f"{path}: is the checkpoint of another training.")
    states = {}
    for i, (name, reason) in enumerate(description["runs"]):
        if name not in configs:
            continue
        own = {k.partition(".")[2]: v for k, v in tensors.items() if k.startswith(f"{i}.")}
        rows = own.pop("evaluations")
        evaluations = [Evaluation(int(r[0]), int(r[1]), *r[2:].tolist()) for r in rows]
        best = BestSoFar.under(configs[name].early_stopping)
        for evaluation in evaluations:
            best = best.update(evaluation.val_loss)
        engine = {k.partition(".")[2]: v for k, v in own.items() if k.startswith("engine.")}
        states[name] = RunState(
            best=best,
            keeps=always(Parameters(own.pop("kept.weights"), own.pop("kept.bias"))),
            losses=[own.pop("losses")],
            evaluations=evaluations,
            engine=partial(dict, engine),
            reason=None if reason is None else StopReason(reason),
        )
    return states
