"""What the estimators share: reading examples, fitted attributes, predictions."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from onelayer.data import Scaling, ScalingName, fit_scaling
from onelayer.errors import InputError
from onelayer.estimators import notebook
from onelayer.estimators.fitting import Problem, classifier_of, hold_out, masked
from onelayer.estimators.inputs import (
    Sample,
    class_factors,
    encode,
    find_classes,
    read,
    read_matrix,
)
from onelayer.estimators.settings import SHARED, as_early_stopping, as_seed, computing_dtype
from onelayer.inference import Classifier
from onelayer.model import LOSSES, ModelName
from onelayer.training import Evaluation, History, Listener, StopReason, TrainResult

WORSE_THAN_EQUAL = 1.1
"""A training loss above that of equal probabilities, ln K, by this factor is no noise."""


class LinearClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # untyped bases
    """A fitted single layer; subclasses say how it is fitted."""

    _model: ClassVar[ModelName]
    _listen: Listener | None = None
    """Told of every event of training, by those who show a bar."""
    _ended: Callable[[TrainResult], None] | None = None
    """Given the run that is kept, by those who write its record."""

    early_stopping: Any
    dtype: str | None
    scale: ScalingName | Scaling
    validation_fraction: float
    random_state: Any
    class_weight: Any
    verbose: int
    n_jobs: int | None

    classes_: NDArray[Any]
    classifier_: Classifier
    coef_: NDArray[np.float64]
    intercept_: NDArray[np.float64]
    n_iter_: int
    loss_curve_: list[float]
    validation_scores_: list[float]
    history_: History
    best_: Evaluation | None
    stop_reason_: str
    scaling_: Scaling

    def __sklearn_tags__(self) -> Any:
        """Sparse data is taken; logistic regression tells two classes apart."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_class = self._model != "logistic"
        return tags

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return scores: above 0 for the second of two classes, otherwise one a class.

        Returns
        -------
        array, shape (n,) for two classes, otherwise (n, K)
        """
        scores = self._fitted().scores(read_matrix(self, X))
        if scores.shape[1] == 2:
            return scores[:, 1] - scores[:, 0]
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each example, shape (n,)."""
        scores = self._fitted().scores(read_matrix(self, X))
        return self._of_outputs(self.classes_)[LOSSES[self._model].predict(scores)]

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of each class, shape (n, K), in the order of `classes_`.

        An example's probabilities have the same bits whatever examples stand beside it.
        """
        return self._of_classes(self._fitted().predict_proba(read_matrix(self, X)))

    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the logarithms of the probabilities, shape (n, K); finite for finite scores."""
        return self._of_classes(self._fitted().predict_log_proba(read_matrix(self, X)))

    def _fitted(self) -> Classifier:
        check_is_fitted(self)
        return self.classifier_

    # The one border between two conventions: here the positive class of two is the second, in a
    # `Classifier` the first. To reverse them once more is to go back.
    def _of_classes(self, columns: NDArray[Any]) -> NDArray[Any]:
        """Return columns in the order of `classes_`."""
        return columns[:, ::-1] if self._model == "logistic" else columns

    def _of_outputs(self, classes: NDArray[Any]) -> NDArray[Any]:
        """Return the classes in the order of the classifier."""
        return classes[::-1] if self._model == "logistic" else classes

    def _read_training(self, X: Any, y: Any, weights: Any) -> Sample:
        """Check the training examples; set `classes_` and what is known of the features."""
        X, y, weights = read(self, X, y, weights, reset=True)
        self.classes_ = find_classes(y if weights is None else y[weights > 0])
        if self._model == "logistic" and len(self.classes_) > 2:
            raise InputError(
                "Only binary classification is supported. The type of the target is multiclass: "
                f"y has {len(self.classes_)} classes; take SoftmaxRegression."
            )
        return Sample(X, encode(y, self.classes_, "y", weights), weights)

    def _read_validation(self, X: Any, y: Any, weights: Any) -> Sample | None:
        """Check the validation examples against the training examples."""
        if X is None and y is None and weights is None:
            return None
        if X is None or y is None:
            raise InputError("X_val and y_val: give both, or neither.")
        X, y, weights = read(self, X, y, weights, reset=False, name="sample_weight_val")
        return Sample(X, encode(y, self.classes_, "y_val", weights), weights)

    def _problem(
        self, sample: Sample, validation: Sample | None, seed: int, *, holds_out: bool
    ) -> Problem:
        """Return what there is to train on; without validation examples some may be held out."""
        rows = sample.rows
        validation_rows = None if validation is None else validation.rows
        if holds_out and validation is None:
            rows, validation_rows = hold_out(sample, self.validation_fraction, seed)
            validation = sample
        n = len(sample.targets)
        scaling = fit_scaling(sample.X, self.scale, masked(sample.weights, rows, n))
        factors = class_factors(self.class_weight, self.classes_, sample)
        return Problem(
            self._model, len(self.classes_), sample, scaling, rows, validation, validation_rows,
            factors,
        )  # fmt: skip

    def _options(self, X: Any) -> dict[str, Any]:
        """Return the options of training that the estimators name alike."""
        owner = type(self).__name__
        return {name: getattr(self, name) for name in SHARED} | {
            "model": self._model,
            "seed": as_seed(self.random_state),
            "dtype": computing_dtype(self.dtype, X.dtype),
            "early_stopping": as_early_stopping(owner, self.early_stopping),
        }

    def _record(self, result: TrainResult, scaling: Scaling) -> None:
        """Set the fitted attributes.

        Raises
        ------
        KeyboardInterrupt
            If Ctrl-C ended the run; the attributes are set all the same.
        """
        self.scaling_ = scaling
        self.classifier_ = classifier_of(result, self._of_outputs(self.classes_), scaling)
        self.coef_, self.intercept_ = self.classifier_.raw.weights.T, self.classifier_.raw.bias
        self.history_ = result.history
        self.loss_curve_ = result.history.epoch_losses()
        self.n_iter_ = len(self.loss_curve_)
        self.validation_scores_ = [e.val_accuracy for e in result.history.evaluations]
        self.best_ = result.best
        self.stop_reason_ = str(result.stop_reason)
        if result.stop_reason is StopReason.INTERRUPTED:
            raise KeyboardInterrupt

    def _warn_of_divergence(self, result: TrainResult, stacklevel: int) -> None:
        rate = result.config.learning_rate
        advice = f"Take a learning_rate below {rate:g}, or scale='standard'."
        equal = math.log(len(self.classes_))
        if result.stop_reason is StopReason.DIVERGED:
            problem = (
                "Training diverged: the loss was no longer finite after "
                f"{result.history.steps} steps. The coefficients are the last finite ones kept."
            )
            if rate * result.config.l2 >= 1:
                advice = "learning_rate times l2 must be below 1. " + advice
        elif self.loss_curve_[-1] > WORSE_THAN_EQUAL * equal:
            problem = (
                f"Training did not converge: the loss of the last epoch, {self.loss_curve_[-1]:.3g}"
                f", is above that of equal probabilities for all classes, {equal:.3g}: the steps "
                "are too large for these features."
            )
        else:
            return
        warnings.warn(f"{problem} {advice}", ConvergenceWarning, stacklevel=stacklevel)

    def _repr_mimebundle_(self, **options: Any) -> dict[str, str]:
        bundle: dict[str, str] = super()._repr_mimebundle_(**options)
        if "text/html" in bundle:
            bundle["text/html"] = notebook.beside_loss_curve(bundle["text/html"], self)
        return bundle

    @property
    def _repr_html_(self) -> Any:
        html = super()._repr_html_
        return lambda: notebook.beside_loss_curve(html(), self)
