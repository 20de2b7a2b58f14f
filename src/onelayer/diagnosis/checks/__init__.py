"""The checks, each in a file of its own, in the order in which their findings are listed."""

from onelayer.diagnosis.check import Check
from onelayer.diagnosis.checks import (
    best_of_several,
    choice_optimism,
    confidence,
    dips,
    early_stopping,
    ends,
    gradients,
    grid_edge,
    l2_accuracy,
    overfitting,
    shuffling_speed,
    step_noise,
    underfitting,
    weight_norm,
    weights,
)

CHECKS: tuple[Check, ...] = (
    ends.CHECK,
    gradients.CHECK,
    underfitting.CHECK,
    early_stopping.CHECK,
    dips.CHECK,
    overfitting.CHECK,
    weights.CHECK,
    l2_accuracy.CHECK,
    weight_norm.CHECK,
    shuffling_speed.CHECK,
    step_noise.CHECK,
    grid_edge.CHECK,
    best_of_several.CHECK,
    choice_optimism.CHECK,
    confidence.CHECK,
)
