"""What can be set about a training run: the one home of every training option.

A field says all there is to say of an option. Study files, the options of the command line, the
estimators' parameters and the documents follow from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, get_args

import numpy as np
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from onelayer.engines import UpdateRule
from onelayer.model import ModelName, Objective

Finite = Annotated[float, Field(allow_inf_nan=False)]

MOST = 2**31
"""Of counts: more is a slip of the hand, and beyond 64 bits nothing could count."""


class Settings(BaseModel):
    """Settings are immutable, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class _Options(Settings):
    """Options of training: text is no number, and a number is no truth value."""

    model_config = ConfigDict(strict=True)

    @model_validator(mode="before")
    @classmethod
    def _plain_numbers(cls, values: Any) -> Any:
        # A sweep over a NumPy array gives NumPy's scalars, which are numbers all the same.
        if not isinstance(values, dict):
            return values
        return {k: v.item() if isinstance(v, np.generic) else v for k, v in values.items()}


@dataclass(frozen=True)
class Option:
    """What people are told of an option wherever it can be set.

    Attributes
    ----------
    help : str
        A clause that stands before the default.
    varies : bool
        Whether models that are trained in one pass over the data may differ in it.
    flag : str or None
        What the command line calls a field of a table; None: after the table and the field.
    """

    help: str
    varies: bool = False
    flag: str | None = None


class EarlyStopping(_Options):
    """Stop at the evaluation that is `patience` evaluations after the best one.

    An improvement of the validation loss counts when it exceeds `min_delta`.
    """

    patience: Annotated[
        int, Option("after so many evaluations in a row that were not better", varies=True)
    ] = Field(default=10, ge=1)
    min_delta: Annotated[
        Finite,
        Option("how much better an evaluation must be to count", varies=True, flag="min_delta"),
    ] = Field(default=0.0, ge=0)


class _Kinds(_Options):
    """Settings whose first field, `kind`, says which of the others apply; the rest are None."""

    model_config = ConfigDict(validate_default=True)

    takes: ClassVar[dict[str, dict[str, Any]]]
    """For each kind the fields that apply, with the default; None where one must be given."""

    @model_validator(mode="before")
    @classmethod
    def _kind_alone(cls, values: Any) -> Any:
        return {"kind": values} if isinstance(values, str) else values

    @field_validator("*")
    @classmethod
    def _applies(cls, value: Any, info: ValidationInfo) -> Any:
        kind = info.data.get("kind")
        if info.field_name == "kind" or kind is None:  # that is the kind, or it is refused itself
            return value
        takes = cls.takes[kind]
        if info.field_name not in takes:
            if value is not None:
                raise ValueError(f"{kind} takes none")
            return None
        value = takes[info.field_name] if value is None else value
        if value is None:
            raise PydanticCustomError("missing", "")
        return value

    def __str__(self) -> str:
        """Name them by their kind, and by what is not its default."""
        values: dict[str, Any] = dict(self)
        kind = values.pop("kind")
        takes = self.takes[kind]
        return ",".join([kind, *(f"{k}={v}" for k, v in values.items() if v != takes.get(k))])


class Averaging(_Kinds):
    """Let an average of the iterates stand for the model: it is evaluated, and kept.

    The mean of all iterates from one step on (Polyak and Juditsky, "Acceleration of stochastic
    approximation by averaging", 1992), or an exponential average, that goes the share 1 - `decay`
    of the way to each new iterate.
    """

    takes: ClassVar = {"mean": {"start": 0}, "exponential": {"start": 0, "decay": 0.999}}

    kind: Annotated[Literal["mean", "exponential"], Option("mean, or exponential")]
    decay: Annotated[
        float | None, Option("exponential: what the average keeps of itself in a step; 0.999")
    ] = Field(default=None, ge=0, lt=1, allow_inf_nan=False)
    start: Annotated[int | None, Option("the first step whose iterate is averaged; 0")] = Field(
        default=None, ge=0, le=MOST
    )


class RateSchedule(_Kinds):
    """What becomes of the learning rate from step to step; see `onelayer.training.rates`."""

    takes: ClassVar = {
        "step": {"every": None, "factor": 0.1},
        "inverse": {"every": None},
        "cosine": {"floor": 0.0},
        "one_cycle": {},
    }

    kind: Annotated[
        Literal["step", "inverse", "cosine", "one_cycle"],
        Option("step, inverse, cosine or one_cycle"),
    ]
    every: Annotated[
        int | None,
        Option("step: after so many steps the rate falls; inverse: after so many it is half"),
    ] = Field(default=None, ge=1, le=MOST)
    factor: Annotated[
        float | None, Option("step: what the rate is multiplied by each time; 0.1")
    ] = Field(default=None, gt=0, le=1, allow_inf_nan=False)
    floor: Annotated[float | None, Option("cosine: the share of the rate to which it falls; 0")] = (
        Field(default=None, ge=0, le=1, allow_inf_nan=False)
    )


def _lifts(*words: Any) -> BeforeValidator:
    """Let these words mean None: TOML has no null, and `early_stopping = false` lifts a default."""

    def none_for(value: Any) -> Any:
        given = value.get("kind") if isinstance(value, dict) and len(value) == 1 else value
        return (
            None
            if any(given is word for word in words if word is False)
            or (isinstance(given, str) and given in words)
            else value
        )

    return BeforeValidator(none_for)


class TrainConfig(_Options):
    """One training run, apart from its data.

    Raises
    ------
    pydantic.ValidationError
        For an unknown option, a wrong type or an impossible value.
    """

    model: Annotated[ModelName, Option("softmax, or logistic: one output for two classes")] = (
        "softmax"
    )
    learning_rate: Annotated[Finite, Option("step size, above 0", varies=True)] = Field(
        default=0.01, gt=0
    )
    batch_size: Annotated[int, Option("examples in a batch")] = Field(default=128, ge=1, le=MOST)
    max_epochs: Annotated[int, Option("passes over the training examples")] = Field(
        default=50, ge=1, le=MOST
    )
    l2: Annotated[
        Finite, Option("λ of the objective C + λ‖W‖², C the mean cross-entropy", varies=True)
    ] = Field(default=0.0, ge=0)
    penalize_bias: Annotated[bool, Option("whether the norm covers the bias", varies=True)] = False
    shuffle: Annotated[bool, Option("a new order of the examples in each epoch")] = True
    seed: Annotated[int, Option("of the order of the examples, and of a random start")] = Field(
        default=0, ge=0, lt=2**63
    )
    drop_last: Annotated[bool, Option("leave out a last batch that is not full")] = False
    evaluations_per_epoch: Annotated[
        int, Option("how often loss and accuracy are measured in an epoch")
    ] = Field(default=5, ge=1, le=MOST)
    early_stopping: Annotated[
        EarlyStopping | None,
        _lifts(False),
        Option(
            "stop when the validation loss no longer falls, and keep the weights of its lowest "
            "value",
            varies=True,
        ),
    ] = None
    momentum: Annotated[
        Finite, Option("how much of its velocity a step keeps, below 1; 0: plain", varies=True)
    ] = Field(default=0.0, ge=0, lt=1)
    nesterov: Annotated[bool, Option("momentum in Nesterov's form", varies=True)] = False
    averaging: Annotated[
        Averaging | None,
        _lifts(False, "none"),
        Option("evaluate and keep an average of the iterates", varies=True),
    ] = None
    schedule: Annotated[
        RateSchedule | None,
        _lifts(False, "constant"),
        Option("how the learning rate changes from step to step", varies=True),
    ] = None
    warmup_steps: Annotated[
        int, Option("steps in which the learning rate first rises", varies=True)
    ] = Field(default=0, ge=0, le=MOST)
    max_steps: Annotated[
        int | None, Option("end after so many steps, if max_epochs does not before", varies=True)
    ] = Field(default=None, ge=1, le=MOST)
    initial_std: Annotated[
        Finite,
        Option("standard deviation of normal weights to start from; 0: zeros", varies=True),
    ] = Field(default=0.0, ge=0)
    optimum: Annotated[
        bool,
        Option("find the minimum of the objective too, and say how far from it the run ended",
               varies=True),
    ] = False  # fmt: skip
    dtype: Annotated[
        Literal["float32", "float64"], Option("type of the arithmetic: float32 or float64")
    ] = "float32"

    @field_validator("nesterov")
    @classmethod
    def _has_momentum(cls, nesterov: bool, others: ValidationInfo) -> bool:
        if nesterov and others.data.get("momentum") == 0:
            raise ValueError("it needs momentum, such as 0.9")
        return nesterov

    @property
    def objective(self) -> Objective:
        """The function that training minimises."""
        return Objective(self.model, self.l2, self.penalize_bias)

    @property
    def update_rule(self) -> UpdateRule:
        """What a step makes of a gradient."""
        return UpdateRule(self.momentum, self.nesterov, self.averaging is not None)

    def total_steps(self, batches_per_epoch: int) -> int:
        """Return how many steps a run makes if nothing ends it before."""
        all_epochs = self.max_epochs * batches_per_epoch
        return all_epochs if self.max_steps is None else min(all_epochs, self.max_steps)

    @property
    def shared(self) -> TrainConfig:
        """The same configuration with defaults in what may vary in a pass.

        Models share a pass over the data if and only if this is equal.
        """
        own = {
            name: field.default
            for name, field in type(self).model_fields.items()
            if option_of(type(self), name).varies
        }
        return self.model_copy(update=own)


def table_of(name: str) -> type[_Options] | None:
    """Return the settings of which an option is a table, such as `EarlyStopping`; None of most."""
    for kind in get_args(TrainConfig.model_fields[name].annotation):
        if isinstance(kind, type) and issubclass(kind, _Options):
            return kind
    return None


def option_of(settings: type[Settings], name: str) -> Option:
    """Return what is told of a field.

    Raises
    ------
    KeyError
        If there is no such field, or nothing is told of it.
    """
    for part in settings.model_fields[name].metadata:
        if isinstance(part, Option):
            return part
    raise KeyError(name)
