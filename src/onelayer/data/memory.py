"""How much memory there is, asked before it is taken."""

import ctypes
import os
import sys
from contextlib import suppress
from functools import cache

_CONTAINER = "/sys/fs/cgroup/memory"


def available_memory() -> int:
    """Return the bytes that this process can still take, as far as the system tells.

    It is the least of what the machine has free, its container grants, and the process's own
    limit of address space leaves.
    """
    return max(0, min(_of_machine(), _of_container(), _of_process()))


def give_back() -> None:
    """Return memory that was freed to the system, which allocators keep for the next array.

    Where blocks of some megabytes are read one after the other, in changing threads, they would
    keep several times a block.
    """
    if (arrow := sys.modules.get("pyarrow")) is not None:
        arrow.default_memory_pool().release_unused()
    if (libc := _glibc()) is not None:
        libc.malloc_trim(0)


@cache
def _glibc() -> ctypes.CDLL | None:
    """Return the C library where it is glibc, from now on with arrays apart from small things.

    By default it puts what is freed and asked for often among these, up to 32 MB each.
    """
    if sys.platform != "linux":
        return None
    with suppress(OSError, AttributeError):  # other libraries have no such functions
        libc = ctypes.CDLL(None)
        if hasattr(libc, "malloc_trim"):
            libc.mallopt(_MMAP_THRESHOLD, 2**20)
            return libc
    return None


_MMAP_THRESHOLD = -3
"""M_MMAP_THRESHOLD in malloc.h."""


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
