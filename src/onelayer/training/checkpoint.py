"""Save the states of runs now and then, so that a killed program goes on from there."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onelayer.storage import remove_file, write_file
from onelayer.training.config import TrainConfig
from onelayer.training.state import OtherTrainingError, RunState, encode_states, read_states

SECONDS = 3.0
"""The time between two checkpoints, at least."""

MOST_SHARE = 0.02
"""Writing checkpoints takes no larger share of the time than this."""


@dataclass(eq=False)
class Checkpoint:
    """A file with the states of runs that go on.

    Parameters
    ----------
    path : Path
    facts : mapping of plain JSON values
        What the runs are: data, options, version. A file of other facts is not taken up.
    """

    path: Path
    facts: Mapping[str, Any]
    _known: dict[str, RunState] = field(default_factory=dict)
    _next: float = field(default_factory=lambda: time.monotonic() + SECONDS)

    @property
    def is_of_another(self) -> bool:
        """Whether the file is there, and is that of another training, which is to be replaced.

        Raises
        ------
        InputError
            If it is damaged.
        """
        try:
            self.load({})
        except OtherTrainingError:
            return True
        return False

    def resume(
        self, configs: Mapping[str, TrainConfig], stop: threading.Event | None = None
    ) -> dict[str, Any]:
        """Return what lets `train_many` go on from here: its `states`, `keep` and `stop`.

        The states of earlier calls with other names, which have ended, are kept beside them.

        Parameters
        ----------
        configs : mapping of str to TrainConfig
            The runs by the names that they have in the file, in their order.
        stop : threading.Event, optional
            Once set, the states are saved at once.
        """
        stop = stop or threading.Event()
        try:
            states = self.load(configs)
        except OtherTrainingError:
            states = {}
        names, earlier = list(configs), dict(self._known)

        def keep(running: Mapping[int, RunState]) -> None:
            self._known = earlier | {names[i]: state for i, state in running.items()}
            self.keep(self._known, now=stop.is_set())

        return {"states": [states.get(name) for name in names], "keep": keep, "stop": stop}

    def load(self, configs: Mapping[str, TrainConfig]) -> dict[str, RunState]:
        """Return the states of those of these runs that go on, by name.

        Raises
        ------
        InputError
            If the file is damaged, or is that of another training.
        """
        return read_states(self.path, self.facts, configs) if self.path.exists() else {}

    def keep(self, states: Mapping[str, RunState], *, now: bool = False) -> None:
        """Save the states of runs by name, if it is time or asked for."""
        began = time.monotonic()
        if not states or (began < self._next and not now):
            return
        write_file(self.path, encode_states(states, self.facts))
        seconds = time.monotonic() - began
        self._next = time.monotonic() + max(SECONDS, seconds / MOST_SHARE)

    def remove(self) -> None:
        """Remove the file: what it holds is done."""
        remove_file(self.path)
