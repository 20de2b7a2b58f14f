"""The same run in two studies: by how much its model differs, and whether that may be chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Dataset
from onelayer.diagnosis.context import right
from onelayer.diagnosis.statistics.intervals import difference_interval
from onelayer.diagnosis.statistics.paired import PairedAccuracies, paired_mean_interval
from onelayer.study import Outcome, RunOutcome, StudyData

CONFIDENCE = 0.95
"""Of the intervals of all runs of a comparison together."""


@dataclass(frozen=True)
class Change:
    """From a number of the first model to that of the second: the difference, and its interval.

    The interval is None where nothing is known of how the number varies from example to example.
    """

    difference: float
    interval: tuple[float, float] | None

    @property
    def is_told_apart(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.interval is not None and not self.interval[0] <= 0 <= self.interval[1]


@dataclass(frozen=True, eq=False)
class Pair:
    """A run of the first study, and the run of its name in the second.

    Attributes
    ----------
    first, second : RunOutcome
    paired : bool
        Whether the intervals rest on both models' answers to each of the same examples.
    accuracy, loss : Change or None
        Of the validation examples, by the weights that are kept; None without finite numbers.
    """

    first: RunOutcome
    second: RunOutcome
    paired: bool
    accuracy: Change | None
    loss: Change | None

    @property
    def name(self) -> str:
        """The name of both runs."""
        return self.first.name

    @property
    def label(self) -> str:
        """What people call both runs; the name where the studies call them differently."""
        return self.first.label if self.first.label == self.second.label else self.name

    @property
    def has_same_history(self) -> bool:
        """Whether both made the same steps, bit for bit."""
        return self.first.history.equals(self.second.history, null_equal=True)


def pairs_of(first: Outcome, second: Outcome, data: StudyData | None) -> tuple[Pair, ...]:
    """Return the runs that two studies have in common, in the order of the first.

    Parameters
    ----------
    data : StudyData or None
        The examples of both studies, where they are the same and at hand: then models are compared
        example by example. Otherwise accuracies are compared as those of two samples.
    """
    others = {run.name: run for run in second.runs}
    both = [(run, others[run.name]) for run in first.runs if run.name in others]
    if not both:
        return ()
    # Bonferroni: all intervals of a kind hold together.
    confidence = 1 - (1 - CONFIDENCE) / len(both)
    return tuple(_pair(*runs, data, confidence) for runs in both)


def _pair(first: RunOutcome, second: RunOutcome, data: StudyData | None, confidence: float) -> Pair:
    one, other = first.record, second.record
    same = first.run.selection == second.run.selection and one.model == other.model
    if data is not None and same and one.model != "multilabel":
        train, validation = data.of(first.run)
        paired = PairedAccuracies.of(*(right(run.model, validation) for run in (second, first)))
        losses = [_losses(run, train, validation) for run in (second, first)]
        return Pair(
            first, second, True,
            Change(paired.difference, paired.interval(confidence)),
            _mean(losses[0], losses[1], confidence),
        )  # fmt: skip
    return Pair(
        first, second, False, _as_two_samples(first, second, confidence), _of_losses(first, second)
    )


def _as_two_samples(first: RunOutcome, second: RunOutcome, confidence: float) -> Change | None:
    one, other = first.record, second.record
    before, after = one.final.val_accuracy, other.final.val_accuracy
    if before is None or after is None:
        return None
    return Change(
        after - before,
        difference_interval(after, other.n_validation, before, one.n_validation, confidence),
    )


def _of_losses(first: RunOutcome, second: RunOutcome) -> Change | None:
    before, after = first.record.final.val_loss, second.record.final.val_loss
    return None if before is None or after is None else Change(after - before, None)


def _losses(run: RunOutcome, train: Dataset, validation: Dataset) -> NDArray[np.float64]:
    """Return the loss of each validation example, (n,)."""
    logs = np.asarray(run.model.predict_log_proba(validation.X), np.float64)
    losses: NDArray[np.float64] = -logs[np.arange(len(logs)), validation.encode(train.classes)]
    return losses


def _mean(
    second: NDArray[np.float64], first: NDArray[np.float64], confidence: float
) -> Change | None:
    difference = float(np.mean(second) - np.mean(first))
    if not np.isfinite(difference):
        return None
    return Change(difference, paired_mean_interval(second, first, confidence))
