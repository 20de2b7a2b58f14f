"""Read a study's results and say what happened, with evidence."""

from onelayer.diagnosis.checks import CHECKS
from onelayer.diagnosis.checks.gradients import check_on
from onelayer.diagnosis.finding import Finding, Severity
from onelayer.study import Outcome, StudyData


def diagnose(outcome: Outcome, data: StudyData) -> list[Finding]:
    """Return the findings of every check, in their fixed order."""
    return [finding for check in CHECKS for finding in check(outcome, data)]


__all__ = ["Finding", "Severity", "check_on", "diagnose"]
