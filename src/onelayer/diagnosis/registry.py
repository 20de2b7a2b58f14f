"""Which checks there are, and how they are run: own ones by an entry point, in a fixed order."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from onelayer.diagnosis.budget import Budget
from onelayer.diagnosis.check import Check
from onelayer.diagnosis.checks import CHECKS
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.finding import Answer, Finding, HowSure, Severity
from onelayer.diagnosis.looking import Watch, look_all
from onelayer.diagnosis.measurement import Measurement
from onelayer.engines import one_blas_thread
from onelayer.errors import InputError
from onelayer.study import Outcome, StudyData
from onelayer.words import listed

ENTRY_POINTS = "onelayer.checks"
"""The group under which other packages name checks of their own."""


@dataclass(frozen=True)
class Unread(Measurement):
    """What a check measured that this installation does not have."""

    values: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return the values as they were read."""
        return self.values


@cache
def all_checks() -> tuple[Check, ...]:
    """Return the checks of this package, and after them those of others, by their codes."""
    others = [_loaded(point) for point in entry_points(group=ENTRY_POINTS)]
    return (*CHECKS, *sorted(others, key=lambda check: check.kind.code))


def check_codes(codes: Collection[str]) -> None:
    """Refuse codes that no check has.

    Raises
    ------
    InputError
    """
    known = [check.kind.code for check in all_checks()]
    for code in codes:
        if code not in known:
            raise InputError(f"{code!r}: there is no such check; there are {listed(known)}.")


def diagnose(
    outcome: Outcome,
    data: StudyData,
    *,
    only: Collection[str] = (),
    mute: Collection[str] = (),
    budget: float = math.inf,
    threads: int | None = None,
    watch: Watch = lambda _check: nullcontext(),
) -> list[Finding]:
    """Return the findings of the checks, in their fixed order.

    Parameters
    ----------
    only : collection of str
        Codes of the checks to make; empty: all.
    mute : collection of str
        Codes of checks to leave out.
    budget : float
        Seconds that experiments may take, by the count of their operations.
    threads : int, optional
    watch : function
        Is given each check, for a context that is entered while the caller's thread makes it or
        waits for it.

    Raises
    ------
    InputError
        If there is no check of a code.
    """
    check_codes([*only, *mute])
    checks = [
        check for check in all_checks()
        if check.kind.code not in mute and (not only or check.kind.code in only)
    ]  # fmt: skip
    context = Context(outcome, data, Budget(budget), threads)
    with one_blas_thread():  # so that bits depend neither on the cores nor on who looks beside
        looked = look_all(checks, context, watch)
    called = {run.name: run.called for run in outcome.runs if "[" in run.name}
    return [_as_called(finding, called) for finding in looked]


def _as_called(finding: Finding, called: Mapping[str, str]) -> Finding:
    """Return a finding whose sentences have labels for the names of a sweep's members.

    Such a name is no word, so that it can be told from others; checks say the labels of other runs
    themselves.
    """
    said = [finding.statement, finding.advice]
    for name in sorted({*finding.runs} & called.keys(), key=len, reverse=True):
        said = [text.replace(name, called[name]) for text in said]
    return replace(finding, statement=said[0], advice=said[1])


def _loaded(point: EntryPoint) -> Check:
    """Return the check that an entry point names, or one that says why there is none."""
    try:
        check = point.load()
        if isinstance(check, Check):
            return check
        raise TypeError(f"{point.value} is no onelayer.diagnosis.Check")
    except Exception as error:
        reason = error

        def fail(_context: Context) -> Iterable[Finding]:
            raise reason

        return Check(_kind(point.name, point.name, point.value), fail, "")


def _kind(code: str, check: str, title: str) -> type[Unread]:
    """Return a class of measurements for a check of which only the names are known."""

    class Other(Unread):
        pass

    Other.code, Other.check, Other.title = code, check, title
    return Other


def finding_from_json(values: dict[str, Any]) -> Finding:
    """Return the finding of which `Finding.as_json` made these values.

    One of a check that is not installed keeps its numbers as they are.

    Raises
    ------
    InputError
        If they are no such values: another version of onelayer wrote them.
    """
    try:
        kinds = {check.kind.code: check.kind for check in all_checks()}
        kind = kinds.get(values["code"])
        evidence = values["evidence"]
        measurement: Measurement | None = None
        if kind is None:
            kind = _kind(values["code"], values["check"], values["title"])
            measurement = kind(evidence) if evidence else None
        elif evidence:
            measurement = kind.from_json(evidence)
        return Finding(
            kind,
            tuple(values["runs"]),
            Answer(values["answer"]),
            Severity(values["severity"]),
            values["statement"],
            measurement,
            values["advice"],
            HowSure.from_json(values["how_sure"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        reason = error if isinstance(error, InputError) else "it is none of this onelayer's"
        raise InputError(
            f"findings.json: a finding cannot be read: {reason}; run the study again."
        ) from None
