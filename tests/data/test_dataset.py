import dataclasses
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array, csr_matrix

from onelayer.data import Dataset, Scaling
from onelayer.errors import InputError

PIXELS = np.arange(12, dtype=np.uint8).reshape(6, 2)
LABELS = [3, 1, 2, 3, 1, 3]


def test_labels_become_targets() -> None:
    data = Dataset(PIXELS, LABELS)
    assert data.classes == (1, 2, 3)
    assert all(type(c) is int for c in data.classes)
    assert data.targets.tolist() == [2, 0, 1, 2, 0, 2]
    assert data.targets.dtype == np.int32
    assert (data.n_examples, data.n_features, data.n_classes) == (6, 2, 3)


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (["b", "a", "b"], ("a", "b")),
        (np.array(["b", "a", "b"], dtype=object), ("a", "b")),
        (np.array(["b", "a", "b"], dtype=np.dtypes.StringDType()), ("a", "b")),
        ([True, False, True], (False, True)),
        (np.array([5, 2, 5], dtype=np.uint8), (2, 5)),
        (np.array([5, np.int8(2), 5], dtype=object), (2, 5)),
        ((5, 2, 5), (2, 5)),
    ],
)
def test_kinds_of_labels(y: Any, classes: tuple[object, ...]) -> None:
    data = Dataset(PIXELS[:3], y)
    assert data.classes == classes
    assert [type(c) for c in data.classes] == [type(c) for c in classes]
    assert data.targets.tolist() == [1, 0, 1]


def test_order_of_classes_and_classes_without_examples() -> None:
    data = Dataset(PIXELS, LABELS, classes=[9, 3, 2, 1])
    assert data.n_classes == 4
    assert data.targets.tolist() == [1, 3, 2, 1, 3, 1]


def test_supported_types_are_not_copied() -> None:
    for dtype in (np.uint8, np.float32, np.float64):
        X = PIXELS.astype(dtype)
        data = Dataset(X, LABELS)
        assert data.X.dtype == dtype
        assert np.shares_memory(data.X, X)
        assert np.shares_memory(data.first(2).X, X)


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (bool, np.float32),
        (np.float16, np.float16),
        (np.int8, np.float32),
        (np.uint16, np.float32),
        (np.int32, np.float64),
        (np.int64, np.float64),
        (np.uint64, np.float64),
        (np.longdouble, np.float64),
        (">f4", np.float32),
    ],
)
def test_other_types_are_converted(given: type, stored: type) -> None:
    X: np.ndarray = PIXELS.astype(given)
    data = Dataset(X, LABELS)
    assert data.X.dtype == stored
    assert data.X.dtype.isnative
    np.testing.assert_array_equal(data.X, X)


def test_arrays_cannot_be_written_and_the_callers_can() -> None:
    X, y = PIXELS.copy(), np.array(LABELS)
    data = Dataset(X, y)
    for array in (data.X, data.y, data.targets, data.first(2).X, data.encode([3, 2, 1])):
        assert not array.flags.writeable
    X[0, 0] = 7
    y[0] = 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        data.X = X  # type: ignore[misc]


def test_rows_are_contiguous() -> None:
    data = Dataset(np.asfortranarray(PIXELS), LABELS)
    assert data.X.flags.c_contiguous
    np.testing.assert_array_equal(data.X, PIXELS)


def test_images_are_flattened_without_a_copy() -> None:
    images = np.arange(36, dtype=np.uint8).reshape(6, 2, 3)
    data = Dataset(images, LABELS)
    assert data.image_shape == (2, 3)
    assert np.shares_memory(data.X, images)
    np.testing.assert_array_equal(data.X[1], [6, 7, 8, 9, 10, 11])
    assert Dataset(images.reshape(6, 6), LABELS, image_shape=(2, 3)).image_shape == (2, 3)
    assert Dataset(images.reshape(6, 6), LABELS).image_shape is None


def test_default_scaling() -> None:
    assert Dataset(PIXELS, LABELS).scaling == Scaling.from_range(0, 255)
    assert Dataset(PIXELS.astype(float), LABELS).scaling == Scaling.identity()
    assert Dataset(PIXELS, LABELS, scaling=Scaling(2, 1)).scaling == Scaling(2, 1)


def test_first() -> None:
    data = Dataset(PIXELS, LABELS, scaling=Scaling(2, 1))
    part = data.first(2)
    np.testing.assert_array_equal(part.X, PIXELS[:2])
    assert part.y.tolist() == [3, 1]
    assert part.targets.tolist() == [2, 0]
    assert part.classes == data.classes
    assert part.scaling == data.scaling
    assert data.first(6).n_examples == 6


@pytest.mark.parametrize("n", [0, -1, 7, 2.0, True, "2", None])
def test_impossible_first(n: object) -> None:
    with pytest.raises(InputError, match=r"^n: .*6 examples.*from 1 to 6"):
        Dataset(PIXELS, LABELS).first(n)  # type: ignore[arg-type]


def test_subset_keeps_file_order_and_takes_the_order_of_classes() -> None:
    images = np.arange(36, dtype=np.uint8).reshape(6, 2, 3)
    part = Dataset(images, LABELS, scaling=Scaling(2, 1)).subset_of_classes([3, 1])
    assert part.classes == (3, 1)
    assert part.y.tolist() == [3, 1, 3, 1, 3]
    assert part.targets.tolist() == [0, 1, 0, 1, 0]
    np.testing.assert_array_equal(part.X, images.reshape(6, 6)[[0, 1, 3, 4, 5]])
    assert part.image_shape == (2, 3)
    assert part.scaling == Scaling(2, 1)


def test_subset_of_all_classes_is_no_copy() -> None:
    part = Dataset(PIXELS, LABELS).subset_of_classes([3, 2, 1])
    assert part.classes == (3, 2, 1)
    assert part.targets.tolist() == [0, 2, 1, 0, 2, 0]
    assert np.shares_memory(part.X, PIXELS)


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ([1, 4], "no class 4"),
        ([1, "2"], "no class '2'"),
        ([1, 1], "more than once"),
        ([1], "at least two"),
        ([], "is empty"),
        ("12", "not a list"),
        ([1, 2.0], "cannot be a class"),
        ([1, None], "cannot be a class"),
        (1, "not a list"),
    ],
)
def test_impossible_subset_names_the_known_classes(classes: object, message: str) -> None:
    with pytest.raises(InputError, match=f"{message}.*classes are 1, 2, 3"):
        Dataset(PIXELS, LABELS).subset_of_classes(classes)  # type: ignore[arg-type]


def test_subset_without_examples() -> None:
    data = Dataset(PIXELS, LABELS, classes=[1, 2, 3, 4, 5])
    with pytest.raises(InputError, match="none of the 6 examples is of class 4, 5"):
        data.subset_of_classes([4, 5])


def test_encode() -> None:
    data = Dataset(PIXELS, LABELS)
    assert data.encode([3, 2, 1]).tolist() == [0, 2, 1, 0, 2, 0]
    assert data.encode(np.array([7, 1, 2, 3]).tolist()).tolist() == [3, 1, 2, 3, 1, 3]
    with pytest.raises(InputError, match=r"y: the labels hold 2, not among the classes 1, 3"):
        data.encode([1, 3])
    with pytest.raises(InputError, match="more than once"):
        data.encode([1, 2, 3, 3])


@given(
    labels=st.lists(st.integers(-5, 5), min_size=1, max_size=30),
    classes=st.permutations(range(-5, 6)),
)
def test_targets_lead_back_to_labels(labels: list[int], classes: list[int]) -> None:
    data = Dataset(np.zeros((len(labels), 1)), labels, classes=classes)
    assert [data.classes[t] for t in data.targets] == labels


@pytest.mark.parametrize(
    "y",
    [
        np.array([-100, 100, -100, 7], np.int8),
        np.array([250, 3, 3, 0], np.uint8),
        np.array([2**63 - 1, 2**63 - 3, 2**63 - 1, 2**63 - 2], np.uint64),
        np.array([-(2**63), 2**63 - 1, 0, 0]),
    ],
)
def test_targets_of_whole_numbers_of_any_width(y: Any) -> None:
    data = Dataset(np.zeros((len(y), 1)), y)
    assert data.classes == tuple(sorted(set(y.tolist())))
    assert [data.classes[t] for t in data.targets] == y.tolist()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_values_that_are_not_finite_are_located(value: float, dtype: type) -> None:
    X: np.ndarray = np.zeros((6, 2), dtype=dtype)
    X[4, 1] = value
    with pytest.raises(InputError, match="example 4, feature 1"):
        Dataset(X, LABELS)


@pytest.mark.parametrize(
    ("X", "y", "options", "message"),
    [
        (PIXELS, LABELS[:5], {}, "X has 6 examples and y has 5 labels"),
        (PIXELS[:0], [], {}, r"X: the shape is \(0, 2\), so it is empty"),
        (np.zeros((6, 0)), LABELS, {}, "is empty"),
        (PIXELS, [], {}, "no labels"),
        (PIXELS[0], [1, 2], {}, r"X: the shape is \(2,\)"),
        (np.zeros((6, 1, 1, 1)), LABELS, {}, r"X: the shape is \(6, 1, 1, 1\)"),
        ([[1, 2], [3]], [1, 2], {}, "rows differ in length"),
        ([["a"]], [1], {}, "X: values of type <U1"),
        ([[1j]], [1], {}, "X: values of type complex128"),
        ([[None]], [1], {}, "X: values of type object"),
        (PIXELS, [[label] for label in LABELS], {}, r"y: the shape is \(6, 1\)"),
        (PIXELS, [[1], [1, 2]], {}, "y: the labels do not form an array"),
        (PIXELS, [0.5] * 6, {}, "y: labels of type float64"),
        (PIXELS, [None] * 6, {}, "y: labels of the types NoneType"),
        (PIXELS, [1, "a", 1, 1, 1, 1], {}, "y: labels of the types int, str"),
        (PIXELS, [2**70] * 6, {}, "y: the label 1180591620717411303424 does not fit 64 bits"),
        (PIXELS, LABELS, {"classes": [1, 2]}, "y: the labels hold 3"),
        (PIXELS, LABELS, {"classes": [1, 2, 3, 2]}, "classes: 2 is listed more than once"),
        (PIXELS, LABELS, {"classes": [[1], 2]}, r"classes: \[1\] cannot be a class"),
        (PIXELS, LABELS, {"image_shape": (2, 2)}, "image_shape: 2 by 2 .* 2 features"),
        (PIXELS, LABELS, {"image_shape": (-1, -2)}, "image_shape: -1 is out of range"),
        (PIXELS, LABELS, {"image_shape": 2}, "image_shape: 2 is not a pair"),
        (PIXELS.reshape(6, 1, 2), LABELS, {"image_shape": (2, 1)}, "image_shape: 2 by 1"),
        (PIXELS, LABELS, {"scaling": 2}, "scaling: 2 is not a Scaling"),
    ],
)
def test_bad_input(X: object, y: object, options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Dataset(X, y, **options)  # type: ignore[arg-type]


def test_many_classes_do_not_flood_a_message() -> None:
    data = Dataset(np.zeros((1000, 1)), np.arange(1000))
    with pytest.raises(InputError, match="and 990 more") as caught:
        data.subset_of_classes([0, 1000])
    assert len(str(caught.value)) < 300


def test_equality_is_identity_and_copies_survive_pickling() -> None:
    data = Dataset(PIXELS, LABELS)
    assert data != Dataset(PIXELS, LABELS)
    assert len({data, data}) == 1
    copy = pickle.loads(pickle.dumps(data))
    np.testing.assert_array_equal(copy.X, data.X)
    assert copy.classes == data.classes
    assert repr(copy) == "Dataset(6 examples, 2 features of uint8, classes 1, 2, 3)"


# Sparse values --------------------------------------------------------------------------------


def test_sparse_values_become_csr_without_duplicates() -> None:
    X = coo_array(([1.0, 2.0, 4.0], ([0, 0, 1], [2, 2, 0])), shape=(2, 3))
    data = Dataset(X, [0, 1])
    assert data.X.format == "csr"
    assert data.X.toarray().tolist() == [[0, 0, 3], [4, 0, 0]]
    assert (data.n_examples, data.n_features, data.X.dtype) == (2, 3, np.float64)
    assert data.first(1).X.toarray().tolist() == [[0, 0, 3]]
    assert X.nnz == 3


def test_sparse_values_of_a_subset_of_classes() -> None:
    data = Dataset(csr_matrix(np.eye(4, dtype=np.int8)), ["a", "b", "c", "a"])
    some = data.subset_of_classes(["c", "a"])
    assert some.X.dtype == np.float32
    assert some.X.toarray().tolist() == [[1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_sparse_values_that_are_not_finite_are_refused(bad: float) -> None:
    X = csr_matrix(np.array([[0, 1.0], [0, bad]]))
    with pytest.raises(InputError, match="X: example 1, feature 1 is"):
        Dataset(X, [0, 1])


def test_sparse_values_cannot_be_shifted() -> None:
    with pytest.raises(InputError, match="sparse values cannot be shifted"):
        Dataset(csr_matrix(np.eye(2)), [0, 1], scaling=Scaling(1, -1))


def test_empty_sparse_values_are_refused() -> None:
    with pytest.raises(InputError, match=r"the shape is \(2, 0\)"):
        Dataset(csr_matrix((2, 0)), [0, 1])


def test_scaling_of_another_length_is_refused() -> None:
    scaling = Scaling(np.ones(3), np.zeros(3))
    with pytest.raises(InputError, match="there are 3 scales and 2 features"):
        Dataset(np.eye(2), [0, 1], scaling=scaling)
