from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from onelayer.data import load
from onelayer.model import TOLERANCE, GradientCheck, Objective, Parameters, check_gradients

Floats = NDArray[np.floating]
Targets = NDArray[np.integer]
Gradient = Callable[[Objective, Parameters, Floats, Targets], Parameters]


@pytest.fixture(scope="module")
def digits() -> tuple[Floats, Targets]:
    train, _ = load("digits", train=60)
    return train.scaling.apply(train.X, np.float64), train.targets


def test_right_gradients_pass(digits: tuple[Floats, Targets]) -> None:
    checks = check_gradients(*digits, 10)
    assert [(c.objective.model, c.objective.l2, c.objective.penalize_bias) for c in checks] == [
        (model, l2, penalize_bias)
        for model in ("logistic", "softmax")
        for l2, penalize_bias in ((0.0, False), (0.1, False), (0.1, True))
    ]
    assert all(check.passed for check in checks)
    # A wide margin: right gradients must pass, and not by luck.
    assert max(check.worst_error for check in checks) < TOLERANCE / 50
    # 60 of the weights and all biases, at each of three points.
    assert [check.derivatives for check in checks] == [183] * 3 + [210] * 3


def _no_factor_two(o: Objective, p: Parameters, X: Floats, t: Targets) -> Parameters:
    right = o.gradient(p, X, t)
    bias = right.bias - o.l2 * p.bias if o.penalize_bias else right.bias
    return Parameters(right.weights - o.l2 * p.weights, bias)


def _wrong_sign(o: Objective, p: Parameters, X: Floats, t: Targets) -> Parameters:
    right = o.gradient(p, X, t)
    return Parameters(-right.weights, -right.bias)


def _bias_forgotten(o: Objective, p: Parameters, X: Floats, t: Targets) -> Parameters:
    right = o.gradient(p, X, t)
    return Parameters(right.weights, np.zeros_like(right.bias))


def _bias_never_penalized(o: Objective, p: Parameters, X: Floats, t: Targets) -> Parameters:
    return Objective(o.model, o.l2).gradient(p, X, t)


def _not_a_number(o: Objective, p: Parameters, X: Floats, t: Targets) -> Parameters:
    right = o.gradient(p, X, t)
    return Parameters(np.full_like(right.weights, np.nan), right.bias)


def _nan_bias(o: Objective, p: Parameters, X: Floats, t: Targets) -> Parameters:
    right = o.gradient(p, X, t)
    right.bias[-1] = np.nan
    return right


def _infinite(o: Objective, p: Parameters, X: Floats, t: Targets) -> Parameters:
    right = o.gradient(p, X, t)
    return Parameters(np.full_like(right.weights, np.inf), right.bias)


def _slightly_off(o: Objective, p: Parameters, X: Floats, t: Targets) -> Parameters:
    right = o.gradient(p, X, t)
    return Parameters(right.weights * (1 + 1e-5), right.bias)


EVERYWHERE = lambda _: True  # noqa: E731


@pytest.mark.parametrize(
    ("wrong", "caught_where"),
    [
        (_no_factor_two, lambda o: o.l2 > 0),
        (_wrong_sign, EVERYWHERE),
        (_bias_forgotten, EVERYWHERE),
        (_bias_never_penalized, lambda o: o.penalize_bias),
        (_not_a_number, EVERYWHERE),
        (_nan_bias, EVERYWHERE),
        (_infinite, EVERYWHERE),
        (_slightly_off, EVERYWHERE),
    ],
)
def test_planted_errors_are_caught_where_they_are(
    wrong: Gradient, caught_where: Callable[[Objective], bool], digits: tuple[Floats, Targets]
) -> None:
    with np.errstate(invalid="ignore"):
        checks = check_gradients(*digits, 10, gradient=wrong)
    assert len(checks) == 6
    for check in checks:
        assert check.passed == (not caught_where(check.objective)), check


def test_worst_component_is_the_one_reported(digits: tuple[Floats, Targets]) -> None:
    for check in check_gradients(*digits, 10, gradient=_wrong_sign):
        assert check.analytic == pytest.approx(-check.numeric, rel=1e-4)
        assert check.worst_error == pytest.approx(2, rel=1e-4)
    for check in check_gradients(*digits, 10, gradient=_nan_bias):
        assert np.isnan(check.worst_error)
        assert np.isnan(check.analytic)
        assert np.isfinite(check.numeric)


@pytest.mark.parametrize(
    ("error", "passed"),
    [(0.0, True), (TOLERANCE, True), (1.01 * TOLERANCE, False), (np.inf, False), (np.nan, False)],
)
def test_what_passes(error: float, passed: bool) -> None:
    assert GradientCheck(Objective("softmax"), 1, 1, error, 1.0, 1.0).passed is passed


def test_points_are_drawn_by_the_seed(digits: tuple[Floats, Targets]) -> None:
    first, again = check_gradients(*digits, 10, points=1), check_gradients(*digits, 10, points=1)
    assert first == again
    assert check_gradients(*digits, 10, points=1, seed=1) != first


def test_points_and_components_are_counted(digits: tuple[Floats, Targets]) -> None:
    for check in check_gradients(*digits, 10, points=2, components=5):
        outputs = 1 if check.objective.model == "logistic" else 10
        assert check.points == 2
        assert check.derivatives == 2 * (5 + outputs)


def test_few_features_are_all_compared() -> None:
    X = np.array([[0.5], [-1.0], [2.0]])
    checks = check_gradients(X, np.array([0, 1, 2]), 3, points=1)
    assert [check.derivatives for check in checks] == [2] * 3 + [6] * 3
    assert all(check.passed for check in checks)


def test_data_without_the_first_two_classes_can_be_checked() -> None:
    """The first examples of a file need not hold them."""
    X = np.random.default_rng(0).normal(size=(8, 3))
    assert all(check.passed for check in check_gradients(X, np.full(8, 5), 10))


@pytest.mark.parametrize("unit", [1e-4, 1.0, 1e4])
def test_unit_of_the_data_does_not_matter(unit: float, digits: tuple[Floats, Targets]) -> None:
    X, targets = digits
    right = check_gradients(unit * X, targets, 10, points=1)
    assert max(check.worst_error for check in right) < TOLERANCE / 50
    wrong = check_gradients(unit * X, targets, 10, points=1, gradient=_no_factor_two)
    assert [check.passed for check in wrong] == [True, False, False] * 2


def test_right_gradients_of_many_classes_pass() -> None:
    rng = np.random.default_rng(0)
    X, targets = rng.uniform(-1, 1, size=(100, 50)), rng.integers(0, 100, 100)
    checks = check_gradients(X, targets, 100, points=1, components=20)
    assert max(check.worst_error for check in checks) < TOLERANCE / 10


def test_features_that_are_all_zero_can_be_checked() -> None:
    checks = check_gradients(np.zeros((4, 2)), np.array([0, 1, 0, 1]), 2)
    assert all(check.passed for check in checks)


def test_single_precision_data_is_checked_in_double(digits: tuple[Floats, Targets]) -> None:
    X, targets = digits
    assert all(check.passed for check in check_gradients(X.astype(np.float32), targets, 10))
