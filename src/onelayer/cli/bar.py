"""Progress bars: of models that are trained together, and of a pass over blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf, isfinite

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from onelayer.cli.terminal import visible
from onelayer.training import Ended, Evaluated, Event, Searched, Steps
from onelayer.words import fixed


class MeasuredBar(Progress):
    """A bar with how much is done, one thing that is measured, and the time that is left.

    It is wiped away at the end of its `with` statement.

    Parameters
    ----------
    console : rich.console.Console
    measured : str
        The field of a task that holds what is measured, in words.
    """

    def __init__(self, console: Console, measured: str) -> None:
        super().__init__(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:3.0f}%"),
            TextColumn(f"{{task.fields[{measured}]}}"),
            TimeRemainingColumn(compact=True),
            console=console,
            expand=True,
            transient=True,
            disable=not console.is_terminal or console.quiet,
        )


class TrainingBar(MeasuredBar):
    """One bar for all models of a training; it moves with the slowest of them.

    Use it in a `with` statement, at whose end it is wiped away.

    Parameters
    ----------
    console : rich.console.Console
    models : int
    steps : int
        That a model takes at most.
    """

    def __init__(self, console: Console, models: int, steps: int) -> None:
        super().__init__(console, "loss")
        self._steps, self._passes = steps, 0
        self._done = [0] * models
        self._losses: dict[int, float] = {}
        what = "training" if models == 1 else f"{models} models"
        self._task = self.add_task(what, total=steps, loss="")

    def __call__(self, event: Event) -> None:
        """Take note of an event of training."""
        if isinstance(event, Searched):
            self._passes = event.passes
        elif isinstance(event, Evaluated):
            self._losses[event.run] = event.evaluation.val_loss
        elif isinstance(event, Steps):
            self._done[event.run] = event.first + len(event.losses)
        elif isinstance(event, Ended):
            self._done[event.run] = self._steps
        self.update(self._task, completed=min(self._done), loss=self._shown_loss())

    def _shown_loss(self) -> str:
        if not self._losses:
            return f"the minimum: pass {self._passes}" if self._passes else ""
        which = "validation loss" if len(self._done) == 1 else "lowest validation loss"
        # Of models that diverge the loss may be NaN, which is below and above nothing.
        finite = [value for value in self._losses.values() if isfinite(value)]
        return f"{which} {fixed(min(finite, default=inf))}"


@contextmanager
def pass_bar(console: Console, text: str) -> Iterator[Callable[[int, int], None]]:
    """Show a pass over blocks: gives what takes how many are done, and how many there are."""
    columns = TextColumn("{task.description}"), BarColumn(bar_width=None), TextColumn("block")
    with Progress(
        *columns, MofNCompleteColumn(), TimeRemainingColumn(compact=True), console=console,
        expand=True, transient=True, disable=not console.is_terminal or console.quiet,
    ) as bars:  # fmt: skip
        task = bars.add_task(escape(visible(text)), total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)
