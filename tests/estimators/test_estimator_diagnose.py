"""`diagnose` of an estimator: its parameters, looked at on given examples."""

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits

from onelayer import LogisticRegression, SoftmaxRegression
from onelayer.diagnosis import Answer, Finding
from onelayer.errors import InputError

X, y = load_digits(return_X_y=True)
STEPS: dict[str, Any] = {"learning_rate": 0.1, "max_epochs": 20, "scale": "minmax"}


def by_code(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.code: finding for finding in findings}


def test_a_model_by_steps_is_diagnosed() -> None:
    model = SoftmaxRegression(**STEPS)
    findings = model.diagnose(X[:600], y[:600])
    assert not hasattr(model, "classifier_")
    assert not [f for f in findings if "check itself failed" in f.statement]
    found = by_code(findings)
    assert {"OL002", "OL103", "OL208"} <= set(found)
    assert found["OL103"].runs == ("SoftmaxRegression",)
    text = str(found["OL103"])
    assert text.startswith("OL103 Overfitting: ")


def test_a_minimum_is_diagnosed() -> None:
    findings = LogisticRegression(scale="standard").diagnose(*load_breast_cancer(return_X_y=True))
    assert not [f for f in findings if "check itself failed" in f.statement]
    assert by_code(findings)["OL002"].answer is Answer.CLEAR


def test_a_leak_is_found_by_the_name_of_its_column() -> None:
    rng = np.random.default_rng(0)
    features, labels = load_breast_cancer(return_X_y=True)
    noise = rng.normal(size=(len(labels), 3))
    leaking = np.column_stack([features[:, :3] + noise, labels + 0.01 * noise[:, 0]])
    findings = LogisticRegression(scale="standard").diagnose(leaking, labels, only=["OL205"])
    (finding,) = findings
    assert finding.answer is Answer.FOUND


def test_labels_are_those_of_the_user() -> None:
    names = np.array(["three", "two"])[(y[np.isin(y, (2, 3))] == 2).astype(int)]
    pixels = X[np.isin(y, (2, 3))]
    model = LogisticRegression(**STEPS)
    findings = model.diagnose(pixels, names, X_val=pixels[:100], y_val=names[:100], mute=["OL210"])
    assert by_code(findings)["OL206"].answer is Answer.FOUND  # the same examples in both parts


def test_the_parameters_are_the_estimators_own() -> None:
    order = clone(SoftmaxRegression(**STEPS, order="class"))
    (finding,) = order.diagnose(X[:600], y[:600], only=["OL107"])
    assert finding.answer is Answer.FOUND


def test_what_is_refused() -> None:
    with pytest.raises(InputError, match="class_weight is set"):
        LogisticRegression(class_weight="balanced").diagnose(X[:100], y[:100] > 4)
    with pytest.raises(InputError, match="'OL999': there is no such check"):
        SoftmaxRegression(**STEPS).diagnose(X[:200], y[:200], only=["OL999"])
