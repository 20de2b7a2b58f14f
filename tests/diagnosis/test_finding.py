import json

import numpy as np
import pytest
from diagnosis_material import as_strict_json

from onelayer.diagnosis import Finding, Severity
from onelayer.diagnosis.words import count, listed, number, percent, points


def test_json_has_null_for_what_json_does_not_know() -> None:
    evidence = {"a": float("nan"), "b": [1.0, float("inf")], "c": {"d": -float("inf")}, "e": 2}
    finding = Finding("OL000", "test", ("x", "y"), Severity.WARNING, "Said.", evidence)
    assert as_strict_json([finding]) == [
        {
            "code": "OL000",
            "check": "test",
            "runs": ["x", "y"],
            "severity": "warning",
            "statement": "Said.",
            "evidence": {"a": None, "b": [1.0, None], "c": {"d": None}, "e": 2},
        }
    ]
    assert np.isnan(finding.evidence["a"])  # the finding itself is as it was


def test_evidence_is_empty_unless_given() -> None:
    finding = Finding("OL000", "test", (), Severity.NOT_APPLICABLE, "Said.")
    assert json.loads(json.dumps(finding.as_json()))["severity"] == "not applicable"
    assert finding.as_json()["evidence"] == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (percent(0.97943), "97.94%"),
        (percent(0.5, 0), "50%"),
        (points(0.0123), "1.23 percentage points"),
        (count(1, "dip"), "1 dip"),
        (count(2, "dip"), "2 dips"),
        (count(1039, "step"), "1,039 steps"),
        (count(0, "loss", "losses"), "0 losses"),
        (number(0.0657719), "0.06577"),
        (number(12345.6), "12,346"),
        (number(-12345.6), "-12,346"),
        (number(9999.4), "9999"),
        (listed(["a"]), "a"),
        (listed(["a", "b"]), "a and b"),
        (listed(["a", "b", "c"]), "a, b and c"),
    ],
)
def test_words(text: str, expected: str) -> None:
    assert text == expected
