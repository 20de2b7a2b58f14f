"""What the estimators share: reading examples, fitted attributes, predictions."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from onelayer.data import Dataset, Scaling, ScalingName, fit_scaling
from onelayer.data.blocks import BlockMatrix, BlockSource
from onelayer.errors import InputError
from onelayer.estimators import notebook
from onelayer.estimators.blocks import in_parts, is_source
from onelayer.estimators.fitting import as_classifier, as_type, masked, split_rows
from onelayer.estimators.inputs import (
    Labelled,
    encode,
    find_classes,
    read,
    read_matrix,
)
from onelayer.estimators.settings import (
    SHARED,
    as_early_stopping,
    as_seed,
    as_threads,
    chosen_solver,
    coefficient_dtype,
    computing_dtype,
)
from onelayer.inference import Classifier
from onelayer.model import ModelName
from onelayer.sweep import Sample, Task
from onelayer.training import Evaluation, History, StopReason, TrainResult
from onelayer.training.class_weights import class_factors
from onelayer.training.draws import refuse_balanced
from onelayer.training.rates import rate_limit
from onelayer.training.result import worse_than_equal


class LinearClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # untyped bases
    """An estimator that has a classifier once it is fitted; subclasses say how it is fitted."""

    _model: ClassVar[ModelName]
    _order: ClassVar[slice] = slice(None)
    """From scikit-learn's order of classes to the model's, and back. A logistic model's score is
    that of its first class, scikit-learn's that of the last; all other code knows the model's."""

    solver: str
    early_stopping: Any
    dtype: str | None
    scale: ScalingName | Scaling
    validation_fraction: float
    random_state: Any
    class_weight: Any
    examples_per_class: int | None
    window: int
    memory: int | str | None
    verbose: int
    n_jobs: int | None

    _coef_dtype: type[np.floating] = np.float64
    classes_: NDArray[Any]
    classifier_: Classifier
    n_iter_: int
    loss_curve_: list[float]
    validation_scores_: list[float]
    history_: History
    best_: Evaluation | None
    stop_reason_: str
    l2_: float

    def __sklearn_tags__(self) -> Any:
        """Sparse data is taken; logistic regression tells two classes apart."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_class = self._model != "logistic"
        return tags

    @property
    def coef_(self) -> NDArray[np.floating]:
        """Weights of the values as they are given, shape (n_outputs, n_features); read-only."""
        return as_type(self.classifier_.raw.weights.T, self._coef_dtype)

    @property
    def intercept_(self) -> NDArray[np.floating]:
        """What the scores are where all values are 0, shape (n_outputs,); read-only."""
        return as_type(self.classifier_.raw.bias, self._coef_dtype)

    @property
    def scaling_(self) -> Scaling:
        """What `scale` came to."""
        return self.classifier_.scaling

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return scores: above 0 for the second of two classes, otherwise one a class.

        Returns
        -------
        array, shape (n,) for two classes, otherwise (n, K)
        """
        X, threads = self._read_new(X)
        return self._decisions(self.classifier_.scores(X, threads))

    @staticmethod
    def _decisions(scores: NDArray[np.float64]) -> NDArray[np.float64]:
        if scores.shape[1] == 2:
            with np.errstate(over="ignore"):  # infinity has the right sign
                return scores[:, 1] - scores[:, 0]
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each example, the first of equals, shape (n,)."""
        X, threads = self._read_new(X)
        parts = [
            self._indices(self._decisions(scores))
            for scores in in_parts(X, self.classifier_.scores, threads)
        ]
        predicted: NDArray[Any] = self.classes_[np.concatenate(parts)]
        return predicted

    @staticmethod
    def _indices(scores: NDArray[np.float64]) -> NDArray[np.integer]:
        return (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)

    def predict_proba(self, X: Any) -> NDArray[np.floating]:
        """Return the probability of each class, shape (n, K), in the order of `classes_`."""
        X, threads = self._read_new(X)
        return self.classifier_.predict_proba(X, threads)[:, self._order]

    def predict_log_proba(self, X: Any) -> NDArray[np.floating]:
        """Return the logarithms of the probabilities, shape (n, K); always finite."""
        X, threads = self._read_new(X)
        return self.classifier_.predict_log_proba(X, threads)[:, self._order]

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Return the share of right predictions.

        Parameters
        ----------
        X
            As for `fit`.
        y : array, shape (n,); or the name of a column; optional where `X` has the labels
        sample_weight : array, shape (n,), optional
        """
        if is_source(X):
            check_is_fitted(self)
            X, y, sample_weight, _ = self._read(X, y, sample_weight, reset=False)
        return float(super().score(X, y, sample_weight))

    def _placed(self, source: BlockSource) -> BlockSource:
        """Return a source of blocks where they are to be read: as it is."""
        return source

    def _read_new(self, X: Any) -> tuple[Any, int]:
        """Return examples to predict, checked, and the number of threads to do it."""
        check_is_fitted(self)
        return read_matrix(self, X), as_threads(self.n_jobs)

    def _read_training(self, X: Any, y: Any, weights: Any) -> Labelled:
        """Check the training examples; set `classes_` and what is known of the features."""
        X, y, weights, moments = self._read(X, y, weights, reset=True)
        self._coef_dtype = coefficient_dtype(X.dtype)
        self.classes_ = self._find_classes(y if weights is None else y[weights > 0])
        if self._model == "logistic" and len(self.classes_) > 2:
            raise InputError(
                "Only binary classification is supported. The type of the target is multiclass: "
                f"y has {len(self.classes_)} classes; take SoftmaxRegression."
            )
        return Labelled(X, self._encode(y, "y", weights), weights, moments)

    # What of the labels is another thing with several of them an example.
    _read = read
    _find_classes = staticmethod(find_classes)

    def _encode(self, y: Any, name: str, weights: Any) -> NDArray[Any]:
        """Return labels as targets."""
        return encode(y, self.classes_, name, weights)

    def _read_validation(self, X: Any, y: Any, weights: Any) -> Labelled | None:
        """Check the validation examples against the training examples."""
        if X is None and y is None and weights is None:
            return None
        if X is None or (y is None and not is_source(X)):
            raise InputError("X_val and y_val: give both, or neither.")
        X, y, weights, _ = self._read(X, y, weights, reset=False, name="sample_weight_val")
        return Labelled(X, self._encode(y, "y_val", weights), weights)

    def _task(
        self, examples: Labelled, validation: Labelled | None, seed: int, *, holds_out: bool
    ) -> Task:
        """Return what there is to train on; without validation examples some may be held out."""
        rows, held = examples.rows, None
        if holds_out and validation is None:
            rows, held = split_rows(examples, self.validation_fraction, seed)
        n = len(examples.targets)
        counts = masked(examples.weights, rows, n)
        known = examples.moments if counts is None else None
        scaling = fit_scaling(
            examples.X, self.scale, counts, moments=known,
            names=getattr(self, "feature_names_in_", None),
        )  # fmt: skip
        train = self._sample(examples, scaling, rows)
        watched = None if validation is None else self._sample(validation, scaling, validation.rows)
        if held is not None:
            watched = replace(train, rows=held)
        return Task(train, watched, self._factors(examples))

    def _factors(self, examples: Labelled) -> NDArray[np.float64] | None:
        """Return how much an example of each class counts, in the model's order of classes."""
        refuse_balanced(self.class_weight, self.examples_per_class)
        factors = class_factors(
            self.class_weight, self.classes_.tolist(), examples.targets, examples.weights
        )
        return None if factors is None else factors[self._order]

    def _sample(self, examples: Labelled, scaling: Scaling, rows: Any) -> Sample:
        """Return examples as they are trained on: classes have numbers for labels."""
        order = range(len(self.classes_))[self._order]
        data = Dataset(examples.X, examples.targets, classes=order, scaling=scaling)
        return Sample(data, examples.weights, rows)

    def _options(self, X: Any) -> dict[str, Any]:
        """Return the options of training that the estimators name alike."""
        owner = type(self).__name__
        shared = {name: getattr(self, name) for name in SHARED}
        if self.order is not None and self.shuffle is True:  # which is its default
            del shared["shuffle"]
        if isinstance(X, BlockMatrix) and self.order is None and self.shuffle is True:
            shared["order"] = "blocks"  # the one that such data has
        return shared | {
            "model": self._model,
            "solver": chosen_solver(self),
            "seed": as_seed(self.random_state),
            "dtype": computing_dtype(self.dtype, X.dtype),
            "early_stopping": as_early_stopping(owner, self.early_stopping),
        }

    def _record(self, result: TrainResult, task: Task) -> None:
        """Set the fitted attributes.

        Raises
        ------
        KeyboardInterrupt
            If Ctrl-C ended the run; the attributes are set all the same.
        """
        self.classifier_ = as_classifier(
            task, result, self.classes_[self._order], getattr(self, "feature_names_in_", None)
        )
        self.history_ = result.history
        self.loss_curve_ = result.history.epoch_losses()
        self.n_iter_ = result.passes
        self.validation_scores_ = [e.val_accuracy for e in result.history.evaluations]
        self.best_ = result.best
        self.stop_reason_ = str(result.stop_reason)
        self.l2_ = result.config.l2
        if result.stop_reason is StopReason.INTERRUPTED:
            raise KeyboardInterrupt

    def to_classifier(self) -> Classifier:
        """Return the fitted model itself, which can be saved to a file: `classifier_`.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If it has not been fitted.
        """
        check_is_fitted(self)
        return self.classifier_

    def _warn_of_its_end(self, result: TrainResult, stacklevel: int) -> None:
        """Warn of a run that diverged, or ended far from the minimum."""
        rate = result.config.learning_rate
        advice = f"Take a learning_rate below {rate:g}, or scale='standard'."
        if result.config.solver == "optimum":
            if result.stop_reason is StopReason.CONVERGED:
                return
            warnings.warn(
                f"{result.message[0].upper()}{result.message[1:]}. "
                + ("Set l2 above 0." if result.config.l2 == 0 else "Scale the features "
                   "(scale='standard'), or set a higher l2 or tolerance."),
                ConvergenceWarning, stacklevel=stacklevel,
            )  # fmt: skip
            return
        if result.stop_reason is StopReason.DIVERGED:
            problem = (
                "Training diverged: the loss was no longer finite after "
                f"{result.history.steps} steps. The coefficients are the last finite ones kept."
            )
            if result.penalty_diverges:
                advice = (
                    "The penalty alone makes the weights grow: take a smaller l2, "
                    f"or a learning_rate below {rate_limit(result.config):.2g}."
                )
        elif worse := worse_than_equal(result.train_loss, self._model, len(self.classes_)):
            problem = (
                f"Training did not converge: the loss of the last epoch, {result.train_loss:.3g}"
                f", is {worse}."
            )
        elif result.convergence is not None and not result.convergence.reached:
            problem = f"Training ended by {result.stop_reason}, and {result.convergence.message}."
            advice = f"Raise {result.stop_reason} or learning_rate, or take solver='optimum'."
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
