"""How checks are made: in their order, and some of them beside the others."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from onelayer.diagnosis.budget import OverBudget
from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.finding import Finding, Severity
from onelayer.engines import load_kernels
from onelayer.threads import available_cores

Watch = Callable[[Check], AbstractContextManager[object]]
"""Is entered while a check looks."""


@dataclass(frozen=True, eq=False)
class _Looked:
    """What a check found, and what it spent: on itself, and on what others may use too, by key."""

    findings: list[Finding]
    own: float
    shared: dict[Hashable, float]


def look_all(checks: Sequence[Check], context: Context, watch: Watch) -> list[Finding]:
    """Return the findings of checks, in their order.

    Those that may are made by a second thread, from the first on, while the caller makes the
    others, and after these what is left, from the last on. What they find does not depend on that:
    so it is done only where the budget has no end, since otherwise who comes first is paid for.
    """
    beside = [check for check in checks if check.looks_beside]
    ordered = [check for check in checks if not check.looks_beside]
    looked: dict[int, _Looked] = {}
    if not _may_be_beside(context) or not beside or len(checks) < 2:
        for check in checks:
            with watch(check):
                looked[id(check)] = _look(check, context)
        return _paid([looked[id(check)] for check in checks])
    load_kernels()
    pool = ThreadPoolExecutor(1, "onelayer-beside")
    try:
        context.crew.size = 2
        begun = {id(check): pool.submit(_look, check, context) for check in beside}
        _watch_crew(context, list(begun.values()))
        for check in [*ordered, *reversed(beside)]:
            with watch(check):
                future = begun.get(id(check))
                if future is None or future.cancel():
                    looked[id(check)] = _look(check, context)
                else:
                    context.crew.size = 1  # whoever waits needs no threads
                    looked[id(check)] = future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return _paid([looked[id(check)] for check in checks])


def _may_be_beside(context: Context) -> bool:
    several = (context.threads or available_cores()) > 1
    return several and not context.is_in_blocks and context.budget.seconds == math.inf


def _watch_crew(context: Context, futures: Sequence[Future[_Looked]]) -> None:
    """Leave all threads to the caller once the second thread has nothing more to do."""

    def ended(_future: Future[_Looked]) -> None:
        if all(future.done() for future in futures):
            context.crew.size = 1

    for future in futures:
        future.add_done_callback(ended)


def _paid(looked: Sequence[_Looked]) -> list[Finding]:
    """Return all findings with what they cost; what is shared, the first of its users pays."""
    paid: set[Hashable] = set()
    findings = []
    for each in looked:
        new = {key: cost for key, cost in each.shared.items() if key not in paid}
        paid |= new.keys()
        seconds = each.own + sum(new.values())
        findings += [
            replace(f, how_sure=replace(f.how_sure, seconds=seconds)) for f in each.findings
        ]
    return findings


def _look(check: Check, context: Context) -> _Looked:
    """Return what a check finds, or why it could not look."""
    if not check.takes_blocks and context.is_in_blocks:
        refusal = check.cant_tell(
            (),
            "Not looked for: the examples are read block by block, and this takes them in "
            "memory or in another order.",
            advice="Study a part of the examples that fits into the memory.",
        )
        return _Looked([refusal], 0.0, {})
    own = context.for_check(seeks=not check.looks_beside)
    try:
        found = list(check.look(own))
    except OverBudget as over:
        left = context.budget.left
        found = [
            check.cant_tell(
                (),
                f"Not looked for: it takes experiments of about {over.seconds:.1f} s, and "
                f"{left:.1f} s of the budget are left.",
                advice=f"Give a budget of at least {context.budget.spent + over.seconds:.0f} s.",
            )
        ]
    except Exception as error:
        said = f"{type(error).__name__}: {error}".rstrip(".")
        found = [
            check.cant_tell(
                (), f"The check itself failed: {said}.", severity=Severity.WARNING,
                advice="The other findings stand; report this one to whoever wrote the check.",
            )
        ]  # fmt: skip
    return _Looked(found, own.tab.own, own.tab.shared)
