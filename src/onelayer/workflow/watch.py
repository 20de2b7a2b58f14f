"""How whoever starts long work sees it go on, and ends it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from onelayer.training import Listener
from onelayer.training.events import ignore

Stage = Callable[[str], AbstractContextManager[object]]
"""Shows that something without a measure of progress is going on."""

Reading = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]
"""Shows a pass over blocks: gives what takes how many are done, and how many there are."""

Stoppable = Callable[[], AbstractContextManager[threading.Event | None]]
"""Gives an event that somebody may set within its block: then training is to end."""

KERNELS = "Loading the kernels; the first use on a machine compiles them, in seconds"


@dataclass(frozen=True)
class Watch:
    """What shows the work on files; by default nothing does.

    Attributes
    ----------
    stage, reading, stoppable
        See `Stage`, `Reading` and `Stoppable`.
    training : function
        From the number of models and of the steps that one makes at most to what listens, within a
        block, to their training.
    say : function
        Takes a line for people, in pieces as those of an error.
    """

    stage: Stage = lambda _text: nullcontext()
    training: Callable[[int, int], AbstractContextManager[Listener]] = lambda _models, _steps: (
        nullcontext(ignore)
    )
    say: Callable[..., object] = lambda *_pieces: None
    stoppable: Stoppable = nullcontext
    reading: Reading = lambda _text: nullcontext(lambda _done, _all: None)


UNSEEN = Watch()
