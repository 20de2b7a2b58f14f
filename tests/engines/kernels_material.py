"""Kernels that only kernels call, as tests call them."""

from __future__ import annotations

from typing import Any

import pytest

numba: Any = pytest.importorskip("numba")


def from_python(inner: Any) -> Any:
    """Return such a kernel with a way in from Python."""
    return numba.njit(lambda *arguments: inner(*arguments))
