import pytest
from choice_material import config, looked, parts, sweep
from diagnosis_material import as_strict_json, evidence_of

from onelayer.data import Dataset
from onelayer.diagnosis import Answer, Severity
from onelayer.diagnosis.checks.best_of_several import CHECK


@pytest.fixture(scope="module")
def data() -> list[Dataset]:
    return parts(400, 600)


def test_runs_that_are_alike_cannot_be_told_apart(data: list[Dataset]) -> None:
    (found,) = looked(CHECK, data, sweep(0.001, 0.0011, 0.0012))
    assert (found.answer, found.severity) == (Answer.FOUND, Severity.INFO)
    assert "picked as the best" in found.statement
    evidence = evidence_of(found)
    assert set(evidence["may_be_best"]) == {"l2=0.001", "l2=0.0011", "l2=0.0012"}
    assert evidence["simplest"] == "l2=0.0012"
    assert "l2=0.0012 is the simplest" in found.advice
    assert as_strict_json([found])


def test_run_that_is_far_behind_is_left_out(data: list[Dataset]) -> None:
    configs = sweep(0.001, 0.0011) | {"half-blind": config(l2=0.001, features=(1, 5))}
    (found,) = looked(CHECK, data, configs)
    assert found.answer is Answer.FOUND
    assert "half-blind" not in found.statement
    behind = {o["run"]: o for o in evidence_of(found)["others"]}["half-blind"]
    assert not behind["may_be_best"]
    assert behind["interval"][0] > 0


def test_best_that_is_ahead_of_all(data: list[Dataset]) -> None:
    configs = {"seeing": config(l2=0.001), "half-blind": config(l2=0.001, features=(1, 5))}
    (found,) = looked(CHECK, data, configs)
    assert found.answer is Answer.CLEAR
    assert evidence_of(found)["may_be_best"] == ["seeing"]
    assert "half-blind" in found.statement


def test_few_examples_cannot_tell() -> None:
    (found,) = looked(CHECK, parts(100, 30), sweep(0.1, 1.0))
    assert found.answer is Answer.CANT_TELL


def test_one_run_was_not_picked(data: list[Dataset]) -> None:
    assert looked(CHECK, data, sweep(0.1)) == []


def test_many_runs_are_not_all_named(data: list[Dataset]) -> None:
    (found,) = looked(CHECK, data, sweep(*(0.001 + 1e-5 * i for i in range(12))))
    assert "and 3 more" in found.statement
