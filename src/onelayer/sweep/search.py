"""The sweep itself: train all candidates, score them, choose one, and train it to the end."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from onelayer.inference import Classifier
from onelayer.sweep.candidates import Candidate, ranked_candidates, results_table, summary
from onelayer.sweep.folds import Fold, check_classes, cross_validation, single_fold
from onelayer.sweep.scores import LOG_LOSS, Score, log_scores
from onelayer.sweep.task import Task
from onelayer.training import (
    Checkpoint,
    Listener,
    StopReason,
    TrainConfig,
    TrainResult,
    as_classifier,
)
from onelayer.training.events import ignore

if TYPE_CHECKING:
    import polars as pl


NEARLY = 1e-4
"""The tolerance of candidates: that of their minima, which only the final model needs exactly."""


@dataclass(frozen=True, eq=False)
class SweepResult:
    """What a sweep showed, and the model that was chosen.

    Attributes
    ----------
    configs : tuple of TrainConfig
        As given, one a candidate.
    candidates : tuple of Candidate
        How each came out, in the same order.
    results : tuple of tuples of TrainResult
        By candidate and fold. Training accuracies are not measured on the way: those in their
        histories are NaN.
    score_name, scored_on : str
        What was measured and on what examples, for `summary`.
    task : Task
        What the final model was trained on: all examples, unless the validation examples are a
        data set of their own.
    final : TrainResult
        Of the best candidate. Its `config` is the one that it was trained by: without early
        stopping where there was nothing left to watch.
    """

    configs: tuple[TrainConfig, ...]
    candidates: tuple[Candidate, ...]
    results: tuple[tuple[TrainResult, ...], ...]
    score_name: str
    scored_on: str
    task: Task
    final: TrainResult

    @property
    def best_index(self) -> int:
        """The number of the best candidate."""
        return [candidate.rank for candidate in self.candidates].index(1)

    @property
    def best(self) -> Candidate:
        """The best candidate."""
        return self.candidates[self.best_index]

    @property
    def best_score(self) -> float:
        """Its mean score; NaN if all candidates diverged."""
        score = self.best.mean_score
        return float("nan") if score is None else score

    @property
    def says_of_edges(self) -> bool:
        """Whether the best being at an edge of the grid says that a better one lies outside.

        It does not where models ended far from their minima: that changes their order.
        """
        convergence = self.final.convergence
        settled = convergence is None or convergence.reached
        planned = self.final.stop_reason.is_planned
        return bool(np.isfinite(self.best_score)) and settled and planned

    @cached_property
    def classifier(self) -> Classifier:
        """The final model, with the record of the final training."""
        return as_classifier(self.final)

    @property
    def summary(self) -> str:
        """What the sweep showed, in words."""
        return summary(self.candidates, self.score_name, self.scored_on)

    def table(self) -> pl.DataFrame:
        """Return one row a candidate; see `results_table`."""
        return results_table(self.candidates)


def sweep(
    task: Task,
    configs: Sequence[TrainConfig],
    cv: Any = None,
    *,
    labels: NDArray[Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    score: Score = log_scores,
    score_name: str = LOG_LOSS,
    scored_on: str | None = None,
    threads: int | None = None,
    listen: Listener = ignore,
    checkpoint: Checkpoint | None = None,
    stop: threading.Event | None = None,
) -> SweepResult:
    """Train all candidates in one pass, score them, and choose the best.

    Parameters
    ----------
    task : Task
        Its validation examples score the candidates, unless there are folds.
    configs : sequence of TrainConfig
        The candidates; those that differ in `l2` and `learning_rate` alone share the batches.
    cv : int, splitter or iterable of splits, optional
        Folds of the training examples to score on; see `cross_validation`.
    labels, metadata : optional
        What a splitter is given; see `cross_validation`.
    score : function
        See `Score`.
    score_name, scored_on : str
        For the words of the summary.
    threads : int, optional
    listen : function, optional
        See `onelayer.training.train_many`; models are counted fold by fold within a candidate.
    checkpoint : Checkpoint, optional
        Where the states of all models are kept now and then, and where to go on from.
    stop : threading.Event, optional
        Once set, training ends at the next evaluation.

    Raises
    ------
    InputError
        If there is nothing to score on, or `cv` cannot split the examples.
    KeyboardInterrupt
        If Ctrl-C or `stop` ended the training of the candidates. Where it ends the last training,
        the final model is one that was interrupted.

    Notes
    -----
    A penalty is that of the last training: where minima are sought, a model on a part of the
    examples takes ``l2 / share``, so that the penalty weighs the same beside the sum of the losses
    (that is one C of scikit-learn). Models that are trained by steps take it as it is.

    The best is then trained on all examples, also those held out; with early stopping for the
    folds' median number of epochs until their best evaluation. Where the validation examples are a
    data set of their own, the candidate has been trained on all of the training set already and is
    the final model.
    """
    if cv is None:
        folds, words = single_fold(task), "the validation examples"
        words = "the examples held out" if task.holds_out else words
    else:
        task = replace(task, validation=task.train)  # folds are weights on the same
        folds = cross_validation(task, cv, labels, metadata)
        words = f"{len(folds)} folds"
        if any(config.solver == "optimum" for config in configs):
            check_classes(folds, labels)
    trains_again = task.holds_out
    stop = stop or threading.Event()

    def resumed(named: dict[str, TrainConfig]) -> dict[str, Any]:
        return {"stop": stop} if checkpoint is None else checkpoint.resume(named, stop)

    tried = [[_tried(c, fold) if trains_again else c for fold in folds] for c in configs]
    named = {f"{i}/{f}": config for i, row in enumerate(tried) for f, config in enumerate(row)}
    how = {"listen": listen, "threads": threads} | resumed(named)
    results = _train(task, tried, folds, how, with_curves=not trains_again)
    by_fold = []
    for f, fold in enumerate(folds):
        by_fold.append(score(fold, [task.classifier(row[f]) for row in results]))
    candidates = ranked_candidates(configs, np.stack(by_fold, axis=1), results)
    best = [candidate.rank for candidate in candidates].index(1)
    final = results[best][0]
    if trains_again:
        task = task.everything()
        config = _until_their_best(configs[best], results[best])
        final = task.fit([config], threads=threads, **resumed({"final": config}))[0]
    return SweepResult(
        tuple(configs), tuple(candidates), tuple(map(tuple, results)),
        score_name, scored_on or words, task, final,
    )  # fmt: skip


def _train(
    task: Task,
    configs: Sequence[Sequence[TrainConfig]],
    folds: Sequence[Fold],
    how: dict[str, Any],
    *,
    with_curves: bool,
) -> list[list[TrainResult]]:
    """Train each candidate on each fold, all in one pass; return results by candidate."""
    each = [config for row in configs for config in row]
    if not with_curves and all(config.early_stopping is None for config in each):
        task = replace(task, validation=None)  # nothing reads the evaluations
    weights = [fold.weights for _ in configs for fold in folds]
    # Nothing reads training accuracies on the way, each of which costs a pass.
    results = task.fit(each, weights, evaluate_train=False, **how)
    if any(result.stop_reason is StopReason.INTERRUPTED for result in results):
        raise KeyboardInterrupt
    return [results[i : i + len(folds)] for i in range(0, len(results), len(folds))]


def _tried(config: TrainConfig, fold: Fold) -> TrainConfig:
    """Return the options of a candidate on a fold, which is nearly the minimum if it is one.

    Its penalty is as strong, beside the sum of the losses, as it will be on all examples: fewer of
    them say less against it.
    """
    if config.solver == "sgd":
        return config
    return config.model_copy(
        update={"l2": config.l2 / fold.share, "tolerance": max(config.tolerance, NEARLY)}
    )


def _until_their_best(config: TrainConfig, results: Sequence[TrainResult]) -> TrainConfig:
    """Return the options of the final training, which has no examples to watch."""
    if config.early_stopping is None:
        return config
    ends = [result.best.step + 1 if result.best else 1 for result in results]
    epochs = np.median(np.divide(ends, [result.history.batches_per_epoch for result in results]))
    return config.model_copy(
        update={"max_epochs": max(1, round(float(epochs))), "early_stopping": None}
    )
