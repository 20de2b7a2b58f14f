"""Labelled examples, as every other part of the package sees them."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onelayer.data.blocks.arrays import ArrayBlocks
from onelayer.data.blocks.matrix import BlockMatrix, is_sparse
from onelayer.data.checks import check_integer
from onelayer.data.label_matrix import as_label_matrix, is_label_matrix
from onelayer.data.labels import Label, as_classes, as_labels, encode_labels
from onelayer.data.matrix import as_matrix
from onelayer.data.read_only import read_only
from onelayer.data.scaling import Scaling
from onelayer.errors import InputError
from onelayer.words import first_few


@dataclass(frozen=True, eq=False, repr=False, init=False)
class Dataset:
    """Labelled examples. Frozen; its arrays are read-only views where that needs no copy.

    Parameters
    ----------
    X : array, shape (n, n_features), (n, height, width) or (n, height, width, 3)
        Raw values. uint8, float16, float32 and float64 are kept without a copy (rows are made
        contiguous if they are not), so that a memory map stays one. bool and integers of up to 16
        bits become float32, wider numbers float64. Images are flattened and give `image_shape`.
        A SciPy sparse array or matrix becomes CSR. A BlockMatrix is read when its rows are asked
        for; see `onelayer.data.blocks.block_dataset`.
    y : array, shape (n,), or (n, n_labels)
        Labels: integers, strings or bools, one an example. Or, where an example may have any number
        of labels, a matrix of 0 and 1 (an array or a SciPy sparse one), kept as uint8: 1 where an
        example has the label of a column.
    classes : sequence of labels, optional
        The order of the classes. It may hold classes that `y` does not. By default the sorted
        unique labels. Of a matrix: the label of each column, by default its number.
    image_shape : (int, int), optional
        Height and width in pixels, when a row is an image: of one value a pixel, or of red, green
        and blue side by side.
    scaling : Scaling, optional
        What a model sees of a raw value. By default [0, 255] to [-1, 1] for uint8, and the
        identity for other types. That of sparse values has no offset.

    Attributes
    ----------
    targets : array of int32, shape (n,), read-only
        The index of each label in `classes`; of a matrix of labels that itself, as uint8.

    Raises
    ------
    InputError
        If there are no examples or no features, the counts of `X` and `y` differ, a value is not
        finite, a shape or type is not one of those above, or a label is not among the classes.
    """

    X: Any
    y: NDArray[Any]
    classes: tuple[Label, ...]
    image_shape: tuple[int, int] | None
    scaling: Scaling
    targets: NDArray[Any] = field(init=False)

    def __init__(
        self,
        X: Any,
        y: ArrayLike,
        classes: Sequence[Label] | None = None,
        image_shape: tuple[int, int] | None = None,
        scaling: Scaling | None = None,
    ) -> None:
        matrix, image_shape, default_scaling = as_matrix(X, image_shape)
        has_matrix = is_label_matrix(y)
        labels = as_label_matrix(y) if has_matrix else as_labels(y)
        n, n_features = matrix.shape
        if n != len(labels):
            raise InputError(
                f"X has {n} examples and y has {len(labels)} labels; give one label an example."
                if not has_matrix
                else f"X has {n} examples and y has {len(labels)} rows; give one row an example."
            )
        if scaling is not None and not isinstance(scaling, Scaling):
            raise InputError(f"scaling: {scaling!r} is not a Scaling; use Scaling.from_range.")
        scaling = default_scaling if scaling is None else scaling
        _, offset = scaling.per_feature(n_features)
        if is_sparse(matrix) and offset.any():
            raise InputError(
                "scaling: sparse values cannot be shifted, or zeros would no longer be zeros; "
                "give a scaling with offset 0."
            )
        names = as_classes(_default_classes(labels) if classes is None else classes)
        if has_matrix and len(names) != labels.shape[1]:
            raise InputError(
                f"classes: there are {len(names)} and y has {labels.shape[1]} columns; name the "
                "label of each column."
            )
        for name, value in {
            "X": read_only(matrix) if isinstance(matrix, np.ndarray) else matrix,
            "y": read_only(labels),
            "classes": names,
            "image_shape": image_shape,
            "scaling": scaling,
            "targets": labels if has_matrix else encode_labels(labels, names),
        }.items():
            object.__setattr__(self, name, value)  # the one way to set a field of a frozen class

    def __repr__(self) -> str:
        """Say what is in it, without the arrays."""
        return (
            f"Dataset({self.n_examples} examples, {self.n_features} features of {self.X.dtype}, "
            f"classes {first_few(self.classes)})"
        )

    @property
    def n_examples(self) -> int:
        """Number of examples."""
        return int(self.X.shape[0])

    @property
    def n_features(self) -> int:
        """Number of values in an example."""
        return int(self.X.shape[1])

    @property
    def n_classes(self) -> int:
        """Number of classes, with those that have no example here."""
        return len(self.classes)

    @property
    def is_sparse(self) -> bool:
        """Whether `X` is sparse."""
        return is_sparse(self.X)

    @property
    def block_lengths(self) -> tuple[int, ...] | None:
        """How many examples each block has, where `X` is read block by block."""
        return self.X.lengths if isinstance(self.X, BlockMatrix) else None

    @property
    def has_label_matrix(self) -> bool:
        """Whether an example may have any number of labels, so that `targets` is a matrix."""
        return self.targets.ndim == 2

    def first(self, n: int) -> "Dataset":
        """Return the first `n` examples, with the same classes. No copy of `X` is made.

        Raises
        ------
        InputError
            If `n` is less than 1 or more than there are.
        """
        n = check_integer(n, "n", 1, self.n_examples, why=f"there are {self.n_examples} examples")
        return self if n == self.n_examples else replace(self, X=self.X[:n], y=self.y[:n])

    def of_features(self, begin: int, end: int) -> "Dataset":
        """Return the examples by their features from `begin` to before `end`.

        Dense values are a view, also of a memory map. Nothing is checked a second time.
        """
        X = self.X
        part = self.with_values(
            X.columns(begin, end) if isinstance(X, BlockMatrix) else X[:, begin:end]
        )
        object.__setattr__(part, "image_shape", None)
        object.__setattr__(part, "scaling", self.scaling.of_features(begin, end))
        return part

    def in_blocks(self, lengths: int | Sequence[int]) -> "Dataset":
        """Return the same examples as blocks of some lengths, without a copy.

        A number is the length of all blocks but the last. Those that have blocks keep them.
        """
        if isinstance(self.X, BlockMatrix):
            return self
        return self.with_values(BlockMatrix(ArrayBlocks(self.X, None, lengths)))

    def with_values(self, X: Any) -> "Dataset":
        """Return these examples with the same values in another form; nothing is checked."""
        part = copy(self)
        object.__setattr__(part, "X", X)  # the one way to set a field of a frozen class
        return part

    def subset_of_classes(self, classes: Sequence[Label]) -> "Dataset":
        """Return the examples of some classes, in the order they have here.

        Parameters
        ----------
        classes : sequence of labels
            Two or more of this data set's classes; their order is that of the result's classes.

        Raises
        ------
        InputError
            If a class is unknown or listed twice, fewer than two are listed, or none of them has
            an example.
        """
        known = f"the classes are {first_few(self.classes)}"
        if self.has_label_matrix:
            raise InputError("classes: a matrix of labels has no examples of a class alone.")
        try:
            wanted = as_classes(classes)
        except InputError as error:
            raise InputError(f"{error} Here {known}.") from None
        unknown = [c for c in wanted if c not in self.classes]
        if unknown:
            raise InputError(f"classes: there is no class {first_few(unknown)}; {known}.")
        if len(wanted) < 2:
            raise InputError(
                f"classes: {first_few(wanted)} is one class; list at least two; {known}."
            )
        indices = [self.classes.index(c) for c in wanted]
        rows = np.isin(self.targets, indices)
        if not rows.any():
            raise InputError(
                f"classes: none of the {self.n_examples} examples is of class {first_few(wanted)}; "
                "take more examples or other classes."
            )
        chosen = tuple(self.classes[i] for i in indices)
        if rows.all():
            return replace(self, classes=chosen)
        return replace(self, X=self.X[rows], y=self.y[rows], classes=chosen)

    def encode(self, classes: Sequence[Label]) -> NDArray[Any]:
        """Return the index of each label in another list of classes.

        Of a matrix of labels: its columns in the order of that list.

        Parameters
        ----------
        classes : sequence of labels
            For example those that a model was trained with.

        Returns
        -------
        array of int32, shape (n,), or of uint8, shape (n, n_labels), read-only

        Raises
        ------
        InputError
            If a label is not among `classes`, or `classes` names a class twice.
        """
        names = as_classes(classes)
        if not self.has_label_matrix:
            return encode_labels(self.y, names)
        if set(names) != set(self.classes):
            raise InputError(
                f"y: the columns are of the labels {first_few(self.classes)}, and those of "
                f"{first_few(names)} are needed."
            )
        if names == self.classes:
            return self.targets
        return read_only(np.ascontiguousarray(self.targets[:, [*map(self.classes.index, names)]]))


def _default_classes(labels: NDArray[Any]) -> Sequence[Label]:
    return range(labels.shape[1]) if labels.ndim == 2 else np.unique(labels).tolist()
