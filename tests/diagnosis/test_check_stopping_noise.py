import numpy as np
import pytest
from diagnosis_material import as_strict_json
from fault_material import asked, config, context_of

from onelayer.diagnosis import Answer
from onelayer.diagnosis.checks.stopping_noise import (
    CHECK,
    StoppingNoise,
    enough_patience,
    noise_of,
)

IMPATIENT = config(
    learning_rate=0.01, batch_size=2, evaluations_per_epoch=200, max_epochs=20, l2=0.0,
    early_stopping={"patience": 1},
)  # fmt: skip


def test_a_stop_at_noise_is_found() -> None:
    context = context_of(run=IMPATIENT)
    assert context.outcome["run"].record.stop_reason == "patience"
    finding = asked(CHECK, context)
    assert finding.is_warning
    measured = finding.measurement
    assert isinstance(measured, StoppingNoise)
    assert measured.later is not None
    assert measured.later.matters
    assert measured.level_reduction > 0.05
    assert measured.enough_patience > measured.patience
    assert f"at least {measured.enough_patience} evaluations" in finding.advice
    as_strict_json([finding])


def test_more_patience_is_clear() -> None:
    patient = config(early_stopping={"patience": 10}, max_epochs=100)
    finding = asked(CHECK, context_of(run=patient))
    assert finding.answer is Answer.CLEAR
    assert "cost nothing that matters" in finding.statement


def test_runs_that_did_not_stop_early_are_not_asked() -> None:
    assert CHECK.look(context_of(run=config(), found=config(solver="optimum"))) == []


def test_drawn_examples_are_not_made_again() -> None:
    run = IMPATIENT.model_copy(update={"examples_per_class": 50})
    assert asked(CHECK, context_of(run=run)).answer is Answer.NOT_APPLICABLE


def test_noise_is_the_standard_deviation_about_a_trend() -> None:
    rng = np.random.default_rng(0)
    line = np.linspace(1.0, 0.9, 20)
    found = [noise_of(line + 0.01 * rng.standard_normal(20)) for _ in range(300)]
    assert np.mean(found) == pytest.approx(0.01, rel=0.15)
    assert noise_of(np.linspace(1.0, 0.5, 20)) == pytest.approx(0, abs=1e-9)
    assert noise_of(np.ones(2)) == 0


@pytest.mark.parametrize(
    ("losses", "patience"), [([3, 2, 1], 2), ([3, 4, 4, 1], 4), ([1, 2, 3], 2), ([3, 4, 1.0, 5], 3)]
)
def test_enough_patience_would_have_come_as_far(losses: list[float], patience: int) -> None:
    assert enough_patience(np.array(losses, float)) == patience
