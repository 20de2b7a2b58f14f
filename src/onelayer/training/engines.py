"""Which engine trains: compiled kernels where Numba is installed, the NumPy reference elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Literal

from onelayer.errors import InputError
from onelayer.training.kernels.reference import ReferenceStack
from onelayer.training.stack import Problem, Stack, Team

EngineName = Literal["auto", "compiled", "reference"]


def choose_engine(name: EngineName) -> Callable[[Problem, Team], Stack]:
    """Return what makes a stack.

    Raises
    ------
    InputError
        If there is no such engine, or Numba is asked for and not installed.
    """
    if name not in ("auto", "compiled", "reference"):
        raise InputError(f"engine: {name!r} was given; allowed: auto, compiled, reference.")
    installed = find_spec("numba") is not None
    if name == "reference" or (name == "auto" and not installed):
        return ReferenceStack
    if not installed:
        raise InputError("engine: compiled kernels need Numba: pip install numba.")
    from onelayer.training.kernels.compiled_stack import CompiledStack  # Numba is optional

    return CompiledStack
