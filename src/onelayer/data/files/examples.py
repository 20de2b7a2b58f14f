"""What is read from a file, and what was asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from onelayer.data.scaling import Scaling

Matrix: TypeAlias = "NDArray[Any] | csr_array"


@dataclass(frozen=True, eq=False, kw_only=True)
class Examples:
    """The examples of a file.

    Parameters
    ----------
    X : array or csr_array, shape (n, n_features)
        Raw values of the type that the file has: bools, integers, float16, float32 or float64. A
        memory-mapped file stays one. The values of an image are ordered by row, column, channel.
    source : str
        What messages call the file.
    y : array, shape (n,), optional
        Labels: integers, strings or bools. None where there are none. Or, where that was asked for,
        a matrix of 0 and 1, shape (n, n_labels).
    label_names : tuple of str, optional
        Of the columns of such a matrix, where the file has names.
    feature_names : tuple of str, optional
        The columns of a table.
    target : str, optional
        The name of the label column.
    image_shape : (int, int), optional
        Height and width in pixels, when a row is an image.
    channels : int, optional
        1 for grey images, 3 for red, green and blue; an image has height * width * channels
        values. None when a row is no image.
    size : str, optional
        WIDTHxHEIGHT to which images were resized.
    names : tuple of str, optional
        A name for each example: the image's path inside its folder.
    fill : array of float64, shape (n_features,), optional
        What replaced missing values, where that was asked for.
    scaling : Scaling, optional
        What a model should see of a raw value, where the source says it (built-in data).
    groups : array of int64, shape (n,), optional
        The number of each example's group, where a column was named for them.
    keys : mapping of str to column
        The columns that were asked for beside the features, as they are in the file.
    index : tuple of str
        The columns that hold a row index of pandas, and are no features.
    identifiers : tuple of str
        The features that look like identifiers.
    """

    X: Matrix
    source: str
    y: NDArray[Any] | None = None
    label_names: tuple[str, ...] | None = None
    feature_names: tuple[str, ...] | None = None
    target: str | None = None
    image_shape: tuple[int, int] | None = None
    channels: int | None = None
    size: str | None = None
    names: tuple[str, ...] | None = None
    fill: NDArray[np.float64] | None = None
    scaling: Scaling | None = None
    groups: NDArray[np.int64] | None = None
    keys: Mapping[str, Any] = field(default_factory=dict)
    index: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()

    @property
    def n_examples(self) -> int:
        """Number of examples."""
        return int(self.X.shape[0])

    @property
    def n_features(self) -> int:
        """Number of values in an example."""
        return int(self.X.shape[1])

    def reading(self) -> dict[str, Any]:
        """Return the arguments of `read_examples` that read another file in the same way.

        Plain values, as JSON holds them: keep them beside a model that was trained on these
        examples, and read what it shall predict with
        ``read_examples(path, need_labels=False, **reading)``.
        """
        return {
            "target": self.target,
            "features": None if self.feature_names is None else list(self.feature_names),
            "fill": None if self.fill is None else self.fill.tolist(),
            "size": self.size,
            "image_shape": None if self.image_shape is None else list(self.image_shape),
            "channels": self.channels,
        }


@dataclass(frozen=True, eq=False, kw_only=True)
class Request:
    """The checked arguments of `read_examples`, as readers get them."""

    path: str
    source: str
    target: str | None
    labels: str | None
    size: str | None
    drop: tuple[str, ...]
    groups: str | None
    key: tuple[str, ...]
    features: tuple[str, ...] | None
    image_shape: tuple[int, int] | None
    channels: int | None
    need_labels: bool
    label_matrix: bool
    part: str

    @property
    def must_hold_labels(self) -> bool:
        """Whether the file itself must hold labels."""
        return self.need_labels and self.labels is None

    @property
    def beside(self) -> tuple[str, ...]:
        """The columns that are read beside features and labels."""
        return tuple(dict.fromkeys([*self.key, *([] if self.groups is None else [self.groups])]))
