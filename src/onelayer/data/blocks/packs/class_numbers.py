"""Labels as numbers of classes, where the classes are known only when all labels were seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data.labels import Label, as_classes
from onelayer.errors import Argument, InputError
from onelayer.words import first_few

MOST_CLASSES = 1 << 16


class ClassNumbers:
    """Numbers for labels, given as they appear.

    Parameters
    ----------
    given : sequence of labels, or None
        The classes, in order; None: those that appear, in the end sorted.
    seen : sequence of labels
        Those that have appeared before, in the order of their numbers.
    """

    def __init__(self, given: Sequence[Label] | None, seen: Sequence[Label] = ()) -> None:
        self._is_given = given is not None
        self.seen = list(seen if given is None else as_classes(given))
        self._number = {label: k for k, label in enumerate(self.seen)}

    def of(self, labels: NDArray[Any], where: str, first_row: int) -> NDArray[np.int32]:
        """Return the number of each label.

        Parameters
        ----------
        labels : array of integers, strings or bools, shape (n,)
        where : str
            What messages call the rows.
        first_row : int
            The number of the first label.

        Raises
        ------
        InputError
            If a label is not among the classes that were given, is of another kind than those
            before, or the classes are too many.
        """
        present, inverse = np.unique(labels, return_inverse=True)
        for k, label in enumerate(present.tolist()):
            known = self._number.get(label)
            if known is None or type(self.seen[known]) is not type(label):  # True equals 1
                row = first_row + int(np.argmax(inverse == k))
                self._add(label, f"{where}: the label {label!r} of example {row:,}")
        numbers = np.array([self._number[label] for label in present.tolist()], np.int32)
        return numbers[inverse]

    def sorted(self) -> tuple[tuple[Label, ...], NDArray[np.int32]]:
        """Return the classes in order, and for each number so far its number among them."""
        if self._is_given:
            return tuple(self.seen), np.arange(len(self.seen), dtype=np.int32)
        order = sorted(range(len(self.seen)), key=self.seen.__getitem__)
        numbers = np.empty(len(order), np.int32)
        numbers[order] = np.arange(len(order), dtype=np.int32)
        return tuple(self.seen[k] for k in order), numbers

    def _add(self, label: Label, what: str) -> None:
        if self._is_given:
            raise InputError(
                f"{what} is not among the classes {first_few(self.seen)}; add it to them, or leave "
                "these examples out."
            )
        if self.seen and type(label) is not type(self.seen[0]):
            raise InputError(
                f"{what} is of another kind than {self.seen[0]!r} before it; give only integers, "
                "only strings or only bools."
            )
        if len(self.seen) == MOST_CLASSES:
            raise InputError(
                f"{what} is class number {MOST_CLASSES + 1:,}, and there may be {MOST_CLASSES:,}; "
                "is it a number that is to be predicted, or an identifier? Name the column of "
                "labels with ", Argument("target"), ".",
            )  # fmt: skip
        self._number[label] = len(self.seen)
        self.seen.append(label)
