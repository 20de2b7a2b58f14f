"""Where early stopping would have ended a curve."""

from __future__ import annotations

from onelayer.training import History


def stop_on(history: History, patience: int, min_delta: float = 0.0) -> tuple[int, float]:
    """Return after how many steps a patience ends a run, and the loss of what it keeps.

    All of its steps where the patience is never exhausted.
    """
    best, evaluations = 0, history.evaluations
    for i, evaluation in enumerate(evaluations):
        if i == 0 or evaluation.val_loss < evaluations[best].val_loss - min_delta:
            best = i
        elif i - best == patience:
            return evaluation.step + 1, evaluations[best].val_loss
    return history.steps, evaluations[best].val_loss
