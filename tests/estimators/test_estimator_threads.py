"""A fit leaves the number of BLAS threads as it was, also where fits overlap."""

import threading
from collections.abc import Iterator
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from threadpoolctl import ThreadpoolController, threadpool_info, threadpool_limits

from onelayer.estimators import SoftmaxRegression

X, y = load_digits(return_X_y=True)


def blas_threads() -> list[int]:
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def set_blas_threads(limits: list[int]) -> None:
    # Leaving the context gives up control, which otherwise is this thread's alone from here on.
    with threadpool_limits():
        pass
    libraries = [c for c in ThreadpoolController().lib_controllers if c.user_api == "blas"]
    for library, limit in zip(libraries, limits, strict=True):
        library.set_num_threads(limit)
    with threadpool_limits():
        pass


@pytest.fixture(name="before")
def fixture_before() -> Iterator[list[int]]:
    """Return limits that no fit would set by chance, with everything compiled."""
    SoftmaxRegression(max_epochs=1, scale="minmax").fit(X, y)
    found = blas_threads()
    set_blas_threads([3] * len(found))
    yield blas_threads()
    set_blas_threads(found)


def test_search_in_threads_leaves_the_limits(before: list[int]) -> None:
    with joblib.parallel_backend("threading", n_jobs=2):
        grid: dict[str, Any] = {"l2": [0.0, 0.1], "max_epochs": [5, 20]}
        GridSearchCV(SoftmaxRegression(scale="minmax"), grid, cv=3, n_jobs=2).fit(X, y)
    assert blas_threads() == before


@pytest.mark.parametrize(
    "first_to_begin_ends_first",
    [True, False],
)
def test_overlapping_fits_leave_the_limits(
    before: list[int], first_to_begin_ends_first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each fit waits at its first evaluation until the test lets it go on."""
    begun, may_end = [threading.Event() for _ in "ab"], [threading.Event() for _ in "ab"]

    def wait(*_: Any) -> None:
        i = int(threading.current_thread().name)
        begun[i].set()
        assert may_end[i].wait(60)

    def fit() -> None:
        model = SoftmaxRegression(max_epochs=1, scale="minmax", verbose=1)
        model.fit(X, y, X_val=X[:100], y_val=y[:100])

    monkeypatch.setattr("onelayer.estimators.one_model._print_evaluation", wait)
    threads = [threading.Thread(target=fit, name=str(i)) for i in range(2)]
    for thread, event in zip(threads, begun, strict=True):
        thread.start()
        assert event.wait(60)
    for i in (0, 1) if first_to_begin_ends_first else (1, 0):
        may_end[i].set()
        threads[i].join()
    assert blas_threads() == before


def test_limits_of_the_caller_are_no_business_of_training(
    before: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The pass at the end that measures convergence alone takes one thread, and gives them back.
    seen: list[list[int]] = []
    monkeypatch.setattr(
        "onelayer.estimators.one_model._print_evaluation", lambda *_: seen.append(blas_threads())
    )
    model = SoftmaxRegression(max_epochs=3, scale="minmax", verbose=1)
    model.fit(X, y, X_val=X[:100], y_val=y[:100])
    assert len(seen) > 1
    assert all(found == before for found in seen), np.unique(seen)
    assert blas_threads() == before
