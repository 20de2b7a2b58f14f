"""Estimators in scikit-learn's form that are fitted where the data lies."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from dask.base import is_dask_collection
from sklearn.base import clone

from onelayer.dask.clients import chosen_client
from onelayer.dask.lazy import counts_rows, is_collection, predicted
from onelayer.data.blocks import BlockSource
from onelayer.engines.cluster import Cluster, ClusterSource
from onelayer.errors import InputError
from onelayer.estimators import LogisticRegression, SoftmaxRegression, SoftmaxRegressionCV
from onelayer.estimators.base import LinearClassifier
from onelayer.estimators.blocks import is_source


class OnCluster(LinearClassifier):
    """An estimator whose data stays on a cluster.

    Attributes
    ----------
    client_ : distributed.Client
        By which it was fitted.
    """

    _local: ClassVar[type[LinearClassifier]]
    """The estimator that it is otherwise."""

    client: Any
    client_: Any

    if TYPE_CHECKING:  # what each class has is told below

        def __init__(self, *, client: Any = None, **options: Any) -> None: ...

    def __init_subclass__(cls, **how: Any) -> None:
        """Give the class the parameters of the local one, and the client."""
        own = inspect.signature(cls._local.__init__)
        client = inspect.Parameter("client", inspect.Parameter.KEYWORD_ONLY, default=None)

        def begin(self: Any, *, client: Any = None, **options: Any) -> None:
            cls._local.__init__(self, **options)
            self.client = client

        parameters = [*own.parameters.values(), client]
        begin.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
        cls.__init__ = begin  # type: ignore[method-assign]
        super().__init_subclass__(**how)

    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        **others: Any,
    ) -> Self:
        """Train on the cluster, in the order "blocks".

        The coefficients are those of the local estimator on the same blocks, to the bit. Chunks
        and partitions are the blocks. Where it is not known how many rows they have, all are
        computed once to count them. Labels and weights come to the client, features do not, but
        for a sample of fewer than 4000 examples, or than four a feature, from which a search for
        the minimum begins.

        Parameters
        ----------
        X : Dask array, shape (n, n_features); Dask dataframe; or a source of blocks
            See `onelayer.data.as_block_source`; paths are read by the workers.
        y : Dask array or series, array, shape (n,); the name of a column; or None
            Labels.
        sample_weight : Dask array or series, or array, shape (n,), optional
        X_val, y_val, sample_weight_val : optional
            Validation examples, as for `X`.
        **others
            What else `fit` of the local estimator takes.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the examples or a parameter cannot be used, or there is no client.
        OnelayerError
            If the cluster cannot do the work.
        """
        for name, given in (("X", X), ("X_val", X_val)):
            if given is not None and not is_source(given):
                raise InputError(
                    f"{name}: it is of type {type(given).__name__}; give an array or a dataframe "
                    f"of Dask or a source of blocks, or take {self._local.__name__}."
                )
            if self.verbose and given is not None and counts_rows(given):
                print(
                    f"{type(self).__name__}: {name} is computed once to count its rows; "
                    "persist() it first, and it is kept."
                )
        with self._connected():
            fit: Any = super().fit  # of the local estimator
            fit(
                X, _here(X, y), _here(None, sample_weight),
                X_val=X_val, y_val=_here(X_val, y_val),
                sample_weight_val=_here(None, sample_weight_val), **others,
            )  # fmt: skip
        return self

    def predict(self, X: Any) -> Any:
        """Return the most probable class of each example; of Dask's collections lazily."""
        return self._predicted("predict", X)

    def predict_proba(self, X: Any) -> Any:
        """Return the probability of each class; of Dask's collections lazily."""
        return self._predicted("predict_proba", X)

    def predict_log_proba(self, X: Any) -> Any:
        """Return the logarithms of the probabilities; of Dask's collections lazily."""
        return self._predicted("predict_log_proba", X)

    def decision_function(self, X: Any) -> Any:
        """Return scores; of Dask's collections lazily."""
        return self._predicted("decision_function", X)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None, **params: Any) -> float:
        """Return the score of labelled examples, as the local estimator does."""
        with self._connected():
            score: Any = super().score
            found: float = score(X, _here(X, y), _here(None, sample_weight), **params)
            return found

    def to_local(self) -> Any:
        """Return the estimator without a cluster: the same bits."""
        names = self._get_param_names()
        own = {name: getattr(self, name) for name in names if name != "client"}
        local = self._local(**own)
        left = {"client", "client_", *own}
        for name, value in vars(self).items():
            if name not in left:
                setattr(local, name, value)
        return local

    def _predicted(self, method: str, X: Any) -> Any:
        local = self.to_local()
        if is_collection(X):
            return predicted(local.set_params(n_jobs=1), method, X)
        if not is_source(X):
            return getattr(local, method)(X)
        with self._connected():
            return getattr(super(), method)(X)

    @contextmanager
    def _connected(self) -> Iterator[None]:
        """Find the client, which is the current one within."""
        self.client_ = chosen_client(self.client)
        with self.client_.as_current():
            yield

    def _placed(self, source: BlockSource) -> BlockSource:
        return ClusterSource(source, Cluster(self.client_))

    def __sklearn_clone__(self) -> Self:
        """Return an unfitted copy with the same client, which cannot be copied."""
        parameters = self.get_params(deep=False) | {"client": None}
        twin = type(self)(**{name: clone(v, safe=False) for name, v in parameters.items()})
        twin.client = self.client
        return twin

    def __getstate__(self) -> dict[str, Any]:
        """Leave the client out: wherever it is unpickled, the current one is taken."""
        state: dict[str, Any] = super().__getstate__()
        return {k: v for k, v in state.items() if k != "client_"} | {"client": None}


def _here(X: Any, values: Any) -> Any:
    """Return labels or weights in this memory, but for the labels beside an array of Dask."""
    if hasattr(X, "chunks") or not is_dask_collection(values):
        return values
    return np.asarray(values.compute())


class DaskLogisticRegression(OnCluster, LogisticRegression):
    """Logistic regression on data that lies on a Dask cluster.

    Parameters and attributes are those of `onelayer.LogisticRegression`; besides:

    Parameters
    ----------
    client : distributed.Client, optional
        Default: the current one.

    Attributes
    ----------
    client_ : distributed.Client
    """

    _local = LogisticRegression


class DaskSoftmaxRegression(OnCluster, SoftmaxRegression):
    """Softmax regression on data that lies on a Dask cluster.

    Parameters and attributes are those of `onelayer.SoftmaxRegression`; besides:

    Parameters
    ----------
    client : distributed.Client, optional
        Default: the current one.

    Attributes
    ----------
    client_ : distributed.Client
    """

    _local = SoftmaxRegression


class DaskSoftmaxRegressionCV(OnCluster, SoftmaxRegressionCV):
    """Softmax regression whose penalty is chosen by folds, on data that lies on a Dask cluster.

    Parameters and attributes are those of `onelayer.SoftmaxRegressionCV`; besides:

    Parameters
    ----------
    client : distributed.Client, optional
        Default: the current one.

    Attributes
    ----------
    client_ : distributed.Client
    """

    _local = SoftmaxRegressionCV
