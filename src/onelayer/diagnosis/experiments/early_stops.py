"""Where early stopping would have ended a curve."""

from __future__ import annotations

from dataclasses import dataclass

from onelayer.training import History


@dataclass(frozen=True)
class Stay:
    """A best evaluation that stood longer than any before it.

    A patience ends a run at the first of these that stands for more evaluations than it has: so
    many evaluations after it. The few of a curve therefore say where any patience would end it.

    Attributes
    ----------
    step : int
    val_loss, val_accuracy : float
    evaluations : int
        How many it stood: until a better one came, or to the end of the curve.
    """

    step: int
    val_loss: float
    val_accuracy: float
    evaluations: int


def stays(history: History, min_delta: float = 0.0) -> tuple[Stay, ...]:
    """Return the best evaluations that stood longer than any before them, and the last best one."""
    evaluations = history.evaluations
    better = [0]
    for i, evaluation in enumerate(evaluations):
        if evaluation.val_loss < evaluations[better[-1]].val_loss - min_delta:
            better.append(i)
    found: list[Stay] = []
    for i, following in zip(better, [*better[1:], len(evaluations)], strict=True):
        is_last = following == len(evaluations)
        if is_last or not found or following - i > found[-1].evaluations:
            best = evaluations[i]
            found.append(Stay(best.step, best.val_loss, best.val_accuracy, following - i))
    return tuple(found)


def stop_on(history: History, patience: int, min_delta: float = 0.0) -> tuple[int, float]:
    """Return after how many steps a patience ends a run, and the loss of what it keeps.

    All of its steps where the patience is never exhausted.
    """
    found = stays(history, min_delta)
    for stay in found:
        if patience < stay.evaluations:
            first, second = history.evaluations[:2]
            return stay.step + patience * (second.step - first.step) + 1, stay.val_loss
    return history.steps, found[-1].val_loss
