"""Predictions as arrays and frames of Dask that are computed when they are asked for."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from dask.array import Array
from sklearn.utils.validation import check_is_fitted

from onelayer.errors import InputError


def is_collection(X: Any) -> bool:
    """Return whether examples are an array or a frame of Dask."""
    return isinstance(X, Array) or is_frame(X)


def is_frame(X: Any) -> bool:
    """Return whether examples are a frame of Dask."""
    module = sys.modules.get("dask.dataframe")
    return module is not None and isinstance(X, module.DataFrame)


def counts_rows(X: Any) -> bool:
    """Return whether chunks must be computed before it is known how many rows they have."""
    return is_frame(X) or (isinstance(X, Array) and bool(np.isnan(X.chunks[0]).any()))


def predicted(local: Any, method: str, X: Any) -> Any:
    """Return what a method of a fitted estimator gives, chunk by chunk.

    Parameters
    ----------
    local : estimator
    method : str
        "predict", "predict_proba", "predict_log_proba" or "decision_function".
    X : Dask array, shape (n, n_features), or frame

    Returns
    -------
    Dask array, or of a frame a series or a frame with its index, a column a class
    """
    check_is_fitted(local)
    sample = _called(np.zeros((1, local.n_features_in_)), _without_names(local), method)
    if is_frame(X):
        return _of_frame(local, method, X, sample)
    known = X.shape[1]
    if known != local.n_features_in_:
        raise InputError(
            f"X has {known} features, but {type(local).__name__} is expecting "
            f"{local.n_features_in_} features as input."
        )
    X = X.rechunk({1: -1})
    if sample.ndim == 1:
        return X.map_blocks(_called, local, method, drop_axis=1, meta=sample[:0])
    return X.map_blocks(
        _called, local, method, chunks=(X.chunks[0], (sample.shape[1],)), meta=sample[:0]
    )


def _of_frame(local: Any, method: str, X: Any, sample: Any) -> Any:
    names = getattr(local, "feature_names_in_", None)
    if names is not None:
        missing = [name for name in names if name not in X.columns]
        if missing:
            raise InputError(f"X: has no column {missing[0]!r}, which the model was fitted to.")
        X = X[list(names)]
    columns = None if sample.ndim == 1 else local.classes_
    meta = _labelled(sample[:0], X._meta.index, columns)
    return X.map_partitions(_called_on_frame, local, method, columns, meta=meta)


def _called(X: Any, local: Any, method: str) -> Any:
    if not X.shape[0]:
        return _called(np.zeros((1, local.n_features_in_)), _without_names(local), method)[:0]
    return getattr(local, method)(X)


def _called_on_frame(frame: Any, local: Any, method: str, columns: Any) -> Any:
    return _labelled(_called(frame, local, method), frame.index, columns)


def _labelled(values: Any, index: Any, columns: Any) -> Any:
    import pandas as pd  # only frames need it

    if columns is None:
        return pd.Series(values, index)
    return pd.DataFrame(values, index, columns)


def _without_names(local: Any) -> Any:
    """Return the estimator as it takes arrays without a warning."""
    if not hasattr(local, "feature_names_in_"):
        return local
    twin = object.__new__(type(local))
    for name, value in vars(local).items():
        if name != "feature_names_in_":
            setattr(twin, name, value)
    return twin
