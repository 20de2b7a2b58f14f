"""Diagnose what an estimator's parameters do on given examples."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from onelayer.data import Dataset
from onelayer.data.blocks import select_rows
from onelayer.data.labels import Label
from onelayer.diagnosis import Finding, diagnose
from onelayer.study import outcome_in_memory
from onelayer.sweep import Sample, Task
from onelayer.training import TrainConfig, train


def findings_on(
    task: Task,
    config: TrainConfig,
    name: str,
    classes: Sequence[Label],
    *,
    threads: int,
    only: Collection[str],
    mute: Collection[str],
    budget: float,
) -> list[Finding]:
    """Train one model, and return what the checks find.

    Parameters
    ----------
    task : Task
        With validation examples.
    name : str
        Of the run, for the findings.
    classes : sequence of labels
        What to call the classes, in the order of the model's outputs.
    threads, only, mute, budget
        See `onelayer.diagnosis.diagnose`.
    """
    assert task.validation is not None
    training, validation = (_as_dataset(each, classes) for each in (task.train, task.validation))
    result = train(training, validation, config, threads)
    subject = outcome_in_memory(training, validation, {name: result})
    return diagnose(*subject, only=only, mute=mute, budget=budget, threads=threads)


def _as_dataset(sample: Sample, classes: Sequence[Label]) -> Dataset:
    """Return the examples that take part, with the labels that people know."""
    data, rows = sample.data, sample.numbers()
    labels = np.asarray(classes)[data.targets[rows]]
    return Dataset(select_rows(data.X, rows), labels, classes=classes, scaling=data.scaling)
