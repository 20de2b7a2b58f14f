"""Estimators find the minimum unless an option of steps is set."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression as Peer
from sklearn.linear_model import LogisticRegressionCV as PeerCV
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

from onelayer import (
    LogisticRegression,
    MultilabelRegression,
    SoftmaxRegression,
    SoftmaxRegressionCV,
)
from onelayer.estimators.fitting import split_rows
from onelayer.estimators.inputs import Labelled
from onelayer.sweep import search


def cancer() -> tuple[Any, Any]:
    X, y = load_breast_cancer(return_X_y=True)
    return StandardScaler().fit_transform(X), y


def iris() -> tuple[Any, Any]:
    X, y = load_iris(return_X_y=True)
    return StandardScaler().fit_transform(X), y


@pytest.mark.parametrize("weighted", [False, True])
def test_without_options_it_is_scikit_learns_model(weighted: bool) -> None:
    X, y = cancer()
    weights = np.random.default_rng(0).uniform(0.5, 2, len(y)) if weighted else None
    ours = LogisticRegression(tolerance=1e-10).fit(X, y, weights)
    peer = Peer(tol=1e-10, max_iter=10_000).fit(X, y, weights)
    assert ours.stop_reason_ == "converged"
    assert ours.loss_curve_ == []
    np.testing.assert_allclose(ours.coef_, peer.coef_, atol=2e-4)
    np.testing.assert_allclose(ours.intercept_, peer.intercept_, atol=2e-4)


def test_two_outputs_take_the_penalty_of_one() -> None:
    X, y = cancer()
    two = SoftmaxRegression(tolerance=1e-10).fit(X, y)
    one = LogisticRegression(tolerance=1e-10).fit(X, y)
    np.testing.assert_allclose(two.predict_proba(X), one.predict_proba(X), atol=1e-4)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_the_sweep_chooses_as_scikit_learn_does() -> None:
    X, y = cancer()
    ours = SoftmaxRegressionCV().fit(X, y)
    peer = PeerCV(cv=5, scoring="neg_log_loss", solver="newton-cholesky", tol=1e-8).fit(X, y)
    C = float(np.ravel(peer.C_)[0])
    assert ours.best_params_ == {"l2": pytest.approx(1 / (C * len(y)))}
    np.testing.assert_allclose(ours.predict_proba(X), peer.predict_proba(X), atol=2e-3)
    # A fold's penalty is that of the same C: it weighs the sum of the losses of fewer examples.
    scores = np.array(ours.results_["scores"].to_list())[::-1].T
    np.testing.assert_allclose(scores[:, :5], peer.scores_[1][:, :5], rtol=5e-3)
    assert ours.results_["learning_rate"].null_count() == 10
    assert set(ours.results_["stop_reason"]) == {"converged"}


def test_a_penalty_is_as_strong_while_examples_are_held_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search, "NEARLY", 1e-9)  # candidates as near as the model beside them
    X, y = iris()
    weights = np.where(y == 0, 3.0, 1.0)
    sweep = SoftmaxRegressionCV(l2=0.05, cv=None, validation_fraction=0.3, tolerance=1e-9)
    sweep.fit(X, y, weights)
    kept, held = split_rows(Labelled(X, y), 0.3, 0)
    share = weights[kept].sum() / weights.sum()
    alone = SoftmaxRegression(l2=0.05 / share, tolerance=1e-9).fit(X[kept], y[kept], weights[kept])
    loss = log_loss(y[held], alone.predict_proba(X[held]), sample_weight=weights[held])
    assert sweep.best_score_ == pytest.approx(-loss, rel=1e-4)
    assert sweep.best_params_ == {"l2": 0.05}


def test_a_fit_raises_no_floating_point_error() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    with np.errstate(all="raise"):
        assert LogisticRegression().fit(X, y).stop_reason_ == "converged"
        SoftmaxRegressionCV(cv=2, l2=1e-3).fit(X, y)


@pytest.mark.parametrize(
    "options", [{"learning_rate": 0.1}, {"max_epochs": 3}, {"shuffle": False}, {"momentum": 0.9}]
)
def test_an_option_of_steps_asks_for_steps(options: dict[str, Any]) -> None:
    X, y = iris()
    model = SoftmaxRegression(**options).fit(X, y)
    assert model.history_.steps > 0
    assert model.stop_reason_ == "max_epochs"
    assert SoftmaxRegression(l2=0.01, random_state=3).fit(X, y).history_.steps == 0


def test_the_solver_can_be_named() -> None:
    X, y = iris()
    assert SoftmaxRegression(solver="sgd").fit(X, y).history_.steps > 0
    exact = SoftmaxRegression(solver="optimum", l2=0.01, max_epochs=3).fit(X, y)
    assert exact.stop_reason_ == "converged"
    with pytest.raises(ValueError, match=r"solver: 'lbfgs' was given; .* or 'auto'"):
        SoftmaxRegressionCV(solver="lbfgs").fit(X, y)
    with pytest.raises(ValueError, match="solver: 'newton' was given"):
        SoftmaxRegression(solver="newton").fit(X, y)
    with pytest.raises(ValueError, match="makes no steps"):
        SoftmaxRegressionCV(solver="optimum", learning_rate=[0.1]).fit(X, y)


def test_a_run_far_from_its_minimum_says_so() -> None:
    X, y = iris()
    with pytest.warns(ConvergenceWarning, match="J could fall by about"):
        SoftmaxRegression(max_epochs=1, learning_rate=0.01).fit(X, y)


def test_separated_classes_are_said() -> None:
    X = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    with pytest.warns(ConvergenceWarning, match=r"can be separated.* Set l2 above 0"):
        model = LogisticRegression(l2=0.0).fit(X, [0, 0, 1, 1])
    assert model.stop_reason_ == "no_minimum"
    assert model.score(X, [0, 0, 1, 1]) == 1


def test_no_advice_on_the_grid_where_training_has_not_ended() -> None:
    """The best is at the edge: that says nothing of penalties where models are unfinished."""
    X, y = iris()
    options: dict[str, Any] = {"l2": [1e-3, 1e-2], "cv": 3, "learning_rate": 0.01}
    with pytest.warns(ConvergenceWarning, match="has not converged") as told:
        SoftmaxRegressionCV(max_epochs=1, **options).fit(X, y)
    assert not any("Extend the grid" in str(w.message) for w in told)
    with pytest.warns(UserWarning, match="Extend the grid"):
        SoftmaxRegressionCV(l2=[1e-1, 1.0], cv=3).fit(X, y)


def test_each_label_has_the_penalty_of_a_model_of_its_own() -> None:
    X, y = make_multilabel_classification(n_classes=2, random_state=0)
    both = MultilabelRegression(tolerance=1e-10).fit(X, y)
    assert both.stop_reason_ == "converged"
    for k in range(2):
        peer = Peer(tol=1e-10, max_iter=10_000).fit(X, y[:, k])
        np.testing.assert_allclose(both.coef_[k], peer.coef_[0], atol=1e-4)
