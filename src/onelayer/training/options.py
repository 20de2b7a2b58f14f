"""What options are made of: settings, and what people are told of a field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

Finite = Annotated[float, Field(allow_inf_nan=False)]

MOST = 2**31
"""Of counts: more is a slip of the hand, and beyond 64 bits nothing could count."""


class Settings(BaseModel):
    """Settings are immutable, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class Options(Settings):
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
    of_steps : bool
        Whether it says something only where a model is trained by steps.
    spelled : str or None
        How the command line spells a value that is no plain number or word.
    flag : str or None
        What the command line calls a field of a table; None: after the table and the field.
    """

    help: str
    varies: bool = False
    of_steps: bool = False
    spelled: str | None = None
    flag: str | None = None


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
