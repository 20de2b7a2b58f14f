"""What differs from one identical run to the next: the machine, the versions, the times."""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from typing import Any

from onelayer.engines import vector_bytes
from onelayer.threads import available_cores

PACKAGES = (
    "onelayer", "numpy", "numba", "llvmlite", "scipy", "scikit-learn", "polars", "altair", "typst",
    "sympy",
)  # fmt: skip


def environment(started: datetime, seconds: dict[str, float], threads: int) -> dict[str, Any]:
    """Return the content of environment.json.

    Parameters
    ----------
    started : datetime
        With its time zone.
    seconds : dict
        How long each stage took.
    threads : int
        How many were used.
    """
    return {
        "started": started.isoformat(timespec="seconds"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": {stage: round(value, 3) for stage, value in seconds.items()},
        "threads": threads,
        "cores": {"available": available_cores(), "machine": os.cpu_count()},
        "platform": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "python": sys.version.split()[0],
        "vector_bytes": vector_bytes(),
        "versions": _versions(),
    }


@cache
def _versions() -> dict[str, str]:
    return {package: version(package) for package in PACKAGES}
