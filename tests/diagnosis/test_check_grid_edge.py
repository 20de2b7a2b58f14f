from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from choice_material import config, context_of, looked, parts, sweep
from diagnosis_material import as_strict_json, evidence_of, run_outcome

from onelayer.data import Dataset
from onelayer.diagnosis import Answer, Finding, Severity
from onelayer.diagnosis.checks.grid_edge import CHECK, _has_ended
from onelayer.training import TrainConfig
from onelayer.training.convergence import Convergence


@pytest.fixture(scope="module")
def data() -> list[Dataset]:
    """Few examples to train on, with many features: a penalty helps."""
    return parts(60, 1500, 40)


def one(data: list[Dataset], configs: dict[str, TrainConfig]) -> Finding:
    (finding,) = looked(CHECK, data, configs)
    assert as_strict_json([finding])
    return finding


def test_list_cut_off_above(data: list[Dataset]) -> None:
    found = one(data, sweep(1e-4, 1e-3, 1e-2))
    assert (found.answer, found.severity) == (Answer.FOUND, Severity.WARNING)
    assert "0.01 has the lowest validation loss" in found.statement
    assert "highest that was tried" in found.statement
    assert "above 0.01" in found.advice
    evidence = evidence_of(found)
    assert (evidence["best"], evidence["neighbour"]) == ("l2=0.01", "l2=0.001")
    low, high = evidence["gain_interval"]
    assert 0 < low < evidence["gain"] < high


def test_list_cut_off_below(data: list[Dataset]) -> None:
    found = one(data, sweep(30.0, 10.0, 3.0))
    assert found.answer is Answer.FOUND
    assert "lowest that was tried" in found.statement
    assert "below 3" in found.advice


def test_best_inside(data: list[Dataset]) -> None:
    found = one(data, sweep(1e-3, 0.03, 0.1, 10.0))
    assert found.answer is Answer.CLEAR
    assert "both sides" in found.statement


def test_best_at_the_end_but_no_more_than_noise() -> None:
    found = one(parts(2000, 100), sweep(1e-6, 1e-5, 1e-4))
    assert found.answer is Answer.CLEAR
    assert "no more than noise" in found.statement or "would matter" in found.statement


def test_nothing_is_left_below_a_wide_list() -> None:
    found = one(parts(3000, 3000), sweep(1e-6, 0.1, 1.0))
    assert found.answer is Answer.CLEAR
    assert "going on down to 0" in found.statement


def test_nothing_is_below_zero() -> None:
    """With as many examples no penalty is best."""
    found = one(parts(3000, 3000), sweep(0.0, 0.1, 1.0))
    assert found.answer is Answer.CLEAR
    assert "nothing below" in found.statement


def test_runs_that_have_not_converged_cannot_tell(data: list[Dataset]) -> None:
    steps: dict[str, Any] = {"solver": "sgd", "max_epochs": 2, "batch_size": 20}
    configs = {f"rate={rate:g}": config(learning_rate=rate, **steps) for rate in (1e-4, 1e-3, 1e-2)}
    found = one(data, configs)
    assert found.answer is Answer.CANT_TELL
    assert "learning rate" in found.statement
    assert "before it had converged" in found.statement
    assert "until they converge" in found.advice


def test_a_gain_that_training_on_could_not_explain_counts() -> None:
    """Steps at a constant rate keep J some way above its minimum for ever."""
    run = run_outcome()
    behind = replace(run, record=replace(run.record, convergence=Convergence(0.03, 0.05)))
    assert _has_ended(behind, gain=0.5)
    assert not _has_ended(behind, gain=0.2)


def test_next_value_that_diverged_is_worse() -> None:
    steps: dict[str, Any] = {"solver": "sgd", "max_epochs": 60, "l2": 0.1}
    configs = {f"rate={rate:g}": config(learning_rate=rate, **steps) for rate in (0.1, 1e20, 1e30)}
    found = one(parts(300, 300), configs)
    assert found.answer is Answer.FOUND
    assert "diverged. What lies beyond" in found.statement
    assert evidence_of(found)["gain"] is None


@pytest.mark.parametrize(
    "configs",
    [
        sweep(0.1, 1.0),
        sweep(0.1),
        {"a": config(l2=0.1), "b": config(l2=0.1, seed=1), "c": config(l2=0.1, seed=2)},
    ],
)
def test_nothing_is_said_where_no_list_was_tried(
    data: list[Dataset], configs: dict[str, TrainConfig]
) -> None:
    assert looked(CHECK, data, configs) == []


def test_of_a_grid_each_option_is_looked_at_through_the_best(data: list[Dataset]) -> None:
    steps: dict[str, Any] = {"solver": "sgd", "max_epochs": 40, "batch_size": 20}
    configs = {
        f"{l2:g}-{rate:g}": config(l2=l2, learning_rate=rate, **steps)
        for l2 in (1e-3, 1e-2, 1e-1)
        for rate in (0.03, 0.1, 0.3)
    }
    findings = looked(CHECK, data, configs)
    assert [evidence_of(f)["option"] for f in findings] == ["l2", "learning_rate"]
    assert all(len(f.runs) == 3 for f in findings)
    assert len({evidence_of(f)["best"] for f in findings}) == 1


def test_losses_are_those_of_the_record(data: list[Dataset]) -> None:
    context = context_of(data, sweep(1e-3, 1e-2, 1e-1))
    evidence = evidence_of(next(iter(CHECK.look(context))))
    losses = {t["run"]: t["val_loss"] for t in evidence["tried"]}
    gain = losses[evidence["neighbour"]] - losses[evidence["best"]] if evidence["neighbour"] else 0
    assert evidence["gain"] is None or np.isclose(evidence["gain"], gain, rtol=1e-6)


def test_an_accuracy_tells_what_single_large_losses_hide() -> None:
    """Three validation examples lie far out on the wrong side: their losses grow as λ falls."""
    rng, outliers = np.random.default_rng(0), 3
    X = rng.normal(size=(1200, 5)).astype(np.float32)
    y = (2 * X[:, 0] - X[:, 1] + rng.logistic(size=1200) > 2).astype(np.int64)
    X[-outliers:], y[-outliers:] = (13, -6.5, 0, 0, 0), 0
    data = [Dataset(X[rows], y[rows], range(2)) for rows in (slice(600), slice(600, None))]
    found = one(data, sweep(0.1, 0.3, 1.0))
    evidence = evidence_of(found)
    assert evidence["gain"] > 0
    assert evidence["gain_interval"][0] < 0
    assert evidence["accuracy_interval"][0] > 0
    assert found.answer is Answer.FOUND
    assert "an accuracy lower by" in found.statement
