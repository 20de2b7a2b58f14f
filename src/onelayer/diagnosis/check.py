"""A check: what it looks for, and how its findings are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from onelayer.diagnosis.context import Context
from onelayer.diagnosis.finding import Answer, Finding, HowSure, Severity
from onelayer.diagnosis.measurement import Measurement


@dataclass(frozen=True)
class Check:
    """One question that is asked of every study.

    Attributes
    ----------
    kind : type of Measurement
        What it measures; holds its code, name and title.
    look : function
        Takes the context, and returns what was found, possibly nothing.
    method : str
        How it answers, a sentence.
    assumptions : tuple of str
        What must hold for the answer, a clause each.
    covers : str
        What the intervals of its measurement are of and what they cover, a clause; empty where it
        has none.
    takes_blocks : bool
        Whether it can look where examples are read block by block. Those that train in other
        orders, or compare all values with one another, cannot.
    looks_beside : bool
        Whether it may look while others do: those that ask the context for minima may not, since
        what is known of these depends on who asked before.
    """

    kind: type[Measurement]
    look: Callable[[Context], Iterable[Finding]]
    method: str
    assumptions: tuple[str, ...] = ()
    covers: str = ""
    takes_blocks: bool = True
    looks_beside: bool = False

    def found(
        self,
        runs: Sequence[str],
        statement: str,
        measurement: Measurement,
        *,
        severity: Severity = Severity.WARNING,
        advice: str = "",
        tried: Sequence[str] = (),
    ) -> Finding:
        """Return the finding that what the title names is there."""
        return self._finding(Answer.FOUND, runs, statement, measurement, severity, advice, tried)

    def clear(
        self,
        runs: Sequence[str],
        statement: str,
        measurement: Measurement | None = None,
        *,
        advice: str = "",
        tried: Sequence[str] = (),
    ) -> Finding:
        """Return the finding that it is not there."""
        answer = Answer.CLEAR
        return self._finding(answer, runs, statement, measurement, Severity.INFO, advice, tried)

    def cant_tell(
        self,
        runs: Sequence[str],
        statement: str,
        measurement: Measurement | None = None,
        *,
        severity: Severity = Severity.INFO,
        advice: str = "",
        tried: Sequence[str] = (),
    ) -> Finding:
        """Return the finding that the data does not say."""
        answer = Answer.CANT_TELL
        return self._finding(answer, runs, statement, measurement, severity, advice, tried)

    def not_applicable(self, runs: Sequence[str], statement: str) -> Finding:
        """Return the finding that the question does not arise."""
        return self._finding(
            Answer.NOT_APPLICABLE, runs, statement, None, Severity.INFO, "", ()
        )  # fmt: skip

    def _finding(
        self,
        answer: Answer,
        runs: Sequence[str],
        statement: str,
        measurement: Measurement | None,
        severity: Severity,
        advice: str,
        tried: Sequence[str],
    ) -> Finding:
        covers = "" if measurement is None else self.covers
        sure = HowSure(self.method, covers, self.assumptions, tuple(tried))
        return Finding(
            self.kind, tuple(runs), answer, severity, statement, measurement, advice, sure
        )
