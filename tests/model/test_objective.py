import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from onelayer.data import load
from onelayer.model import ModelName, Objective, Parameters, n_outputs

Problem = tuple[Parameters, NDArray[np.floating], NDArray[np.integer]]
MODELS: tuple[ModelName, ...] = ("logistic", "softmax")
CLASSES = {"logistic": 2, "softmax": 3}

seeds = st.integers(0, 2**32 - 1)
strengths = st.floats(0, 10)


def problem(model: ModelName, seed: int = 0, n: int = 17, dtype: str = "float64") -> Problem:
    """Random weights with scores of order one, and data."""
    rng = np.random.default_rng(seed)
    outputs = n_outputs(model, CLASSES[model])
    X = rng.normal(size=(n, 4)).astype(dtype)
    parameters = Parameters(
        rng.normal(size=(4, outputs)).astype(dtype), rng.normal(size=outputs).astype(dtype)
    )
    return parameters, X, rng.integers(0, CLASSES[model], n)


def agree(a: Parameters, b: Parameters, **tolerance: Any) -> None:
    tolerance = {"rtol": 1e-12, "atol": 1e-13} | tolerance
    np.testing.assert_allclose(a.weights, b.weights, **tolerance)
    np.testing.assert_allclose(a.bias, b.bias, **tolerance)


@pytest.mark.parametrize("model", MODELS)
@given(seed=seeds, times=st.integers(2, 5), l2=strengths)
def test_repeated_rows_leave_the_gradient_as_it_was(
    model: ModelName, seed: int, times: int, l2: float
) -> None:
    parameters, X, targets = problem(model, seed)
    objective = Objective(model, l2)
    tiled = np.tile(X, (times, 1)), np.tile(targets, times)
    agree(objective.gradient(parameters, *tiled), objective.gradient(parameters, X, targets))
    assert objective.value(parameters, *tiled) == pytest.approx(
        objective.value(parameters, X, targets), rel=1e-12
    )


@pytest.mark.parametrize("model", MODELS)
@given(seed=seeds, counts=st.lists(st.integers(0, 3), min_size=6, max_size=6).filter(any))
def test_integer_weights_are_repeated_rows(model: ModelName, seed: int, counts: list[int]) -> None:
    parameters, X, targets = problem(model, seed, n=6)
    objective = Objective(model)
    rows = np.repeat(np.arange(6), counts)
    single = [objective.gradient(parameters, X[[i]], targets[[i]]) for i in range(6)]
    weighted = Parameters(
        np.average([g.weights for g in single], axis=0, weights=counts),
        np.average([g.bias for g in single], axis=0, weights=counts),
    )
    agree(objective.gradient(parameters, X[rows], targets[rows]), weighted)


@pytest.mark.parametrize("model", MODELS)
@given(seed=seeds, l2=strengths)
def test_bias_is_an_unpenalized_column_of_ones(model: ModelName, seed: int, l2: float) -> None:
    parameters, X, targets = problem(model, seed)
    with_ones, one = _append_ones(parameters, X)
    as_column = Objective(model).gradient(with_ones, one, targets)
    gradient = Objective(model, l2).gradient(parameters, X, targets)
    agree(
        gradient,
        Parameters(as_column.weights[:-1] + 2 * l2 * parameters.weights, as_column.weights[-1]),
    )


@pytest.mark.parametrize("model", MODELS)
@given(seed=seeds, l2=strengths)
def test_penalized_bias_is_a_penalized_column_of_ones(
    model: ModelName, seed: int, l2: float
) -> None:
    parameters, X, targets = problem(model, seed)
    with_ones, one = _append_ones(parameters, X)
    plain, penalized = Objective(model, l2), Objective(model, l2, penalize_bias=True)
    as_column = plain.gradient(with_ones, one, targets)
    agree(
        penalized.gradient(parameters, X, targets),
        Parameters(as_column.weights[:-1], as_column.weights[-1]),
    )
    assert penalized.value(parameters, X, targets) == pytest.approx(
        plain.value(with_ones, one, targets), rel=1e-12
    )


def _append_ones(
    parameters: Parameters, X: NDArray[np.floating]
) -> tuple[Parameters, NDArray[np.floating]]:
    stacked = np.vstack([parameters.weights, parameters.bias])
    return Parameters(stacked, np.zeros_like(parameters.bias)), np.hstack([X, np.ones((len(X), 1))])


@pytest.mark.parametrize("penalize_bias", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_penalty_does_not_depend_on_the_batch_size(model: ModelName, penalize_bias: bool) -> None:
    parameters, X, targets = problem(model, n=100)
    plain, penalized = Objective(model), Objective(model, 0.7, penalize_bias)
    squares = np.sum(parameters.weights**2) + penalize_bias * np.sum(parameters.bias**2)
    for n in (1, 7, 100):
        batch = X[:n], targets[:n]
        with_penalty = penalized.gradient(parameters, *batch)
        without = plain.gradient(parameters, *batch)
        agree(
            Parameters(with_penalty.weights - without.weights, with_penalty.bias - without.bias),
            Parameters(1.4 * parameters.weights, 1.4 * penalize_bias * parameters.bias),
        )
        added = penalized.value(parameters, *batch) - plain.value(parameters, *batch)
        assert added == pytest.approx(0.7 * squares, rel=1e-12)


@pytest.mark.parametrize("penalize_bias", [False, True])
@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=20)
@given(seed=seeds, l2=strengths)
def test_gradient_is_that_of_the_value(
    model: ModelName, penalize_bias: bool, seed: int, l2: float
) -> None:
    parameters, X, targets = problem(model, seed)
    objective = Objective(model, l2, penalize_bias)
    gradient = objective.gradient(parameters, X, targets)
    h = 1e-5
    for analytic, moving in (
        (gradient.weights, parameters.weights),
        (gradient.bias, parameters.bias),
    ):
        for index in np.ndindex(moving.shape):
            at = moving[index]
            moving[index] = at + h
            above = objective.value(parameters, X, targets)
            moving[index] = at - h
            below = objective.value(parameters, X, targets)
            moving[index] = at
            # Rounding of the value, up to 1e3 with this penalty, over 2h.
            assert analytic[index] == pytest.approx((above - below) / (2 * h), rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("model", MODELS)
def test_gradient_at_zero_is_the_written_formula(model: ModelName) -> None:
    _, X, targets = problem(model)
    K = CLASSES[model]
    outputs = n_outputs(model, K)
    Y = np.eye(K)[targets][:, :outputs]  # logistic: the column of the positive class, the first
    gradient = Objective(model).gradient(Parameters.zeros(4, outputs, "float64"), X, targets)
    agree(gradient, Parameters(-X.T @ (Y - 1 / K) / len(X), -np.mean(Y - 1 / K, axis=0)))


@pytest.mark.parametrize("model", MODELS)
def test_loss_leaves_the_penalty_out_and_the_value_has_it(model: ModelName) -> None:
    parameters, X, targets = problem(model)
    objective = Objective(model, 0.3)
    sums = objective.sums(parameters, X, targets)
    loss, gradient = sums.mean_loss, objective.gradient_from(sums, parameters)
    assert loss == Objective(model).value(parameters, X, targets)
    assert objective.penalty(parameters) == pytest.approx(0.3 * np.sum(parameters.weights**2))
    assert objective.value(parameters, X, targets) == loss + objective.penalty(parameters)
    agree(gradient, objective.gradient(parameters, X, targets), rtol=0, atol=0)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_sums_over_parts_add_up_to_those_over_the_whole(model: ModelName, weighted: bool) -> None:
    parameters, X, targets = problem(model)
    weights = np.arange(1.0, len(X) + 1) if weighted else None
    objective, cut = Objective(model, 0.3), len(X) // 3
    whole = objective.sums(parameters, X, targets, weights)
    first, rest = (
        objective.sums(
            parameters, X[part], targets[part], weights if weights is None else weights[part]
        )
        for part in (slice(cut), slice(cut, None))
    )
    both = first + rest
    assert both.count == whole.count == len(X)
    assert both.loss == pytest.approx(whole.loss, rel=1e-13)
    agree(
        objective.gradient_from(both, parameters),
        objective.gradient(parameters, X, targets, weights),
    )


@given(seed=seeds, l2=strengths)
def test_softmax_of_two_classes_has_the_logistic_gradient(seed: int, l2: float) -> None:
    """With the weights w/2 and -w/2 the scores differ by w x, and the penalty is half that of w."""
    parameters, X, targets = problem("logistic", seed)
    halves = Parameters(
        np.hstack([parameters.weights, -parameters.weights]) / 2,
        np.concatenate([parameters.bias, -parameters.bias]) / 2,
    )
    one = Objective("logistic", l2, penalize_bias=True)
    two = Objective("softmax", 2 * l2, penalize_bias=True)
    assert two.value(halves, X, targets) == pytest.approx(
        one.value(parameters, X, targets), rel=1e-12
    )
    gradient = one.gradient(parameters, X, targets)
    agree(
        two.gradient(halves, X, targets),
        Parameters(
            np.hstack([gradient.weights, -gradient.weights]),
            np.concatenate([gradient.bias, -gradient.bias]),
        ),
    )


@pytest.mark.parametrize("model", MODELS)
def test_single_precision_stays_single_and_sums_in_double(model: ModelName) -> None:
    parameters, X, targets = problem(model, n=500, dtype="float32")
    objective = Objective(model, 0.1, penalize_bias=True)
    sums = objective.sums(parameters, X, targets)
    loss, gradient = sums.mean_loss, objective.gradient_from(sums, parameters)
    assert gradient.weights.dtype == gradient.bias.dtype == np.float32
    assert type(loss) is float
    double = Parameters(parameters.weights.astype(float), parameters.bias.astype(float))
    exact_gradient = objective.gradient(double, X.astype(float), targets)
    exact = objective.sums(double, X.astype(float), targets).mean_loss
    assert loss == pytest.approx(exact, rel=1e-6)
    # A sum in single precision would itself be a number of single precision.
    assert loss != float(np.float32(loss))
    agree(gradient, exact_gradient, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("model", MODELS)
def test_gradient_vanishes_at_scikit_learns_solution(model: ModelName) -> None:
    """C = 1 / (2 l2 N), and the intercept is not penalized."""
    train, _ = load("digits")
    if model == "logistic":
        train = train.subset_of_classes([3, 8])
    train = train.first(240)
    X, l2 = train.scaling.apply(train.X, np.float64), 0.01
    solver = LogisticRegression(C=1 / (2 * l2 * len(X)), tol=1e-10, max_iter=10_000)
    with warnings.catch_warnings():
        # Near the minimum the line search finds nothing better, which is what is wanted here.
        warnings.simplefilter("ignore")
        solver.fit(X, train.targets)
    # Its positive class is the second.
    sign = -1 if model == "logistic" else 1
    solution = Parameters(sign * solver.coef_.T, sign * solver.intercept_)
    gradient = Objective(model, l2).gradient(solution, X, train.targets)
    assert np.abs(gradient.weights).max() < 1e-6
    assert np.abs(gradient.bias).max() < 1e-6
    # And the test can tell: with twice the penalty it would not vanish.
    assert (
        np.abs(Objective(model, 2 * l2).gradient(solution, X, train.targets).weights).max() > 1e-4
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_parameters_begin_at_zero(dtype: str) -> None:
    zeros = Parameters.zeros(5, 3, dtype)
    assert zeros.weights.shape == (5, 3)
    assert zeros.bias.shape == (3,)
    assert zeros.weights.dtype == zeros.bias.dtype == dtype
    assert not zeros.weights.any()
    assert not zeros.bias.any()


def test_parameters_give_scores_norms_and_copies() -> None:
    parameters = Parameters(np.array([[1.0, 2], [3, 4]]), np.array([10.0, 20]))
    assert parameters.scores(np.array([[1.0, 1], [0, 2]])).tolist() == [[14, 26], [16, 28]]
    assert parameters.squared_norm(include_bias=False) == 30
    assert parameters.squared_norm(include_bias=True) == 530
    copy = parameters.copy()
    copy.weights[0, 0] = copy.bias[0] = -1
    assert parameters.weights[0, 0] == 1
    assert parameters.bias[0] == 10


def test_norms_of_single_precision_are_summed_in_double() -> None:
    large = Parameters(np.full((2, 1), 1e30, np.float32), np.zeros(1, np.float32))
    assert large.squared_norm(include_bias=True) == pytest.approx(2e60, rel=1e-6)


def test_outputs_of_the_models() -> None:
    assert n_outputs("logistic", 2) == 1
    assert n_outputs("softmax", 10) == 10


def test_objective_is_frozen() -> None:
    objective = Objective("softmax", 0.5)
    assert replace(objective, l2=0.0) == Objective("softmax")
    with pytest.raises(AttributeError):
        objective.l2 = 1.0  # type: ignore[misc]
