"""The versions on which bits depend, which workers and client must share."""

from __future__ import annotations

import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from onelayer.errors import InputError

_TOLD_BY = ("onelayer", "numpy", "scipy", "numba")


@cache
def versions() -> dict[str, str]:
    """Return the versions in this process."""
    found = {"python": ".".join(map(str, sys.version_info[:2]))}
    for package in _TOLD_BY:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "none"
    return found


def expect_versions(expected: dict[str, str], own: dict[str, str]) -> None:
    """Refuse a worker with other versions than the client's.

    Raises
    ------
    InputError
    """
    if own == expected:
        return
    differ = [k for k in expected if own.get(k) != expected[k]]
    told = ", ".join(f"{k} {own.get(k)} instead of {expected[k]}" for k in differ)
    raise InputError(
        f"cluster: a worker has {told}. Install the same versions on all machines: models would "
        "not have the same bits."
    )
