from typing import Any

import numpy as np
import pytest
from diagnosis_material import data_of, evidence_of, outcome_of, run_outcome, trained_run

from onelayer.data import Dataset
from onelayer.diagnosis import Answer, Context, Finding, Severity
from onelayer.diagnosis.checks.overfitting import look
from onelayer.diagnosis.measures.loss_end import MIN_EVALUATIONS, slope_at_end
from onelayer.diagnosis.measures.overfitting import Overfitting
from onelayer.training import StopReason

RNG = np.random.default_rng(5)
DIRECTION = RNG.normal(size=40)
DIRECTION /= np.linalg.norm(DIRECTION)


def part(n: int, seed: int, shift: float = 1.0) -> Dataset:
    """Two classes about a direction; the smaller the shift, the harder."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    X = rng.normal(size=(n, 40)) + shift * np.outer(2 * y - 1, DIRECTION) / np.linalg.norm(
        DIRECTION
    )
    return Dataset(X, y)


def finding_on(train: Dataset, validation: Dataset, **options: Any) -> Finding:
    own = {"learning_rate": 0.5, "batch_size": 20, "max_epochs": 60}
    (finding,) = look(trained_run(train, validation, **own | options))
    assert (finding.code, finding.check, finding.runs) == ("OL103", "overfitting", ("run",))
    evidence_of(finding)
    return finding


def found_in(finding: Finding) -> Overfitting:
    assert isinstance(finding.measurement, Overfitting)
    return finding.measurement


def test_harm_is_found_where_the_loss_turned_up() -> None:
    finding = finding_on(part(120, 0), part(2000, 1))
    found = found_in(finding)
    assert finding.answer is Answer.FOUND
    assert finding.is_warning
    assert found.rise_above_lowest > 0.01
    assert found.val_loss_slope_interval[0] > 0
    assert found.gap.memory_interval[0] > 0
    assert "Training did harm" in finding.statement
    assert "so much is memory" in finding.statement


def test_early_stopping_keeps_harm_away() -> None:
    finding = finding_on(part(120, 0), part(2000, 1), early_stopping={"patience": 200})
    assert not finding.is_warning  # what is kept is the lowest


def test_much_memory_is_a_fact() -> None:
    """Without harm: the validation loss never turns up under such a penalty."""
    finding = finding_on(part(60, 0), part(500, 1), max_epochs=30, l2=0.2)
    assert found_in(finding).gap.memory_interval[0] > 0.05
    assert "No harm is seen up to its end" in finding.statement
    assert (finding.answer, finding.severity) == (Answer.FOUND, Severity.INFO)
    assert "no measure of this model" in finding.advice


@pytest.mark.parametrize("rises", [True, False])
def test_a_slow_rise_is_seen_over_all_that_came_after_the_lowest(rises: bool) -> None:
    rng = np.random.default_rng(3)
    steps = np.arange(150)
    level = 0.5 + 0.5 * np.exp(-steps / 8) + rises * 0.05 * steps / 150
    losses = level * (1 + 0.02 * rng.normal(size=150))
    run = run_outcome(val_loss=losses)
    lowest = int(losses.argmin())
    over_the_end, after = slope_at_end(run, 30), slope_at_end(run, 150 - lowest - 1)
    assert over_the_end.direction == 0
    assert after.direction == (1 if rises else 0)


def _noisy(n: int = 150, **options: Any) -> Finding:
    """A run whose steps are so long that its own curve tells little."""
    own = {"learning_rate": 2.0, "batch_size": 5, "max_epochs": 12, "seed": 1}
    return finding_on(part(n, 0), part(400, 1), **own | options)


def test_other_seeds_tell_a_rise_from_noise() -> None:
    finding = _noisy()
    others = found_in(finding).other_seeds
    assert others is not None
    assert found_in(finding).val_loss_slope_interval[0] <= 0  # its own trend does not tell
    assert others.rise > 0.01
    assert others.interval[0] > 0
    assert finding.is_warning
    assert f"with {others.seeds} other seeds it ends" in finding.statement
    assert f"trained again with {others.seeds} other seeds" in finding.how_sure.tried


def test_other_seeds_tell_noise_from_a_rise() -> None:
    """Single evaluations are low by luck, and the end lies above them."""
    finding = _noisy(1000, batch_size=20)
    found = found_in(finding)
    assert found.rise_above_lowest > 0.01
    assert found.other_seeds is not None
    assert found.other_seeds.interval[0] <= 0 or found.other_seeds.rise <= 0.01
    assert not finding.is_warning
    assert "No harm is seen" in finding.statement


@pytest.mark.parametrize(
    "options", [{"order": "file"}, {"early_stopping": {"patience": 200}}, {"l2": 0.05}]
)
def test_other_seeds_are_not_tried(options: dict[str, Any]) -> None:
    """Where they change nothing, nothing is in doubt, or the minimum is better than the end."""
    finding = _noisy(**options)
    assert found_in(finding).other_seeds is None
    assert not finding.is_warning


def test_a_gap_between_parts_that_differ_is_no_memory() -> None:
    finding = finding_on(part(4000, 0), part(2000, 1, shift=0.5), max_epochs=10, l2=0.01)
    gap = found_in(finding).gap
    assert finding.answer is Answer.CLEAR
    assert gap.train_accuracy - gap.val_accuracy > 0.05
    assert gap.memory < 0.03
    assert gap.parts_interval[0] > 0.02
    assert "The validation examples are harder" in finding.statement
    easier = finding_on(part(4000, 0, shift=0.5), part(2000, 1), max_epochs=10, l2=0.01)
    assert found_in(easier).gap.parts_interval[1] < 0
    assert "The validation examples are easier" in easier.statement


def test_the_minimum_says_where_the_run_was_going() -> None:
    going_on_helps = found_in(finding_on(part(4000, 0), part(2000, 1), learning_rate=0.002,
                                         max_epochs=6, l2=0.001))  # fmt: skip
    assert going_on_helps.minimum is not None
    assert going_on_helps.minimum.certified
    assert going_on_helps.minimum.against_end[1] < 0
    would = finding_on(part(120, 0), part(2000, 1), learning_rate=0.02, l2=1e-5, max_epochs=10)
    minimum = found_in(would).minimum
    assert minimum is not None
    assert minimum.rise > 0.01
    assert "there it would overfit" in would.statement


def test_without_a_penalty_no_minimum_is_sought() -> None:
    assert found_in(finding_on(part(120, 0), part(500, 1), max_epochs=10)).minimum is None


@pytest.mark.parametrize(
    "options", [{"max_epochs": 2}, {"features": (0, 5)}, {"examples_per_class": 20}]
)
def test_runs_that_cannot_be_asked(options: dict[str, Any]) -> None:
    finding = finding_on(part(120, 0), part(500, 1), **options)
    assert finding.answer is Answer.NOT_APPLICABLE


@pytest.mark.parametrize("reason", [StopReason.DIVERGED, StopReason.INTERRUPTED])
def test_is_silent_on_runs_that_did_not_come_to_their_end(reason: StopReason) -> None:
    run = run_outcome(val_loss=np.ones(MIN_EVALUATIONS), stop_reason=reason)
    assert look(Context(outcome_of(run), data_of())) == []
