"""Softmax regression over a grid of penalties and learning rates, all trained together."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Scaling, ScalingName
from onelayer.estimators.base import LinearClassifier
from onelayer.estimators.documents import documented
from onelayer.estimators.linear import SoftmaxRegression
from onelayer.estimators.settings import as_threads, train_config
from onelayer.inference import Classifier
from onelayer.sweep import (
    AXES,
    Candidate,
    Fold,
    Grid,
    log_scores,
    results_table,
    sweep,
)
from onelayer.training import EarlyStopping

if TYPE_CHECKING:
    import polars as pl


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
    _candidates: tuple[Candidate, ...]
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
        from sklearn.metrics import check_scoring  # loads slowly

        examples = self._read_training(X, y, sample_weight)
        given = self._read_validation(X_val, y_val, sample_weight_val)
        check_scoring(SoftmaxRegression(), scoring=self.scoring)  # before all the work
        grid = Grid.of(self.l2, self.learning_rate)
        options = self._options(examples.X)
        configs = [
            train_config(type(self).__name__, options | {"l2": l2, "learning_rate": rate})
            for l2, rate in grid.combinations()
        ]
        cv = None if given is not None else self.cv
        holds_out = given is None and cv is None
        result = sweep(
            self._task(examples, given, configs[0].seed, holds_out=holds_out), configs, cv,
            labels=self.classes_[examples.targets],
            score=log_scores if self.scoring is None else self._score,
            score_name=_name_of(self.scoring), scored_on=None if given is None else "X_val",
            threads=as_threads(self.n_jobs),
        )  # fmt: skip
        self._candidates = result.candidates
        self.best_index_, self.best_score_ = result.best_index, result.best_score
        self.best_params_ = {name: getattr(result.best, name) for name in AXES}
        self.score_name_, self.summary_ = result.score_name, result.summary
        self._record(result.final, result.task)
        if self.verbose:
            print(f"{type(self).__name__}: {self.summary_}")
        self._warn_of_divergence(result.final, stacklevel=3)
        if np.isfinite(self.best_score_):
            for note in grid.edges((result.best.l2, result.best.learning_rate)):
                warnings.warn(note, UserWarning, stacklevel=2)
        return self

    @property
    def results_(self) -> pl.DataFrame:
        """A row for each candidate; see the class."""
        return results_table(self._candidates)

    def _score(self, fold: Fold, classifiers: Sequence[Classifier]) -> NDArray[np.float64]:
        """Return the score of each model on a fold by the scikit-learn scorer."""
        from sklearn.metrics import check_scoring

        models = [SoftmaxRegression(n_jobs=self.n_jobs) for _ in classifiers]
        for model, classifier in zip(models, classifiers, strict=True):
            model.classes_, model.n_features_in_ = self.classes_, classifier.n_features
            model.classifier_ = classifier
        scorer = check_scoring(models[0], scoring=self.scoring)
        data = fold.scored_on.data
        X, y = data.X[fold.rows], self.classes_[data.targets[fold.rows]]
        options = {}
        weights = fold.sample_weight
        if weights is not None and "sample_weight" in inspect.signature(scorer).parameters:
            options["sample_weight"] = weights
        return np.array([float(scorer(model, X, y, **options)) for model in models])


def _name_of(scoring: Any) -> str:
    if scoring is None:
        return "neg_log_loss"
    return scoring if isinstance(scoring, str) else "score"
