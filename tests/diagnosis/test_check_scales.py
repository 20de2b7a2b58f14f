from typing import Any

import numpy as np
import pytest
from data_material import context_of, only, table
from diagnosis_material import evidence_of

from onelayer.diagnosis import Answer, Finding, Severity
from onelayer.diagnosis.checks.scales import look


def found_with(unit: float, **options: Any) -> Finding:
    X, y = table()
    X[:, 3] *= unit
    return only(look(context_of(X.astype(np.float32), y, **{"learning_rate": 1e-4} | options)))


def test_a_feature_in_another_unit_is_found_and_named() -> None:
    finding = found_with(1000)
    assert (finding.code, finding.check) == ("OL201", "scales")
    assert finding.answer is Answer.FOUND
    assert finding.severity is Severity.WARNING
    evidence = evidence_of(finding)
    assert evidence["largest"] == 3
    assert evidence["spread"] == pytest.approx(1000, rel=0.2)
    assert evidence["slowdown"] == 20
    assert "20 times or more the steps" in finding.statement
    assert "It slows the run run" in finding.statement


@pytest.mark.parametrize("unit", [1, 3])
def test_like_scales_are_clear(unit: float) -> None:
    finding = found_with(unit)
    assert finding.answer is Answer.CLEAR
    assert "of like scale" in finding.statement


def test_condition_numbers_are_those_of_the_moments() -> None:
    X, y = table(n=700)
    X[:, 3] *= 100
    evidence = evidence_of(only(look(context_of(X, y, 500, learning_rate=1e-4))))
    seen = np.hstack([X[:500].astype(np.float32), np.ones((500, 1))])
    assert evidence["condition_number"] == pytest.approx(np.linalg.cond(seen) ** 2, rel=1e-3)
    even = seen[:, :-1] - seen[:, :-1].mean(axis=0)
    even = np.hstack([even / even.std(axis=0), np.ones((500, 1))])
    expected = np.linalg.cond(even) ** 2
    assert evidence["condition_number_standardised"] == pytest.approx(expected, rel=1e-3)


def test_a_scale_that_nothing_depends_on_costs_no_steps() -> None:
    """A small feature that is noise: large ratios alone are no fault."""
    X, y = table()
    noise = 0.01 * np.random.default_rng(1).normal(size=(len(X), 1))
    finding = only(look(context_of(np.hstack([X, noise.astype(np.float32)]), y)))
    assert evidence_of(finding)["spread"] > 50
    assert finding.answer is Answer.CLEAR
    assert "that is little" in finding.statement


def test_models_found_without_steps_are_not_slowed() -> None:
    finding = found_with(1000, solver="optimum")
    assert finding.answer is Answer.FOUND
    assert finding.severity is Severity.INFO
    assert "without such steps" in finding.statement


def test_pixels_with_dead_borders_are_of_like_scale() -> None:
    rng = np.random.default_rng(0)
    X = np.zeros((200, 8, 8), np.uint8)
    X[:, 2:6, 2:6] = rng.integers(0, 256, (200, 4, 4))
    X[3, 0, 0] = 1
    finding = only(look(context_of(X, rng.integers(0, 2, 200))))
    assert finding.answer is Answer.CLEAR


def test_nothing_but_constants() -> None:
    X = np.zeros((60, 3))
    finding = only(look(context_of(X, np.arange(60) % 2)))
    assert finding.answer is Answer.NOT_APPLICABLE


def test_several_labels() -> None:
    X, y = table()
    X[:, 3] *= 1000
    labels = np.stack([y, X[:, 0] > 0], axis=1).astype(np.uint8)
    finding = only(look(context_of(X, labels, learning_rate=1e-4)))
    assert finding.answer is Answer.FOUND
    assert evidence_of(finding)["slowdown"] > 5
