"""How many steps are made at once: whoever asks training to stop waits for no more than these."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

SECONDS = 0.5
"""About as long an advance may take."""


@dataclass
class Pace:
    """Learns from the time that advances take. What is computed does not depend on it.

    Attributes
    ----------
    most_steps : int
        How many steps the next advance may make.
    """

    most_steps: int = 1024

    @contextmanager
    def timed(self, steps: int) -> Iterator[None]:
        """Time the block, in which so many steps are made."""
        began = time.perf_counter()
        yield
        seconds = time.perf_counter() - began
        if seconds > SECONDS:
            self.most_steps = max(1, int(steps * SECONDS / seconds))
        elif steps == self.most_steps:
            self.most_steps = 2 * steps
