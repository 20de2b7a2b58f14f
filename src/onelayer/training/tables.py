"""Options that are tables: what belongs together is set together."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from onelayer.training.options import MOST, Finite, Option, Options


class EarlyStopping(Options):
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


class _Kinds(Options):
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
