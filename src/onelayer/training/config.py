"""What can be set about a training run: the one home of every training option.

A field says all there is to say of an option. Study files, the options of the command line, the
estimators' parameters and the documents follow from it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

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
    spelled : str or None
        How the command line spells a value that is no plain number or word.
    """

    help: str
    varies: bool = False
    spelled: str | None = None


class EarlyStopping(_Options):
    """Stop at the evaluation that is `patience` evaluations after the best one.

    An improvement of the validation loss counts when it exceeds `min_delta`.
    """

    patience: Annotated[
        int, Option("after so many evaluations in a row that were not better", varies=True)
    ] = Field(default=10, ge=1)
    min_delta: Annotated[
        Finite, Option("how much better an evaluation must be to count", varies=True)
    ] = Field(default=0.0, ge=0)


def _false_means_none(value: Any) -> Any:
    # TOML has no null: `early_stopping = false` lifts a default.
    return None if value is False else value


FeatureRange = tuple[int, int]
"""The numbers of some features: from the first to before the second."""

_SPELLED = re.compile(r"\s*(\d{1,15})\s*:\s*(\d{1,15})\s*")


def as_range(value: Any) -> FeatureRange | None:
    """Return what "0:384", or a list or tuple of two numbers, mean; None for None and False.

    Raises
    ------
    ValueError
        If it is no range.
    """
    if value is None or value is False:
        return None
    ends = value.tolist() if isinstance(value, np.ndarray) else value
    if isinstance(value, str) and (found := _SPELLED.fullmatch(value)):
        ends = [int(number) for number in found.groups()]
    if not isinstance(ends, list | tuple) or len(ends) != 2 or not all(map(_is_whole, ends)):
        raise ValueError(
            "must be two whole numbers, the first feature and the one before which it ends, as "
            "[0, 384] or '0:384'"
        )
    begin, end = map(int, ends)
    if not 0 <= begin < end:
        raise ValueError("must begin at 0 or more, and end behind where it begins")
    return begin, end


def is_list_of_ranges(value: object) -> bool:
    """Whether a value of the option `features` lists several: a list of numbers is one range."""
    if not isinstance(value, list | tuple | np.ndarray):
        return False
    return not len(value) or any(np.ndim(v) or isinstance(v, str | None) for v in value)


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


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
    seed: Annotated[int, Option("of the order of the examples")] = Field(default=0, ge=0, lt=2**63)
    drop_last: Annotated[bool, Option("leave out a last batch that is not full")] = False
    evaluations_per_epoch: Annotated[
        int, Option("how often loss and accuracy are measured in an epoch")
    ] = Field(default=5, ge=1, le=MOST)
    early_stopping: Annotated[
        EarlyStopping | None,
        BeforeValidator(_false_means_none),
        Option(
            "stop when the validation loss no longer falls, and keep the weights of its lowest "
            "value",
            varies=True,
        ),
    ] = None
    optimum: Annotated[
        bool,
        Option("find the minimum of the objective too, and say how far from it the run ended",
               varies=True),
    ] = False  # fmt: skip
    features: Annotated[
        FeatureRange | None,
        BeforeValidator(as_range),
        Option(
            "the features that are read, from the first number to before the second, counted "
            "from 0",
            varies=True,
            spelled="BEGIN:END",
        ),
    ] = None
    examples_per_class: Annotated[
        int | None,
        BeforeValidator(_false_means_none),
        Option("train on so many examples of each class, drawn at random"),
    ] = Field(default=None, ge=1, le=MOST)
    draw: Annotated[
        int, Option("number of the draw, where examples of each class are drawn", varies=True)
    ] = Field(default=0, ge=0, lt=2**63)
    dtype: Annotated[
        Literal["float32", "float64"], Option("type of the arithmetic: float32 or float64")
    ] = "float32"

    @property
    def objective(self) -> Objective:
        """The function that training minimises."""
        return Objective(self.model, self.l2, self.penalize_bias)

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
