"""What came of a study: the resolved study, the facts of its data, and every run's results."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onelayer.inference import Classifier
from onelayer.study.schema import Run, Study
from onelayer.training import Evaluation, StopReason


@dataclass(frozen=True, eq=False)
class RunOutcome:
    """One run's results, as read from a run folder.

    Attributes
    ----------
    classes : tuple
        In the order of the outputs; a logistic model's positive class is the first.
    history : polars.DataFrame
        This run's rows, with the columns of `onelayer.training.SCHEMA`.
    weights, bias : arrays (n_features, n_outputs), (n_outputs,)
    """

    run: Run
    classes: tuple[int | str, ...]
    n_train: int
    n_validation: int
    steps: int
    batches_per_epoch: int
    evaluations: int
    stop_reason: StopReason
    message: str
    best: Evaluation | None
    last: Evaluation | None
    history: pl.DataFrame
    weights: NDArray[np.floating]
    bias: NDArray[np.floating]

    @property
    def name(self) -> str:
        """The run's name."""
        return self.run.name

    @property
    def curve(self) -> pl.DataFrame:
        """The rows of `history` that have an evaluation."""
        return self.history.filter(pl.col("val_loss").is_not_null())


@dataclass(frozen=True, eq=False)
class Outcome:
    """A study's results."""

    study: Study
    data: dict[str, Any]
    runs: tuple[RunOutcome, ...]

    def __getitem__(self, name: str) -> RunOutcome:
        """Return the results of the run of this name."""
        return {run.name: run for run in self.runs}[name]

    def named(self, names: tuple[str, ...]) -> tuple[RunOutcome, ...]:
        """Return the runs that a section's names stand for and that have results."""
        have = {run.name: run for run in self.runs}
        return tuple(have[run.name] for run in self.study.named(names) if run.name in have)

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the runs that have not come to an end of their own."""
        done = {r.name for r in self.runs if r.stop_reason is not StopReason.INTERRUPTED}
        return tuple(run.name for run in self.study.runs if run.name not in done)


def entry(run: Run, model: Classifier) -> dict[str, Any]:
    """Return a run's entry in results.json."""
    return {
        "name": run.name,
        "model": model.model,
        "config": dict(model.config),
        "classes": list(model.classes),
        **{key: value for key, value in model.training.items() if key not in ("study", "run")},
    }


def evaluation_from(values: dict[str, Any] | None) -> Evaluation | None:
    """Return the evaluation that a run's entry holds."""
    if values is None:
        return None
    numbers: dict[str, Any] = {k: math.nan if v is None else v for k, v in values.items()}
    return Evaluation(**numbers)
