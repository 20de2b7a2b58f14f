"""Parts of Dask's graphs: computed where they are asked for, and counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import dask
import numpy as np
from dask.delayed import Delayed, delayed

from onelayer.errors import InputError


def lengths_of(known: Sequence[float], chunks: Sequence[Delayed]) -> list[int]:
    """Return the rows of each chunk; where one is unknown all are computed, wherever Dask does."""
    if not any(np.isnan(length) for length in known):
        return [int(length) for length in known]
    with failures_named("Dask: the rows are counted"):
        return [int(n) for n in dask.compute(*(delayed(_rows)(chunk) for chunk in chunks))]


def anywhere(function: Callable[..., Any], chunk: Delayed, *arguments: Any) -> Any:
    """Return what a function makes of a chunk, computed wherever Dask does."""
    with failures_named("Dask: the first rows are read"):
        return dask.compute(delayed(function)(chunk, *arguments))[0]


def computed(chunk: Any) -> Any:
    """Compute a chunk in this thread, whatever cluster there is; an array is returned as it is."""
    return chunk.compute(scheduler="synchronous") if isinstance(chunk, Delayed) else chunk


@contextmanager
def failures_named(what: str) -> Iterator[None]:
    """Turn whatever goes wrong in a graph, which is anybody's code, into one message."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        reason = (str(error).strip().splitlines() or [""])[0]
        raise InputError(
            f"{what}: the computation failed ({type(error).__name__}: {reason}); try it alone, "
            "with compute()."
        ) from error


def _rows(chunk: Any) -> int:
    return int(chunk.shape[0])
