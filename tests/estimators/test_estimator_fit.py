"""What fitting means: parameters, weights of examples, ends of runs, messages."""

import os
import signal
import sys
import threading
import warnings
from functools import partial
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LogisticRegression as Reference

from onelayer.data import Dataset
from onelayer.errors import InputError
from onelayer.estimators import LogisticRegression, SoftmaxRegression
from onelayer.training import Averaging, EarlyStopping, RateSchedule, TrainConfig, train

Arrays = tuple[NDArray[Any], NDArray[np.int64]]
BOTH = [LogisticRegression, SoftmaxRegression]


def blobs(n: int = 90, n_features: int = 4, n_classes: int = 2, seed: int = 0) -> Arrays:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, n_classes, n)
    centres = np.random.default_rng(99).normal(size=(n_classes, n_features))
    return centres[y] + rng.normal(size=(n, n_features)), y


def same(a: Any, b: Any, **tolerance: float) -> None:
    """Assert that two fitted models have equal coefficients: in every bit, unless said."""
    compare: Any = np.testing.assert_allclose if tolerance else np.testing.assert_array_equal
    compare(a.coef_, b.coef_, **tolerance)
    compare(a.intercept_, b.intercept_, **tolerance)


# What is trained --------------------------------------------------------------------------------


def test_softmax_has_the_bits_of_training_itself() -> None:
    X, y = blobs(n_classes=3)
    options: dict[str, Any] = {"learning_rate": 0.05, "l2": 0.01, "batch_size": 16,
                               "max_epochs": 7, "dtype": "float32"}  # fmt: skip
    result = train(Dataset(X, y), None, TrainConfig(model="softmax", seed=5, **options))
    model = SoftmaxRegression(random_state=5, **options).fit(X, y)
    np.testing.assert_array_equal(model.coef_, result.weights.T.astype(np.float64))
    np.testing.assert_array_equal(model.intercept_, result.bias.astype(np.float64))


def test_the_order_of_the_examples_can_be_chosen() -> None:
    X, y = blobs(n_classes=3)
    by_file = SoftmaxRegression(order="file", max_epochs=3).fit(X, y)
    same(by_file, SoftmaxRegression(shuffle=False, max_epochs=3).fit(X, y))
    by_class = SoftmaxRegression(order="class", max_epochs=3).fit(X, y)
    assert not np.array_equal(by_class.coef_, by_file.coef_)
    with pytest.raises(InputError, match="order: epoch was given, and shuffle = false"):
        SoftmaxRegression(order="epoch", shuffle=False, max_epochs=3).fit(X, y)


def test_positive_coefficients_speak_for_the_second_class() -> None:
    y = np.repeat(["no", "yes"], 20)
    X = np.linspace(-1, 1, 40)[:, None]
    model = LogisticRegression(max_epochs=50).fit(X, y)
    assert model.classes_.tolist() == ["no", "yes"]
    assert model.coef_.shape == (1, 1)
    assert model.coef_[0, 0] > 0
    assert model.predict([[2.0], [-2.0]]).tolist() == ["yes", "no"]
    assert model.predict_proba([[2.0]])[0, 1] > 0.5
    assert model.decision_function([[2.0]]).shape == (1,)


def test_long_training_reaches_the_minimum_of_scikit_learn() -> None:
    X, y = blobs()
    l2 = 0.01
    model = LogisticRegression(learning_rate=0.5, l2=l2, max_epochs=4000).fit(X, y)
    reference = Reference(C=1 / (2 * l2 * len(y)), tol=1e-10, max_iter=1000).fit(X, y)
    np.testing.assert_allclose(model.coef_, reference.coef_, rtol=1e-5)
    np.testing.assert_allclose(model.intercept_, reference.intercept_, rtol=1e-4)


@pytest.mark.parametrize("scale", ["standard", "minmax"])
@pytest.mark.parametrize("Estimator", BOTH)
def test_coefficients_apply_to_raw_values_whatever_the_scaling(Estimator: Any, scale: str) -> None:
    X, y = blobs()
    X = X * [1, 10, 100, 1000] + [0, 5, 50, 500]
    model = Estimator(scale=scale, max_epochs=50).fit(X, y)
    scaled = model.scaling_.apply(X, np.float64)
    on_scaled = Estimator(max_epochs=50).fit(scaled, y)
    expected = on_scaled.decision_function(scaled)
    np.testing.assert_allclose(model.decision_function(X), expected, rtol=1e-8)


@pytest.mark.parametrize(
    ("stored", "computed"),
    [("uint8", "float32"), ("int8", "float32"), ("bool", "float32"), ("float16", "float32"),
     ("float32", "float32"), ("float64", "float64"), ("int32", "float64")],
)  # fmt: skip
def test_type_of_the_arithmetic_suits_the_values(stored: str, computed: str) -> None:
    X, y = blobs()
    X = (X > 0).astype(stored)
    default, asked = (SoftmaxRegression(max_epochs=5, dtype=d).fit(X, y) for d in (None, computed))
    other = "float64" if computed == "float32" else "float32"
    same(default, asked)
    with pytest.raises(AssertionError):
        same(default, SoftmaxRegression(max_epochs=5, dtype=other).fit(X, y))


def test_8_bit_values_are_taken_as_they_are() -> None:
    X, y = blobs()
    X = np.clip(X * 3 + 5, 0, 20).astype(np.uint8)
    model = SoftmaxRegression(max_epochs=20, dtype="float64").fit(X, y)
    same(model, SoftmaxRegression(max_epochs=20).fit(X.astype(np.float64), y), rtol=1e-9)


@pytest.mark.parametrize("labels", [["a", "b", "c"], [False, True], [-3, 0, 7], [1.0, 2.0]])
def test_labels_of_any_kind(labels: list[Any]) -> None:
    X, y = blobs(n_classes=len(labels))
    model = SoftmaxRegression().fit(X, np.array(labels)[y])
    assert model.classes_.tolist() == labels
    assert set(model.predict(X).tolist()) <= set(labels)
    plain = SoftmaxRegression().fit(X, y)
    same(model, plain)
    assert model.score(X, np.array(labels)[y]) == plain.score(X, y)


def test_probabilities_are_those_of_the_model() -> None:
    X, y = blobs(n_classes=3)
    model = SoftmaxRegression().fit(X, y)
    scores = X @ model.coef_.T + model.intercept_
    expected = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-12)
    np.testing.assert_allclose(model.predict_log_proba(X), np.log(expected), rtol=1e-9)
    binary = LogisticRegression().fit(X, y == 1)
    second = 1 / (1 + np.exp(-binary.decision_function(X)))
    np.testing.assert_allclose(binary.predict_proba(X)[:, 1], second, rtol=1e-12)


def test_history_and_curve_tell_of_each_epoch() -> None:
    X, y = blobs(n=100)
    model = SoftmaxRegression(batch_size=30, max_epochs=6).fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) == 6
    assert model.history_.steps == 24
    assert model.loss_curve_[0] == pytest.approx(np.mean(model.history_.train_loss[:4]))
    assert model.validation_scores_ == []
    assert model.best_ is None
    assert model.stop_reason_ == "max_epochs"


def test_random_state_none_draws_a_new_order() -> None:
    X, y = blobs()
    fits = [SoftmaxRegression(random_state=r, batch_size=8, max_epochs=2).fit(X, y)
            for r in (0, 0, 1, None, None, np.random.RandomState(3))]  # fmt: skip
    same(fits[0], fits[1])
    assert len({model.coef_.tobytes() for model in fits}) == 5


@pytest.mark.parametrize("n_jobs", [None, 1, 2, -1])
def test_number_of_threads_changes_nothing(n_jobs: Any) -> None:
    X, y = blobs(n=700, n_features=30)
    same(LogisticRegression(max_epochs=3, n_jobs=n_jobs).fit(X, y),
         LogisticRegression(max_epochs=3, n_jobs=1).fit(X, y))  # fmt: skip


# Weights ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", ["none", "standard", "minmax"])
@pytest.mark.parametrize("early_stopping", [None, 3])
def test_weight_of_zero_is_absence_in_every_batch(scale: Any, early_stopping: Any) -> None:
    X, y = blobs(n=200, n_classes=3)
    absent = np.random.default_rng(1).random(200) < 0.4
    X[absent] += 50
    y[absent & (X[:, 0] > 50)] = 7  # a class that nobody counts is no class
    weights = np.where(absent, 0.0, np.random.default_rng(2).uniform(0.5, 2, 200))
    model = SoftmaxRegression(
        batch_size=16, max_epochs=10, scale=scale, early_stopping=early_stopping
    )
    full = model.fit(X, y, sample_weight=weights)
    coef, classes, history = full.coef_, full.classes_, full.history_
    kept = model.fit(X[~absent], y[~absent], sample_weight=weights[~absent])
    assert classes.tolist() == kept.classes_.tolist() == [0, 1, 2]
    np.testing.assert_allclose(coef, kept.coef_, rtol=1e-10)
    np.testing.assert_allclose(history.train_loss, kept.history_.train_loss, rtol=1e-10)


@pytest.mark.parametrize("Estimator", BOTH)
@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize("scale", ["none", "standard"])
def test_whole_weights_are_repeated_rows(Estimator: Any, class_weight: Any, scale: str) -> None:
    X, y = blobs(n=40)
    counts = np.random.default_rng(3).integers(0, 4, 40)
    model = Estimator(class_weight=class_weight, scale=scale, max_epochs=50)
    weighted = model.fit(X, y, sample_weight=counts).coef_
    repeated = model.fit(X.repeat(counts, axis=0), y.repeat(counts)).coef_
    np.testing.assert_allclose(weighted, repeated, rtol=1e-9)


def test_class_weights_multiply_the_weights_of_their_examples() -> None:
    X, y = blobs(n_classes=3)
    names = np.array(["a", "b", "c"])
    for how in ({"max_epochs": 50}, {"l2": 0.01}):
        options: dict[str, Any] = how
        by_class = SoftmaxRegression(class_weight={"a": 3, "c": 0.5}, **options).fit(X, names[y])
        by_example = SoftmaxRegression(**options).fit(X, names[y], np.array([3, 1, 0.5])[y])
        same(by_class, by_example, rtol=1e-12)
        balanced = SoftmaxRegression(class_weight="balanced", **options).fit(X, y)
        explicit = SoftmaxRegression(
            class_weight=dict(enumerate(len(y) / (3 * np.bincount(y)))), **options
        )
        same(balanced, explicit.fit(X, y), rtol=1e-12)


# Validation, early stopping -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "rule"),
    [(None, None), (False, None), (True, EarlyStopping()), (np.int64(3), EarlyStopping(patience=3)),
     ({"patience": 2, "min_delta": 0.1}, EarlyStopping(patience=2, min_delta=0.1)),
     (EarlyStopping(patience=4), EarlyStopping(patience=4))],
)  # fmt: skip
def test_early_stopping_takes_what_it_says(given: Any, rule: EarlyStopping | None) -> None:
    X, y = blobs()
    X_val, y_val = blobs(seed=1)
    model = SoftmaxRegression(early_stopping=given, max_epochs=60, dtype="float64")
    model.fit(X, y, X_val=X_val, y_val=y_val)
    config = TrainConfig(learning_rate=0.1, early_stopping=rule, max_epochs=60, dtype="float64")
    result = train(Dataset(X, y), Dataset(X_val, y_val), config)
    np.testing.assert_array_equal(model.coef_, result.weights.T)
    assert model.best_ == result.best
    assert model.stop_reason_ == result.stop_reason
    assert model.validation_scores_ == [e.val_accuracy for e in result.history.evaluations]


def test_share_of_each_class_is_held_out() -> None:
    X, y = blobs(n=200)
    model = LogisticRegression(early_stopping=True, validation_fraction=0.25, batch_size=10)
    model.fit(X, y)
    assert model.history_.batches_per_epoch == 15
    assert model.best_ is not None
    scores = {round(score * 50, 6) % 1 for score in model.validation_scores_}
    assert scores == {0}  # of 50 examples


def test_weights_count_in_validation() -> None:
    X, y = blobs()
    X_val, y_val = blobs(seed=1)
    weights = np.r_[np.zeros(45), np.full(45, 2.0)]
    y_val[0] = 9  # it does not count
    model = SoftmaxRegression(max_epochs=3)
    model.fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=weights)
    weighted = model.validation_scores_
    assert weighted == model.fit(X, y, X_val=X_val[45:], y_val=y_val[45:]).validation_scores_


# Going on -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", ["none", "standard"])
def test_warm_start_goes_on_where_the_last_fit_ended(scale: Any) -> None:
    X, y = blobs(n=100)
    options: dict[str, Any] = {"batch_size": 16, "scale": scale}
    in_parts = SoftmaxRegression(max_epochs=4, warm_start=True, **options)
    in_parts.fit(X, y).fit(X, y).fit(X, y)
    same(in_parts, SoftmaxRegression(max_epochs=12, **options).fit(X, y), rtol=1e-9)
    cold = SoftmaxRegression(max_epochs=4, **options)
    same(cold.fit(X, y).fit(X, y), SoftmaxRegression(max_epochs=4, **options).fit(X, y))


@pytest.mark.parametrize("scale", ["none", "standard"])
@pytest.mark.parametrize("Estimator", BOTH)
def test_partial_fits_on_the_same_examples_are_epochs(Estimator: Any, scale: Any) -> None:
    X, y = blobs(n=100)
    whole = Estimator(max_epochs=5, batch_size=16, scale=scale).fit(X, y)
    model = Estimator(batch_size=16, scale=scale)
    for _ in range(5):
        model.partial_fit(X, y, classes=[0, 1])
    same(model, whole, rtol=1e-9)
    assert model.n_iter_ == 5
    np.testing.assert_allclose(model.loss_curve_, whole.loss_curve_, rtol=1e-9)


def test_partial_fit_names_columns_as_fit_does() -> None:
    X, y = blobs()
    frame = pl.DataFrame(X, schema=["a", "b", "c", "d"]).with_columns(b=pl.lit(1e300) * pl.col("b"))
    first = partial(SoftmaxRegression(scale="standard").partial_fit, classes=[0, 1])
    for fit in (SoftmaxRegression(scale="standard").fit, first):
        with pytest.raises(ValueError, match="the values of the column 'b' are too large"):
            fit(frame, y)


def test_partial_fit_learns_classes_that_come_later() -> None:
    X, y = blobs(n=300, n_classes=3)
    model = SoftmaxRegression()
    for _ in range(50):
        for label in range(3):
            model.partial_fit(X[y == label], y[y == label], classes=[0, 1, 2])
    assert set(model.predict(X).tolist()) == {0, 1, 2}


@pytest.mark.parametrize("early_stopping", [True, 5, {"patience": 2}, EarlyStopping()])
def test_partial_fit_says_that_early_stopping_does_not_apply(early_stopping: Any) -> None:
    X, y = blobs()
    model = SoftmaxRegression(early_stopping=early_stopping)
    for _ in range(2):
        with pytest.warns(UserWarning, match="early_stopping does not apply") as caught:
            model.partial_fit(X, y, classes=[0, 1])
        assert [w.filename for w in caught] == [__file__]
    plain = SoftmaxRegression().partial_fit(X, y, classes=[0, 1])
    same(model, SoftmaxRegression(early_stopping=False).partial_fit(X, y, [0, 1]).partial_fit(X, y))
    same(plain, SoftmaxRegression(early_stopping=None).partial_fit(X, y, classes=[0, 1]))


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")
def test_interrupted_fit_keeps_what_it_has() -> None:
    X, y = blobs(n=2000)
    model = SoftmaxRegression(max_epochs=10**6, batch_size=8)
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    timer.join()
    assert model.stop_reason_ == "interrupted"
    assert model.score(X, y) > 0.8


# Divergence ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("Estimator", BOTH)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_diverged_training_warns_and_stays_finite(Estimator: Any, dtype: Any) -> None:
    X, y = blobs()
    with pytest.warns(
        ConvergenceWarning, match=r"diverged.*penalty alone.*smaller l2.*learning_rate below 0\.1"
    ):
        model = Estimator(learning_rate=100, l2=10, dtype=dtype).fit(X, y)
    assert model.stop_reason_ == "diverged"
    assert np.isfinite(model.coef_).all()
    assert np.isfinite(model.predict_proba(X * 1e200)).all()


def test_coefficients_of_raw_values_stay_finite_too() -> None:
    X, y = blobs()
    with pytest.warns(ConvergenceWarning, match="diverged"):
        model = SoftmaxRegression(learning_rate=100, l2=10, scale="minmax").fit(X * 1e-5, y)
    assert np.isfinite(model.coef_).all()
    assert np.isfinite(model.intercept_).all()


def test_steps_too_large_for_the_features_warn() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    with pytest.warns(ConvergenceWarning, match=r"did not converge.*scale='standard'") as caught:
        LogisticRegression(learning_rate=0.1).fit(X, y)
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        LogisticRegression(scale="standard", learning_rate=0.3, l2=0.01).fit(X, y)
        LogisticRegression().fit(X, y)  # a minimum needs no steps


# Steps --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"momentum": 0.9, "nesterov": True, "schedule": "cosine", "warmup_steps": 5},
        {"averaging": "mean", "schedule": {"kind": "step", "every": 20}, "max_steps": 70},
        {"averaging": Averaging(kind="exponential", decay=0.9), "initial_std": 0.5},
        {"schedule": RateSchedule(kind="one_cycle"), "max_steps": np.int64(30)},
    ],
)
def test_steps_are_those_of_training_itself(options: dict[str, Any]) -> None:
    X, y = blobs()
    model = clone(SoftmaxRegression(max_epochs=9, batch_size=9, random_state=3, **options))
    model.fit(X, y)
    config = {"learning_rate": 0.1, "max_epochs": 9, "batch_size": 9, "seed": 3, **options}
    result = train(Dataset(X, y), None, TrainConfig.model_validate(config | {"dtype": "float64"}))
    np.testing.assert_array_equal(model.coef_, result.weights.T)
    assert model.stop_reason_ == result.stop_reason
    plain = SoftmaxRegression(max_epochs=9, batch_size=9, random_state=3).fit(X, y)
    assert not np.array_equal(plain.coef_, model.coef_)


def test_partial_fit_says_that_what_counts_steps_does_not_apply() -> None:
    X, y = blobs()
    model = SoftmaxRegression(schedule="cosine", averaging="mean", momentum=0.5, max_steps=3)
    with pytest.warns(UserWarning, match="averaging, schedule, max_steps: it does not apply") as w:
        model.partial_fit(X, y, classes=[0, 1])
    assert [warned.filename for warned in w] == [__file__]
    same(model, SoftmaxRegression(momentum=0.5).partial_fit(X, y, classes=[0, 1]))


# Wrong input --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"learning_rate": -1}, "SoftmaxRegression: learning_rate: -1 was given"),
        ({"batch_size": 1.5}, "batch_size: 1.5 was given; must be a whole number"),
        ({"max_epochs": "many"}, "max_epochs: 'many' was given"),
        ({"dtype": "float16"}, "dtype: 'float16' was given"),
        ({"nesterov": True}, "SoftmaxRegression: nesterov: True was given; it needs momentum"),
        ({"schedule": "step"}, "SoftmaxRegression: schedule.every: must be given"),
        ({"averaging": {"kind": "mean", "decay": 0.5}}, "averaging.decay: 0.5 was given"),
        ({"early_stopping": 0}, "early_stopping.patience: 0 was given"),
        ({"early_stopping": {"wait": 3}}, "early_stopping.wait"),
        ({"early_stopping": True, "validation_fraction": 1.5}, "validation_fraction: 1.5"),
        (
            {"early_stopping": True, "validation_fraction": 0.001},
            "validation_fraction: 0.001 of 90",
        ),
        ({"scale": "robust"}, "scale: 'robust' was given; allowed: none, standard, minmax"),
        ({"class_weight": "even"}, "class_weight: 'even' was given"),
        ({"class_weight": {0: 1, 5: 2}}, "class_weight: 5 is none of the classes 0, 1"),
        ({"class_weight": {0: -1}}, "class_weight: the weights must be finite"),
        ({"random_state": -1}, "random_state: -1 was given"),
        ({"n_jobs": 0}, "n_jobs: 0 was given"),
        ({"drop_last": True, "batch_size": 1000}, "batch_size: 1000 is more than the 90"),
    ],
)
def test_wrong_parameters_are_named(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        SoftmaxRegression(**parameters).fit(*blobs())
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.zeros(90), "sample_weight: all weights are zero"),
        (-np.ones(90), "sample_weight: weights must be finite numbers of at least 0"),
        (np.ones(3), r"sample_weight: the shape is \(3,\); give one weight for each of 90"),
        (["a"] * 90, "sample_weight: these are no numbers"),
    ],
)
def test_wrong_weights_are_refused(weights: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        SoftmaxRegression().fit(*blobs(), weights)


def test_wrong_labels_are_refused() -> None:
    X, y = blobs(n_classes=3)
    with pytest.raises(InputError, match=r"Only binary classification.*take SoftmaxRegression"):
        LogisticRegression().fit(X, y)
    with pytest.raises(InputError, match="one class, 0: at least two classes"):
        SoftmaxRegression().fit(X, np.zeros(90, int))
    with pytest.raises(InputError, match="y_val: the labels hold 9"):
        SoftmaxRegression().fit(X, y, X_val=X, y_val=np.full(90, 9))
    with pytest.raises(InputError, match="X_val and y_val: give both"):
        SoftmaxRegression().fit(X, y, X_val=X)
    with pytest.raises(ValueError, match="expecting 4 features"):
        SoftmaxRegression().fit(X, y, X_val=X[:, :2], y_val=y)


def test_partial_fit_refuses_what_does_not_go_on() -> None:
    X, y = blobs()
    with pytest.raises(InputError, match="classes must be passed on the first call"):
        SoftmaxRegression().partial_fit(X, y)
    with pytest.raises(InputError, match="two are needed"):
        LogisticRegression().partial_fit(X, y, classes=[0, 1, 2])
    model = SoftmaxRegression().partial_fit(X, y, classes=[0, 1])
    with pytest.raises(InputError, match="not the same as on the last call"):
        model.partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(InputError, match="y: the labels hold 2"):
        model.partial_fit(X, y + 1)
    with pytest.raises(InputError, match="'balanced' needs all examples"):
        SoftmaxRegression(class_weight="balanced").partial_fit(X, y, classes=[0, 1])


def test_warm_start_refuses_other_classes() -> None:
    X, y = blobs()
    model = SoftmaxRegression(warm_start=True, max_epochs=2).fit(X, y)
    with pytest.raises(
        InputError, match=r"warm_start: the model has 4 features and the classes \[0, 1\]"
    ):
        model.fit(X, y + 1)
    model.predict(X)


def test_prediction_needs_a_fit() -> None:
    with pytest.raises(NotFittedError):
        SoftmaxRegression().predict([[1.0]])


def test_verbose_tells_how_it_went(capsys: pytest.CaptureFixture[str]) -> None:
    SoftmaxRegression(verbose=1, early_stopping=True, max_epochs=2).fit(*blobs())
    printed = capsys.readouterr().out
    assert "validation loss" in printed
    assert "SoftmaxRegression: all 2 epochs done" in printed
