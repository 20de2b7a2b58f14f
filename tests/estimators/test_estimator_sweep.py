"""The sweep: its candidates, what they are scored on, and what is fitted at the end."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import accuracy_score, log_loss, make_scorer
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit, StratifiedKFold

from onelayer.errors import InputError
from onelayer.estimators import SoftmaxRegression, SoftmaxRegressionCV
from onelayer.estimators.fitting import split_rows
from onelayer.estimators.inputs import Labelled
from onelayer.inference import Classifier

X, y = load_digits(n_class=4, return_X_y=True)
X = X / 16
X, y, X_val, y_val = X[:300], y[:300], X[300:500], y[300:500]
FAST: dict[str, Any] = {"max_epochs": 15, "batch_size": 32, "dtype": "float64"}
GRID: dict[str, Any] = {"l2": [1.0, 0, 0.01], "learning_rate": np.array([0.05, 0.2])}

pytestmark = pytest.mark.filterwarnings("ignore:The best:UserWarning")


def row(sweep: SoftmaxRegressionCV, l2: float, rate: float) -> dict[str, Any]:
    return sweep.results_.filter(pl.col("l2") == l2, pl.col("learning_rate") == rate).to_dicts()[0]


def test_scores_on_given_examples_are_those_of_models_fitted_alone() -> None:
    sweep = SoftmaxRegressionCV(**GRID, **FAST).fit(X, y, X_val=X_val, y_val=y_val)
    assert sweep.results_["l2"].to_list() == [0, 0, 0.01, 0.01, 1, 1]
    for l2 in (0, 0.01, 1):
        for rate in (0.05, 0.2):
            alone = SoftmaxRegression(l2=l2, learning_rate=rate, **FAST).fit(X, y)
            found = row(sweep, l2, rate)
            expected = -log_loss(y_val, alone.predict_proba(X_val))
            assert found["mean_score"] == pytest.approx(expected, rel=1e-12)
            assert found["train_loss"] == alone.loss_curve_[-1]
            assert found["std_score"] is None
    best = sweep.results_.sort("mean_score", descending=True).row(0, named=True)
    assert sweep.best_params_ == {name: best[name] for name in ("l2", "learning_rate")}
    assert sweep.best_score_ == best["mean_score"]
    assert sweep.results_["rank"][sweep.best_index_] == best["rank"] == 1
    chosen = SoftmaxRegression(**sweep.best_params_, **FAST).fit(X, y)
    np.testing.assert_array_equal(sweep.coef_, chosen.coef_)
    np.testing.assert_array_equal(sweep.predict_proba(X_val), chosen.predict_proba(X_val))
    assert len(sweep.validation_scores_) > 0


def test_folds_score_as_models_fitted_to_them_in_one_batch() -> None:
    """In one batch a fold's weights of zero are absence; then each model can be fitted alone."""
    options = FAST | {"batch_size": 1000, "max_epochs": 60}
    sweep = SoftmaxRegressionCV(l2=[0, 0.01], cv=4, **options).fit(X, y)
    for l2 in (0, 0.01):
        scores = []
        for train, test in StratifiedKFold(4).split(X, y):
            model = SoftmaxRegression(l2=l2, **options).fit(X[train], y[train])
            scores.append(-log_loss(y[test], model.predict_proba(X[test])))
        found = row(sweep, l2, 0.1)
        assert found["scores"] == pytest.approx(scores, rel=1e-8)
        assert found["mean_score"] == pytest.approx(np.mean(scores), rel=1e-8)
        assert found["std_score"] == pytest.approx(np.std(scores, ddof=1), rel=1e-6)
        assert found["standard_error"] == pytest.approx(np.std(scores, ddof=1) / 2, rel=1e-6)
    chosen = SoftmaxRegression(l2=sweep.best_params_["l2"], **options).fit(X, y)
    np.testing.assert_array_equal(sweep.coef_, chosen.coef_)


@pytest.mark.parametrize(
    "cv", [3, KFold(3), ShuffleSplit(2, random_state=0), list(KFold(2).split(X, y))]
)
def test_any_splitter(cv: Any) -> None:
    sweep = SoftmaxRegressionCV(l2=[0, 0.1], cv=cv, **FAST).fit(X, y)
    folds = cv if isinstance(cv, int) else len(cv) if isinstance(cv, list) else cv.get_n_splits()
    assert sweep.results_["scores"].list.len().to_list() == [folds, folds]
    assert f"on {folds} folds" in sweep.summary_
    assert accuracy_score(y_val, sweep.predict(X_val)) > 0.9


def test_share_is_held_out_without_folds() -> None:
    sweep = SoftmaxRegressionCV(**GRID, cv=None, validation_fraction=0.3, **FAST).fit(X, y)
    kept, held = split_rows(Labelled(X, y), 0.3, 0)
    assert len(held) == 90
    alone = SoftmaxRegression(l2=0.01, learning_rate=0.2, **FAST).fit(X[kept], y[kept])
    expected = -log_loss(y[held], alone.predict_proba(X[held]))
    assert row(sweep, 0.01, 0.2)["mean_score"] == pytest.approx(expected, rel=1e-12)
    chosen = SoftmaxRegression(**sweep.best_params_, **FAST).fit(X, y)
    np.testing.assert_array_equal(sweep.coef_, chosen.coef_)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("scoring", ["accuracy", make_scorer(accuracy_score), None])
def test_weights_of_zero_are_absence_in_folds_and_scores(weighted: bool, scoring: Any) -> None:
    absent = np.random.default_rng(0).random(len(y)) < 0.3
    weights = np.where(absent, 0, np.linspace(1, 3, len(y)) if weighted else 1)
    labels = np.where(absent, 99, y)
    sweep = SoftmaxRegressionCV(l2=[0, 0.1], cv=KFold(3), scoring=scoring, **FAST)
    full = clone(sweep).fit(X, labels, weights).results_["scores"].to_list()
    kept = clone(sweep).fit(X[~absent], y[~absent], weights[~absent]).results_["scores"].to_list()
    np.testing.assert_allclose(full, kept, rtol=1e-9)


def test_examples_that_do_not_count_are_in_no_score() -> None:
    def share_right(model: Any, X: Any, y: Any) -> float:
        return float((model.predict(X) == y).mean())

    weights = np.ones(len(y))
    weights[::3] = 0
    labels = np.where(weights == 0, 99, y)
    splits = list(KFold(3).split(X, y))
    sweep = SoftmaxRegressionCV(l2=[0, 0.1], cv=splits, scoring=share_right, **FAST)
    assert sweep.fit(X, labels, weights).best_score_ > 0.9


def test_scorer_is_that_of_scikit_learn() -> None:
    def seen(model: Any, X: Any, y: Any) -> float:
        assert set(y) <= {"class 0", "class 1", "class 2", "class 3"}
        return float((model.predict(X) == y).mean())

    names = np.array([f"class {i}" for i in range(4)])[y]
    by_name = SoftmaxRegressionCV(l2=[0, 1], scoring="accuracy", cv=3, **FAST).fit(X, names)
    by_call = SoftmaxRegressionCV(l2=[0, 1], scoring=seen, cv=3, **FAST).fit(
        X, names, np.ones(len(y))
    )
    assert by_name.results_["scores"].to_list() == by_call.results_["scores"].to_list()
    assert "with an accuracy of" in by_name.summary_
    losses = SoftmaxRegressionCV(l2=[0, 1], scoring="neg_log_loss", cv=3, **FAST).fit(X, names)
    exact = SoftmaxRegressionCV(l2=[0, 1], cv=3, **FAST).fit(X, names)
    np.testing.assert_allclose(
        losses.results_["mean_score"], exact.results_["mean_score"], rtol=1e-10
    )


def test_early_stopping_sets_the_epochs_of_the_final_fit() -> None:
    y_wrong = y.copy()
    y_wrong[::3] = (y[::3] + 1) % 4  # overfits
    options = FAST | {"max_epochs": 300, "learning_rate": 0.5}
    sweep = SoftmaxRegressionCV(l2=0.0, cv=3, early_stopping=5, **options).fit(X, y_wrong)
    assert sweep.results_["stop_reason"].to_list() == ["patience"]
    assert 1 <= sweep.n_iter_ < sweep.results_["epochs"][0] < 300
    assert sweep.stop_reason_ == "max_epochs"


def test_diverged_candidates_come_last() -> None:
    sweep = SoftmaxRegressionCV(l2=[0, 5000], learning_rate=[0.1, 1.0], cv=3, **FAST).fit(X, y)
    diverged = sweep.results_.filter(pl.col("stop_reason") == "diverged")
    assert sorted(diverged["rank"]) == [3, 4]
    assert diverged["mean_score"].to_list() == [None, None]
    on_the_way = SoftmaxRegressionCV(l2=[0, 50], learning_rate=0.1, cv=3, **FAST).fit(X, y)
    assert on_the_way.results_["stop_reason"].to_list() == ["max_epochs", "diverged"]
    assert on_the_way.best_params_["l2"] == 0
    assert "2 diverged." in sweep.summary_
    with pytest.warns(ConvergenceWarning, match="diverged"):
        sweep = SoftmaxRegressionCV(l2=[5000, 6000], learning_rate=1.0, cv=3, **FAST).fit(X, y)
    assert sweep.summary_ == (
        "All 2 diverged, by the penalty alone, which makes the weights grow: take a smaller l2, or "
        "smaller learning rates."
    )
    assert np.isfinite(sweep.coef_).all()


@pytest.mark.parametrize(
    ("l2", "rate", "message"),
    [
        ([0.1, 10], None, "best l2, 0.1, is the lowest of the 2 given: a lower one"),
        ([0.0001, 10], None, "best l2, 0.0001, is the lowest of the 2 given: a lower one"),
        (0.001, None, None),
        (1.0, [0.0001, 0.1], "best learning_rate, 0.1, is the highest of the 2"),
    ],
)
def test_best_at_the_edge_of_the_grid_warns(l2: Any, rate: Any, message: str | None) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        SoftmaxRegressionCV(l2=l2, learning_rate=rate, cv=3).fit(X, y)
    texts = [str(w.message) for w in caught]
    assert len(texts) == (message is not None)
    assert message is None or message in texts[0]
    assert all(w.filename == __file__ for w in caught)


def test_summary_says_when_the_next_is_as_good(capsys: pytest.CaptureFixture[str]) -> None:
    close = SoftmaxRegressionCV(l2=[1e-7, 1e-6], cv=3, verbose=1, **FAST).fit(X, y)
    assert "within one standard error" in close.summary_
    assert close.summary_ in capsys.readouterr().out
    assert close.summary_.startswith("Best of 2: l2 = ")
    assert f"log loss of {-close.best_score_:.4g}" in close.summary_
    far = SoftmaxRegressionCV(l2=[0, 2], cv=3, **FAST).fit(X, y)
    assert "within one standard error" not in far.summary_


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"l2": []}, r"l2: \[\] was given; give a number"),
        ({"l2": "strong"}, "l2: 'strong' was given"),
        ({"l2": [0, -1]}, "SoftmaxRegressionCV: l2: -1.0 was given"),
        ({"learning_rate": [0.1, np.nan]}, "learning_rate: nan was given"),
        ({"cv": [(np.arange(5), np.array([], int))]}, "cv: fold 0 has no examples .* to score"),
        ({"cv": [(slice(None), [-1]), (np.arange(5), [len(y)])]}, "cv: split 1, test .* from 0 to"),
        ({"cv": [(np.ones(5, bool), np.arange(5))]}, r"cv: split 0, train .* \d+ bools"),
        ({"cv": [(np.arange(5)[:, None], np.arange(5))]}, r"cv: split 0, train .* \(5, 1\)"),
        ({"cv": [np.arange(5)]}, "cv: split 0 is no pair"),
        ({"cv": iter(())}, "cv: there are no splits"),
        ({"scoring": "beauty"}, "scoring"),
        ({"scoring": ["accuracy", "f1"]}, r"scoring: \['accuracy', 'f1'\] .* one scorer"),
    ],
)
def test_wrong_parameters(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SoftmaxRegressionCV(**parameters).fit(X, y)


def test_an_example_without_a_group_is_named() -> None:
    groups = np.full(len(y), "a", object)
    groups[7] = None
    with pytest.raises(InputError, match=r"groups: 1 example without .* number 7"):
        SoftmaxRegressionCV(cv=GroupKFold(2)).fit(X, y, groups=groups)


def test_threads_and_candidates_beside_change_nothing() -> None:
    many = SoftmaxRegressionCV(**GRID, n_jobs=2, **FAST).fit(X, y)
    few = SoftmaxRegressionCV(l2=0.01, learning_rate=0.2, n_jobs=1, **FAST).fit(X, y)
    assert row(many, 0.01, 0.2)["train_loss"] == row(few, 0.01, 0.2)["train_loss"]
    assert row(many, 0.01, 0.2)["mean_score"] == pytest.approx(few.best_score_, rel=1e-12)


def test_unfitted_sweep_has_no_partial_fit() -> None:
    assert not hasattr(SoftmaxRegressionCV(), "partial_fit")
    with pytest.raises(InputError, match="one class"):
        SoftmaxRegressionCV().fit(X, np.zeros(len(y)))


@pytest.mark.filterwarnings("ignore:The least populated class:UserWarning")
def test_a_fold_that_would_train_without_a_class_is_refused_by_its_name() -> None:
    few = np.array(["a", "b"], object)[y[:60] % 2]
    few[7] = "rare"
    with pytest.raises(ValueError, match=r"fold \d has the only example of the class 'rare'"):
        SoftmaxRegressionCV().fit(X[:60], few)
    splits = [(np.flatnonzero(few != "a"), np.flatnonzero(few == "a"))]
    with pytest.raises(ValueError, match=r"fold 0 has all \d+ examples of the class 'a'"):
        SoftmaxRegressionCV(cv=splits).fit(X[:60], few)


def test_the_model_itself_is_saved(tmp_path: Path) -> None:
    model = SoftmaxRegression(l2=0.01)
    with pytest.raises(NotFittedError):
        model.to_classifier()
    model.fit(X[:60], y[:60]).to_classifier().save(tmp_path / "model.safetensors")
    loaded = Classifier.load(tmp_path / "model.safetensors")
    assert loaded.predict_proba(X).tobytes() == model.predict_proba(X).tobytes()
