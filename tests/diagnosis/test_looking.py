"""Checks that look beside others: when they do, what it costs, and what they may not ask for."""

import math
import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import ClassVar

import pytest
from diagnosis_material import data_of, outcome_of, run_outcome

from onelayer.diagnosis import Check, Context, Finding, Measurement, looking
from onelayer.diagnosis.budget import Budget
from onelayer.diagnosis.looking import look_all
from onelayer.diagnosis.shared import Shared, Tab

LIMIT = 300.0
"""Seconds that only what hangs exceeds."""


@dataclass(frozen=True)
class Said(Measurement):
    code: ClassVar[str] = "XY001"
    check: ClassVar[str] = "said"
    title: ClassVar[str] = "Something"


def check(name: str, say: Callable[[Context], str], *, beside: bool = False) -> Check:
    def look(context: Context) -> list[Finding]:
        return [made.clear([name], say(context))]

    made = Check(Said, look, "Tried.", looks_beside=beside)
    return made


def look_at(
    checks: list[Check], *, threads: int = 2, budget: float = math.inf
) -> list[tuple[str, str, float]]:
    context = Context(outcome_of(run_outcome()), data_of(), Budget(budget), threads)
    found = look_all(checks, context, lambda _check: nullcontext())
    return [("".join(f.runs), f.statement, f.how_sure.seconds) for f in found]


def test_two_checks_look_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=LIMIT)

    def meet(context: Context) -> str:
        size = context.crew.size
        both.wait()
        return f"{size} look"

    found = look_at([check("a", meet, beside=True), check("b", meet)])
    assert found == [("a", "2 look", 0.0), ("b", "2 look", 0.0)]


@pytest.mark.parametrize(("threads", "budget"), [(1, math.inf), (2, 100.0)])
def test_on_one_core_or_within_a_budget_they_look_in_their_order(
    threads: int, budget: float
) -> None:
    seen: list[tuple[int, threading.Thread]] = []

    def note(_context: Context) -> str:
        seen.append((len(seen), threading.current_thread()))
        return str(len(seen))

    checks = [check(name, note, beside=name in "ac") for name in "abcd"]
    found = look_at(checks, threads=threads, budget=budget)
    assert [said for _, said, _ in found] == ["1", "2", "3", "4"]
    assert {thread for _, thread in seen} == {threading.current_thread()}


@pytest.mark.parametrize("threads", [1, 2])
def test_the_first_that_uses_what_is_shared_pays_for_it(threads: int) -> None:
    second_is_done = threading.Event()

    def experiment(context: Context) -> str:
        def make() -> int:
            context.once("inner", lambda: context.budget.take(2.0))
            context.budget.take(4.0)
            return 5

        context.budget.take(1.0)
        return str(context.once("outer", make))

    def late(context: Context) -> str:
        assert threads == 1 or second_is_done.wait(LIMIT)
        return experiment(context)

    def early(context: Context) -> str:
        said = experiment(context)
        second_is_done.set()
        return said

    found = look_at([check("a", late, beside=True), check("b", early)], threads=threads)
    assert found == [("a", "5", 7.0), ("b", "5", 1.0)]


def test_a_check_beside_others_cannot_ask_for_minima() -> None:
    def ask(context: Context) -> str:
        run = context.outcome.runs[0]
        context.minima_of(run, [run.record.config.objective])
        return "asked"

    (found, _) = look_at([check("a", ask, beside=True), check("b", lambda _context: "")])
    assert "asked for minima" in found[1]


def test_kernels_are_loaded_before_a_second_thread_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    has_looked = threading.Event()

    def load() -> None:
        has_looked.wait(0.05)  # it would look now, had it begun
        order.append("loaded")

    def note(_context: Context) -> str:
        order.append("looked")
        has_looked.set()
        return ""

    monkeypatch.setattr(looking, "load_kernels", load)
    look_at([check("a", note, beside=True), check("b", note)])
    assert order == ["loaded", "looked", "looked"]


def test_what_two_threads_ask_for_is_made_once() -> None:
    shared, made, both = Shared(), [], threading.Barrier(2, timeout=LIMIT)

    def ask() -> None:
        both.wait()
        shared.once("key", lambda: made.append(1), Tab(Budget()))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    assert made == [1]
