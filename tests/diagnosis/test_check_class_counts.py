import numpy as np
import pytest
from data_material import context_of, only, table
from diagnosis_material import evidence_of

from onelayer.diagnosis import Answer, Finding, Severity
from onelayer.diagnosis.checks.class_counts import look


def found_with(train: tuple[int, ...], validation: tuple[int, ...]) -> Finding:
    y = np.concatenate([np.repeat(np.arange(len(train)), n) for n in (train, validation)])
    X, _ = table(len(y))
    return only(look(context_of(X, y, sum(train), classes=len(train))))


def test_enough_of_each_is_clear() -> None:
    finding = found_with((40, 10, 30), (20, 30, 5))
    assert (finding.code, finding.check) == ("OL208", "class-counts")
    assert finding.answer is Answer.CLEAR
    assert evidence_of(finding)["classes"][1] == {"label": 1, "train": 10, "validation": 30}
    assert "the fewest has 2, 30 and 5" in finding.statement


@pytest.mark.parametrize(
    ("train", "validation", "said"),
    [
        ((40, 0, 30), (20, 20, 20), "class 1 with no training example (it is never predicted)"),
        ((40, 20, 30), (20, 20, 0), "class 2 with no validation example"),
        ((9, 20, 30), (20, 20, 20), "class 0 with fewer than 10 training examples"),
        ((40, 20, 30), (4, 20, 4), "classes 0 and 2 with fewer than 5 validation examples"),
    ],
)
def test_too_few_is_found(train: tuple[int, ...], validation: tuple[int, ...], said: str) -> None:
    finding = found_with(train, validation)
    assert finding.answer is Answer.FOUND
    assert finding.severity is Severity.WARNING
    assert said in finding.statement


def test_several_labels_are_counted_each() -> None:
    X, _ = table(100)
    labels = np.zeros((100, 3), np.uint8)
    labels[:50, 0] = labels[80:, 0] = labels[::2, 1] = 1
    labels[0, 2] = 1
    finding = only(look(context_of(X, labels)))
    assert evidence_of(finding)["classes"] == [
        {"label": 0, "train": 50, "validation": 20},
        {"label": 1, "train": 35, "validation": 15},
        {"label": 2, "train": 1, "validation": 0},
    ]
    assert "class 2 with no validation example" in finding.statement
