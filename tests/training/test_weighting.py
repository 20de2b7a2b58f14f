"""Example weights, rows, starting points, and sparse data, on both engines."""

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.metrics import balanced_accuracy_score
from training_material import (
    Fit,
    FitMany,
    parts,
    same_bits,
)

from onelayer.data import Dataset, Scaling, fit_scaling
from onelayer.errors import InputError
from onelayer.model import Parameters
from onelayer.training import (
    EarlyStopping,
    ExampleWeights,
    StopReason,
    TrainConfig,
    TrainResult,
    as_classifier,
)

DOUBLE = TrainConfig(
    model="softmax", dtype="float64", learning_rate=0.1, batch_size=16, max_epochs=3, l2=0.01
)
WHOLE = DOUBLE.model_copy(update={"batch_size": 1000})


def close(a: TrainResult, b: TrainResult, rtol: float = 1e-9) -> None:
    np.testing.assert_allclose(a.weights, b.weights, rtol=rtol, atol=1e-12)
    np.testing.assert_allclose(a.bias, b.bias, rtol=rtol, atol=1e-12)


def sparse_parts(n_classes: int, kind: Any = "none") -> tuple[Dataset, Dataset]:
    """Dense data with many zeros, and the same as CSR, scaled alike."""
    rng = np.random.default_rng(3)
    X = rng.normal(2, 3, (90, 23)) * (rng.random((90, 23)) < 0.3)
    X[5] = 0
    y = np.arange(90) % n_classes
    X[:, 0] += 2 * (y == 1)
    stored = csr_array(X)
    scaling = fit_scaling(stored, kind)
    return Dataset(X, y, scaling=scaling), Dataset(stored, y, scaling=scaling)


@pytest.mark.parametrize("model", ["logistic", "softmax"])
def test_whole_weights_equal_repeated_rows(fit: Fit, model: Any) -> None:
    train_set, validation_set = parts()
    counts = np.arange(train_set.n_examples) % 4
    times = np.arange(validation_set.n_examples) % 3
    repeated = Dataset(
        train_set.X.repeat(counts, axis=0), train_set.y.repeat(counts), train_set.classes
    )
    repeated_validation = Dataset(
        validation_set.X.repeat(times, axis=0), validation_set.y.repeat(times), train_set.classes
    )
    config = WHOLE.model_copy(update={"model": model, "max_epochs": 20})
    weighted = fit(
        train_set, validation_set, config, rows=np.flatnonzero(counts),
        weights=[ExampleWeights(counts, times)],
    )  # fmt: skip
    plain = fit(repeated, repeated_validation, config)
    close(weighted, plain)
    assert weighted.last is not None
    assert plain.last is not None
    for name in ("val_loss", "val_accuracy", "train_accuracy", "weight_norm"):
        assert getattr(weighted.last, name) == pytest.approx(getattr(plain.last, name), rel=1e-9)
    np.testing.assert_allclose(weighted.history.train_loss, plain.history.train_loss, rtol=1e-9)


def test_only_the_ratio_of_weights_counts(fit: Fit) -> None:
    train_set, validation_set = parts()
    weights = np.random.default_rng(0).random(train_set.n_examples)
    one, other = (
        fit(train_set, validation_set, DOUBLE, weights=[ExampleWeights(factor * weights)])
        for factor in (1, 1000)
    )
    close(one, other)
    plain = fit(train_set, validation_set, DOUBLE)
    assert np.abs(one.weights - plain.weights).max() > 1e-3
    ones = fit(
        train_set, validation_set, DOUBLE, weights=[ExampleWeights(np.full(len(weights), 7.0))]
    )
    close(ones, plain)


def test_rows_train_as_if_there_were_no_others(fit: Fit) -> None:
    train_set, validation_set = parts()
    rows, validation_rows = np.arange(0, 60, 3)[::-1].copy(), np.arange(5, 25)
    few = Dataset(train_set.X[rows], train_set.y[rows], train_set.classes)
    few_validation = Dataset(
        validation_set.X[validation_rows], validation_set.y[validation_rows], train_set.classes
    )
    same_bits(
        fit(train_set, validation_set, DOUBLE, rows=rows, validation_rows=validation_rows),
        fit(few, few_validation, DOUBLE),
    )


def test_held_out_rows_of_the_same_data(fit: Fit) -> None:
    data, _ = parts()
    rows, rest = np.arange(40), np.arange(40, 60)
    held_out = Dataset(data.X[rest], data.y[rest], data.classes)
    first = Dataset(data.X[rows], data.y[rows], data.classes)
    same_bits(
        fit(data, data, DOUBLE, rows=rows, validation_rows=rest), fit(first, held_out, DOUBLE)
    )


def test_each_model_has_its_own_weights(fit_many: FitMany) -> None:
    data, _ = parts()
    folds = [np.arange(60) % 3 == k for k in range(3)]
    weights = [ExampleWeights(~fold, fold) for fold in folds] + [ExampleWeights()]
    together = fit_many(data, data, [DOUBLE] * 4, weights=weights)
    for own, result in zip(weights, together, strict=True):
        same_bits(fit_many(data, data, [DOUBLE], weights=[own])[0], result)
    assert len({result.weights.tobytes() for result in together}) == 4


def test_without_validation_data_there_are_no_evaluations(fit: Fit) -> None:
    train_set, validation_set = parts()
    result = fit(train_set, None, DOUBLE)
    with_validation = fit(train_set, validation_set, DOUBLE)
    assert result.weights.tobytes() == with_validation.weights.tobytes()
    assert result.history.train_loss.tobytes() == with_validation.history.train_loss.tobytes()
    assert (result.history.evaluations, result.best, result.last) == ((), None, None)
    assert result.stop_reason is StopReason.MAX_EPOCHS


def test_divergence_without_validation_data_leaves_finite_weights(fit: Fit) -> None:
    train_set, _ = parts()
    config = DOUBLE.model_copy(update={"learning_rate": 1e300, "max_epochs": 20, "l2": 1.0})
    result = fit(train_set, None, config)
    assert result.stop_reason is StopReason.DIVERGED
    assert np.isfinite(result.weights).all()


def test_early_stopping_without_validation_data_is_refused(fit: Fit) -> None:
    train_set, _ = parts()
    config = DOUBLE.model_copy(update={"early_stopping": EarlyStopping()})
    with pytest.raises(InputError, match="early_stopping: it needs validation examples"):
        fit(train_set, None, config)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_run_goes_on_where_another_ended(fit: Fit, dtype: Any) -> None:
    train_set, validation_set = parts()
    config = DOUBLE.model_copy(update={"dtype": dtype})
    first = fit(train_set, validation_set, config.model_copy(update={"max_epochs": 1}))
    rest = fit(
        train_set, validation_set, config.model_copy(update={"max_epochs": 2}),
        initial=[first.parameters], first_epoch=1,
    )  # fmt: skip
    whole = fit(train_set, validation_set, config)
    assert rest.weights.tobytes() == whole.weights.tobytes()
    losses = first.history.train_loss.tolist() + rest.history.train_loss.tolist()
    assert losses == whole.history.train_loss.tolist()


@pytest.mark.parametrize("kind", ["none", "standard", "minmax"])
@pytest.mark.parametrize(("model", "n_classes"), [("logistic", 2), ("softmax", 3), ("softmax", 40)])
def test_sparse_data_trains_as_dense(fit: Fit, model: Any, n_classes: int, kind: Any) -> None:
    dense, sparse = sparse_parts(n_classes, kind)
    config = DOUBLE.model_copy(update={"model": model, "penalize_bias": True})
    weights = [ExampleWeights(np.arange(90) % 5 + 1.0)]
    a = fit(sparse, sparse, config, weights=weights)
    b = fit(dense, dense, config, weights=weights)
    close(a, b)
    for one, other in zip(a.history.evaluations, b.history.evaluations, strict=True):
        assert one.val_loss == pytest.approx(other.val_loss, rel=1e-9)
        assert one.val_accuracy == pytest.approx(other.val_accuracy)
        assert one.weight_norm == pytest.approx(other.weight_norm, rel=1e-9)


@pytest.mark.parametrize("l2", [0.0, 0.3, 4.9, 5.0, 7.0])
def test_strong_penalties_on_sparse_data(fit: Fit, l2: float) -> None:
    # At 5 a step of 0.1 keeps nothing of the weights; above, it turns their sign.
    dense, sparse = sparse_parts(3)
    config = DOUBLE.model_copy(update={"l2": l2, "max_epochs": 12})
    close(fit(sparse, sparse, config), fit(dense, dense, config), rtol=1e-7)


def test_sparse_and_dense_together_are_refused(fit: Fit) -> None:
    dense, sparse = sparse_parts(3)
    with pytest.raises(InputError, match="One of training and validation examples is sparse"):
        fit(dense, sparse, DOUBLE)


def test_scaling_by_feature_trains_as_scaled_data(fit: Fit) -> None:
    train_set, validation_set = parts()
    scale, offset = np.random.default_rng(1).uniform(0.5, 2, (2, train_set.n_features))
    scaled = Dataset(train_set.X, train_set.y, scaling=Scaling(scale, offset))
    by_hand, validation_by_hand = (
        Dataset(part.X * scale + offset, part.y) for part in (train_set, validation_set)
    )
    close(fit(scaled, validation_set, DOUBLE), fit(by_hand, validation_by_hand, DOUBLE), rtol=1e-10)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"weights": [ExampleWeights(np.ones(3))]}, r"weights: the shape is \(3,\)"),
        ({"weights": [ExampleWeights(-np.ones(60))]}, "finite numbers of at least 0"),
        ({"weights": [ExampleWeights(np.full(60, np.nan))]}, "finite numbers of at least 0"),
        ({"weights": [ExampleWeights(np.zeros(60))]}, "all are 0"),
        ({"weights": [ExampleWeights(None, np.ones(60))]}, r"give one for each of 30"),
        ({"weights": [ExampleWeights(np.arange(60) > 5)], "rows": [1, 2]}, "all are 0"),
        ({"rows": [60]}, "rows: there are 60 examples, with numbers from 0 to 59"),
        ({"rows": []}, "rows: give the numbers of at least one example"),
        ({"rows": [0.5]}, "rows: give the numbers"),
        ({"validation_rows": [-1]}, "validation_rows: there are 30 examples"),
        (
            {"initial": [Parameters.zeros(4, 2)]},
            r"initial: the shape of the weights is \(4, 2\); \(5, 2\)",
        ),
    ],
)
def test_what_does_not_fit_is_refused(fit: Fit, how: dict[str, Any], message: str) -> None:
    train_set, validation_set = parts()
    with pytest.raises(InputError, match=message):
        fit(train_set, validation_set, DOUBLE, **how)


@pytest.mark.parametrize("model", ["logistic", "softmax"])
def test_final_is_of_the_rows_and_weights_of_the_run(fit: Fit, model: Any) -> None:
    """Against the objective, computed from the definition on the kept weights."""
    rng = np.random.default_rng(5)
    train_set, validation_set = parts()
    rows, held = np.arange(3, 50), np.arange(0, 30, 2)
    own = ExampleWeights(rng.random(60) + 0.1, rng.random(30) + 0.1)
    config = DOUBLE.model_copy(update={"model": model})

    def expected(part: Dataset, some: Any, weights: Any) -> tuple[float, float]:
        X = part.scaling.apply(part.X[some], np.float64)
        Z = X @ result.weights + result.bias
        if model == "logistic":
            Z = np.hstack([Z, np.zeros_like(Z)])  # the positive class is the first
        P = np.exp(Z - Z.max(axis=1, keepdims=True))
        P /= P.sum(axis=1, keepdims=True)
        t, w = part.targets[some], weights[some] if weights is not None else np.ones(len(some))
        right = P.argmax(axis=1) == t
        return float(w @ -np.log(P[range(len(t)), t]) / w.sum()), float(w @ right / w.sum())

    for weights in (own, None):
        how: dict[str, Any] = {} if weights is None else {"weights": [weights]}
        result = fit(train_set, validation_set, config, rows=rows, validation_rows=held, **how)
        final = result.final
        for part, some, own_weights, found in (
            (train_set, rows, own.train if weights else None, final.train_balanced_accuracy),
            (
                validation_set,
                held,
                own.validation if weights else None,
                final.val_balanced_accuracy,
            ),
        ):
            predicted = as_classifier(result).predict(part.X[some])
            by = None if own_weights is None else np.asarray(own_weights)[some]
            expected_mean = balanced_accuracy_score(part.y[some], predicted, sample_weight=by)
            assert found == pytest.approx(expected_mean, rel=1e-12)
        assert (final.train_loss, final.train_accuracy) == pytest.approx(
            expected(train_set, rows, weights and weights.train), rel=1e-12
        )
        assert (final.val_loss, final.val_accuracy) == pytest.approx(
            expected(validation_set, held, weights and weights.validation), rel=1e-12
        )
