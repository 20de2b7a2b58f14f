"""Effects that are attributed to batches and examples, against exact retraining without them.

    python benchmarks/faults/attribution.py

On MNIST, 2 against 3 in file order, as the built-in study trains it. The harm that OL102 gives an
example is exact for one step; here it is compared with what the dip becomes in a training without
that example, one training an example, all in one pass; and the fall after each batch with that in
trainings without each of them. Needs MNIST (in ONELAYER_DATA or the cache).
"""

from __future__ import annotations

import numpy as np

from onelayer.data import load
from onelayer.diagnosis import Context
from onelayer.diagnosis.experiments.influence import harm, parameters_before
from onelayer.diagnosis.experiments.interventions import Trial
from onelayer.study import outcome_in_memory
from onelayer.training import TrainConfig, train

EPOCHS, BATCH = 13, 18
AT = (6, 8, 10, 12)


def ranks(values: np.ndarray) -> np.ndarray:
    """Return the rank of each value."""
    return np.argsort(np.argsort(values))


def correlations(attributed: np.ndarray, exact: np.ndarray) -> str:
    """Return Pearson's and Spearman's correlation."""
    pearson = np.corrcoef(attributed, exact)[0, 1]
    spearman = np.corrcoef(ranks(attributed), ranks(exact))[0, 1]
    return f"Pearson {pearson:.3f}, Spearman {spearman:.3f}"


def main() -> None:
    """Print the correlations."""
    parts = [p.subset_of_classes((2, 3)) for p in load("mnist", train=20_000, validation=10_000)]
    config = TrainConfig(
        model="logistic", learning_rate=0.05, batch_size=128, max_epochs=EPOCHS, order="file",
        drop_last=True, penalize_bias=True,
    )  # fmt: skip
    context = Context(*outcome_in_memory(*parts, {"run": train(*parts, config)}))
    (run,) = context.outcome.runs
    trial = Trial.of(context, run, EPOCHS)
    batches = trial.train.n_examples // config.batch_size

    rows = trial.batch(BATCH)
    before = parameters_before(trial, [trial.step_on(BATCH, epoch) for epoch in AT])
    effects, _ = harm(trial, rows, before)
    watching = trial.watching(rows, np.ones(len(rows)))
    whole = watching.as_it_was("as it was").fall
    without = watching.without([rows[[i]] for i in range(len(rows))], [str(i) for i in rows])
    removed = np.array([whole - each.fall for each in without])
    print(f"examples of batch {BATCH}, harm against what is gone of the dip without each "
          f"({len(rows)} trainings): {correlations(effects, removed)}")  # fmt: skip

    falls, removed = [], []
    for number in range(batches):
        own = trial.watching(trial.batch(number), np.ones(len(trial.batch(number))))
        fall = own.as_it_was("").fall
        (left_out,) = own.without([trial.batch(number)], [""])
        falls.append(fall)
        removed.append(fall - left_out.fall)
    print(f"batches, fall after each against what is gone of it without the batch "
          f"({batches} trainings): {correlations(np.array(falls), np.array(removed))}")  # fmt: skip


if __name__ == "__main__":
    main()
