import math
from dataclasses import replace

import numpy as np
import pytest
from diagnosis_material import as_strict_json, outcome_of, run_outcome, trained
from l2_material import plain, sweep

from onelayer.diagnosis import Answer, Context, Finding, Severity
from onelayer.diagnosis.checks.weight_norm import look
from onelayer.diagnosis.measures.l2_norms import LocalSlope, SweepNorms, crossing
from onelayer.diagnosis.measures.small_weights import gradient_at_zero
from onelayer.model import Objective
from onelayer.optimum import minimise
from onelayer.study import StudyData
from onelayer.training import TrainConfig

TRAIN, VALIDATION = plain(300, 0), plain(100, 1)
BINARY = plain(300, 2, n_classes=2)
UNEQUAL = replace(TRAIN, X=TRAIN.X[50:], y=np.sort(np.asarray(TRAIN.y))[50:])


def found_in(context: Context) -> tuple[Finding, SweepNorms]:
    (finding,) = look(context)
    assert (finding.code, finding.check) == ("OL106", "weight-norm")
    as_strict_json([finding])
    assert isinstance(finding.measurement, SweepNorms)
    return finding, finding.measurement


def test_strong_penalties_alone_are_in_inverse_proportion() -> None:
    strong = trained(TRAIN, VALIDATION, sweep((1000, 100, 10), solver="optimum"))
    finding, measured = found_in(strong)
    assert (finding.answer, finding.severity) == (Answer.FOUND, Severity.INFO)
    assert "inversely proportional to λ over the whole sweep" in finding.statement
    for point in measured.points:
        assert point.minimum is not None
        assert point.limit_norm is not None
        assert point.minimum == pytest.approx(point.limit_norm, rel=0.06)
    weak = trained(TRAIN, VALIDATION, sweep((0.1, 0.01, 0.001), solver="optimum"))
    finding, measured = found_in(weak)
    assert finding.answer is Answer.CLEAR
    assert "nowhere in the sweep in inverse proportion" in finding.statement
    both = trained(TRAIN, VALIDATION, sweep((1000, 100, 0.01, 0.001), solver="optimum"))
    finding, _ = found_in(both)
    assert finding.answer is Answer.FOUND
    assert "from λ = 100 to λ = 1000, and not elsewhere" in finding.statement


@pytest.mark.parametrize("l2s", [(0.1, 0.01, 0.001), (1000, 300, 100)])
def test_the_range_is_located_where_the_slope_is(l2s: tuple[float, ...]) -> None:
    """Whether the sweep is below it or above; against minima to many digits about that λ."""
    context = trained(TRAIN, VALIDATION, sweep(l2s, solver="optimum"))
    _, measured = found_in(context)
    for begin, slope in (
        (measured.proportional_from, -0.9), (measured.squared_proportional_at, -0.5)
    ):  # fmt: skip
        assert begin is not None
        step = 1.05
        low, high = (
            math.sqrt(o.parameters.squared_norm(include_bias=False))
            for o in minimise(
                TRAIN, [Objective("softmax", begin * by) for by in (1 / step, step)],
                tolerance=1e-10,
            )
        )  # fmt: skip
        assert math.log(high / low) / (2 * math.log(step)) == pytest.approx(slope, abs=0.03)


def test_the_norm_is_never_above_its_limit() -> None:
    for penalize_bias in (False, True):
        context = trained(
            UNEQUAL, VALIDATION,
            sweep((10, 1, 0.1, 0.01), solver="optimum", penalize_bias=penalize_bias),
        )  # fmt: skip
        _, measured = found_in(context)
        for p in (*measured.points, *measured.beyond):
            assert p.minimum is not None
            assert p.limit_norm is not None
            assert p.minimum <= p.limit_norm * (1 + 1e-6)
        slopes = [s.at_minimum for s in (*measured.slopes, *measured.slopes_beyond)]
        assert all(slope is not None and -1.02 <= slope <= 0 for slope in slopes)


@pytest.mark.parametrize("penalize_bias", [False, True])
def test_the_limit_is_the_class_means(penalize_bias: bool) -> None:
    """W goes to mean x (y - p), over 2 λ, p the shares of the classes or 1 / K."""
    options = {"solver": "optimum", "penalize_bias": penalize_bias}
    context = trained(UNEQUAL, VALIDATION, sweep((1000, 100), **options))
    Y = np.eye(3)[UNEQUAL.targets]
    p = np.full(3, 1 / 3) if penalize_bias else Y.mean(axis=0)
    limit = UNEQUAL.X.T @ (Y - p) / len(Y)
    gradient = gradient_at_zero(context, context.outcome.runs[0])
    np.testing.assert_allclose(-gradient.weights, limit, rtol=1e-5, atol=1e-6)
    bias = Y.mean(axis=0) - 1 / 3 if penalize_bias else np.zeros(3)
    np.testing.assert_allclose(-gradient.bias, bias, atol=1e-6)
    weights = context.outcome.runs[0].model.weights
    np.testing.assert_allclose(2 * 1000 * weights, limit, rtol=0.05, atol=2e-3)


def test_logistic_models_have_a_limit_too() -> None:
    context = trained(BINARY, BINARY, sweep((1000, 100), model="logistic", solver="optimum"))
    _, measured = found_in(context)
    assert measured.points[0].minimum == pytest.approx(measured.points[0].limit_norm, rel=0.01)


def test_runs_that_had_not_arrived_have_other_slopes() -> None:
    context = trained(
        TRAIN, VALIDATION,
        sweep((0.1, 0.01, 0.001), learning_rate=0.02, batch_size=30, max_epochs=5),
    )  # fmt: skip
    finding, measured = found_in(context)
    slope = measured.slopes[-1]
    assert slope.at_end is not None
    assert slope.at_minimum is not None
    assert slope.at_minimum < slope.at_end - 0.1
    assert slope.at_end_interval is not None
    assert slope.at_end_interval[0] < slope.at_end < slope.at_end_interval[1]
    assert "Farthest from its minimum is the run with λ = 0.001" in finding.statement


def test_the_run_without_penalty_belongs_to_the_sweep_but_not_to_the_slope() -> None:
    configs = sweep((1.0, 0.1, 0.0), max_epochs=3)
    finding, measured = found_in(trained(TRAIN, VALIDATION, configs))
    assert finding.runs == ("l2=1", "l2=0.1", "l2=0")
    assert len(measured.slopes) == 1
    assert measured.points[-1].limit_norm is None


def test_one_penalty_has_no_slope() -> None:
    (finding,) = look(trained(TRAIN, VALIDATION, sweep((1.0, 0.0), max_epochs=3)))
    assert finding.answer is Answer.NOT_APPLICABLE
    assert "only one has a λ above zero" in finding.statement


def test_without_minima_the_ends_are_judged() -> None:
    """They can be seen to fall in inverse proportion, to fall otherwise, or not to fall."""

    def ends(*norms: float) -> Finding:
        context = trained(TRAIN, VALIDATION, sweep((1.0, 0.1, 0.01), features=(0, 2), max_epochs=2))
        runs = tuple(
            replace(run, record=replace(run.record, final=replace(run.record.final, weight_norm=n)))
            for run, n in zip(context.outcome.runs, norms, strict=True)
        )
        return found_in(Context(replace(context.outcome, runs=runs), context.data))[0]

    assert "over the whole sweep at the ends of the runs" in ends(0.02, 0.2, 2.0).statement
    flat = ends(1.0, 2.0, 4.0)
    assert flat.answer is Answer.CLEAR
    assert "nowhere in the sweep in inverse proportion at the ends" in flat.statement
    assert "slope is −0.30 at the ends of the runs (of the squared norm twice that: −0.60)" in (
        flat.statement
    )
    assert "does not even fall throughout" in ends(1.0, 0.5, 2.0).statement
    zero = ends(0.0, 0.2, 2.0)
    assert not {"nan", "inf"} & set(zero.statement.split())


def slope(l2: float, smaller: float, value: float) -> LocalSlope:
    return LocalSlope(l2, smaller, None, None, value, None)


def test_crossings_are_between_the_middles() -> None:
    along = [slope(100, 10, -0.95), slope(10, 1, -0.85), slope(1, 0.1, -0.4)]
    assert crossing(along, -0.9) == pytest.approx(10)  # between √1000 and √10
    assert crossing(along[1:], -0.9) is None
    assert crossing(along[:1], -0.9) is None


def test_an_interval_about_the_limit_is_no_verdict() -> None:
    sure = LocalSlope(10, 1, None, None, -0.95, (-0.97, -0.93))
    unsure = LocalSlope(10, 1, None, None, -0.95, (-1.0, -0.85))
    assert (sure.is_inverse, unsure.is_inverse) == (True, None)


def test_is_silent_without_a_sweep() -> None:
    assert look(Context(outcome_of(run_outcome()), plainly())) == []


def plainly() -> StudyData:
    return trained(TRAIN, VALIDATION, {"a": TrainConfig(max_epochs=1)}).data
