"""A trained model that predicts, and that can be kept in a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onelayer.data import Scaling
from onelayer.data.label_matrix import as_label_matrix
from onelayer.data.labels import Label, as_labels, encode_labels
from onelayer.errors import InputError
from onelayer.inference import checks, file
from onelayer.inference.evaluation import Accumulator, Metrics
from onelayer.inference.multilabel import LabelMetrics
from onelayer.inference.probabilities import log_probabilities, probabilities
from onelayer.inference.scoring import Examples, Matrix, RawScorer, as_matrix
from onelayer.model import LOSSES, ModelName

_DESCRIBED = (
    "model", "classes", "feature_names", "image_shape", "channels", "target",
    "record", "data",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Classifier:
    """A single-layer network with all that is needed to use it on raw values.

    Parameters
    ----------
    model : "logistic", "softmax" or "multilabel"
    weights : (n_features, n_outputs) float32 or float64 array
        They apply to scaled features. One output for logistic, otherwise one a class.
    bias : (n_outputs,) float32 or float64 array
    classes : tuple of integers, strings or bools
        In the order of the outputs. A logistic model's positive class is the first: its score is
        the log-odds of that class. The classes of a multilabel model are labels of which an example
        may have any number; each score is the log-odds of its label.
    scaling : Scaling
        From raw values to features.
    feature_names : tuple of str, optional
    image_shape : (int, int), optional
        Height and width in pixels, when a row is an image.
    channels : 1 or 3
        Values a pixel; they stand side by side.
    fill : (n_features,) float64 array, optional
        What replaces a missing value (NaN) of each feature, in raw units, before scaling.
    target : str, optional
        What is predicted.
    record, data : mappings of plain JSON values
        What came of training, see `onelayer.training.RunRecord`; what it was trained on.

    Raises
    ------
    InputError
        If the parts do not fit one another, or a number is not finite.

    Notes
    -----
    `X` in the methods is raw: an array of real numbers, (n, n_features) or for images also
    (n, height, width) and (n, height, width, 3), as stored and possibly a memory map, which is
    read in blocks; or a CSR matrix. Its columns are in the order of `feature_names`.

    Scores are computed in float64 with the scaling folded into weights and bias. Their bits depend
    on the row alone: not on the other rows, the number of threads, or whether the model was saved
    and loaded in between. (A dense and a sparse matrix of the same values may differ in the last
    bits.)
    """

    model: ModelName
    weights: NDArray[np.floating]
    bias: NDArray[np.floating]
    classes: tuple[Label, ...]
    scaling: Scaling
    feature_names: tuple[str, ...] | None = None
    image_shape: tuple[int, int] | None = None
    channels: int = 1
    fill: NDArray[np.float64] | None = None
    target: str | None = None
    record: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the parts, and keep copies that nobody else can change."""
        floats = ("float32", "float64")
        weights = checks.as_tensor(self.weights, "weights", (None, None), floats)
        n_features, outputs = weights.shape
        checks.check_scaling(self.scaling, n_features)
        if not (self.target is None or isinstance(self.target, str)):
            raise InputError(f"target: {self.target!r} is no string.")
        checked = {
            "weights": weights,
            "bias": checks.as_tensor(self.bias, "bias", (outputs,), floats),
            "classes": checks.as_model_classes(self.model, self.classes, outputs),
            "feature_names": checks.as_names(self.feature_names, n_features),
            "image_shape": checks.as_image_shape(self.image_shape, self.channels, n_features),
            "record": checks.as_plain(self.record, "record"),
            "data": checks.as_plain(self.data, "data"),
        }
        if self.fill is not None:
            checked["fill"] = checks.as_tensor(self.fill, "fill", (n_features,), ("float64",))
        for name, value in checked.items():
            object.__setattr__(self, name, value)  # the one way to set a field of a frozen class

    @property
    def n_features(self) -> int:
        """Number of values in an example."""
        return int(self.weights.shape[0])

    @cached_property
    def raw(self) -> RawScorer:
        """The same scores as a linear map of raw values, in float64.

        ``(x * scale + offset) @ W + b  =  x @ (scale * W) + (b + offset @ W)``

        Raises
        ------
        InputError
            If these weights are too large for float64.
        """
        scale, offset = (
            np.broadcast_to(np.asarray(number, np.float64), self.n_features)[:, None]
            for number in (self.scaling.scale, self.scaling.offset)
        )
        W = self.weights.astype(np.float64)
        with np.errstate(all="ignore"):
            weights = np.ascontiguousarray(scale * W)
            bias = self.bias + (offset * W).sum(axis=0)
        if not (np.isfinite(weights).all() and np.isfinite(bias).all()):
            raise InputError("weights: for raw values they are too large for float64.")
        weights.flags.writeable = bias.flags.writeable = False
        return RawScorer(weights, bias, self.fill)

    # Predicting ---------------------------------------------------------------------------------

    def scores(self, X: Examples, threads: int | None = None) -> NDArray[np.float64]:
        """Return the values before sigmoid or softmax, shape (n, n_outputs).

        Parameters
        ----------
        X : see the class
        threads : int, optional
            How many threads work at most, here and in the methods below; by default one a core.

        Raises
        ------
        InputError
            If the shape or the type of `X` does not fit, or a value is not finite and no `fill`
            replaces it.
        """
        matrix = self._matrix(X)
        scores = np.empty((matrix.shape[0], self.weights.shape[1]))

        def keep(rows: slice, block: NDArray[np.float64]) -> None:
            scores[rows] = block

        self.raw.for_each_block(matrix, keep, threads)
        return scores

    def predict_proba(self, X: Examples, threads: int | None = None) -> NDArray[np.floating]:
        """Return the probability of each class, shape (n, n_classes), in the order of `classes`."""
        return probabilities(self.model, self.scores(X, threads))

    def predict_log_proba(self, X: Examples, threads: int | None = None) -> NDArray[np.floating]:
        """Return the logarithms of the probabilities, shape (n, n_classes), always finite."""
        return log_probabilities(self.model, self.scores(X, threads))

    def predict_indices(self, X: Examples, threads: int | None = None) -> NDArray[np.integer]:
        """Return the index in `classes` of each predicted label, shape (n,).

        Of a multilabel model: 1 for each label that is predicted, 0 for the others, as uint8, shape
        (n, n_classes). A label is predicted where its probability is at least 0.5.
        """
        return LOSSES[self.model].predict(self.scores(X, threads))

    def predict(self, X: Examples, threads: int | None = None) -> NDArray[Any]:
        """Return the predicted labels, shape (n,); of a multilabel model see `predict_indices`."""
        indices = self.predict_indices(X, threads)
        labels: NDArray[Any] = indices if indices.ndim == 2 else np.array(self.classes)[indices]
        return labels

    def evaluate(self, X: Examples, y: ArrayLike, threads: int | None = None) -> Metrics:
        """Return how good the predictions are for examples with one label each.

        The bits of the metrics do not depend on the number of threads.

        Raises
        ------
        InputError
            As for `scores`, or if there are no labels, their number is not that of the examples,
            or one is not among the classes. For a multilabel model, see `evaluate_labels`.
        """
        if self.model == "multilabel":
            raise InputError("model: it is multilabel; evaluate_labels takes a matrix of labels.")
        matrix = self._matrix(X)
        targets = encode_labels(as_labels(y), self.classes)
        if matrix.shape[0] != len(targets):
            raise InputError(
                f"X has {matrix.shape[0]} examples and y has {len(targets)} labels; "
                "give one label an example."
            )
        accumulator = Accumulator(self.model, self.classes, targets)
        scores = partial(self.raw.for_each_block, matrix, threads=threads)
        scores(accumulator.take)
        return accumulator.metrics(scores)

    def evaluate_labels(self, X: Examples, y: Any, threads: int | None = None) -> LabelMetrics:
        """Return how good the predictions of a multilabel model are.

        Parameters
        ----------
        y : array or SciPy sparse array, shape (n, n_classes), of 0 and 1

        Raises
        ------
        InputError
            As for `scores`, or if the model is another, or `y` is no such matrix.
        """
        if self.model != "multilabel":
            raise InputError(f"model: it is {self.model}; evaluate takes one label an example.")
        targets = as_label_matrix(y)
        scores = self.scores(X, threads)
        if targets.shape != scores.shape:
            raise InputError(
                f"y: the shape is {targets.shape}; for these examples and the labels of the model "
                f"it must be {scores.shape}."
            )
        return LabelMetrics.of(self.classes, scores, targets)

    def _matrix(self, X: Examples) -> Matrix:
        return as_matrix(X, self.n_features, self.image_shape, self.channels)

    # Keeping ------------------------------------------------------------------------------------

    def to_bytes(self) -> bytes:
        """Return the content of a model's file: the same bytes for the same model."""
        tensors = {
            "weights": self.weights,
            "bias": self.bias,
            "scale": np.asarray(self.scaling.scale, np.float64),
            "offset": np.asarray(self.scaling.offset, np.float64),
        }
        if self.fill is not None:
            tensors["fill"] = self.fill
        return file.encode(tensors, {name: getattr(self, name) for name in _DESCRIBED})

    def save(self, path: str | Path) -> None:
        """Write the model to a file, whole or not at all; see `onelayer.inference.file`.

        Raises
        ------
        InputError
            If it cannot be written there.
        """
        file.write(Path(path), self.to_bytes())

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Return the model of a file. No code in it is run.

        Raises
        ------
        InputError
            If there is no such file, it is no model or one of another format, it was cut off or
            changed, or its parts do not fit one another.
        """
        path = Path(path)
        tensors, description = file.read(path)
        required = {"weights", "bias", "scale", "offset"}
        tensors_fit = required <= tensors.keys() <= required | {"fill"}
        if not tensors_fit or description.keys() != {*_DESCRIBED}:
            raise InputError(f"{path}: cannot be read: it has other parts than a model.")
        try:
            scaling = checks.as_scaling(tensors.pop("scale"), tensors.pop("offset"))
            parts: dict[str, Any] = {**tensors, **description, "scaling": scaling}
            return cls(**parts)
        except InputError as error:
            raise InputError(f"{path}: cannot be read: {error}") from None
