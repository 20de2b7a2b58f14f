"""OL205: a feature that gives the label away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.exhibits import Bars, Exhibit
from onelayer.diagnosis.experiments.single_features import (
    Samples,
    errors_of_a_model,
    others_than,
    samples_of,
    strongest,
    stump_errors,
)
from onelayer.diagnosis.finding import Finding
from onelayer.diagnosis.measurement import Measurement
from onelayer.diagnosis.statistics import wilson_interval
from onelayer.diagnosis.subjects.examples import SharedData, shared_data
from onelayer.diagnosis.words import count, percent, span
from onelayer.engines import one_blas_thread

MIN_EXAMPLES = 50

FEWER_ERRORS = 3.0
MATTERS = 0.03
"""A leak is a feature that alone makes this many times fewer errors than a model of all others,
and at least this share of the examples fewer: honest features have others that nearly replace
them, or leave more errors themselves."""


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
    parts = samples_of(data)
    features = strongest(parts)
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
    parts: Samples,
    wrong_alone: NDArray[np.bool_],
    m: LeakingFeature,
    alone: str,
) -> Finding:
    """Fit a model without the feature, and see how much worse it is."""
    kept = others_than(parts.X, int(np.searchsorted(parts.features, m.feature)))
    if not len(kept):
        statement = f"{alone}. All other features are copies of it, so there is nothing to compare."
        return CHECK.cant_tell(data.names, statement, m)
    wrong_without = errors_of_a_model(context, parts, kept)
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
    looks_beside=True,
)
