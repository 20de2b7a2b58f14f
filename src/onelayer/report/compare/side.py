"""One of two studies that are compared."""

from __future__ import annotations

from dataclasses import dataclass

from onelayer.diagnosis import Finding
from onelayer.study import Outcome


@dataclass(frozen=True, eq=False)
class Side:
    """One of two studies.

    Attributes
    ----------
    name : str
        What the page calls it: the two differ.
    outcome : Outcome
    findings : tuple of Finding
    """

    name: str
    outcome: Outcome
    findings: tuple[Finding, ...]


Sides = tuple[Side, Side]
