"""What a check says: an answer, the measurement that it rests on, and how sure it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from onelayer.diagnosis.measurement import Measurement


class Answer(StrEnum):
    """Whether what a check's title names is there."""

    FOUND = "found"
    CLEAR = "clear"
    CANT_TELL = "can't tell"
    NOT_APPLICABLE = "not applicable"


class Severity(StrEnum):
    """How much a finding should worry the reader."""

    INFO = "info"
    WARNING = "warning"


@dataclass(frozen=True)
class HowSure:
    """What an answer rests on.

    Attributes
    ----------
    method : str
        How it was reached, a sentence.
    covers : str
        What its intervals are of and what they cover, a clause; empty where there are none.
    assumptions : tuple of str
        What must hold for it, a clause each.
    tried : tuple of str
        Experiments that were made for it, a clause each.
    seconds : float
        What these were expected to take, counted in operations at a modest rate.
    """

    method: str
    covers: str = ""
    assumptions: tuple[str, ...] = ()
    tried: tuple[str, ...] = ()
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "method": self.method,
            "covers": self.covers,
            "assumptions": list(self.assumptions),
            "tried": list(self.tried),
            "seconds": round(self.seconds, 3),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return what `as_json` made these values of."""
        return cls(
            values["method"],
            values["covers"],
            tuple(values["assumptions"]),
            tuple(values["tried"]),
            values["seconds"],
        )


@dataclass(frozen=True)
class Finding:
    """One measured answer.

    Attributes
    ----------
    kind : type of Measurement
        What the check measures; it knows the check's code, name and title.
    runs : tuple of str
        Names of the runs it speaks of.
    answer : Answer
    severity : Severity
    statement : str
        Plain sentences, each backed by a number in `measurement`, that name the runs.
    measurement : Measurement or None
        Of the class `kind`; None where nothing was measured.
    advice : str
        What to do; empty where there is nothing.
    how_sure : HowSure
    """

    kind: type[Measurement]
    runs: tuple[str, ...]
    answer: Answer
    severity: Severity
    statement: str
    measurement: Measurement | None = None
    advice: str = ""
    how_sure: HowSure = field(default_factory=lambda: HowSure(""))

    @property
    def code(self) -> str:
        """Number of the check."""
        return self.kind.code

    @property
    def check(self) -> str:
        """Name of the check."""
        return self.kind.check

    @property
    def title(self) -> str:
        """What the check looks for."""
        return self.kind.title

    @property
    def is_warning(self) -> bool:
        """Whether the reader should do something."""
        return self.severity is Severity.WARNING

    def __str__(self) -> str:
        """Return it as people read it, in lines."""
        lines = [f"{self.code} {self.title}: {self.answer}. {self.statement}"]
        return "\n".join(lines + ([f"What to do: {self.advice}"] if self.advice else []))

    def as_json(self) -> dict[str, Any]:
        """Return the finding as findings.json has it."""
        return {
            "code": self.code,
            "check": self.check,
            "title": self.title,
            "runs": list(self.runs),
            "answer": str(self.answer),
            "severity": str(self.severity),
            "statement": self.statement,
            "advice": self.advice,
            "how_sure": self.how_sure.as_json(),
            "evidence": {} if self.measurement is None else self.measurement.as_json(),
        }
