"""How much memory there is, asked before it is taken."""

import os
import sys
from contextlib import suppress

from onelayer.errors import InputError

_GIB = 1 << 30
_CONTAINER = "/sys/fs/cgroup/memory"


def available_memory() -> int:
    """Return the bytes that this process can still take, as far as the system tells.

    It is the least of what the machine has free, its container grants, and the process's own
    limit of address space leaves.
    """
    return max(0, min(_of_machine(), _of_container(), _of_process()))


def check_memory(needed: int, what: str, advice: str) -> None:
    """Refuse what does not fit in memory, before any of it is taken.

    Parameters
    ----------
    needed : int
        Bytes.
    what, advice : str
        The file and what of it needs memory, and what to do, for the message.

    Raises
    ------
    InputError
        If fewer bytes are available.
    """
    available = available_memory()
    if needed > available:
        raise InputError(
            f"{what}: needs {needed / _GIB:.3g} GiB of memory, and {available / _GIB:.3g} GiB are "
            f"available; {advice}."
        )


def _of_machine() -> int:
    with suppress(OSError, ValueError, IndexError), open("/proc/meminfo") as file:
        for line in file:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    with suppress(OSError, ValueError, AttributeError):  # neither on Windows nor in every sandbox
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return sys.maxsize


def _of_container() -> int:
    try:
        with open(f"{_CONTAINER}.max") as most, open(f"{_CONTAINER}.current") as current:
            return int(most.read()) - int(current.read())
    except (OSError, ValueError):  # "max": without a limit
        return sys.maxsize


def _of_process() -> int:
    try:
        import resource  # not on Windows

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit == resource.RLIM_INFINITY:
            return sys.maxsize
        with open("/proc/self/statm") as file:
            return limit - int(file.read().split()[0]) * resource.getpagesize()
    except (ImportError, OSError, ValueError, IndexError):
        return sys.maxsize
