"""Work on files as the terminal shows it."""

from __future__ import annotations

from functools import partial

from rich.console import Console
from rich.markup import escape

from onelayer.cli import signals
from onelayer.cli.bar import TrainingBar
from onelayer.cli.progress import say
from onelayer.workflow.watch import Watch


def watched(console: Console) -> Watch:
    """Return what shows stages, bars and lines on a console; a signal stops the training."""
    return Watch(
        stage=lambda text: console.status(escape(text)),
        training=partial(TrainingBar, console),
        say=partial(say, console),
        stoppable=signals.listening,
    )
