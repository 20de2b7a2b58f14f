"""All checks on a study that was really run."""

from pathlib import Path
from typing import Any

import pytest
from diagnosis_material import as_strict_json

from onelayer.diagnosis import Finding, Severity, all_checks, diagnose
from onelayer.study import (
    Outcome,
    RunFolderWriter,
    StudyData,
    load_data,
    resolve,
    run_study,
)
from onelayer.training import StopReason

STUDY: dict[str, Any] = {
    "name": "tiny",
    "data": {"source": "digits", "train": 300, "validation": 150},
    "defaults": {"batch_size": 30, "max_epochs": 6, "learning_rate": 0.05},
    "runs": [
        {
            "name": "binary", "model": "logistic", "classes": [2, 3], "max_epochs": 30,
            "early_stopping": {"patience": 3},
        },
        {"name": "l2", "l2": [0.0, 1.0, 0.1, 0.01]},
        {"name": "bad", "learning_rate": 1e4, "l2": 1e4, "max_epochs": 20},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def studied(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, StudyData]:
    study = resolve(STUDY, "tiny.toml")
    data = load_data(study)
    folder: Path = tmp_path_factory.mktemp("tiny") / "run"
    with RunFolderWriter.open(folder, study, data.facts()) as writer:
        return run_study(study, data, writer, lambda _run, _event: None, threads=2), data


@pytest.fixture(scope="module")
def findings(studied: tuple[Outcome, StudyData]) -> list[Finding]:
    return diagnose(*studied)


def test_findings_come_in_the_order_of_the_checks(findings: list[Finding]) -> None:
    firsts = list(dict.fromkeys(f.code for f in findings))
    assert firsts == sorted(firsts)
    codes = [check.kind.code for check in all_checks()]
    assert codes == sorted(codes)
    assert {"OL001", "OL002", "OL101", "OL102", "OL103", "OL104", "OL105", "OL106"} <= set(firsts)
    assert not [f.statement for f in findings if "check itself failed" in f.statement]


def test_findings_are_json_though_a_run_diverged(
    studied: tuple[Outcome, StudyData], findings: list[Finding]
) -> None:
    assert studied[0]["bad"].record.stop_reason is StopReason.DIVERGED
    content = as_strict_json(findings)
    for entry in content:
        assert list(entry) == [
            "code", "check", "title", "runs", "answer", "severity", "statement", "advice",
            "how_sure", "evidence",
        ]  # fmt: skip
        assert entry["severity"] in [str(s) for s in Severity]
        assert entry["statement"].endswith(".")
        assert not {"nan", "inf"} & set(entry["statement"].replace("%", " ").split())


def test_what_is_said_of_the_diverged_run(findings: list[Finding]) -> None:
    (ends,) = (f for f in findings if f.check == "ends")
    assert ends.runs == ("bad",)
    assert ends.severity is Severity.WARNING
    assert "learning rate 10000" in ends.statement
    others = {f.check for f in findings if "bad" in f.runs} - {"ends"}
    assert not others & {"early-stopping", "overfitting", "l2-accuracy", "weight-norm"}


def test_diagnosis_repeats(studied: tuple[Outcome, StudyData], findings: list[Finding]) -> None:
    assert as_strict_json(diagnose(*studied)) == as_strict_json(findings)
