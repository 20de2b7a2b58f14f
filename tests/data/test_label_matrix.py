"""Data sets with a matrix of labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array, csr_matrix

from onelayer.data import Dataset
from onelayer.errors import InputError

X = np.arange(12.0).reshape(4, 3)
Y = np.array([[1, 0], [0, 0], [1, 1], [0, 1]])


@pytest.mark.parametrize(
    "given", [Y, Y.tolist(), Y.astype(bool), Y.astype(float), csr_array(Y), csr_matrix(Y)]
)
def test_a_matrix_of_labels_is_kept_as_small_numbers(given: Any) -> None:
    data = Dataset(X, given)
    assert data.has_label_matrix
    assert data.targets.dtype == np.uint8
    assert not data.targets.flags.writeable
    np.testing.assert_array_equal(data.targets, Y)
    assert data.classes == (0, 1)
    assert data.n_classes == 2
    assert data.first(3).targets.tolist() == Y[:3].tolist()
    assert not Dataset(X, [0, 1, 0, 1]).has_label_matrix


def test_later_changes_to_what_was_given_do_not_count() -> None:
    given = Y.astype(np.uint8)
    data = Dataset(X, given)
    given[0, 0] = 0
    assert data.targets[0, 0] == 1


def test_columns_have_names_and_an_order() -> None:
    data = Dataset(X, Y, classes=["sea", "sky"])
    assert data.classes == ("sea", "sky")
    assert data.encode(("sky", "sea")).tolist() == Y[:, ::-1].tolist()
    assert data.encode(("sea", "sky")) is data.targets
    with pytest.raises(InputError, match="those of 'sea', 'sun' are needed"):
        data.encode(("sea", "sun"))
    with pytest.raises(InputError, match="no examples of a class alone"):
        data.subset_of_classes(["sea", "sky"])


@pytest.mark.parametrize(
    ("y", "how", "message"),
    [
        (Y + 1, {}, "holds 0 and 1 alone"),
        (Y * 0.5, {}, "holds 0 and 1 alone"),
        ([["a", "b"]] * 4, {}, "holds 0 and 1 alone"),
        (np.where(Y == 1, np.nan, 0), {}, "holds 0 and 1 alone"),
        (Y[:, :1], {}, r"y: the shape is \(4, 1\)"),
        (Y[:3], {}, "X has 4 examples and y has 3 rows"),
        (np.zeros((0, 2)), {}, "there are no labels"),
        (Y, {"classes": ["sea"]}, "there are 1 and y has 2 columns"),
        (Y, {"classes": ["sea", "sea"]}, "more than once"),
    ],
)
def test_what_is_no_matrix_of_labels_is_refused(y: Any, how: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Dataset(X, y, **how)
