"""What a check measures: a typed value, and the JSON that is made from it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, TypeAdapter, ValidationError

from onelayer.diagnosis.exhibits import Exhibit
from onelayer.errors import InputError
from onelayer.json_values import json_value

Number = Annotated[float, BeforeValidator(lambda value: math.nan if value is None else value)]
"""A float that need not be finite: JSON has null for it, which is read as NaN."""

_READERS: dict[type, TypeAdapter[Any]] = {}
"""To make one takes a hundred times as long as to use it."""


@dataclass(frozen=True)
class Measurement:
    """The numbers that a finding rests on. Each check has a class of its own, a frozen dataclass.

    Attributes
    ----------
    code : str
        Number of the check, ``OL`` and three digits.
    check : str
        Name of the check.
    title : str
        What it looks for.
    """

    code: ClassVar[str]
    check: ClassVar[str]
    title: ClassVar[str]

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return what shows it, for the report to draw; by default nothing."""
        return ()

    def as_json(self) -> dict[str, Any]:
        """Return the fields as JSON values, null for numbers that JSON does not know."""
        values: dict[str, Any] = json_value(asdict(self))
        return values

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Return the measurement of which `as_json` made these values.

        Raises
        ------
        InputError
            If they are no such values.
        """
        if cls not in _READERS:
            _READERS[cls] = TypeAdapter(cls)
        try:
            measured: Self = _READERS[cls].validate_python(values)
        except ValidationError:
            raise InputError(f"the numbers of {cls.code} are not those of this onelayer") from None
        return measured
