"""What a check says: a finding with the numbers that it rests on."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

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
    code : str
        Number of the check, ``OL`` and three digits.
    check : str
        Name of the check.
    runs : tuple of str
        Names of the runs it speaks of.
    severity : Severity
    statement : str
        Plain sentences, each backed by a number in `evidence`.
    evidence : dict
        JSON values only.
    """

    code: str
    check: str
    runs: tuple[str, ...]
    severity: Severity
    statement: str
    evidence: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the finding as findings.json has it."""
        return asdict(self) | {
            "runs": list(self.runs),
            "severity": str(self.severity),
            "evidence": _without_nan(self.evidence),
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Return the finding of which `as_json` made these values."""
        runs, severity = tuple(values["runs"]), Severity(values["severity"])
        return cls(**values | {"runs": runs, "severity": severity})


def _without_nan(value: Any) -> Any:
    """Return JSON values with null for numbers that JSON does not know."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


Check = Callable[[Outcome, StudyData], list[Finding]]
"""A check looks at all of a study and returns what it found, possibly nothing."""
