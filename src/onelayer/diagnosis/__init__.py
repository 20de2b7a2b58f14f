"""Read a study's results, experiment, and say what happened, with the numbers that show it."""

from onelayer.diagnosis.check import Check
from onelayer.diagnosis.checks.gradients import check_on
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.finding import Answer, Finding, HowSure, Severity
from onelayer.diagnosis.measurement import Measurement, Number
from onelayer.diagnosis.registry import all_checks, check_codes, diagnose, finding_from_json

__all__ = [
    "Answer",
    "Check",
    "Context",
    "Finding",
    "HowSure",
    "Measurement",
    "Number",
    "Severity",
    "all_checks",
    "check_codes",
    "check_on",
    "diagnose",
    "finding_from_json",
]
