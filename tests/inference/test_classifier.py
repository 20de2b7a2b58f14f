"""Predictions: against the formula, and the same bits however they are asked for."""

from __future__ import annotations

import threading
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inference_material import DIGITS, WORDS, Array, logistic, raw_rows, softmax
from scipy import sparse
from threadpoolctl import threadpool_limits

from onelayer.data import Scaling
from onelayer.errors import InputError
from onelayer.inference import Classifier
from onelayer.inference.product import BLOCK_ROWS


def by_the_formula(model: Classifier, X: Array) -> Array:
    """Scores as the model is defined: scale, then weigh; in the longest type there is."""
    long = np.longdouble
    scale, offset = np.asarray(model.scaling.scale, long), np.asarray(model.scaling.offset, long)
    scores: Array = (X.astype(long) * scale + offset) @ model.weights.astype(long) + model.bias
    return scores


# Values -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [softmax(), logistic(), softmax(1), softmax(5, ("a", "b"))])
def test_scores_are_those_of_the_formula(model: Classifier) -> None:
    X = raw_rows(300, model.n_features)
    scores = model.scores(X)
    assert scores.dtype == np.float64
    np.testing.assert_allclose(scores, by_the_formula(model, X).astype(float), rtol=0, atol=1e-12)


def test_scaling_may_have_one_number_a_feature() -> None:
    scaling: dict[str, Any] = {"scale": np.array([1.0, 2, -3, 4, 0.1]), "offset": np.arange(5.0)}
    model = softmax(scaling=Scaling(**scaling))
    X = raw_rows(50)
    np.testing.assert_allclose(
        model.scores(X), by_the_formula(model, X).astype(float), rtol=0, atol=1e-12
    )


def test_badly_scaled_features_keep_their_digits() -> None:
    rng = np.random.default_rng(0)
    mean, deviation = np.array([1e4, -1e6, 1.0]), np.array([1.0, 3.0, 1e-5])
    scaling: dict[str, Any] = {"scale": 1 / deviation, "offset": -mean / deviation}
    model = softmax(3, scaling=Scaling(**scaling))
    X = mean + deviation * rng.normal(size=(200, 3))
    np.testing.assert_allclose(
        model.scores(X), by_the_formula(model, X).astype(float), rtol=0, atol=1e-8
    )


def test_probabilities_are_in_the_order_of_the_classes_and_sum_to_one() -> None:
    X = raw_rows(200)
    model = softmax()
    p = model.predict_proba(X)
    z = model.scores(X)
    np.testing.assert_allclose(p, np.exp(z) / np.exp(z).sum(axis=1, keepdims=True), rtol=1e-12)
    np.testing.assert_array_equal(model.predict(X), np.array(DIGITS)[p.argmax(axis=1)])
    binary = logistic()
    p = binary.predict_proba(X)
    np.testing.assert_allclose(p[:, 0], 1 / (1 + np.exp(-binary.scores(X)[:, 0])), rtol=1e-12)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-15)
    np.testing.assert_array_equal(binary.predict(X), np.where(p[:, 0] >= 0.5, 7, 4))


def test_small_probabilities_of_a_logistic_model_keep_their_digits() -> None:
    model = logistic(1, weights=np.ones((1, 1)), bias=np.zeros(1), scaling=Scaling.identity())
    p = model.predict_proba([[50.0], [-50.0], [0.0]])
    np.testing.assert_allclose(p[0, 1], np.exp(-50), rtol=1e-12)
    np.testing.assert_allclose(p[1, 0], np.exp(-50), rtol=1e-12)
    assert model.predict([[0.0]]).tolist() == [7]  # the positive class where sigmoid is 0.5


@pytest.mark.parametrize("classes", [("no", "yes"), (True, False), (5, -5)])
def test_predictions_are_labels_of_the_type_of_the_classes(classes: tuple[Any, Any]) -> None:
    predicted = logistic(classes=classes).predict(raw_rows())
    assert predicted.dtype == np.array(classes).dtype
    assert set(predicted.tolist()) == set(classes)


def test_no_rows_give_no_predictions() -> None:
    X = np.empty((0, 5))
    assert softmax().scores(X).shape == (0, 4)
    assert softmax().predict_proba(X).shape == (0, 4)
    assert softmax(classes=WORDS).predict(X).shape == (0,)
    assert softmax().scores(sparse.csr_array(X)).shape == (0, 4)


# The same bits ----------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    n_features=st.sampled_from([1, 2, 3, 7, 64, 100, 784, 1500]),
    n_classes=st.sampled_from([1, 2, 3, 5, 8, 10, 17, 100]),
    first=st.integers(0, 250),
    count=st.integers(1, 250),
    seed=st.integers(0, 1000),
)
def test_bits_of_a_row_do_not_depend_on_the_rows_beside_it(
    n_features: int, n_classes: int, first: int, count: int, seed: int
) -> None:
    model = (
        logistic(n_features)
        if n_classes == 1
        else softmax(n_features, tuple(range(n_classes)), seed)
    )
    X = raw_rows(250, n_features, seed)
    whole = model.scores(X)
    assert model.scores(X[first : first + count]).tobytes() == (
        whole[first : first + count].tobytes()
    )
    order = np.random.default_rng(seed).permutation(250)
    assert model.scores(X[order]).tobytes() == whole[order].tobytes()


@pytest.mark.parametrize("n_classes", [1, 2, 10, 100])
def test_bits_do_not_depend_on_the_number_of_threads(n_classes: int) -> None:
    model = logistic(784) if n_classes == 1 else softmax(784, tuple(range(n_classes)))
    X = raw_rows(4 * BLOCK_ROWS + 1, 784)
    with threadpool_limits(1):
        alone = model.scores(X)
    for threads in (2, 3, 8):
        with threadpool_limits(threads):
            assert model.scores(X).tobytes() == alone.tobytes()


def test_python_threads_may_predict_at_once() -> None:
    model = softmax(784, tuple(range(100)))
    X = raw_rows(10 * BLOCK_ROWS, 784)
    alone = model.scores(X).tobytes()
    found: list[bool] = []
    with threadpool_limits(2):
        threads = [
            threading.Thread(target=lambda: found.append(model.scores(X).tobytes() == alone))
            for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [True] * 6


@pytest.mark.parametrize(
    "dtype", ["uint8", "int8", "bool", "float16", "int16", "float32", "int64", "float64", ">f4"]
)
def test_every_stored_type_gives_the_scores_of_its_values(dtype: str) -> None:
    X = np.random.default_rng(0).integers(0, 100, (130, 5)).astype(dtype)
    model = softmax()
    assert model.scores(X).tobytes() == model.scores(X.astype(np.float64)).tobytes()


def test_layout_in_memory_changes_nothing() -> None:
    X = raw_rows(200, 64)
    model = softmax(64)
    whole = model.scores(X).tobytes()
    assert model.scores(np.asfortranarray(X)).tobytes() == whole
    wide = np.zeros((400, 128))
    wide[::2, ::2] = X
    assert model.scores(wide[::2, ::2]).tobytes() == whole
    assert model.scores(X.tolist()).tobytes() == whole


def test_memory_map_is_read_in_blocks(tmp_path: Path) -> None:
    path = tmp_path / "X.npy"
    X = np.random.default_rng(0).integers(0, 255, (30_000, 784), np.uint8)
    y = np.zeros(len(X), np.uint8)
    np.save(path, X)

    model = softmax(784)
    whole = model.scores(X)
    tracemalloc.start()
    mapped = model.evaluate(np.load(path, mmap_mode="r"), y, threads=2)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert mapped.accuracy == (whole.argmax(axis=1) == DIGITS.index(0)).mean()
    assert most < X.nbytes / 2


def test_images_may_keep_their_shape() -> None:
    X = np.random.default_rng(0).integers(0, 255, (20, 12)).astype(np.uint8)
    gray = softmax(12, image_shape=(3, 4))
    assert gray.scores(X.reshape(20, 3, 4)).tobytes() == gray.scores(X).tobytes()
    assert gray.scores(X.reshape(20, 3, 4, 1)).tobytes() == gray.scores(X).tobytes()
    color = softmax(12, image_shape=(2, 2), channels=3)
    assert color.scores(X.reshape(20, 2, 2, 3)).tobytes() == color.scores(X).tobytes()
    with pytest.raises(InputError, match=r"shape is \(20, 3, 4\); this model takes \(n, 12\) or"):
        color.scores(X.reshape(20, 3, 4))
    with pytest.raises(InputError, match=r"this model takes \(n, 12\)\."):
        softmax(12).scores(X.reshape(20, 3, 4))


# Sparse -----------------------------------------------------------------------------------------


def sparse_rows(n: int, n_features: int) -> sparse.csr_array:
    return sparse.random_array(
        (n, n_features), density=0.1, rng=np.random.default_rng(3), format="csr"
    )


@pytest.mark.parametrize("kind", [sparse.csr_array, sparse.csr_matrix, sparse.coo_array])
@pytest.mark.parametrize("model", [softmax(60), logistic(60)])
def test_sparse_rows_score_as_dense_ones(kind: Any, model: Classifier) -> None:
    X = sparse_rows(9000, 60)
    np.testing.assert_allclose(model.scores(kind(X)), model.scores(X.toarray()), rtol=0, atol=1e-12)
    assert (model.predict(kind(X)) == model.predict(X.toarray())).all()


@pytest.mark.parametrize("kind", ["csr", "csc", "coo"])
def test_sparse_indices_out_of_range_are_refused(kind: str) -> None:
    X = sparse.eye_array(5).asformat(kind)
    (X.row if kind == "coo" else X.indices)[1] = 10**9
    with pytest.raises(InputError, match="X: the sparse matrix is damaged"):
        softmax().scores(X)


def test_bits_of_a_sparse_row_do_not_depend_on_the_rows_beside_it() -> None:
    X = sparse_rows(9000, 60)
    for model in (softmax(60), logistic(60)):
        whole = model.scores(X)
        assert model.scores(X[4000:5000]).tobytes() == whole[4000:5000].tobytes()
        assert model.scores(X[[8999, 1]]).tobytes() == whole[[8999, 1]].tobytes()


# Missing values, and those that are refused -----------------------------------------------------


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_missing_values_are_filled_before_scaling(dtype: str) -> None:
    fill = np.array([1.5, -2, 3, 0, 5])
    X = raw_rows(200).astype(dtype)
    missing = np.random.default_rng(0).random(X.shape) < 0.3
    filled = np.where(missing, fill, X)
    X[missing] = np.nan
    before = X.copy()
    model = softmax(fill=fill)
    assert model.scores(X).tobytes() == model.scores(filled).tobytes()
    np.testing.assert_array_equal(X, before)  # the caller's own array stays as it is


def test_missing_values_of_sparse_rows_are_filled() -> None:
    X = sparse_rows(50, 5)
    X.data[::3] = np.nan
    fill = np.array([1.5, -2, 3, 0, 5])
    model = softmax(fill=fill)
    dense = X.toarray()
    np.testing.assert_allclose(
        model.scores(X), model.scores(np.where(np.isnan(dense), fill, dense)), atol=1e-12
    )
    assert np.isnan(X.data[0])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
def test_value_that_is_not_finite_is_named(value: float, kind: Any) -> None:
    X = raw_rows(300)
    X[205, 3] = value
    with pytest.raises(InputError, match=rf"^X: example 205, feature 3 is {value}, "):
        softmax().scores(kind(X))


def test_infinity_is_refused_where_missing_values_are_filled() -> None:
    X = raw_rows(300)
    X[7, 0] = np.nan
    X[7, 4] = np.inf
    with pytest.raises(InputError, match=r"^X: example 7, feature 4 is inf, "):
        softmax(fill=np.zeros(5)).scores(X)


def test_scores_beyond_float64_are_refused() -> None:
    X = raw_rows(100)
    X[60] = 1e308
    with pytest.raises(InputError, match=r"^X: the scores of example 60 are too large"):
        softmax(weights=np.full((5, 4), 1e30)).scores(X)


@pytest.mark.parametrize(
    ("X", "said"),
    [
        (np.zeros((3, 4)), r"shape is \(3, 4\); this model takes \(n, 5\)\."),
        (np.zeros(5), r"shape is \(5,\)"),
        (np.zeros((3, 5, 1)), r"shape is \(3, 5, 1\)"),
        (sparse.csr_array((3, 4)), r"shape is \(3, 4\)"),
        (np.full((1, 5), "1"), r"values of type <U1 are not numbers"),
        (np.zeros((1, 5), complex), r"values of type complex128"),
        (np.zeros((1, 5), object), r"values of type object"),
    ],
)
def test_rows_that_do_not_fit_are_refused(X: Any, said: str) -> None:
    with pytest.raises(InputError, match=f"^X: .*{said}"):
        softmax().predict(X)


def test_weights_beyond_float64_are_refused() -> None:
    huge = np.full((5, 4), 1e308)
    with pytest.raises(InputError, match=r"^weights: for raw values they are too large"):
        softmax(weights=huge, scaling=Scaling(scale=1e3, offset=0.0)).scores(raw_rows())
    with pytest.raises(InputError, match=r"^weights: for raw values they are too large"):
        softmax(weights=huge, scaling=Scaling(scale=1e-3, offset=1.0)).scores(raw_rows())


# Parts ------------------------------------------------------------------------------------------


def test_later_changes_of_the_given_arrays_do_not_reach_the_model() -> None:
    weights, bias, fill = np.ones((5, 4)), np.zeros(4), np.zeros(5)
    config = {"l2": [1.0]}
    model = softmax(weights=weights, bias=bias, fill=fill, record=config)
    before = model.to_bytes()
    weights[:], bias[:], fill[:] = 9, 9, 9
    config["l2"].append(2.0)
    assert model.to_bytes() == before
    with pytest.raises(ValueError, match="read-only"):
        model.weights[0] = 1


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"model": "linear"}, r"^model: 'linear' is none of logistic, softmax"),
        ({"model": ["softmax"]}, r"^model: "),
        (
            {"weights": np.zeros((5, 3)), "bias": np.zeros(3)},
            r"^weights: there are 3 outputs; .* 4 classes has 4",
        ),
        ({"weights": np.zeros(5)}, r"^weights: the shape is \(5,\); it must be \(any, any\)"),
        ({"weights": np.zeros((0, 4))}, r"^weights: the shape is \(0, 4\)"),
        ({"weights": np.full((5, 4), np.nan)}, r"^weights: a value is not finite"),
        ({"weights": np.zeros((5, 4), int)}, r"^weights: the type is int64"),
        ({"weights": np.zeros((5, 4), np.float16)}, r"^weights: the type is float16"),
        ({"bias": np.zeros(3)}, r"^bias: the shape is \(3,\); it must be \(4\)"),
        ({"classes": (0, 1, 2, "3")}, r"^classes: .* only integers, only strings"),
        ({"classes": (0, 1, 2, True)}, r"^classes: "),
        ({"classes": (0, 1, 2, 2**70)}, r"^classes: "),
        ({"classes": (0, 1, 2, 2.5)}, r"^classes: 2\.5 cannot be a class"),
        ({"classes": (0,), "weights": np.zeros((5, 1))}, r"^classes: there are 1; .* two or more"),
        ({"model": "logistic"}, r"^classes: there are 4; a logistic model has two"),
        ({"scaling": 2.0}, r"^scaling: 2\.0 is no Scaling"),
        ({"feature_names": ("a", "b")}, r"^feature_names: give 5 strings"),
        ({"feature_names": "abcde"}, r"^feature_names: 'abcde' is no list"),
        ({"feature_names": (1, 2, 3, 4, 5)}, r"^feature_names: give 5 strings"),
        ({"image_shape": (2, 3)}, r"^image_shape: 2 by 3 pixels .* do not fit 5 features"),
        ({"image_shape": (5,)}, r"^image_shape: \(5,\) is no \(height, width\)"),
        ({"channels": 2}, r"^channels: 2 was given; it must be 1 or 3"),
        ({"channels": 3}, r"^image_shape: None is no \(height, width\)"),
        ({"fill": np.zeros(4)}, r"^fill: the shape is \(4,\)"),
        ({"fill": np.full(5, np.nan)}, r"^fill: a value is not finite"),
        ({"target": 3}, r"^target: 3 is no string"),
        ({"record": {"a": object()}}, r"^record: cannot be kept as JSON"),
        ({"data": {"loss": float("nan")}}, r"^data: cannot be kept as JSON"),
        ({"data": []}, r"^data: \[\] is no mapping"),
    ],
)
def test_parts_that_do_not_fit_are_refused(parts: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        softmax(**parts)


def test_scaling_of_another_number_of_features_is_refused() -> None:
    scaling: dict[str, Any] = {"scale": np.ones(4), "offset": np.zeros(4)}
    with pytest.raises(InputError, match=r"^scaling: scale must be one number or 5"):
        softmax(scaling=Scaling(**scaling))
