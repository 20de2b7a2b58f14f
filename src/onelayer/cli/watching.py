"""Work on files as the terminal shows it."""

from __future__ import annotations

from functools import partial

from onelayer.cli import signals
from onelayer.cli.bar import TrainingBar, pass_bar
from onelayer.cli.progress import say
from onelayer.cli.terminal import Terminal
from onelayer.errors import Argument
from onelayer.workflow.watch import Watch


def watched(console: Terminal) -> Watch:
    """Return what shows stages, bars and lines on a console; a signal stops the training."""
    return Watch(
        stage=console.status,
        training=partial(TrainingBar, console),
        say=partial(_say, console),
        stoppable=signals.listening,
        reading=partial(pass_bar, console),
    )


def _say(console: Terminal, *pieces: str | Argument) -> None:
    say(console, "".join(p.flag() if isinstance(p, Argument) else p for p in pieces))
