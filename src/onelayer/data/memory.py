"""How much memory there is, asked before it is taken."""

import os
import sys
from contextlib import suppress

_CONTAINER = "/sys/fs/cgroup/memory"


def available_memory() -> int:
    """Return the bytes that this process can still take, as far as the system tells.

    It is the least of what the machine has free, its container grants, and the process's own
    limit of address space leaves.
    """
    return max(0, min(_of_machine(), _of_container(), _of_process()))


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
