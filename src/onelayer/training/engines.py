"""Which engine trains: compiled kernels where Numba is installed, the NumPy reference elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Literal

import numpy as np

from onelayer.data import Dataset
from onelayer.errors import InputError
from onelayer.training.config import TrainConfig
from onelayer.training.kernels.reference import ReferenceStack
from onelayer.training.schedule import Batches
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


def warm_up(data: Dataset, configs: Sequence[TrainConfig], engine: EngineName = "auto") -> None:
    """Compile, or load from disk, all that training these configurations on such data will call.

    Training does so by itself; this call lets a program say what it is waiting for.
    """
    make_stack = choose_engine(engine)
    some = data.first(1)
    with Team(1) as team:
        for dtype in dict.fromkeys(config.dtype for config in configs):
            config = TrainConfig(model="softmax", dtype=dtype)
            stack = make_stack(Problem.of(some, some, [config]), team)
            batches = Batches(np.zeros(1, np.int64), np.arange(2))
            stack.round([0], batches, evaluate=True, meanwhile=lambda: None)
