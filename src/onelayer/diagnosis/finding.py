"""What a check says: a statement with the measurement that it rests on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from onelayer.diagnosis.measurement import Measurement
from onelayer.study import Outcome, StudyData


class Severity(StrEnum):
    """How much a finding should worry the reader."""

    INFO = "info"
    WARNING = "warning"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True)
class Finding:
    """One measured answer.

    Attributes
    ----------
    kind : type of Measurement
        What the check measures; it knows the check's code and name.
    runs : tuple of str
        Names of the runs it speaks of.
    severity : Severity
    statement : str
        Plain sentences, each backed by a number in `measurement`, that name the runs.
    measurement : Measurement or None
        Of the class `kind`; None where the question does not apply.
    """

    kind: type[Measurement]
    runs: tuple[str, ...]
    severity: Severity
    statement: str
    measurement: Measurement | None = None

    @property
    def code(self) -> str:
        """Number of the check."""
        return self.kind.code

    @property
    def check(self) -> str:
        """Name of the check."""
        return self.kind.check

    def as_json(self) -> dict[str, Any]:
        """Return the finding as findings.json has it."""
        return {
            "code": self.code,
            "check": self.check,
            "runs": list(self.runs),
            "severity": str(self.severity),
            "statement": self.statement,
            "evidence": {} if self.measurement is None else self.measurement.as_json(),
        }


Check = Callable[[Outcome, StudyData], list[Finding]]
"""A check looks at all of a study and returns what it found, possibly nothing."""
