import numpy as np
import pytest
from diagnosis_material import as_strict_json
from fault_material import asked, config, context_of

from onelayer.diagnosis import Answer, Context
from onelayer.diagnosis.checks.oscillation import CHECK, Oscillation, swing_of
from onelayer.diagnosis.measures.stability import limit_at_start


@pytest.fixture(scope="module")
def safe() -> Context:
    return context_of(run=config())


@pytest.fixture(scope="module")
def limit(safe: Context) -> float:
    return limit_at_start(safe, safe.outcome["run"])


def test_a_safe_rate_is_clear_and_takes_no_experiment(safe: Context, limit: float) -> None:
    finding = asked(CHECK, safe)
    assert finding.answer is Answer.CLEAR
    assert safe.budget.spent == 0
    assert isinstance(finding.measurement, Oscillation)
    assert finding.measurement.tried is None
    assert f"the {limit:.3g} from which on" in finding.statement


def test_a_rate_far_above_the_limit_costs(limit: float) -> None:
    context = context_of(run=config(learning_rate=20 * limit))
    finding = asked(CHECK, context)
    assert finding.answer is Answer.FOUND
    assert finding.is_warning
    assert "20 times the" in finding.statement
    assert "went up and down" in finding.statement
    measured = finding.measurement
    assert isinstance(measured, Oscillation)
    assert measured.tried is not None
    assert measured.tried.matters
    assert measured.tried_rate is not None
    assert measured.tried_rate < measured.largest_rate / 3
    assert f"about {measured.tried_rate:.2g}" in finding.advice
    assert len(finding.how_sure.tried) == 2
    as_strict_json([finding])


def test_a_rate_above_the_limit_that_settles_is_clear(limit: float) -> None:
    """The curvature falls as the model learns, and a schedule ends low."""
    context = context_of(run=config(learning_rate=1.5 * limit, schedule="cosine", l2=0.0))
    finding = asked(CHECK, context)
    assert finding.answer is Answer.CLEAR
    assert "So the rate costs nothing that matters." in finding.statement
    assert "below the limit there" in finding.statement


def test_runs_on_some_features_are_not_made_again(limit: float) -> None:
    context = context_of(run=config(learning_rate=50 * limit, features=(0, 3)))
    finding = asked(CHECK, context)
    assert finding.answer is Answer.CANT_TELL
    assert "it trains on some of the features" in finding.statement


def test_minima_and_diverged_runs_are_not_asked() -> None:
    context = context_of(
        found=config(solver="optimum", l2=0.1),
        gone=config(learning_rate=1e3, l2=1.0, max_epochs=40),
    )
    assert CHECK.look(context) == []


@pytest.mark.parametrize(
    ("losses", "swing", "turns"),
    [
        ([9, 9, 9, 1, 1, 1, 1], 0.0, 0.0),
        ([9, 9, 9, 9, 1, 3, 1, 3], 1.0, 1.0),
        ([9.0, 9, 9, 5, 4, 3], 0.25, 0.0),
        ([1.0], 0.0, 0.0),
    ],
)
def test_swing_is_the_mean_change_of_the_second_half(
    losses: list[float], swing: float, turns: float
) -> None:
    assert swing_of(np.array(losses, float)) == pytest.approx((swing, turns))
