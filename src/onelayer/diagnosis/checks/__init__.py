"""The checks, each in a file of its own, in the order in which their findings are listed."""

from onelayer.diagnosis.checks import (
    dips,
    early_stopping,
    ends,
    gradients,
    l2,
    overfitting,
    weights,
)
from onelayer.diagnosis.finding import Check

CHECKS: tuple[Check, ...] = (
    ends.check,
    gradients.check,
    early_stopping.check,
    dips.check,
    overfitting.check,
    weights.check,
    l2.check,
)
