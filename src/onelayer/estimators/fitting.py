"""From what the estimators read to what is trained, and to what they keep."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Rows, Scaling
from onelayer.data.labels import Label
from onelayer.errors import InputError
from onelayer.estimators.inputs import Labelled
from onelayer.inference import Classifier
from onelayer.model import Parameters
from onelayer.sweep import Task
from onelayer.training import TrainResult

Floats = NDArray[np.float64]


def split_rows(examples: Labelled, fraction: float, seed: int) -> tuple[Rows, Rows]:
    """Split the examples that count into rows to train and rows to validate, class by class.

    Raises
    ------
    InputError
        If the fraction is not between 0 and 1, or a class has too few examples.
    """
    from onelayer.data.split import hold_out  # scikit-learn's part for it loads slowly

    if not isinstance(fraction, float | int | np.number) or not 0 < fraction < 1:
        raise InputError(
            f"validation_fraction: {fraction!r} was given; give a number between 0 and 1."
        )
    rows = np.arange(len(examples.targets)) if examples.rows is None else examples.rows
    try:
        kept, held = hold_out(examples.targets[rows], float(fraction), seed)
    except InputError as error:
        raise InputError(f"validation_fraction: {error}") from None
    return rows[kept], rows[held]


def masked(weights: Floats | None, rows: Rows | None, n: int) -> Floats | None:
    """Return weights that are zero outside `rows`."""
    if rows is None:
        return weights
    mask = np.zeros(n)
    mask[rows] = 1 if weights is None else weights[rows]
    return mask


def as_classifier(task: Task, result: TrainResult, classes: NDArray[Any], names: Any) -> Classifier:
    """Return what was trained as a classifier.

    Parameters
    ----------
    classes : array
        In the order of the model's classes. Labels that a classifier cannot have, numbers with a
        fraction for example, become text.
    names : sequence of str, or None
        Those of the features.
    """
    return replace(task.classifier(result), classes=_plain_labels(classes), feature_names=names)


def _plain_labels(classes: NDArray[Any]) -> tuple[Label, ...]:
    labels = [c.item() if isinstance(c, np.generic) else c for c in classes.tolist()]
    kinds = {type(label) for label in labels}
    fit = len(kinds) == 1 and kinds <= {int, str, bool} and np.array(labels).dtype.kind in "biuU"
    return tuple(labels) if fit else tuple(map(str, labels))


def as_type(values: Floats, dtype: type[np.floating]) -> NDArray[np.floating]:
    """Return coefficients in a type, read-only; those too large for it are its largest number."""
    if values.dtype == dtype:
        return values
    largest = float(np.finfo(dtype).max)
    with np.errstate(under="ignore"):
        rounded: NDArray[np.floating] = values.clip(-largest, largest).astype(dtype)
    rounded.flags.writeable = False
    return rounded


def to_scaled(classifier: Classifier, scaling: Scaling) -> Parameters:
    """Return the parameters that give the classifier's scores where features are scaled so."""
    if classifier.scaling == scaling:
        return Parameters(classifier.weights, classifier.bias)
    scale, offset = scaling.per_feature(classifier.n_features)
    weights = classifier.raw.weights / scale[:, None]
    return Parameters(weights, classifier.raw.bias - offset @ weights)
