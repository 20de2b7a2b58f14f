"""Logistic regressions of several labels, trained together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.errors import InputError
from onelayer.estimators.blocks import in_parts
from onelayer.estimators.documents import documented
from onelayer.estimators.inputs import Labelled, read_label_matrix
from onelayer.estimators.one_model import OneModel


@documented
class MultilabelRegression(OneModel):
    """A logistic regression for each of several labels: exact minima, or gradient descent.

    An example may have any number of labels: `y` is a matrix of 0 and 1, dense or sparse, with a
    column for each label. The objective is C + l2 * |W|^2, with C the mean over the examples of the
    sum over the labels of the cross-entropies of the probabilities sigmoid(x·w_k + b_k).

    `predict` gives such a matrix, `predict_proba` the probability of each label, and `score` the
    share of examples all of whose labels are predicted. `classes_` are the numbers of the columns.
    `class_weight` has no meaning here and must be None.

    Parameters
    ----------
    <parameters>

    Attributes
    ----------
    <attributes>

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from onelayer import MultilabelRegression
    >>> X, y = make_multilabel_classification(random_state=0)
    >>> model = MultilabelRegression(scale="standard").fit(X, y)
    >>> model.predict(X).shape == y.shape
    True
    """

    _model = "multilabel"
    _read = read_label_matrix

    def __sklearn_tags__(self) -> Any:
        """Say that a matrix of labels is taken, and nothing else."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.classifier_tags.multi_label = True
        tags.target_tags.single_output = False
        tags.target_tags.multi_output = True
        tags.target_tags.two_d_labels = True
        return tags

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return scores, above 0 where a label is the more probable, shape (n, n_labels)."""
        X, threads = self._read_new(X)
        return self.classifier_.scores(X, threads)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return 1 for each label with a probability of at least 0.5, 0 for the others.

        Returns
        -------
        array of int, shape (n, n_labels)
        """
        X, threads = self._read_new(X)
        parts = in_parts(X, self.classifier_.predict, threads)
        return np.concatenate([*parts]).astype(np.int64)

    @staticmethod
    def _find_classes(y: NDArray[Any]) -> NDArray[Any]:
        return np.arange(y.shape[1])

    def _encode(self, y: Any, name: str, weights: Any) -> NDArray[Any]:  # noqa: ARG002
        if y.shape[1] != len(self.classes_):
            raise InputError(
                f"{name}: there are {y.shape[1]} columns; the model has {len(self.classes_)} "
                "labels."
            )
        return y  # type: ignore[no-any-return]

    def _factors(self, examples: Labelled) -> None:  # noqa: ARG002
        if self.class_weight is not None:
            raise InputError(
                "class_weight: with several labels an example is of no class; weigh examples by "
                "sample_weight."
            )
