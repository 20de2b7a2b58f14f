"""Softmax regression over a grid of penalties and learning rates, all trained together."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Self

from sklearn.utils.metadata_routing import UNUSED, MetadataRouter
from sklearn.utils.validation import check_is_fitted

from onelayer.data import OrderName, Scaling, ScalingName
from onelayer.errors import InputError
from onelayer.estimators.base import LinearClassifier
from onelayer.estimators.blocks import is_source
from onelayer.estimators.documents import documented
from onelayer.estimators.inputs import Labelled, encode, read
from onelayer.estimators.routing import routed, router_of
from onelayer.estimators.scoring import FoldScorer, as_scorer, name_of
from onelayer.estimators.settings import (
    LEARNING_RATE,
    as_threads,
    chosen_solver,
    train_config,
)
from onelayer.sweep import (
    AXES,
    Candidate,
    Fold,
    Grid,
    Score,
    SweepResult,
    log_scores,
    results_table,
    sweep,
)
from onelayer.training import Averaging, EarlyStopping, ExampleWeights, RateSchedule, TrainConfig

if TYPE_CHECKING:
    import polars as pl


STEPS_L2 = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
"""What is tried by steps where no penalties are given."""


@documented
class SoftmaxRegressionCV(LinearClassifier):
    """Softmax regression whose penalty is chosen on validation data, with steps their size too.

    All candidates, on all folds, are trained together in one pass over the examples of each epoch;
    each comes out as if trained alone. The best is then trained on all examples.

    The scaling is fitted once to all training examples, also for cross-validation: a fold's
    validation examples have a part in the means and ranges of features, though not in the labels.
    Put a scaler and this estimator into a pipeline and search over that where this matters.

    Parameters
    ----------
    l2 : number, list, array, str or None, default None
        Strengths of the penalty to try; "logspace(-6, 0, 7)" are seven from 1e-6 to 1. None tries
        those of scikit-learn's `LogisticRegressionCV`, 1 / (2 C n) for ten C from 1e-4 to 1e4 and n
        examples; with steps 1e-5 to 1e-1. It is that of the last fit, on all n: on folds the
        minimum is sought with l2 * n / n_fold, which is the same C. With steps, times the learning
        rate it must be below 1: otherwise training diverges.
    learning_rate : number, list, array, str or None, default None
        Step sizes to try; None is 0.1.
    cv : int, splitter, iterable of splits or None, default 5
        What candidates are scored on unless `fit` is given `X_val`: so many folds with the same
        share of each class; the folds of any scikit-learn splitter; or, for None, the share
        `validation_fraction` of the examples.
    scoring : str, callable or None, default None
        A scikit-learn scorer, of which higher is better; it also says what `score` returns. None
        is minus the log loss, computed in float64 from the final coefficients.
    <parameters>

    Attributes
    ----------
    <attributes>
    results_ : polars.DataFrame
        A row for each candidate: ``l2, learning_rate, mean_score, std_score, standard_error,
        scores`` (one a fold), ``train_loss, epochs, stop_reason, rank``.
    best_params_ : dict
        `l2` of the best, `learning_rate` if it was trained by steps, and `features` where ranges
        were given.
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

    By steps a fold may train without a class. Its model knows the class all the same, and gives it
    little probability. A minimum needs an example of each, and such a fold is refused.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from onelayer import SoftmaxRegressionCV
    >>> X, y = load_digits(return_X_y=True)
    >>> sweep = SoftmaxRegressionCV(l2=[1e-5, 1e-4, 1e-3], scale="minmax", cv=3).fit(X, y)
    >>> sweep.best_params_["l2"]
    0.0001
    """

    _model = "softmax"
    __metadata_request__fit: ClassVar = {"groups": UNUSED}
    """Groups are for the splitter, which requests them."""

    best_params_: dict[str, Any]
    best_score_: float
    best_index_: int
    _candidates: tuple[Candidate, ...]
    score_name_: str
    summary_: str

    def __init__(
        self,
        *,
        l2: Any = None,
        learning_rate: Any = None,
        solver: str = "auto",
        cv: Any = 5,
        scoring: str | Callable[..., float] | None = None,
        batch_size: int = 128,
        max_epochs: int = 200,
        penalize_bias: bool = False,
        order: OrderName | None = None,
        window: int = 1,
        block_size: int = 8192,
        shuffle: bool = True,
        drop_last: bool = False,
        evaluations_per_epoch: float = 5,
        early_stopping: bool | int | dict[str, Any] | EarlyStopping | None = None,
        momentum: float = 0.0,
        nesterov: bool = False,
        averaging: str | dict[str, Any] | Averaging | None = None,
        schedule: str | dict[str, Any] | RateSchedule | None = None,
        warmup_steps: int = 0,
        max_steps: int | None = None,
        initial_std: float = 0.0,
        tolerance: float = 1e-6,
        features: Any = None,
        examples_per_class: int | None = None,
        draw: int = 0,
        dtype: str | None = None,
        scale: ScalingName | Scaling = "none",
        validation_fraction: float = 0.1,
        random_state: Any = 0,
        class_weight: Any = None,
        memory: int | str | None = None,
        verbose: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.l2 = l2
        self.learning_rate = learning_rate
        self.solver = solver
        self.cv = cv
        self.scoring = scoring
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.penalize_bias = penalize_bias
        self.order = order
        self.window = window
        self.block_size = block_size
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.evaluations_per_epoch = evaluations_per_epoch
        self.early_stopping = early_stopping
        self.momentum = momentum
        self.nesterov = nesterov
        self.averaging = averaging
        self.schedule = schedule
        self.warmup_steps = warmup_steps
        self.max_steps = max_steps
        self.initial_std = initial_std
        self.tolerance = tolerance
        self.features = features
        self.examples_per_class = examples_per_class
        self.draw = draw
        self.dtype = dtype
        self.scale = scale
        self.validation_fraction = validation_fraction
        self.random_state = random_state
        self.class_weight = class_weight
        self.memory = memory
        self.verbose = verbose
        self.n_jobs = n_jobs

    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        groups: Any = None,
        **params: Any,
    ) -> Self:
        """Train and score all candidates, and train the best on all examples.

        Parameters
        ----------
        X, y, sample_weight
            As for `SoftmaxRegression`; weights count in training and in scores.
        X_val, y_val, sample_weight_val : optional
            Examples to score the candidates on, in place of `cv`.
        groups : array, shape (n,), optional
            The group of each example, for a `cv` that keeps groups together, as `GroupKFold` does.
        **params
            With metadata routing: what else `scoring` and `cv` have requested, by name. What has
            a value for each example has one for each row of `X`, or with `X_val`, of that.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the examples or a parameter cannot be used, or `cv` needs groups and has none.
        """
        examples = self._read_training(X, y, sample_weight)
        given = self._read_validation(X_val, y_val, sample_weight_val)
        weights = (examples if given is None else given).weights
        scorer, name = as_scorer(self.scoring, self.classes_), name_of(self.scoring)
        to_splitter, to_scorer = routed(
            self, "fit", scorer, {"sample_weight": weights, "groups": groups, **params}
        )
        score: Score = log_scores
        if scorer is not None:
            score = FoldScorer(scorer, name, self.classes_, to_scorer, self.n_jobs)
        grid = self._grid(examples)
        configs = self._configs(examples.X, grid)
        cv = None if given is not None else self.cv
        if cv is None and groups is not None:
            raise InputError(
                "groups: they divide folds, and X_val or cv=None leave none; leave groups out."
            )
        result = sweep(
            self._task(examples, given, configs[0].seed, holds_out=given is None and cv is None),
            configs, cv, labels=self.classes_[examples.targets], metadata=to_splitter, score=score,
            score_name=name, scored_on=None if given is None else "X_val",
            threads=as_threads(self.n_jobs),
        )  # fmt: skip
        self._keep(result)
        self._warn_of_its_end(result.final, stacklevel=3)
        if self.l2 is not None and result.says_of_edges:
            for note in grid.edges((result.best.l2, result.best.learning_rate)):
                warnings.warn(note, UserWarning, stacklevel=2)
        return self

    def _grid(self, examples: Labelled) -> Grid:
        """Return what is tried; where no penalties are given, those that suit the solver."""
        steps, l2, rate = chosen_solver(self) == "sgd", self.l2, self.learning_rate
        if l2 is None and steps:
            l2 = STEPS_L2
        if not steps and rate is not None:
            raise InputError(
                "learning_rate: solver='optimum' makes no steps; leave it out, or take "
                "solver='sgd'."
            )
        counting = examples.targets if examples.rows is None else examples.rows
        grid = Grid.of(l2, LEARNING_RATE if rate is None else rate, self.features)
        return grid.on(len(counting), len(self.classes_), self._model)

    def _configs(self, X: Any, grid: Grid) -> list[TrainConfig]:
        options = self._options(X) | {"features": None}
        return [train_config(type(self).__name__, options | own) for own in grid.candidates()]

    def _keep(self, result: SweepResult) -> None:
        """Set the fitted attributes."""
        self._candidates = result.candidates
        self.best_index_, self.best_score_ = result.best_index, result.best_score
        axes = AXES if result.best.features is None else (*AXES, "features")
        best = {name: getattr(result.best, name) for name in axes}
        self.best_params_ = {name: value for name, value in best.items() if value is not None}
        self.score_name_, self.summary_ = result.score_name, result.summary
        self._record(result.final, result.task)
        if self.verbose:
            print(f"{type(self).__name__}: {self.summary_}")

    def score(self, X: Any, y: Any = None, sample_weight: Any = None, **params: Any) -> float:
        """Return the score of some examples by `scoring`, which chose the candidate.

        Parameters
        ----------
        X, y
            As for `fit`.
        sample_weight : array, shape (n,), optional
            How much each example counts.
        **params
            With metadata routing: what else `scoring` has requested, by name.

        Returns
        -------
        float
            Higher is better. By default minus the mean log loss, in float64; the share that is
            right is ``scoring="accuracy"``.

        Raises
        ------
        ValueError
            If the examples cannot be used, or not scored.
        """
        check_is_fitted(self)
        scorer = as_scorer(self.scoring, self.classes_)
        given = {"sample_weight": sample_weight, **params}
        _, to_scorer = routed(self, "score", scorer, given)
        if scorer is not None:
            if is_source(X):
                X, y, _, _ = read(self, X, y, None, reset=False)
            return float(scorer(self, X, y, **to_scorer))
        X, y, weights, _ = read(self, X, y, sample_weight, reset=False)
        examples = Labelled(X, encode(y, self.classes_, "y", weights), weights)
        sample = self._sample(examples, self.scaling_, examples.rows)
        fold = Fold(ExampleWeights(), sample, sample.numbers())
        return float(log_scores(fold, [self.classifier_])[0])

    def get_metadata_routing(self) -> MetadataRouter:
        """Return what this estimator requests, and what it hands on to `cv` and `scoring`."""
        return router_of(self, self.cv, as_scorer(self.scoring))

    @property
    def results_(self) -> pl.DataFrame:
        """A row for each candidate; see the class."""
        return results_table(self._candidates)
