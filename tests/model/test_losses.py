from decimal import Decimal, localcontext

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from onelayer.model import LOSSES, ModelName, sigmoid, softmax

LOGISTIC, SOFTMAX = LOSSES["logistic"], LOSSES["softmax"]
Scores = NDArray[np.floating]

# Eighths up to 2**10 add and subtract without rounding in float64.
eighths = st.integers(-(2**13), 2**13).map(lambda k: k / 8)


@st.composite
def softmax_cases(draw: st.DrawFn) -> tuple[Scores, NDArray[np.intp]]:
    """Up to five rows of two to four scores from -20 to 20, and a class for each."""
    n, k = draw(st.integers(1, 5)), draw(st.integers(2, 4))
    scores = draw(st.lists(st.integers(-160, 160), min_size=n * k, max_size=n * k))
    targets = draw(st.lists(st.integers(0, k - 1), min_size=n, max_size=n))
    return np.array(scores).reshape(n, k) / 8, np.array(targets)


def _textbook(scores: list[float], target: int) -> float:
    """-ln of a probability, with 60 digits; the probabilities may be as small as exp(-60)."""
    with localcontext(prec=60):
        powers = [Decimal(z).exp() for z in scores]
        return -float((powers[target] / sum(powers)).ln())


@given(z=st.floats(-30, 30), target=st.integers(0, 1))
def test_logistic_loss_is_the_textbook_one(z: float, target: int) -> None:
    with localcontext(prec=60):
        positive = 1 / (1 + (-Decimal(z)).exp())
        textbook = -float((positive if target == 0 else 1 - positive).ln())
    loss = LOGISTIC.values(np.array([[z]]), np.array([target]))
    np.testing.assert_allclose(loss, [textbook], rtol=1e-14)


@given(case=softmax_cases())
def test_softmax_loss_is_the_textbook_one(case: tuple[Scores, NDArray[np.intp]]) -> None:
    scores, targets = case
    textbook = [_textbook(z.tolist(), t) for z, t in zip(scores, targets, strict=True)]
    # The log-sum and the score of the class are subtracted, both up to 21.
    np.testing.assert_allclose(SOFTMAX.values(scores, targets), textbook, rtol=1e-14, atol=2e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logistic_stays_finite_for_huge_scores(dtype: type[np.floating]) -> None:
    scores = np.array([[1e4], [-1e4], [1e4], [-1e4], [0]], dtype)
    targets = np.array([0, 0, 1, 1, 0])
    losses = LOGISTIC.values(scores, targets)
    assert losses.dtype == dtype
    np.testing.assert_allclose(losses, [0, 1e4, 1e4, 0, np.log(2)], rtol=1e-7)
    residuals = LOGISTIC.residuals(scores, targets)
    assert residuals.dtype == dtype
    assert residuals.tolist() == [[0], [-1], [1], [0], [-0.5]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softmax_stays_finite_for_huge_scores(dtype: type[np.floating]) -> None:
    scores = np.array([[1e4, -1e4, 0], [1e4, -1e4, 0], [-1e4, -1e4, -1e4]], dtype)
    targets = np.array([0, 1, 2])
    losses = SOFTMAX.values(scores, targets)
    assert losses.dtype == dtype
    # Beside 1e4, float32 leaves the last one an absolute error of 1e-3.
    atol = 1e-3 if dtype == np.float32 else 1e-11
    np.testing.assert_allclose(losses, np.array([0.0, 2e4, np.log(3)]), atol=atol)
    residuals = SOFTMAX.residuals(scores, targets)
    assert residuals.dtype == dtype
    np.testing.assert_allclose(
        residuals, np.array([[0, 0, 0], [1, -1, 0], [1 / 3, 1 / 3, -2 / 3]]), atol=1e-6
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(
    scores=st.lists(st.floats(-1e4, 1e4, width=32), min_size=3, max_size=3),
    target=st.integers(0, 2),
)
def test_losses_are_finite_and_never_negative(
    dtype: type[np.floating], scores: list[float], target: int
) -> None:
    row = np.array([scores], dtype)
    column = row[:, :1]
    losses = [
        SOFTMAX.values(row, np.array([target])),
        LOGISTIC.values(column, np.array([target % 2])),
    ]
    for loss in losses:
        assert np.isfinite(loss).all()
        assert (loss >= 0).all()


@given(case=softmax_cases(), shift=eighths)
def test_shifting_all_scores_changes_nothing(
    case: tuple[Scores, NDArray[np.intp]], shift: float
) -> None:
    scores, targets = case
    shifted = scores + shift
    np.testing.assert_array_equal(softmax(shifted), softmax(scores))
    np.testing.assert_array_equal(
        SOFTMAX.residuals(shifted, targets), SOFTMAX.residuals(scores, targets)
    )
    np.testing.assert_array_equal(SOFTMAX.predict(shifted), SOFTMAX.predict(scores))
    # The loss adds the largest score and takes another away: it rounds at the size of the scores.
    np.testing.assert_allclose(
        SOFTMAX.values(shifted, targets), SOFTMAX.values(scores, targets), rtol=0, atol=1e-12
    )


@given(z=st.lists(st.floats(-30, 30), min_size=1, max_size=6), seed=st.integers(0, 63))
def test_softmax_of_two_classes_is_logistic(z: list[float], seed: int) -> None:
    one = np.array(z)[:, None]
    two = np.hstack([one, np.zeros_like(one)])
    targets = np.array([(seed >> i) & 1 for i in range(len(z))])
    np.testing.assert_allclose(
        SOFTMAX.values(two, targets), LOGISTIC.values(one, targets), rtol=1e-13, atol=1e-14
    )
    residuals = LOGISTIC.residuals(one, targets)
    np.testing.assert_allclose(
        SOFTMAX.residuals(two, targets), np.hstack([residuals, -residuals]), atol=1e-15
    )
    np.testing.assert_array_equal(SOFTMAX.predict(two), LOGISTIC.predict(one))


@pytest.mark.parametrize(("model", "outputs"), [("logistic", 1), ("softmax", 3)])
def test_residuals_are_the_derivatives_of_the_losses(model: ModelName, outputs: int) -> None:
    rng = np.random.default_rng(0)
    loss = LOSSES[model]
    scores = rng.normal(scale=3, size=(40, outputs))
    targets = rng.integers(0, max(2, outputs), 40)
    residuals = loss.residuals(scores, targets)
    h = 1e-5
    for k in range(outputs):
        step = h * np.eye(outputs)[k]
        slope = (loss.values(scores + step, targets) - loss.values(scores - step, targets)) / (
            2 * h
        )
        np.testing.assert_allclose(residuals[:, k], slope, rtol=1e-8, atol=1e-9)


def test_residuals_leave_the_scores_as_they_were() -> None:
    scores = np.array([[1.0, 2.0, 3.0]])
    SOFTMAX.residuals(scores, np.array([1]))
    LOGISTIC.residuals(scores[:, :1], np.array([1]))
    assert scores.tolist() == [[1.0, 2.0, 3.0]]


@given(scores=st.lists(st.floats(-800, 800), min_size=2, max_size=6))
def test_probabilities_agree_with_scipy(scores: list[float]) -> None:
    z = np.array(scores)
    np.testing.assert_allclose(sigmoid(z), scipy.special.expit(z), rtol=1e-14, atol=1e-300)
    np.testing.assert_allclose(softmax(z), scipy.special.softmax(z), rtol=1e-12, atol=1e-300)
    assert sigmoid(z).dtype == softmax(z).dtype == np.float64


def test_sigmoid_reaches_its_limits_without_a_warning() -> None:
    assert sigmoid(np.array([-1e4, 0, 1e4])).tolist() == [0, 0.5, 1]
    assert sigmoid(np.array([-1e4, 1e4], np.float32)).dtype == np.float32


def test_logistic_predicts_the_positive_class_from_one_half_on() -> None:
    below = np.nextafter(0, -1)
    assert LOGISTIC.predict(np.array([[3.0], [0.0], [-0.0], [below], [-3.0]])).tolist() == [
        0,
        0,
        0,
        1,
        1,
    ]


def test_softmax_predicts_the_largest_score_and_the_first_of_equals() -> None:
    scores = np.array([[1.0, 3, 2], [0, 0, 0], [-5, -4, -4]])
    assert SOFTMAX.predict(scores).tolist() == [1, 0, 1]
