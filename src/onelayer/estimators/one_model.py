"""An estimator that trains one model: to the exact minimum, or by mini-batch gradient descent."""

from __future__ import annotations

import math
import warnings
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from onelayer.data import OrderName, Scaling, ScalingName, fit_scaling
from onelayer.errors import InputError
from onelayer.estimators.base import LinearClassifier
from onelayer.estimators.fitting import to_scaled
from onelayer.estimators.inputs import Labelled
from onelayer.estimators.settings import (
    LEARNING_RATE,
    as_threads,
    coefficient_dtype,
    train_config,
)
from onelayer.inference import Classifier
from onelayer.optimum.solver import MOST_PENALTY
from onelayer.sweep import Task, penalty_of
from onelayer.training import (
    Averaging,
    EarlyStopping,
    Evaluated,
    Event,
    RateSchedule,
    TrainConfig,
    TrainResult,
)
from onelayer.training.events import ignore

if TYPE_CHECKING:
    from onelayer.diagnosis import Finding


class OneModel(LinearClassifier):
    """An estimator that trains one model."""

    def __init__(
        self,
        *,
        solver: str = "auto",
        learning_rate: float | None = None,
        l2: float | None = None,
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
        features: tuple[int, int] | str | None = None,
        examples_per_class: int | None = None,
        draw: int = 0,
        dtype: str | None = None,
        scale: ScalingName | Scaling = "none",
        validation_fraction: float = 0.1,
        random_state: Any = 0,
        class_weight: Any = None,
        warm_start: bool = False,
        memory: int | str | None = None,
        verbose: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.solver = solver
        self.learning_rate = learning_rate
        self.l2 = l2
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
        self.warm_start = warm_start
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
    ) -> Self:
        """Train on labelled examples.

        Parameters
        ----------
        X : array, data frame or SciPy sparse matrix, shape (n, n_features); or a source of blocks
            A memory map is read in place. A path, an address, a LazyFrame, an array or data frame
            of Dask, and any other source that `onelayer.data.as_block_source` takes, is read block
            by block.
        y : array, shape (n,)
            Labels: strings, bools or integers. Of a source of blocks: None where it has them, or
            the name of their column.
        sample_weight : array, shape (n,), optional
            How much each example counts. Examples of weight 0 are as if they were not there; whole
            numbers are as if rows were repeated, where a batch holds all examples.
        X_val, y_val, sample_weight_val : optional
            Validation examples, which early stopping watches.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the examples or a parameter cannot be used.
        """
        earlier = self._earlier() if self.warm_start else None
        examples = self._read_training(X, y, sample_weight)
        validation = self._read_validation(X_val, y_val, sample_weight_val)
        config = self._config(examples.X, examples.weights)
        holds_out = config.early_stopping is not None
        task = self._task(examples, validation, config.seed, holds_out=holds_out)
        result = self._train(task, config, earlier)
        self._warn_of_its_end(result, stacklevel=3)
        return self

    def diagnose(
        self,
        X: Any,
        y: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        only: Collection[str] = (),
        mute: Collection[str] = (),
        budget: float = math.inf,
    ) -> list[Finding]:
        """Train with these parameters, and look for faults and explanations, also by experiment.

        The estimator itself is not changed. With the examples it was fitted to, and validation
        examples, the findings speak of the very same coefficients.

        Parameters
        ----------
        X, y
            As for `fit`.
        X_val, y_val : optional
            Validation examples. Without them `validation_fraction` of the examples are held out.
        only, mute : collections of str
            Codes of the checks to make, such as "OL102"; and of those to leave out.
        budget : float
            Seconds that experiments may take, by the count of their operations.

        Returns
        -------
        list of onelayer.diagnosis.Finding
            Their `str` is for people, `as_json()` for programs.

        Raises
        ------
        ValueError
            If the examples or a parameter cannot be used.
        """
        from onelayer.estimators.diagnosing import findings_on  # tables load slowly

        twin = clone(self)
        if twin.class_weight is not None:
            raise InputError("diagnose: class_weight is set, and the checks know no weights.")
        examples = twin._read_training(X, y, None)
        config = twin._config(examples.X, None)
        validation = twin._read_validation(X_val, y_val, None)
        task = twin._task(examples, validation, config.seed, holds_out=True)
        return findings_on(
            task, config, type(self).__name__, twin.classes_[twin._order].tolist(),
            threads=as_threads(self.n_jobs), only=only, mute=mute, budget=budget,
        )  # fmt: skip

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train for one epoch over the given examples, from the coefficients there are.

        Early stopping does not apply: there are no validation examples. Nor does what counts the
        steps of a whole run: `averaging`, `schedule`, `warmup_steps` and `max_steps`. A warning
        says so where they are set. Momentum begins anew in each call.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        classes : array, optional
            All the labels there will be; needed in the first call. `scale` is fitted to the
            examples of the first call.

        Returns
        -------
        self
        """
        first = not hasattr(self, "classifier_")
        if first and classes is None:
            raise InputError("classes must be passed on the first call to partial_fit.")
        X, y, weights, _ = self._read(X, y, sample_weight, reset=first)
        self._coef_dtype = coefficient_dtype(X.dtype)
        if classes is not None:
            self._set_classes(classes, first=first)
        if isinstance(self.class_weight, str):
            raise InputError(
                f"class_weight: {self.class_weight!r} needs all examples at once; give partial_fit "
                "a dict."
            )
        examples = Labelled(X, self._encode(y, "y", weights), weights)
        names = getattr(self, "feature_names_in_", None)
        scaling = fit_scaling(X, self.scale, weights, names=names) if first else self.scaling_
        train = self._sample(examples, scaling, examples.rows)
        task = Task(train, class_factors=self._factors(examples))
        config = self._config_of_an_epoch(X)
        losses = [] if first else self.loss_curve_
        self._train(task, config, None if first else self._earlier())
        self.loss_curve_ = losses + self.loss_curve_
        self.n_iter_ = len(self.loss_curve_)
        return self

    def _set_classes(self, classes: Any, *, first: bool) -> None:
        given = np.unique(np.asarray(classes))
        if not first and not np.array_equal(given, self.classes_):
            raise InputError(
                f"classes={given.tolist()} are not the same as on the last call to partial_fit: "
                f"{self.classes_.tolist()}."
            )
        if len(given) < 2 or (self._model == "logistic" and len(given) > 2):
            raise InputError(
                f"classes: {len(given)} were given; "
                f"{'two are needed' if self._model == 'logistic' else 'give at least two'}."
            )
        self.classes_ = given

    def _config(self, X: Any, weights: Any, **others: Any) -> TrainConfig:
        options = self._options(X) | others
        l2, rate = self.l2, self.learning_rate
        if l2 is None:
            count = X.shape[0] if weights is None else float(weights.sum())
            steps, n_classes = options["solver"] == "sgd", len(self.classes_)
            l2 = 0.0 if steps else penalty_of(1.0, count, n_classes, self._model)
            if l2 > MOST_PENALTY:
                raise InputError(
                    f"sample_weight: the weights add up to {count:.3g}, beside which the default "
                    f"penalty, l2 = {l2:.3g}, leaves nothing to learn; give larger weights, or "
                    "set l2."
                )
        options |= {"learning_rate": LEARNING_RATE if rate is None else rate, "l2": l2}
        return train_config(type(self).__name__, options)

    def _config_of_an_epoch(self, X: Any) -> TrainConfig:
        config = self._config(X, None, solver="sgd")
        if config.early_stopping is not None:
            warnings.warn(
                "partial_fit: early_stopping does not apply, since a call is one epoch without "
                "validation examples; call fit, or set early_stopping=None.",
                UserWarning,
                stacklevel=3,
            )
        lifted = {"averaging": None, "schedule": None, "warmup_steps": 0, "max_steps": None}
        if given := [name for name, none in lifted.items() if getattr(config, name) != none]:
            warnings.warn(
                f"partial_fit: {', '.join(given)}: it does not apply, since it counts the steps of "
                "a whole run, and a call is one epoch; call fit, or leave it out.",
                UserWarning,
                stacklevel=3,
            )
        return config.model_copy(update={"max_epochs": 1, "early_stopping": None, **lifted})

    def _earlier(self) -> tuple[NDArray[Any], Classifier, int] | None:
        """Return classes, classifier and epochs of the last fit, if there was one."""
        if not hasattr(self, "classifier_"):
            return None
        return self.classes_, self.classifier_, self._epochs

    def _train(
        self,
        task: Task,
        config: TrainConfig,
        earlier: tuple[NDArray[Any], Classifier, int] | None,
    ) -> TrainResult:
        initial, first_epoch = None, 0
        data = task.train.data
        if earlier is not None:
            classes, classifier, first_epoch = earlier
            n_features = classifier.n_features
            if not np.array_equal(classes, self.classes_) or n_features != data.n_features:
                self.classes_ = classes
                raise InputError(
                    f"warm_start: the model has {n_features} features and the classes "
                    f"{classes.tolist()}; fit with the same ones, or with warm_start=False."
                )
            initial = to_scaled(classifier, data.scaling)
        result = task.fit(
            [config], threads=as_threads(self.n_jobs), initial=initial, first_epoch=first_epoch,
            listen=_print_evaluation if self.verbose else ignore,
        )[0]  # fmt: skip
        self._epochs = first_epoch + -(-result.history.steps // result.history.batches_per_epoch)
        self._record(result, task)
        if self.verbose:
            print(f"{type(self).__name__}: {result.message}; loss {result.train_loss:.4g}")
        return result


def _print_evaluation(event: Event) -> None:
    if isinstance(event, Evaluated):
        now = event.evaluation
        print(
            f"epoch {now.epoch}, step {now.step}: validation loss {now.val_loss:.4g}, "
            f"accuracy {now.val_accuracy:.4f}"
        )
