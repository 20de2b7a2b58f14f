"""Studies that are not looked at: experiments take far longer than to train these few examples."""

from onelayer.diagnosis.checks import CHECKS

CODES = [check.kind.code for check in CHECKS]
KEPT = ("OL001", "OL202", "OL208", "OL304")
"""They read what was recorded, and some find something that has a figure."""

MUTED = f"mute = {[code for code in CODES if code not in KEPT]}"
"""A line for the head of a study file."""
