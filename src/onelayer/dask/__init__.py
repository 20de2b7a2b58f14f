"""The estimators on a Dask cluster: data stays on the workers, and so does all work on it."""

from onelayer.data.optional import needs

with needs("onelayer.dask", "dask"):
    import distributed as _distributed  # noqa: F401

from onelayer.dask.estimators import (
    DaskLogisticRegression,
    DaskSoftmaxRegression,
    DaskSoftmaxRegressionCV,
)

__all__ = ["DaskLogisticRegression", "DaskSoftmaxRegression", "DaskSoftmaxRegressionCV"]
