"""Softmax regression over a grid of penalties and learning rates, all trained together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.metrics import check_scoring

from onelayer.data import Scaling, ScalingName
from onelayer.estimators.base import LinearClassifier
from onelayer.estimators.candidates import AXES, Grid, results_table, summary
from onelayer.estimators.documents import documented
from onelayer.estimators.fitting import Problem, classifier_of
from onelayer.estimators.folds import (
    Fold,
    cross_validation,
    log_scores,
    scorer_scores,
    single_fold,
)
from onelayer.estimators.linear import SoftmaxRegression
from onelayer.estimators.settings import as_threads, train_config
from onelayer.training import EarlyStopping, StopReason, TrainConfig, TrainResult


@documented
class SoftmaxRegressionCV(LinearClassifier):
    """Softmax regression whose penalty and learning rate are chosen on validation data.

    All candidates, on all folds, are trained together in one pass over the examples of each epoch;
    each comes out as if trained alone. The best is then trained on all examples.

    The scaling is fitted once to all training examples, also for cross-validation: a fold's
    validation examples have a part in the means and ranges of features, though not in the labels.
    Put a scaler and this estimator into a pipeline and search over that where this matters.

    Parameters
    ----------
    l2 : number, list, array or str, default (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
        Strengths of the penalty to try; "logspace(-6, 2, 9)" are nine from 1e-6 to 100.
    learning_rate : number, list, array or str, default 0.1
        Step sizes to try.
    cv : int, splitter, iterable of splits or None, default 5
        What candidates are scored on unless `fit` is given `X_val`: so many folds with the same
        share of each class; the folds of any scikit-learn splitter; or, for None, the share
        `validation_fraction` of the examples.
    scoring : str, callable or None, default None
        A scikit-learn scorer, of which higher is better. None is minus the log loss, computed in
        float64 from the final coefficients.
    <parameters>

    Attributes
    ----------
    <attributes>
    results_ : polars.DataFrame
        A row for each candidate: ``l2, learning_rate, mean_score, std_score, standard_error,
        scores`` (one a fold), ``train_loss, epochs, stop_reason, rank``.
    best_params_ : dict
        `l2` and `learning_rate` of the best.
    best_score_ : float
        Its mean score; NaN if all candidates diverged.
    best_index_ : int
        Its row in `results_`.
    score_name_ : str
        The scorer: its name, `neg_log_loss` by default, or "score" for a callable.
    summary_ : str
        What the sweep showed, in words.

    Notes
    -----
    The best of many scores is too good by chance: report the score on examples that had no part.
    With early stopping each fold's own validation examples say when to stop; the final fit then
    runs for the folds' median number of epochs until their best evaluation. With `X_val` the final
    fit is the candidate's, which has been trained on all of `X` already.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from onelayer import SoftmaxRegressionCV
    >>> X, y = load_digits(return_X_y=True)
    >>> sweep = SoftmaxRegressionCV(l2=[0, 1e-3, 1e-2], scale="minmax", cv=3).fit(X, y)
    >>> sweep.best_params_["l2"]
    0.0
    """

    _model = "softmax"

    best_params_: dict[str, Any]
    best_score_: float
    best_index_: int
    results_: pl.DataFrame
    score_name_: str
    summary_: str

    def __init__(
        self,
        *,
        l2: Any = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1),
        learning_rate: Any = 0.1,
        cv: Any = 5,
        scoring: str | Callable[..., float] | None = None,
        batch_size: int = 128,
        max_epochs: int = 200,
        penalize_bias: bool = False,
        shuffle: bool = True,
        drop_last: bool = False,
        evaluations_per_epoch: int = 5,
        early_stopping: bool | int | dict[str, Any] | EarlyStopping | None = None,
        dtype: str | None = None,
        scale: ScalingName | Scaling = "none",
        validation_fraction: float = 0.1,
        random_state: Any = 0,
        class_weight: Any = None,
        verbose: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.l2 = l2
        self.learning_rate = learning_rate
        self.cv = cv
        self.scoring = scoring
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.penalize_bias = penalize_bias
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.evaluations_per_epoch = evaluations_per_epoch
        self.early_stopping = early_stopping
        self.dtype = dtype
        self.scale = scale
        self.validation_fraction = validation_fraction
        self.random_state = random_state
        self.class_weight = class_weight
        self.verbose = verbose
        self.n_jobs = n_jobs

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Self:
        """Train and score all candidates, and train the best on all examples.

        Parameters
        ----------
        X, y, sample_weight
            As for `SoftmaxRegression`; weights count in training and in scores.
        X_val, y_val, sample_weight_val : optional
            Examples to score the candidates on, in place of `cv`.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the examples or a parameter cannot be used.
        """
        sample = self._read_training(X, y, sample_weight)
        given = self._read_validation(X_val, y_val, sample_weight_val)
        check_scoring(SoftmaxRegression(), scoring=self.scoring)  # before all the work
        grid = Grid.of(self.l2, self.learning_rate)
        options = self._options(sample.X)
        configs = [
            train_config(type(self).__name__, options | {"l2": l2, "learning_rate": rate})
            for l2, rate in grid.candidates()
        ]
        folded = given is None and self.cv is not None
        holds_out = given is None and not folded
        problem = self._problem(sample, given, configs[0].seed, holds_out=holds_out)
        if folded:
            folds = cross_validation(problem, self.cv, self.classes_[sample.targets])
            problem = replace(problem, validation=sample, validation_rows=problem.rows)
            scored_on = f"{len(folds)} folds"
        else:
            folds = single_fold(problem)
            scored_on = "X_val" if given is not None else "the examples held out"
        results = self._train_all(problem, configs, folds, curves=given is not None)
        scores = np.stack([self._scores_on(fold, [row[f] for row in results], problem)
                           for f, fold in enumerate(folds)], axis=1)  # fmt: skip
        best = configs[self._choose(grid, scores, results, scored_on)]
        chosen = results[self.best_index_]
        final = chosen[0] if given is not None else self._final(problem, best, chosen)
        self._record(final, problem.scaling)
        if self._ended is not None:
            self._ended(final)
        if self.verbose:
            print(f"{type(self).__name__}: {self.summary_}")
        self._warn_of_divergence(final, stacklevel=3)
        if np.isfinite(self.best_score_):
            grid.warn_of_edges((best.l2, best.learning_rate), stacklevel=3)
        return self

    def _choose(
        self,
        grid: Grid,
        scores: NDArray[np.float64],
        results: Sequence[Sequence[TrainResult]],
        scored_on: str,
    ) -> int:
        """Set what the sweep showed, and return the number of the best candidate."""
        self.results_ = results_table(grid.candidates(), scores, results)
        self.best_index_ = int(self.results_["rank"].arg_min() or 0)
        best = grid.candidates()[self.best_index_]
        self.best_params_ = dict(zip(AXES, best, strict=True))
        self.best_score_ = float(self.results_["mean_score"].fill_null(np.nan)[self.best_index_])
        self.score_name_ = _name_of(self.scoring)
        self.summary_ = summary(self.results_, self.score_name_, scored_on)
        return self.best_index_

    def _train_all(
        self,
        problem: Problem,
        configs: Sequence[TrainConfig],
        folds: Sequence[Fold],
        *,
        curves: bool,
    ) -> list[list[TrainResult]]:
        """Train each candidate on each fold, all in one pass; return results by candidate."""
        if not curves and configs[0].early_stopping is None:  # nothing reads the evaluations
            problem = replace(problem, validation=None, validation_rows=None)
        results = problem.train(
            [config for config in configs for _ in folds],
            [fold.weights for _ in configs for fold in folds],
            as_threads(self.n_jobs),
            listen=self._listen or (lambda _event: None),
        )
        if any(r.stop_reason is StopReason.INTERRUPTED for r in results):
            raise KeyboardInterrupt
        return [results[i : i + len(folds)] for i in range(0, len(results), len(folds))]

    def _scores_on(
        self, fold: Fold, results: Sequence[TrainResult], problem: Problem
    ) -> NDArray[np.float64]:
        """Return the score of each candidate on a fold."""
        classifiers = [
            classifier_of(result, self._of_outputs(self.classes_), problem.scaling)
            for result in results
        ]
        if self.scoring is None:
            return log_scores(fold, classifiers)
        models = []
        for classifier in classifiers:
            model = SoftmaxRegression()
            model.classes_, model.n_features_in_ = self.classes_, classifier.n_features
            model.classifier_ = classifier
            model.coef_, model.intercept_ = classifier.raw.weights.T, classifier.raw.bias
            models.append(model)
        scorer = check_scoring(models[0], scoring=self.scoring)
        return scorer_scores(fold, models, scorer, self.classes_)

    def _final(
        self, problem: Problem, best: TrainConfig, chosen: Sequence[TrainResult]
    ) -> TrainResult:
        """Train the best candidate on all examples."""
        every = [r.history.batches_per_epoch for r in chosen]
        if best.early_stopping is not None:
            ends = [r.best.step + 1 if r.best else 1 for r in chosen]
            epochs = float(np.median(np.divide(ends, every)))
            update = {"max_epochs": max(1, round(epochs)), "early_stopping": None}
            best = best.model_copy(update=update)
        everything = replace(
            problem, rows=problem.sample.rows, validation=None, validation_rows=None
        )
        weights = [everything.example_weights()]
        return everything.train([best], weights, as_threads(self.n_jobs))[0]


def _name_of(scoring: Any) -> str:
    if scoring is None:
        return "neg_log_loss"
    return scoring if isinstance(scoring, str) else "score"
