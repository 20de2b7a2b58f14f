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

GROUPS_A_THREAD = 2
"""So that a thread of the cluster has a group to go on with while another one is on its way."""


class Work(Protocol):
    """Trains a group; events and states are told as they come."""

    def __call__(self, listen: Listener, keep: Keep) -> None:
        """Train."""


def models_at_once(n_models: int, threads: int) -> int:
    """Return how many models hop from block to block together."""
    return max(1, -(-n_models // (GROUPS_A_THREAD * threads)))


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
