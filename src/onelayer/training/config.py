"""What can be set about a training run. The same names stand in study files and estimators."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from onelayer.model import ModelName, Objective

Finite = Annotated[float, Field(allow_inf_nan=False)]


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


class EarlyStopping(_Options):
    """Stop at the evaluation that is `patience` evaluations after the best one.

    An improvement of the validation loss counts when it exceeds `min_delta`.
    """

    patience: int = Field(default=10, ge=1)
    min_delta: Finite = Field(default=0.0, ge=0)


def _false_means_none(value: Any) -> Any:
    # TOML has no null: `early_stopping = false` lifts a default.
    return None if value is False else value


class TrainConfig(_Options):
    """One training run, apart from its data.

    Raises
    ------
    pydantic.ValidationError
        For an unknown option, a wrong type or an impossible value.
    """

    model: ModelName = "softmax"
    learning_rate: Finite = Field(default=0.01, gt=0)
    batch_size: int = Field(default=128, ge=1)
    max_epochs: int = Field(default=50, ge=1)
    l2: Finite = Field(default=0.0, ge=0)
    penalize_bias: bool = False
    shuffle: bool = True
    seed: int = Field(default=0, ge=0, lt=2**63)
    drop_last: bool = False
    evaluations_per_epoch: int = Field(default=5, ge=1)
    early_stopping: Annotated[EarlyStopping | None, BeforeValidator(_false_means_none)] = None
    dtype: Literal["float32", "float64"] = "float32"

    @property
    def objective(self) -> Objective:
        """The function that training lowers."""
        return Objective(self.model, self.l2, self.penalize_bias)
