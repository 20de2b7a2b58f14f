"""Which checks are made, in which order, within which budget; what becomes of one that fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

import pytest
from diagnosis_material import as_strict_json, data_of, outcome_of, run_outcome

from onelayer.diagnosis import Answer, Check, Context, Finding, Measurement, diagnose, registry
from onelayer.diagnosis.budget import Budget, OverBudget
from onelayer.errors import InputError


@dataclass(frozen=True)
class Own(Measurement):
    code: ClassVar[str] = "XY001"
    check: ClassVar[str] = "own"
    title: ClassVar[str] = "Something of one's own"

    value: float


def look(context: Context) -> list[Finding]:
    return [OWN.found([run.name], "It is there.", Own(1.5)) for run in context.outcome.runs]


def fail(_context: Context) -> list[Finding]:
    raise ValueError("nothing to divide by.")


def experiment(context: Context) -> list[Finding]:
    context.budget.take(7.0)
    return [Check(Own, experiment, "Tried.").clear([], "It is not there.")]


OWN = Check(Own, look, "Looked.")


@dataclass
class Point:
    """What `importlib.metadata` knows of an entry point."""

    name: str
    value: str
    loaded: object

    def load(self) -> object:
        if isinstance(self.loaded, Exception):
            raise self.loaded
        return self.loaded


@pytest.fixture
def points(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Point]]:
    given: list[Point] = []
    monkeypatch.setattr(registry, "entry_points", lambda group: given if group else [])
    registry.all_checks.cache_clear()
    yield given
    registry.all_checks.cache_clear()


def findings(**options: object) -> list[Finding]:
    return diagnose(outcome_of(run_outcome()), data_of(), **options)  # type: ignore[arg-type]


def test_checks_of_others_come_by_entry_point(points: list[Point]) -> None:
    points.append(Point("XY001", "somewhere:OWN", OWN))
    (finding,) = findings(only=["XY001"])
    assert finding.statement == "It is there."
    assert finding.how_sure.method == "Looked."
    assert findings()[-1].code == "XY001"
    as_strict_json([finding])


@pytest.mark.parametrize("loaded", [ImportError("no module named somewhere"), "no check"])
def test_a_check_that_cannot_be_loaded_says_so(points: list[Point], loaded: object) -> None:
    points.append(Point("XY002", "somewhere:CHECK", loaded))
    (finding,) = findings(only=["XY002"])
    assert finding.answer is Answer.CANT_TELL
    assert finding.is_warning
    assert "The check itself failed" in finding.statement
    as_strict_json([finding])


def test_a_check_that_fails_becomes_a_finding_and_others_stand(points: list[Point]) -> None:
    points.append(Point("XY001", "somewhere:OWN", Check(Own, fail, "Looked.")))
    *others, failed = findings()
    assert failed.statement == "The check itself failed: ValueError: nothing to divide by."
    assert failed.is_warning
    assert others
    assert not [f for f in others if "failed" in f.statement]


def test_a_budget_that_is_too_small_is_told(points: list[Point]) -> None:
    points.append(Point("XY001", "somewhere:OWN", Check(Own, experiment, "Tried.")))
    (finding,) = findings(only=["XY001"], budget=5.0)
    assert finding.answer is Answer.CANT_TELL
    assert not finding.is_warning
    assert "experiments of about 7.0 s" in finding.statement
    assert finding.advice == "Give a budget of at least 7 s."
    (finding,) = findings(only=["XY001"], budget=7.0)
    assert finding.answer is Answer.CLEAR
    assert finding.how_sure.seconds == 7.0


def test_only_and_mute_choose_by_code() -> None:
    assert {f.code for f in findings(only=["OL002"])} == {"OL002"}
    assert "OL002" not in {f.code for f in findings(mute=["OL002"])}
    seen: list[str] = []

    @contextmanager
    def watch(check: Check) -> Iterator[None]:
        seen.append(check.kind.code)
        yield

    findings(mute=["OL002"], watch=watch)
    assert "OL002" not in seen
    for options in ({"only": ["OL999"]}, {"mute": ["OL999"]}):
        with pytest.raises(InputError, match="'OL999': there is no such check; there are OL001"):
            findings(**options)


def test_a_budget_is_spent() -> None:
    budget = Budget(3.0)
    budget.take(2.0)
    assert budget.affords(1.0)
    with pytest.raises(OverBudget, match=r"1.5 s"):
        budget.take(1.5)
    assert budget.spent == 2.0
