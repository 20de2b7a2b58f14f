"""Curves of runs, as small as a figure needs them."""

from __future__ import annotations

import numpy as np

from onelayer.diagnosis.exhibits import Curve, thinned
from onelayer.study import RunOutcome
from onelayer.training import History


def validation_curve(history: History) -> Curve:
    """Return the validation loss of an experiment's evaluations, thinned."""
    rows = np.array([(e.step, e.val_loss) for e in history.evaluations]).reshape(-1, 2)
    return thinned(rows[:, 0].astype(int), rows[:, 1])


def own_curve(run: RunOutcome) -> Curve:
    """Return that of a run, as it was recorded."""
    return thinned(run.curve["step"].to_numpy(), run.curve["val_loss"].to_numpy().astype(float))
