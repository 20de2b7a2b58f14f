"""What can be given: arrays of all types, frames, files in memory maps, sparse data."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from onelayer.errors import InputError
from onelayer.estimators import LogisticRegression, SoftmaxRegression, SoftmaxRegressionCV

rng = np.random.default_rng(0)
X = rng.integers(-4, 5, (80, 6)).astype(np.float64)
y = (X[:, 0] + rng.normal(size=80) > 0).astype(int)
NAMES = [f"feature {i}" for i in range(6)]


@pytest.mark.parametrize(
    "make",
    [
        np.asfortranarray,
        lambda X: X[::-1][::-1],
        lambda X: X.tolist(),
        lambda X: X.astype(object),
        lambda X: X.astype(np.int64),
        lambda X: pd.DataFrame(X, columns=NAMES),
        lambda X: pl.DataFrame(X, schema=NAMES),
    ],
)
def test_the_same_values_give_the_same_model(make: Callable[[Any], Any]) -> None:
    model = LogisticRegression(max_epochs=5).fit(make(X), y)
    plain = LogisticRegression(max_epochs=5).fit(X, y)
    np.testing.assert_array_equal(model.coef_, plain.coef_)
    np.testing.assert_allclose(model.predict_proba(make(X)), plain.predict_proba(X), rtol=1e-12)
    assert hasattr(model, "feature_names_in_") == (type(make(X)).__name__ == "DataFrame")


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_frames_carry_names_and_labels(frame: Any) -> None:
    series = pd.Series if frame is pd.DataFrame else pl.Series
    table = frame(dict(zip(NAMES, X.T, strict=True)))
    labels = series(np.where(y == 1, "yes", "no").tolist())
    model = LogisticRegression(max_epochs=5).fit(
        table, labels, series(np.ones(80)), X_val=table, y_val=labels
    )
    assert model.feature_names_in_.tolist() == NAMES
    assert set(model.predict(table)) == {"yes", "no"}
    with pytest.raises(ValueError, match="feature names"):
        model.predict(table.rename(columns={NAMES[0]: "other"})
                      if frame is pd.DataFrame else table.rename({NAMES[0]: "other"}))  # fmt: skip


def test_half_precision_is_read_as_single() -> None:
    half = SoftmaxRegression(max_epochs=5).fit(X.astype(np.float16), y)
    single = SoftmaxRegression(max_epochs=5).fit(X.astype(np.float32), y)
    np.testing.assert_array_equal(half.coef_, single.coef_)
    np.testing.assert_array_equal(half.predict_proba(X.astype(np.float16)), single.predict_proba(X))


@pytest.mark.parametrize("make", [sparse.csr_array, sparse.csr_matrix, sparse.csc_array])
@pytest.mark.parametrize("scale", ["none", "standard", "minmax"])
@pytest.mark.parametrize("Estimator", [LogisticRegression, SoftmaxRegression])
def test_sparse_is_as_dense(make: Any, scale: str, Estimator: Any) -> None:
    model = Estimator(max_epochs=20, batch_size=16, early_stopping=5, scale=scale)
    stored = make(X)
    model.fit(stored, y, X_val=make(X[:30]), y_val=y[:30])
    factor = 1.0
    if scale == "standard":
        factor = 1 / X.std(axis=0)
    if scale == "minmax":
        factor = 1 / np.abs(X).max(axis=0)
    dense = Estimator(max_epochs=20, batch_size=16, early_stopping=5)
    dense.fit(X * factor, y, X_val=X[:30] * factor, y_val=y[:30])
    np.testing.assert_allclose(model.coef_, dense.coef_ * factor, rtol=1e-8)
    np.testing.assert_allclose(
        model.decision_function(stored), dense.decision_function(X * factor), rtol=1e-8
    )


@pytest.mark.filterwarnings("ignore:The best l2")
def test_sparse_cross_validation_is_as_dense() -> None:
    sweep = SoftmaxRegressionCV(l2=[0, 0.01, 0.1], max_epochs=10, cv=3, scoring="accuracy")
    scores = sweep.fit(sparse.csr_array(X), y).results_["mean_score"].to_list()
    assert scores == sweep.fit(X, y).results_["mean_score"].to_list()
    sweep.set_params(scoring=None)
    scores = sweep.fit(sparse.csr_array(X), y).results_["mean_score"].to_list()
    assert scores == pytest.approx(sweep.fit(X, y).results_["mean_score"].to_list(), rel=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
def test_memory_map_is_not_loaded(tmp_path: Path, dtype: Any) -> None:
    shape = 150_000, 60
    mapped = np.memmap(tmp_path / "X", dtype, "w+", shape=shape)
    mapped[:] = np.random.default_rng(0).integers(0, 200, shape)
    labels = (mapped[:, 0] > 100).astype(int)
    model = LogisticRegression(scale="standard", max_epochs=1)
    model.fit(mapped[:100], labels[:100])  # compiled before memory is measured
    size = mapped.size * mapped.itemsize
    tracemalloc.start()
    try:
        model.fit(mapped, labels)
        model.predict(mapped)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    blocks = 3 * 8 * 2**20  # a block as float64, and its squares
    assert peak < size / 8 + 8 * 8 * shape[0] + blocks
    assert peak < (0.8 if dtype == np.float32 else 4) * size
    assert model.score(mapped, labels) > 0.9


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(bad: float) -> None:
    broken = X.copy()
    broken[3, 2] = bad
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        SoftmaxRegression().fit(broken, y)
    model = SoftmaxRegression(max_epochs=2).fit(X, y)
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        model.predict(broken)


@pytest.mark.parametrize("make", [sparse.csr_array, sparse.csc_array, sparse.coo_array])
@pytest.mark.parametrize("Estimator", [LogisticRegression, SoftmaxRegressionCV])
def test_damaged_sparse_indices_are_refused_before_they_are_followed(
    make: Any, Estimator: Any
) -> None:
    damaged = make(X)
    indices = damaged.row if make is sparse.coo_array else damaged.indices
    indices[3] = 10_000_000
    with pytest.raises(InputError, match=r"X: the sparse matrix is damaged .* 10000000 does"):
        Estimator().fit(damaged, y)
    fitted = LogisticRegression(max_epochs=1).fit(X, y)
    with pytest.raises(InputError, match="X: the sparse matrix is damaged"):
        fitted.predict(damaged)


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (pd.Series(["u", "v"] * 40, dtype="category"), r"'z' \(category, such as 'u'\)"),
        (pd.Series(pd.date_range("2020", periods=80)), r"'z' \(datetime64\["),
        (pd.Series([1, "a"] * 40, dtype=object), r"'z' \(object, such as 'a'\)"),
        (pl.Series(["u", "v"] * 40), r"'z' \(String, such as 'u'\)"),
        (pl.Series([[1.0, 2.0]] * 80), r"'z' \(List\(Float64\)"),
        (pl.Series([[1, 2]] * 80, dtype=pl.Array(pl.Int64, 2)), r"'z' \(Array\("),
        (pl.Series(pd.date_range("2020", periods=80).tolist()), r"'z' \(Datetime\("),
    ],
)
def test_columns_of_frames_that_are_no_numbers_are_named(column: Any, said: str) -> None:
    frame = pd.DataFrame if isinstance(column, pd.Series) else pl.DataFrame
    table = frame({"a": X[:, 0], "z": column})
    with pytest.raises(InputError, match=f"X: 1 column does not hold numbers: {said}"):
        LogisticRegression(max_epochs=1).fit(table, y)
    fitted = LogisticRegression(max_epochs=1).fit(frame({"a": X[:, 0], "z": X[:, 1]}), y)
    with pytest.raises(InputError, match="X: 1 column does not hold numbers: "):
        fitted.predict(table)


@pytest.mark.parametrize("kind", [pl.String, pl.Categorical, pl.Enum(["3", "1", "2"])])
def test_text_that_spells_numbers_is_read_as_numbers_in_all_frames(kind: Any) -> None:
    words = pl.DataFrame({"a": X[:, 0], "z": pl.Series(["1", "2", "3", "1"] * 20, dtype=kind)})
    numbers = words.with_columns(pl.col("z").cast(pl.String).cast(pl.Float64))
    fitted = LogisticRegression(max_epochs=1).fit(numbers, y)
    for table in (words, words.to_pandas(), words.to_arrow()):
        assert LogisticRegression(max_epochs=1).fit(table, y).coef_.tobytes() == (
            fitted.coef_.tobytes()
        )
        assert fitted.predict_proba(table).tobytes() == fitted.predict_proba(numbers).tobytes()
    gap = words.with_columns(pl.Series("z", [None, "2", "3", "1"] * 20, dtype=kind))
    with pytest.raises(ValueError, match="NaN"):
        fitted.predict(gap)


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        (np.full(80, 1e-320), "sample_weight: 1e-320 was given; weights are 0 or at least"),
        (np.full(80, 1e-290), "sample_weight: the weights add up to 8e-289, beside which"),
    ],
)
def test_weights_that_are_too_small_are_named(weights: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        LogisticRegression().fit(X, y, sample_weight=weights)


def test_weights_of_a_fold_that_count_for_nothing_are_named() -> None:
    weights = np.full(len(y), 1e-300)
    weights[0] = 1
    with pytest.raises(InputError, match=r"sample_weight: the examples that fold \d trains on"):
        SoftmaxRegressionCV(cv=2).fit(X, y, sample_weight=weights)


def test_infinities_of_both_signs_are_refused_without_a_warning() -> None:
    with pytest.raises(ValueError, match="contains infinity"):
        LogisticRegression().fit(np.where(X > 0, np.inf, -np.inf).astype(np.float16), y)
