"""The checks, each in a file of its own, in the order in which their findings are listed."""

from onelayer.diagnosis.check import Check
from onelayer.diagnosis.checks import (
    arrival,
    class_order,
    dips,
    early_stopping,
    ends,
    gradients,
    l2_accuracy,
    low_rate,
    missing_classes,
    oscillation,
    overfitting,
    stopping_noise,
    weight_norm,
    weights,
)

CHECKS: tuple[Check, ...] = (
    ends.CHECK,
    gradients.CHECK,
    oscillation.CHECK,
    arrival.CHECK,
    low_rate.CHECK,
    stopping_noise.CHECK,
    class_order.CHECK,
    missing_classes.CHECK,
    early_stopping.CHECK,
    dips.CHECK,
    overfitting.CHECK,
    weights.CHECK,
    l2_accuracy.CHECK,
    weight_norm.CHECK,
)
