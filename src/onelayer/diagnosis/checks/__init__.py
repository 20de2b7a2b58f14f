"""The checks, each in a file of its own, in the order in which their findings are listed."""

from onelayer.diagnosis.check import Check
from onelayer.diagnosis.checks import (
    class_counts,
    constant_features,
    dips,
    drift,
    duplicate_features,
    early_stopping,
    ends,
    gradients,
    identifiers,
    l2_accuracy,
    labels,
    leaks,
    majority,
    overfitting,
    scales,
    shared_examples,
    weight_norm,
    weights,
)

CHECKS: tuple[Check, ...] = (
    ends.CHECK,
    gradients.CHECK,
    early_stopping.CHECK,
    dips.CHECK,
    overfitting.CHECK,
    weights.CHECK,
    l2_accuracy.CHECK,
    weight_norm.CHECK,
    scales.CHECK,
    constant_features.CHECK,
    duplicate_features.CHECK,
    identifiers.CHECK,
    leaks.CHECK,
    shared_examples.CHECK,
    majority.CHECK,
    class_counts.CHECK,
    drift.CHECK,
    labels.CHECK,
)
