"""The export to scikit-learn, loaded by skops with its defaults."""

from __future__ import annotations

import re
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from inference_exports import MODELS, badly_scaled, with_missing
from inference_material import raw_rows, softmax
from scipy import sparse
from skops import io

from onelayer.errors import InputError
from onelayer.inference import Classifier
from onelayer.inference.skops import as_sklearn, export_skops


def reloaded(model: Classifier, folder: Path) -> Any:
    path = folder / "model.skops"
    export_skops(model, path)
    assert io.get_untrusted_types(file=path) == []
    return io.load(path)


@pytest.mark.parametrize("name", MODELS)
def test_scikit_learn_gives_the_same_probabilities_and_labels(name: str, tmp_path: Path) -> None:
    model = MODELS[name]
    X: Any = raw_rows(400, model.n_features)
    if model.fill is not None:
        X = with_missing(X)
    other = reloaded(model, tmp_path)
    table = X if model.feature_names is None else pl.DataFrame(X, list(model.feature_names))
    assert other.classes_.tolist() == sorted(model.classes)
    order = np.argsort(np.array(model.classes))
    np.testing.assert_allclose(
        other.predict_proba(table), model.predict_proba(X)[:, order], rtol=0, atol=1e-12
    )
    assert other.predict(table).tolist() == model.predict(X).tolist()
    assert other.n_features_in_ == model.n_features


def test_names_of_features_are_checked(tmp_path: Path) -> None:
    for name in ("names", "fill-names"):
        other = reloaded(MODELS[name], tmp_path)
        assert other.feature_names_in_.tolist() == ["v", "w", "x", "y", "ä"]
        with pytest.raises(ValueError, match="feature names"):
            other.predict(pl.DataFrame(raw_rows(3), ["v", "w", "x", "y", "z"]))


def test_number_of_features_is_checked(tmp_path: Path) -> None:
    for name in ("softmax", "fill"):
        with pytest.raises(ValueError, match=r"4 features, but .* 5 features"):
            reloaded(MODELS[name], tmp_path).predict(raw_rows(3, 4))


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_stored_types_keep_their_digits(dtype: str, tmp_path: Path) -> None:
    model, X = badly_scaled()
    X = X.astype(dtype)
    p = reloaded(model, tmp_path).predict_proba(X)
    np.testing.assert_allclose(
        p, model.predict_proba(X)[:, np.argsort(model.classes)], rtol=0, atol=1e-6
    )


def test_sparse_rows_are_taken() -> None:
    X = np.where(raw_rows(50) > 2, raw_rows(50), 0)
    model = MODELS["softmax"]
    p = as_sklearn(model).predict_proba(sparse.csr_array(X))
    np.testing.assert_allclose(p, model.predict_proba(X)[:, np.argsort(model.classes)], atol=1e-12)


def test_row_with_every_value_missing_is_filled() -> None:
    model = MODELS["fill"]
    X = np.full((2, 5), np.nan)
    X[1, 0] = 3
    p = as_sklearn(model).predict_proba(X)
    np.testing.assert_allclose(p, model.predict_proba(X)[:, np.argsort(model.classes)], atol=1e-12)


def test_file_needs_no_onelayer(tmp_path: Path) -> None:
    export_skops(MODELS["fill-names"], tmp_path / "model.skops")
    with zipfile.ZipFile(tmp_path / "model.skops") as archive:
        schema = archive.read("schema.json").decode()
    modules = {name.partition(".")[0] for name in re.findall(r'"__module__": "([^"]*)"', schema)}
    assert {"sklearn"} <= modules <= {"sklearn", "numpy", "builtins"}


def test_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "skops", None)
    with pytest.raises(InputError, match=r"pip install 'onelayer\[export\]'"):
        export_skops(softmax(), tmp_path / "m.skops")
    assert list(tmp_path.iterdir()) == []
