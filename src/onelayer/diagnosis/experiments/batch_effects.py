"""What a step on each batch would do to the validation loss, all from the same weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from onelayer.diagnosis.experiments.influence import MOST_VALIDATION, parameters_before
from onelayer.diagnosis.experiments.interventions import Trial
from onelayer.diagnosis.subjects.examples import scaled
from onelayer.model import LOSSES
from onelayer.training import Schedule

TIMES = 5
"""So many weights the steps are made from, of later epochs and of different places in them."""


def effects_of_batches(trial: Trial) -> NDArray[np.float64]:
    """Return by how much one step on each batch raises the validation loss, mean over the times.

    Within a run, what a step does depends on the steps before it, and at a high rate on how far
    these have thrown the weights. From the same weights batches differ by what is in them alone.

    Returns
    -------
    array, shape (batches_per_epoch,)

    Raises
    ------
    OverBudget
        If the run cannot be made again to these weights.
    """
    train, config = trial.train, trial.config
    batches = Schedule.of(config, train.n_examples).batches_per_epoch
    last, loss = config.max_epochs - 1, LOSSES[config.model]
    epochs = np.linspace(max(1, last // 2), last, TIMES).astype(int).tolist()
    steps = {epoch * batches + i * batches // TIMES for i, epoch in enumerate(epochs)}
    before = parameters_before(trial, sorted(steps))
    some = slice(0, MOST_VALIDATION)
    V = scaled(train, trial.validation, some, dtype=np.float64)
    targets = trial.validation.encode(train.classes)[some]
    effects = np.zeros(batches)
    for own in before:
        effects -= float(loss.values(own.scores(V), targets).mean())
    shrunk = 1 - 2 * config.learning_rate * config.l2
    for batch in range(batches):
        rows = trial.batch(batch)
        X, share = trial.values(rows), config.learning_rate / len(rows)
        for own in before:
            residuals = loss.residuals(own.scores(X), train.targets[rows])
            weights = shrunk * own.weights - share * (X.T @ residuals)
            bias = own.bias * (shrunk if config.penalize_bias else 1) - share * residuals.sum(0)
            effects[batch] += float(loss.values(V @ weights + bias, targets).mean())
    return effects / len(before)
