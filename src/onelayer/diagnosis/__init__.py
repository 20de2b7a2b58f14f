"""Read a study's results and say what happened, with the numbers that show it."""

from onelayer.diagnosis.checks import CHECKS, finding_from_json
from onelayer.diagnosis.checks.gradients import check_on
from onelayer.diagnosis.finding import Finding, Severity
from onelayer.diagnosis.measurement import Measurement
from onelayer.study import Outcome, StudyData


def diagnose(outcome: Outcome, data: StudyData) -> list[Finding]:
    """Return the findings of every check, in their fixed order."""
    return [finding for check in CHECKS for finding in check(outcome, data)]


__all__ = ["Finding", "Measurement", "Severity", "check_on", "diagnose", "finding_from_json"]
