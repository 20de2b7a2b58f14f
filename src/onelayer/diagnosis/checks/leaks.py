"""OL205: a feature that gives the label away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Dataset
from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.exhibits import Bars, Exhibit
from onelayer.diagnosis.finding import Finding
from onelayer.diagnosis.measurement import Measurement
from onelayer.diagnosis.statistics import wilson_interval
from onelayer.diagnosis.subjects.examples import (
    Rows,
    SharedData,
    drawn,
    frequent_features,
    rows_within,
    scaled,
    shared_data,
    standardised,
)  # fmt: skip
from onelayer.diagnosis.words import count, percent, span
from onelayer.engines import one_blas_thread
from onelayer.model import Objective

EXAMPLES = 2000
FEATURES = 1000
"""Of a sparse matrix so many features are tried, those that are oftenest not 0."""

MIN_EXAMPLES = 50
BINS = 128
PER_BIN = 10
CANDIDATES = 20
"""So many features, those whose means differ most between classes, are tried alone."""

COPY = 0.9
"""Features of a larger correlation with the suspicious one are left out with it."""

FEWER_ERRORS = 3.0
MATTERS = 0.03
"""A leak is a feature that alone makes this many times fewer errors than a model of all others,
and at least this share of the examples fewer: honest features have others that nearly replace
them, or leave more errors themselves."""

L2 = 1e-3
PASSES = 60


@dataclass(frozen=True)
class LeakingFeature(Measurement):
    """The feature that predicts best alone, beside the models and a model without it.

    Attributes
    ----------
    examples : int
        Of validation, on which all errors here are counted.
    feature : int
        Number of the feature, counted from 0.
    error : float
        Of a stump on that feature alone: the commonest class in each of up to 128 ranges of it.
    next_feature : int
    next_error : float
        The same for the next best feature.
    commonest_error : float
        Of always answering the commonest class.
    model_error : float
        The least of the runs.
    error_without : float or None
        Of a model of all features but this one and its copies; None where that was not tried.
    left_out : int
        How many features that model does without.
    fewer_interval : (float, float) or None
        Of 95%, for the error without the feature less that of the feature alone, example by
        example.
    """

    code: ClassVar[str] = "OL205"
    check: ClassVar[str] = "leaks"
    title: ClassVar[str] = "A feature that gives the label away"

    examples: int
    feature: int
    error: float
    next_feature: int
    next_error: float
    commonest_error: float
    model_error: float
    error_without: float | None = None
    left_out: int = 0
    fewer_interval: tuple[float, float] | None = None

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return the errors beside one another."""
        named = {
            f"feature {self.feature} alone": self.error,
            f"feature {self.next_feature} alone, the next best": self.next_error,
            "always the commonest class": self.commonest_error,
            "the best run": self.model_error,
            "a model without the feature": self.error_without,
        }
        rows = tuple((name, "", 100 * e) for name, e in named.items() if e is not None)
        caption = (
            f"Feature {self.feature} by itself is wrong on {percent(self.error, 1)} of the "
            "validation examples."
        )
        return (Bars("What a single feature knows", caption, "validation error (%)", rows),)


def look(context: Context) -> list[Finding]:
    """Look for a leak in each data set."""
    with one_blas_thread():
        return [_finding(context, data) for data in shared_data(context)]


@dataclass(frozen=True, eq=False)
class _Parts:
    """Scaled samples of both parts: the features' numbers, and the rows of validation."""

    features: Rows
    X: NDArray[np.float32]
    y: NDArray[np.int64]
    X_validation: NDArray[np.float32]
    y_validation: NDArray[np.int64]
    rows: Rows
    n_classes: int


def _finding(context: Context, data: SharedData) -> Finding:
    train, validation = data.train, data.validation
    if train.has_label_matrix:
        return CHECK.not_applicable(
            data.names, "Examples with any number of labels are not examined."
        )
    if train.n_features < 3:
        return CHECK.not_applicable(
            data.names, f"With {count(train.n_features, 'feature')} none can stand out."
        )
    if min(train.n_examples, validation.n_examples) < MIN_EXAMPLES:
        return CHECK.cant_tell(
            data.names,
            f"{data.who[0].upper()}{data.who[1:]}: fewer than {MIN_EXAMPLES} examples in a part "
            "do not tell a strong feature from a lucky one.",
        )
    parts = _parts(data)
    features = _strongest(parts)
    wrong = np.stack([stump_errors(parts, int(j)) for j in features])  # (features, n)
    errors = wrong.mean(axis=1)
    best, second = np.argsort(errors, kind="stable")[:2]
    common = int(np.bincount(parts.y).argmax())
    measurement = LeakingFeature(
        len(parts.rows),
        int(parts.features[features[best]]),
        float(errors[best]),
        int(parts.features[features[second]]),
        float(errors[second]),
        float(np.mean(parts.y_validation != common)),
        min(float(np.mean(~context.correct(run)[parts.rows])) for run in data.runs),
    )
    m = measurement
    alone = (
        f"Of the features of {data.who}, {data.feature(m.feature)} predicts best alone, with "
        f"{percent(m.error, 1)} errors in validation (the next best, "
        f"{data.feature(m.next_feature)}, has {percent(m.next_error, 1)}, always answering the "
        f"commonest class {percent(m.commonest_error, 1)}, and the best model "
        f"{percent(m.model_error, 1)})"
    )
    is_near = m.error <= 0.5 * m.commonest_error and m.error <= 1.5 * m.model_error + 0.02
    if not is_near or m.commonest_error - m.error < MATTERS:
        statement = f"{alone}: that is far from giving the label away."
        return CHECK.clear(data.names, statement, measurement)
    return _tried(context, data, parts, wrong[best], measurement, alone)


def _tried(
    context: Context,
    data: SharedData,
    parts: _Parts,
    wrong_alone: NDArray[np.bool_],
    m: LeakingFeature,
    alone: str,
) -> Finding:
    """Fit a model without the feature, and see how much worse it is."""
    kept = _others(parts.X, int(np.searchsorted(parts.features, m.feature)))
    if not len(kept):
        statement = f"{alone}. All other features are copies of it, so there is nothing to compare."
        return CHECK.cant_tell(data.names, statement, m)
    wrong_without = _errors_of_a_model(context, parts, kept)
    without = float(wrong_without.mean())
    interval = _difference(wrong_without, wrong_alone)
    m = LeakingFeature(
        m.examples, m.feature, m.error, m.next_feature, m.next_error, m.commonest_error,
        m.model_error, without, parts.X.shape[1] - len(kept), interval,
    )  # fmt: skip
    copies = "" if m.left_out == 1 else f" and {count(m.left_out - 1, 'copy', 'copies')} of it"
    tried = (
        f"a softmax model on {len(parts.X):,} training examples without "
        f"{data.feature(m.feature)}{copies}",
    )
    compared = f"{alone}. A model of all features but this one{copies} has {percent(without, 1)}"
    fewer = f"95% interval of the difference {span(interval, 1)}"
    leaks = without >= FEWER_ERRORS * m.error and without - m.error >= MATTERS and interval[0] > 0
    if not leaks:
        statement = f"{compared} ({fewer}): other features nearly replace it, or it errs as well."
        return CHECK.clear(data.names, statement, m, tried=tried)
    statement = f"{compared} ({fewer}): nothing else comes near what this feature knows."
    advice = (
        "Ask whether its value is known before the label is; one that follows from the label must "
        "be left out."
    )
    return CHECK.found(data.names, statement, m, advice=advice, tried=tried)


def _parts(data: SharedData) -> _Parts:
    train, validation = data.train, data.validation
    columns = frequent_features((train, validation), FEATURES)
    most = rows_within(train, EXAMPLES, columns=columns)
    chosen = drawn(train.n_examples, most, seed=14)
    held = drawn(validation.n_examples, most, seed=15)
    return _Parts(
        np.arange(train.n_features) if columns is None else columns,
        scaled(train, train, chosen, columns),
        np.asarray(train.targets[chosen], np.int64),
        scaled(train, validation, held, columns),
        np.asarray(validation.encode(train.classes)[held], np.int64),
        held,
        train.n_classes,
    )


def _strongest(parts: _Parts) -> Rows:
    """Return the features whose means differ most between the classes, of their variance."""
    Z = standardised(parts.X)
    one_hot = np.eye(parts.n_classes, dtype=np.float32)[parts.y]
    sizes = np.maximum(one_hot.sum(axis=0), 1)
    explained = (np.square(one_hot.T @ Z) / sizes[:, None]).sum(axis=0)
    return np.argsort(-explained, kind="stable")[:CANDIDATES]


def stump_errors(parts: _Parts, feature: int) -> NDArray[np.bool_]:
    """Return which validation examples the commonest class of their range gets wrong."""
    column = parts.X[:, feature]
    ranges = min(BINS, len(column) // PER_BIN)
    edges = np.unique(np.quantile(column, np.linspace(0, 1, ranges + 1), method="lower")[:-1])
    bins = np.searchsorted(edges, column)
    table = np.bincount(
        bins * parts.n_classes + parts.y, minlength=(len(edges) + 1) * parts.n_classes
    ).reshape(-1, parts.n_classes)
    # Where a range has no example the commonest class of all is the guess.
    guess = (table + np.bincount(parts.y, minlength=parts.n_classes) * 1e-6).argmax(axis=1)
    seen = np.searchsorted(edges, parts.X_validation[:, feature])
    return np.asarray(guess[seen] != parts.y_validation)


def _others(X: NDArray[np.float32], feature: int) -> Rows:
    """Return the features that vary and are no copies of this one."""
    Z = standardised(X)
    r = Z.T @ Z[:, feature] / len(Z)
    varies = np.square(Z).sum(axis=0) > 0
    return np.flatnonzero((np.abs(r) < COPY) & varies)


def _errors_of_a_model(context: Context, parts: _Parts, kept: Rows) -> NDArray[np.bool_]:
    mean, deviation = parts.X[:, kept].mean(axis=0), parts.X[:, kept].std(axis=0)
    Z = (parts.X[:, kept] - mean) / deviation
    present = np.unique(parts.y)
    data = Dataset(Z, parts.y, classes=present.tolist())
    (optimum,) = context.search(data, [Objective("softmax", L2)], tolerance=0.02, max_passes=PASSES)
    scores = (parts.X_validation[:, kept] - mean) / deviation @ optimum.parameters.weights
    predicted = present[(scores + optimum.parameters.bias).argmax(axis=1)]
    return np.asarray(predicted != parts.y_validation)


def _difference(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the interval of a paired difference of error rates, by the examples that differ."""
    more, fewer = int((first & ~second).sum()), int((second & ~first).sum())
    if more + fewer == 0:
        return 0.0, 0.0
    low, high = wilson_interval(more / (more + fewer), more + fewer)
    share = (more + fewer) / len(first)
    return (2 * low - 1) * share, (2 * high - 1) * share


CHECK = Check(
    LeakingFeature,
    look,
    "The commonest class in each range of one feature, fitted on training and judged on validation "
    "examples; where one feature is as good as a model, a model of all the others.",
    ("a leak that is spread over several features is not seen",),
    covers="95%, for the difference of errors over all examples of which the validation examples "
    "are a random sample",
)
