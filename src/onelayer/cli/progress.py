"""Show a study going on: a bar per run on a terminal, a line per run elsewhere."""

from __future__ import annotations

import math
import time
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from onelayer.cli.terminal import Terminal, visible
from onelayer.study import Run
from onelayer.training import (
    Began,
    Ended,
    Evaluated,
    Event,
    Searched,
    Steps,
    StopReason,
    TrainResult,
)
from onelayer.words import fixed


class StudyProgress:
    """An observer of a study that prints on stderr.

    Parameters
    ----------
    console : Terminal
    quiet : bool
        Print nothing.
    """

    def __init__(self, console: Terminal, *, quiet: bool) -> None:
        self._console = console
        self._quiet = quiet
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._search: TaskID | None = None
        self._began: dict[str, float] = {}
        self._losses: dict[str, str] = {}
        if console.is_terminal and not quiet:
            self._bars = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=None),
                TextColumn("step"),
                MofNCompleteColumn(),
                TextColumn("{task.fields[loss]}"),
                TimeRemainingColumn(compact=True),
                console=console,
                expand=True,
            )

    def __enter__(self) -> StudyProgress:
        """Start drawing."""
        if self._bars:
            self._bars.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Leave the bars as they are and stop drawing."""
        if self._bars:
            self._bars.stop()

    def __call__(self, run: Run, event: Event) -> None:
        """Show an event of a run."""
        match event:
            case Searched():
                self._searches(event)
            case Began():
                self._begins(run, event)
            case Evaluated(evaluation=evaluation):
                self._losses[run.name] = f"validation loss {fixed(evaluation.val_loss)}"
            case Steps():
                if self._bars:
                    self._bars.update(
                        self._tasks[run.name],
                        completed=event.first + len(event.losses),
                        loss=self._losses.get(run.name, ""),
                    )
            case Ended(result=result):
                self._ended(run, result)

    def _searches(self, event: Searched) -> None:
        """Show one bar for all searches, as they share their passes."""
        if self._bars is None:
            return
        if self._search is None:
            self._search = self._bars.add_task("minimum", total=None, loss="")
        far = "" if math.isinf(event.bound) else f"within {event.bound:.0e} of J"
        self._bars.update(self._search, completed=event.passes, loss=far)

    def _begins(self, run: Run, event: Began) -> None:
        """Add the run's bar."""
        self._began[run.name] = time.perf_counter()
        if self._bars and self._search is not None:
            self._bars.remove_task(self._search)
            self._search = None
        if self._bars:
            self._tasks[run.name] = self._bars.add_task(
                escape(visible(run.label or run.name)),
                total=event.schedule.max_steps,
                completed=event.step,
                loss="",
            )
        elif event.step:
            self.say(f"{run.label or run.name}: goes on from step {event.step:,}")

    def _ended(self, run: Run, result: TrainResult) -> None:
        """Finish the run's bar, or print its line."""
        loss = self._losses.get(run.name, "no evaluation")
        if self._bars:
            steps = result.history.steps
            # A run that stopped early is done, whatever it was allowed.
            total = None if result.stop_reason is StopReason.INTERRUPTED else steps
            self._bars.update(self._tasks[run.name], completed=steps, loss=loss, total=total)
        elif not self._quiet:
            seconds = time.perf_counter() - self._began[run.name]
            self.say(f"{run.label or run.name}: {result.message}, {loss}, {seconds:.1f} s")

    def say(self, text: str) -> None:
        """Print a line for people."""
        if not self._quiet:
            say(self._console, text)

    def stage(self, text: str) -> AbstractContextManager[object]:
        """Show that something without a measure of progress is going on."""
        if self._console.is_terminal and not self._quiet:
            return self._console.status(text)
        return nullcontext()


def say(console: Console, text: str) -> None:
    """Print a line for people, as it is.

    On a terminal it is broken between words; a path that is wider stays whole, to be copied.
    """
    text = visible(text)
    too_wide = max(map(cell_len, text.split()), default=0) > console.width
    soft_wrap = too_wide or not console.is_terminal
    console.print(text, highlight=False, markup=False, soft_wrap=soft_wrap)
