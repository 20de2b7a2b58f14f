from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

from onelayer.diagnosis import (
    Answer,
    Finding,
    HowSure,
    Measurement,
    Number,
    Severity,
    all_checks,
    finding_from_json,
)
from onelayer.diagnosis.measures.pictures import WeightNoise
from onelayer.diagnosis.words import count, number, percent, points
from onelayer.errors import InputError
from onelayer.words import listed


@dataclass(frozen=True)
class Part:
    value: float


@dataclass(frozen=True)
class Made(Measurement):
    code: ClassVar[str] = "OL000"
    check: ClassVar[str] = "test"
    title: ClassVar[str] = "A test"

    a: Number
    b: tuple[Number, ...]
    c: Part | None = None


def test_json_has_null_for_what_json_does_not_know() -> None:
    made = Made(float("nan"), (1.0, float("inf")), Part(-float("inf")))
    sure = HowSure("Looked.", "95%, for all", ("it holds",), ("an experiment",), 0.25)
    finding = Finding(
        Made, ("x", "y"), Answer.FOUND, Severity.WARNING, "Said.", made, "Do it.", sure
    )
    assert finding.as_json() == {
        "code": "OL000",
        "check": "test",
        "title": "A test",
        "runs": ["x", "y"],
        "answer": "found",
        "severity": "warning",
        "statement": "Said.",
        "advice": "Do it.",
        "how_sure": {
            "method": "Looked.",
            "covers": "95%, for all",
            "assumptions": ["it holds"],
            "tried": ["an experiment"],
            "seconds": 0.25,
        },
        "evidence": {"a": None, "b": [1.0, None], "c": {"value": None}},
    }


def test_a_measurement_is_read_from_its_json() -> None:
    made = Made(0.5, (1.0, 2.0), Part(3.0))
    assert Made.from_json(made.as_json()) == made
    read = Made.from_json({"a": None, "b": [1, None]})
    assert np.isnan(read.a)
    assert np.isnan(read.b[1])
    assert read.c is None
    for wrong in ({"a": 1.0}, {"a": "x", "b": []}, {"a": 1.0, "b": 2}):
        with pytest.raises(InputError, match="the numbers of OL000"):
            Made.from_json(wrong)


def test_evidence_is_empty_where_nothing_was_measured() -> None:
    finding = Finding(Made, (), Answer.NOT_APPLICABLE, Severity.INFO, "Said.")
    assert finding.as_json()["answer"] == "not applicable"
    assert finding.as_json()["evidence"] == {}


def test_each_code_stands_for_one_measurement() -> None:
    kinds = [check.kind for check in all_checks()]
    assert len({kind.code for kind in kinds}) == len(kinds)
    assert len({kind.check for kind in kinds}) == len(kinds)
    assert len({kind.title for kind in kinds}) == len(kinds)
    for check in all_checks():
        assert check.method.endswith(".")
        assert not any(clause.endswith(".") for clause in check.assumptions)


def test_a_finding_of_a_check_that_is_not_installed_keeps_its_numbers() -> None:
    made = Made(0.5, (1.0,))
    values = Finding(Made, ("a",), Answer.FOUND, Severity.INFO, "Said.", made).as_json()
    read = finding_from_json(values)
    assert read.as_json() == values
    assert (read.code, read.title) == ("OL000", "A test")


@pytest.mark.parametrize(
    "change",
    [
        {"answer": "yes"},
        {"severity": "dire"},
        {"how_sure": {}},
        {"evidence": {"geary_c": 1}},
        {"runs": None},
    ],
)
def test_a_finding_of_another_version_is_refused(change: dict[str, Any]) -> None:
    noise = WeightNoise((), 0.1)
    finding = Finding(WeightNoise, ("a",), Answer.FOUND, Severity.INFO, "Said.", noise)
    values = finding.as_json()
    assert finding_from_json(values) == finding
    with pytest.raises(InputError, match=r"^findings.json: .*run the study again"):
        finding_from_json(values | change)
    with pytest.raises(InputError, match=r"^findings.json: "):
        finding_from_json({k: v for k, v in values.items() if k not in change})


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
        (number(-12345.6), "−12,346"),
        (number(9999.4), "9999"),
        (listed([]), ""),
        (listed(["a"]), "a"),
        (listed(["a", "b"]), "a and b"),
        (listed(["a", "b", "c"]), "a, b and c"),
        (listed("abc", 3), "a, b and c"),
        (listed("abcde", 3), "a, b, c and 2 more"),
        (listed(range(2000), 1), "0 and 1,999 more"),
    ],
)
def test_words(text: str, expected: str) -> None:
    assert text == expected
