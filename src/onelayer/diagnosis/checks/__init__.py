"""The checks, each in a file of its own, in the order in which their findings are listed."""

from typing import Any

from onelayer.diagnosis.checks import (
    dips,
    early_stopping,
    ends,
    gradients,
    l2,
    overfitting,
    weights,
)
from onelayer.diagnosis.finding import Check, Finding, Severity
from onelayer.diagnosis.measurement import Measurement
from onelayer.errors import InputError

CHECKS: tuple[Check, ...] = (
    ends.check,
    gradients.check,
    early_stopping.check,
    dips.check,
    overfitting.check,
    weights.check,
    l2.check,
)

MEASUREMENTS: dict[str, type[Measurement]] = {
    kind.code: kind
    for kind in (
        ends.UnfinishedRun,
        gradients.GradientErrors,
        early_stopping.EarlyStop,
        dips.AccuracyDips,
        overfitting.TrainingEnd,
        weights.WeightNoise,
        l2.SweepAccuracies,
        l2.SweepNorms,
    )
}
"""What each code stands for."""


def finding_from_json(values: dict[str, Any]) -> Finding:
    """Return the finding of which `Finding.as_json` made these values.

    Raises
    ------
    InputError
        If they are no such values: another version of onelayer wrote them.
    """
    try:
        kind, evidence = MEASUREMENTS[values["code"]], values["evidence"]
        return Finding(
            kind,
            tuple(values["runs"]),
            Severity(values["severity"]),
            values["statement"],
            kind.from_json(evidence) if evidence else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        reason = error if isinstance(error, InputError) else "it is none of this onelayer's"
        raise InputError(
            f"findings.json: a finding cannot be read: {reason}; run the study again."
        ) from None
