"""Estimators that read some features, or are fitted to draws."""

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from onelayer import LogisticRegression, SoftmaxRegression, SoftmaxRegressionCV

X, Y = load_digits(n_class=4, return_X_y=True)
QUICK: dict[str, Any] = {"max_epochs": 5, "learning_rate": 0.01, "batch_size": 32}


def test_coefficients_of_other_features_are_zero() -> None:
    some = SoftmaxRegression(features="8:40", scale="standard", **QUICK).fit(X, Y)
    alone = SoftmaxRegression(scale="standard", **QUICK).fit(X[:, 8:40], Y)
    assert some.coef_.shape == (4, 64)
    np.testing.assert_array_equal(some.coef_[:, 8:40], alone.coef_)
    assert not np.delete(some.coef_, np.s_[8:40], axis=1).any()
    np.testing.assert_allclose(some.predict_proba(X), alone.predict_proba(X[:, 8:40]), rtol=1e-12)


def test_a_warm_start_goes_on_with_the_same_features() -> None:
    model = LogisticRegression(features=(8, 40), warm_start=True, **QUICK)
    model.fit(X, Y > 1)
    first = model.coef_.copy()
    model.fit(X, Y > 1)
    assert not np.array_equal(model.coef_, first)
    assert not model.coef_[:, :8].any()


def test_draws_train_on_few_examples() -> None:
    few = QUICK | {"examples_per_class": 3, "scale": "minmax"}
    fits = [SoftmaxRegression(draw=draw, **few).fit(X, Y) for draw in (0, 1, 0)]
    assert not np.array_equal(fits[0].coef_, fits[1].coef_)
    np.testing.assert_array_equal(fits[0].coef_, fits[2].coef_)
    assert fits[0].history_.steps == 5  # 12 examples are one batch an epoch


def test_a_search_over_ranges() -> None:
    ranges = [(0, 8), (8, 56), (56, 64)]
    sweep = SoftmaxRegressionCV(features=ranges, l2=1e-3, cv=3, scale="minmax", **QUICK)
    sweep.fit(X, Y)
    assert sweep.best_params_["features"] == (8, 56)
    assert sweep.results_["features"].to_list() == ["0:8", "8:56", "56:64"]
    assert not sweep.coef_[:, :8].any()
    alone = SoftmaxRegressionCV(l2=1e-3, cv=3, scale="minmax", **QUICK)
    alone.fit(X[:, 8:56], Y)
    np.testing.assert_allclose(
        sweep.results_["mean_score"].to_list()[1:2], alone.results_["mean_score"].to_list(),
        rtol=1e-12,
    )  # fmt: skip


def test_one_range_of_a_search_is_no_list() -> None:
    sweep = SoftmaxRegressionCV(features=[8, 56], l2=1e-3, cv=3, **QUICK).fit(X, Y)
    assert sweep.results_["features"].to_list() == ["8:56"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": (0, 65)}, r"features: \[0, 65\] was given; there are 64 features"),
        ({"features": (4, 4)}, "features"),
        ({"draw": 1}, "it needs examples_per_class"),
        ({"examples_per_class": 3, "class_weight": "balanced"}, "class_weight"),
        ({"examples_per_class": 10_000}, "examples_per_class: 10,000 was given"),
    ],
)
@pytest.mark.parametrize("estimator", [SoftmaxRegression, SoftmaxRegressionCV])
def test_what_is_refused(estimator: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        estimator(**options, **QUICK).fit(X, Y)
