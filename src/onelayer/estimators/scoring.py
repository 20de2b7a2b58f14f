"""Scorers of scikit-learn, and their scores of the models of a sweep."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data.blocks import select_rows
from onelayer.errors import InputError
from onelayer.estimators.linear import SoftmaxRegression
from onelayer.inference import Classifier
from onelayer.sweep import Fold, at_rows

Scorer = Callable[..., float]


def name_of(scoring: Any) -> str:
    """Return the name of what candidates are scored by; "score" for a callable."""
    if scoring is None:
        return "neg_log_loss"
    return scoring if isinstance(scoring, str) else "score"


def as_scorer(scoring: Any, classes: NDArray[Any] | None = None) -> Scorer | None:
    """Return a scorer of scikit-learn, checked; None for None, which is our own log loss.

    Parameters
    ----------
    scoring : str, callable or None
    classes : array, shape (K,), optional
        Those that the model knows. Metrics of probabilities need them for examples that are not of
        all classes.

    Raises
    ------
    ValueError
        If there is no such scorer.
    """
    if scoring is None:
        return None
    if not (isinstance(scoring, str) or callable(scoring)):
        raise InputError(
            f"scoring: {scoring!r} was given; give one scorer, by name or as a callable: it "
            "chooses."
        )
    from sklearn.metrics import check_scoring, make_scorer  # loads slowly

    scorer: Scorer = check_scoring(SoftmaxRegression(), scoring=scoring)
    response = getattr(scorer, "_response_method", "predict")
    if classes is None or response == "predict":
        return scorer
    metric, fixed = scorer._score_func, scorer._kwargs  # type: ignore[attr-defined]
    if "labels" not in inspect.signature(metric).parameters or "labels" in fixed:
        return scorer
    # A scorer takes no labels when it is called: LogisticRegressionCV makes it anew, too.
    with_labels: Scorer = make_scorer(
        metric, response_method=response, labels=classes, **fixed,
        greater_is_better=scorer._sign > 0,  # type: ignore[attr-defined]
    )  # fmt: skip
    return with_labels


@dataclass(frozen=True)
class FoldScorer:
    """Scores the models of candidates on a fold by a scorer of scikit-learn.

    Attributes
    ----------
    scorer : function
        See `as_scorer`.
    name : str
        That of the scorer, for messages.
    classes : array, shape (K,)
    metadata : mapping
        What the scorer is given beside; what has a value for each example, for those of the fold.
    n_jobs : int or None
    """

    scorer: Scorer
    name: str
    classes: NDArray[Any]
    metadata: Mapping[str, Any]
    n_jobs: int | None

    def __call__(self, fold: Fold, classifiers: Sequence[Classifier]) -> NDArray[np.float64]:
        """Return the score of each model.

        Raises
        ------
        InputError
            If none of them is a number.
        """
        data = fold.scored_on.data
        X, y = select_rows(data.X, fold.rows), self.classes[data.targets[fold.rows]]
        metadata = at_rows(self.metadata, fold.rows, data.n_examples)
        scores = [self.scorer(self._model(each), X, y, **metadata) for each in classifiers]
        if np.isnan(scores).all():
            raise InputError(
                f"scoring: {self.name} has no value on a fold with examples of "
                f"{len(np.unique(y))} of the {len(self.classes)} classes; take folds with examples "
                "of each class, or another scorer."
            )
        return np.array(scores, np.float64)

    def _model(self, classifier: Classifier) -> SoftmaxRegression:
        """Return a classifier as a fitted estimator, which is what scorers take."""
        model = SoftmaxRegression(n_jobs=self.n_jobs)
        model.classes_, model.n_features_in_ = self.classes, classifier.n_features
        model.classifier_ = classifier
        return model
