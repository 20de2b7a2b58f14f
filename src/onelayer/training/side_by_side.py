"""Groups of runs whose work is done elsewhere, and that wait for it at the same time."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from onelayer.training.events import Event, Listener
from onelayer.training.group import Keep
from onelayer.training.state import RunState

_GROUPS_IN_PLACE = 2
"""For each thread of the cluster: it goes on with one while what it made of another travels."""

_GROUPS_THAT_TRAVEL = 3
"""Where two can want the same worker at once, more of them keep the others busy."""

_ENOUGH_MODELS = 32
"""In place, groups of fewer cost more arithmetic a model: then a thread has one."""


class Work(Protocol):
    """Trains a group; events and states are told as they come."""

    def __call__(self, listen: Listener, keep: Keep) -> None:
        """Train."""


def models_at_once(n_models: int, threads: int, *, travel: bool) -> int:
    """Return how many models are a group.

    Parameters
    ----------
    n_models : int
    threads : int
        Of the cluster.
    travel : bool
        Whether models hop from worker to worker, where blocks lie apart.
    """
    groups = threads * (_GROUPS_THAT_TRAVEL if travel else _GROUPS_IN_PLACE)
    if not travel and n_models < groups * _ENOUGH_MODELS:
        groups = threads
    return max(1, -(-n_models // groups))


def side_by_side(
    groups: Sequence[Work], listen: Listener, keep: Keep, stop: threading.Event
) -> None:
    """Train groups at the same time; what they tell is told on in the caller's thread.

    The first error of a group stops the others, and is raised when they have ended.
    """
    told: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
    errors: list[BaseException] = []

    def hear(event: Event) -> None:
        told.put(lambda: listen(event))

    def keep_copies(states: Mapping[int, RunState]) -> None:
        copies = {number: state.copy() for number, state in states.items()}
        told.put(lambda: keep(copies))

    def run(group: Work) -> None:
        try:
            group(hear, keep_copies)
        except BaseException as error:
            errors.append(error)
            stop.set()
        finally:
            told.put(None)

    if not groups:
        return
    with ThreadPoolExecutor(len(groups), "onelayer-group") as pool:
        for group in groups:
            pool.submit(run, group)
        running = len(groups)
        try:
            while running:
                call = told.get()
                if call is None:
                    running -= 1
                else:
                    call()
        except BaseException:  # of a listener: nothing may go on behind it
            stop.set()
            raise
    if errors:
        raise errors[0]
