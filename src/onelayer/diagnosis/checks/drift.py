"""OL209: training and validation examples that a model can tell apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import ndtr

from onelayer.data.labels import Label
from onelayer.diagnosis.check import Check
from onelayer.diagnosis.checks.class_counts import counts
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.exhibits import Bars, Exhibit, Span, Spans
from onelayer.diagnosis.experiments.part_classifier import area_under_curve, both_parts
from onelayer.diagnosis.finding import Finding, Severity
from onelayer.diagnosis.measurement import Measurement
from onelayer.diagnosis.statistics import counts_differ
from onelayer.diagnosis.statistics.quantiles import z_two_sided
from onelayer.diagnosis.subjects.examples import SharedData, shared_data
from onelayer.diagnosis.words import decimals, percent, span
from onelayer.engines import one_blas_thread
from onelayer.words import listed

MIN_EXAMPLES = 50
CHANCE = 1e-3
SHIFT_CHANCE = 1e-4
"""Random splits seem to differ in fewer than so many studies: in their features, their classes."""

AUC_MATTERS = 0.6
SHIFT_MATTERS = 0.05


@dataclass(frozen=True)
class PartDifference(Measurement):
    """How far training and validation examples differ.

    Attributes
    ----------
    examples : (int, int)
        How many of training and of validation were told apart.
    auc : float
        How often a logistic model that did not see either ranks a validation example above a
        training example; 0.5 where the parts are alike.
    auc_interval : (float, float)
        Of 99.9%, for that frequency were the parts alike in kind: by the variance of equal parts.
    p_value : float
        That parts drawn alike are told apart so well (Mann and Whitney).
    telling_features : tuple of int
        Those whose means differ most in standard deviations, first the most.
    telling_differences : tuple of float
        The means in validation less those in training, in standard deviations.
    class_shift : float
        Half the sum of the absolute differences of the classes' shares; 0 with several labels.
    class_p_value : float
        That parts drawn alike have class shares so different (chi², and Fisher's test of each
        class).
    shifted_class : int or str or bool or None
        The class whose share differs most.
    shifted_shares : (float, float)
        Its share in training and in validation.
    """

    code: ClassVar[str] = "OL209"
    check: ClassVar[str] = "drift"
    title: ClassVar[str] = "Training and validation examples of different kinds"

    examples: tuple[int, int]
    auc: float
    auc_interval: tuple[float, float]
    p_value: float
    telling_features: tuple[int, ...]
    telling_differences: tuple[float, ...]
    class_shift: float
    class_p_value: float
    shifted_class: Label | None
    shifted_shares: tuple[float, float]

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return the means and the class that differ most."""
        shown: list[Exhibit] = []
        if self.telling_features:
            pairs = zip(self.telling_features, self.telling_differences, strict=True)
            caption = (
                f"A model ranks a validation example above a training example in "
                f"{percent(self.auc, 1)} of pairs, where chance has 50%."
            )
            axis = "mean in validation less that in training (standard deviations)"
            rows = tuple(Span(f"feature {j}", difference) for j, difference in pairs)
            shown.append(Spans("The features that differ most", caption, axis, rows, 0.0))
        if self.class_p_value < SHIFT_CHANCE:
            caption = f"The class whose share differs most, {self.shifted_class}."
            parts = zip(("training", "validation"), self.shifted_shares, strict=True)
            shares = tuple((part, "", 100 * share) for part, share in parts)
            shown.append(
                Bars("The class that differs most", caption, "of the examples (%)", shares)
            )
        return tuple(shown)


def look(context: Context) -> list[Finding]:
    """Compare the two parts of each data set."""
    with one_blas_thread():
        return [_finding(context, data) for data in shared_data(context)]


def _finding(context: Context, data: SharedData) -> Finding:
    n, m = data.train.n_examples, data.validation.n_examples
    if min(n, m) < MIN_EXAMPLES:
        statement = (
            f"Whether the parts of {data.who} are of one kind cannot be told: there are {n:,} "
            f"training and {m:,} validation examples, and {MIN_EXAMPLES} of each are needed."
        )
        return CHECK.cant_tell(data.names, statement)
    measurement = _measured(context, data)
    return _said(data, measurement)


def _measured(context: Context, data: SharedData) -> PartDifference:
    X, is_validation, columns = both_parts(data)
    auc, error = area_under_curve(context, X, is_validation)
    z = (auc - 0.5) / error if error > 0 else 0.0  # no feature varies
    half = z_two_sided(0.999) * error
    gap = X[is_validation].mean(axis=0) - X[~is_validation].mean(axis=0)
    gap = gap[: data.train.n_features if columns is None else len(columns)]
    first = np.argsort(-np.abs(gap), kind="stable")[:3]
    numbers = first if columns is None else columns[first]
    shift, chance, label, shares = _class_shift(data)
    sizes = int((~is_validation).sum()), int(is_validation.sum())
    return PartDifference(
        sizes, auc, (auc - half, auc + half), float(ndtr(-z)),
        tuple(numbers.tolist()), tuple(gap[first].astype(float).tolist()),
        shift, chance, label, shares,
    )  # fmt: skip


def _said(data: SharedData, m: PartDifference) -> Finding:
    told = m.p_value < CHANCE
    shifted = m.class_p_value < SHIFT_CHANCE
    apart = (
        f"a model that is to tell validation from training examples of {data.who} ranks a "
        f"validation example first in {percent(m.auc, 1)} of pairs (99.9% interval "
        f"{span(m.auc_interval, 1)}, where chance has 50)"
    )
    shares = ""
    if m.shifted_class is not None:
        shares = (
            f"class {m.shifted_class} has {percent(m.shifted_shares[0], 1)} of the training and "
            f"{percent(m.shifted_shares[1], 1)} of the validation examples"
        )
    tried = (
        f"logistic models that tell {m.examples[1]:,} validation from {m.examples[0]:,} training "
        "examples, each on one half and judged on the other",
    )
    if not told and not shifted:
        statement = (
            f"The two parts look alike: {apart}, and their class shares differ no more than by "
            "chance."
        )
        return CHECK.clear(data.names, statement, m, tried=tried)
    said = []
    if told:
        most = listed(
            f"{data.feature(j)} ({'+' * (d > 0)}{decimals(d)} standard deviations in validation)"
            for j, d in zip(m.telling_features, m.telling_differences, strict=True)
        )
        said.append(f"{apart}. The means that differ most are those of {most}.")
    if shifted:
        said.append(f"The class shares differ: {shares} (total variation {m.class_shift:.3f}).")
    statement = f"The two parts differ: {' '.join(said)}"
    matters = (told and m.auc_interval[0] > AUC_MATTERS) or (
        shifted and m.class_shift >= SHIFT_MATTERS
    )
    if not matters:
        statement += " That is little."
        return CHECK.found(data.names, statement, m, severity=Severity.INFO, tried=tried)
    advice = (
        "Validation accuracy is that of another kind of examples: split at random, or keep the "
        "split if new examples will differ in the same way, and read the gap to training so."
    )
    return CHECK.found(data.names, statement, m, advice=advice, tried=tried)


def _class_shift(data: SharedData) -> tuple[float, float, Label | None, tuple[float, float]]:
    """Return how far the class shares differ, by what chance, and where most."""
    labels = data.train.classes
    table = np.array([counts(part, labels) for part in (data.train, data.validation)])
    if data.train.has_label_matrix:
        return 0.0, 1.0, None, (0.0, 0.0)
    shares = table / table.sum(axis=1, keepdims=True)
    gaps = np.abs(shares[0] - shares[1])
    most = int(gaps.argmax())
    return float(gaps.sum() / 2), counts_differ(table), labels[most], (float(shares[0, most]),
                                                         float(shares[1, most]))  # fmt: skip


CHECK = Check(
    PartDifference,
    look,
    "A classifier as a two-sample test (Lopez-Paz and Oquab, 2017), cross-fitted, by the rank sum "
    "of Mann and Whitney on the half that was not seen; chi² of the class counts, and Fisher's "
    "exact test of each class against the others.",
    ("examples are independent of each other; differences that leave the means of the features "
     "(and of the squares of few features) alone are not seen",),
    covers="99.9%, for how often a validation example ranks first, by the variance of parts "
    "that are alike",
    looks_beside=True,
)  # fmt: skip
