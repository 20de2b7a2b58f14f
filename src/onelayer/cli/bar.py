"""A progress bar for models that are trained together."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from onelayer.cli.progress import fixed
from onelayer.training import Evaluation, TrainResult


class TrainingBar:
    """One bar for all models of a training; it moves with the slowest of them.

    Parameters
    ----------
    console : rich.console.Console
    models : int
    steps : int
        That a model takes at most.
    """

    def __init__(self, console: Console, models: int, steps: int) -> None:
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:3.0f}%"),
            TextColumn("{task.fields[loss]}"),
            TimeRemainingColumn(compact=True),
            console=console,
            expand=True,
            transient=True,
            disable=not console.is_terminal or console.quiet,
        )
        self._steps, self._done = steps, [0] * models
        what = "training" if models == 1 else f"{models} models"
        self._task = self._bars.add_task(what, total=steps, loss="")

    def __enter__(self) -> TrainingBar:
        """Start drawing."""
        self._bars.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Stop drawing, and wipe the bar away."""
        self._bars.stop()

    def update(self, model: int, step: int, evaluation: Evaluation | None) -> None:
        """Take note of an evaluation."""
        self._done[model] = max(step + 1, self._done[model])
        loss = f"validation loss {fixed(evaluation.val_loss)}" if evaluation else ""
        self._bars.update(self._task, completed=min(self._done), loss=loss)

    def end(self, model: int, _result: TrainResult) -> None:
        """Take note that a model is done."""
        self._done[model] = self._steps
        self._bars.update(self._task, completed=min(self._done))
