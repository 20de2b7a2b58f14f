"""How many threads work: as many as the process may use, and no more than are of use."""

from __future__ import annotations

import io
import os
import sys
import threading
from typing import Any

import pytest

from onelayer import threads
from onelayer.engines import blas, choice, open_engine
from onelayer.errors import InputError


@pytest.mark.parametrize(
    ("quota", "cores"),
    [
        ("max 100000", 8),
        ("150000 100000", 2),  # one and a half
        ("50000 100000", 1),
        ("400000 50000", 8),
        ("1600000 100000", 8),  # more than there are
        ("what is this", 8),
        (None, 8),
    ],
)
def test_a_containers_quota_counts(
    monkeypatch: pytest.MonkeyPatch, quota: str | None, cores: int
) -> None:
    def cpu_max(path: str) -> io.StringIO:
        assert path == "/sys/fs/cgroup/cpu.max"
        if quota is None:
            raise FileNotFoundError(path)
        return io.StringIO(f"{quota}\n")

    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(threads, "open", cpu_max, raising=False)
    assert threads.available_cores() == cores


def test_threads_of_a_mistyped_number_are_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    asked: list[int] = []

    class Engine:
        def __init__(self, threads: int) -> None:
            asked.append(threads)

    import onelayer.engines.compiled as compiled

    monkeypatch.setattr(compiled, "CompiledEngine", Engine)
    for given in (100_000, 3, None):
        made: Any = open_engine("compiled", given)
        assert isinstance(made, Engine)
    assert asked == [choice.MOST_THREADS, 3, threads.available_cores()]
    with pytest.raises(InputError, match="threads: 0 was given; at least 1 is needed"):
        open_engine("compiled", 0)


def test_a_call_that_comes_too_late_is_not_waited_for() -> None:
    """The caller's own call has done all parts: on a loaded machine the other is long in coming."""
    pytest.importorskip("numba")
    from onelayer.engines.compiled.team import Team

    free, done = threading.Event(), []
    team = Team(2)
    assert team._pool is not None
    blocked = team._pool.submit(free.wait)  # its one thread has something else to do
    team.run(lambda: done.append(threading.current_thread()))
    assert done == [threading.current_thread()]
    assert not blocked.done()
    free.set()
    team.run(lambda: done.append(threading.current_thread()), alone=True)
    assert done == [threading.current_thread()] * 2
    team.close()


def test_libraries_are_looked_for_anew_only_where_a_module_has_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scans: list[int] = []

    class Controller:
        def __init__(self) -> None:
            scans.append(1)

    monkeypatch.setattr(blas, "ThreadpoolController", Controller)
    monkeypatch.setattr(blas, "_known", None)
    assert blas._libraries() is blas._libraries()
    assert len(scans) == 1
    monkeypatch.setitem(sys.modules, "a_module_with_a_library", sys)
    blas._libraries()
    assert len(scans) == 2
