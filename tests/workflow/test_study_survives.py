"""A study that is killed at any moment goes on, and ends with the same bits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pytest
from crashing import VARIANTS, crash_points

from onelayer.diagnosis import Finding, finding_from_json
from onelayer.report import compose, render
from onelayer.study import Outcome, load_data, resolve
from onelayer.training import checkpoint
from onelayer.workflow.study import report_anew, study_in_folder

STUDY = {
    "name": "small",
    "data": {"source": "digits", "train": 60, "validation": 20},
    "defaults": {"batch_size": 20, "max_epochs": 1, "evaluations_per_epoch": 1},
    "runs": [
        {"name": "stack", "l2": [0.0, 0.1]},
        {
            "name": "pair", "model": "logistic", "classes": [2, 3], "batch_size": 5,
            "early_stopping": {"patience": 2}, "dtype": "float64", "max_epochs": 2, "momentum": 0.9,
            "averaging": "mean", "schedule": "cosine", "initial_std": 0.1,
        },
    ],
    "sections": [{"kind": "l2-accuracy", "runs": ["stack"]}],
}  # fmt: skip

Make = Callable[[Outcome, list[Finding]], Mapping[str, bytes]]


@cache
def _study() -> tuple[object, object]:
    study = resolve(STUDY, "small.toml")
    data = load_data(study)
    return study.model_copy(update={"data": data.choice}), data


@pytest.fixture(scope="module")
def make_report() -> Make:
    """Make each report once: it follows from the results, and takes most of the time."""
    made: dict[str, Mapping[str, bytes]] = {}

    def make(outcome: Outcome, findings: list[Finding]) -> Mapping[str, bytes]:
        said = [run.record for run in outcome.runs], [f.statement for f in findings]
        rows = [run.history.write_csv(float_precision=17) for run in outcome.runs]
        key = hashlib.sha256(repr((said, rows)).encode()).hexdigest()
        if key not in made:
            made[key] = render(compose(outcome, findings))
        return made[key]

    return make


def bits(folder: Path) -> dict[str, bytes]:
    """Return all that must be the same; times are in environment.json, and its checksum is too."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("environment.json", "manifest.json", ".lock")
    }


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory, make_report: Make) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("uninterrupted") / "out"
    study, data = _study()
    study_in_folder(study, data, folder, make_report, threads=1)  # type: ignore[arg-type]
    return bits(folder)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_crash_at_every_call_of_the_file_system(
    tmp_path: Path,
    variant: str,
    make_report: Make,
    uninterrupted: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)  # a checkpoint after each advance
    monkeypatch.setattr(checkpoint, "MOST_SHARE", 1e9)
    study, data = _study()
    # What is found follows from the results, and would take most of the time: looked for once.
    content = json.loads(uninterrupted["findings.json"])
    found = [finding_from_json(values) for values in content]
    monkeypatch.setattr("onelayer.workflow.study.diagnose", lambda *_case, **_how: found)

    def work(place: Path) -> None:
        try:
            study_in_folder(study, data, place, make_report, threads=1)  # type: ignore[arg-type]
        except ValueError as error:
            if "finished" not in str(error):  # stopped after the last write
                raise

    def check(place: Path) -> None:
        assert bits(place) == uninterrupted

    assert crash_points(tmp_path, work, check, variant, step=5) > 150


def test_the_report_is_written_anew_with_the_same_bytes(
    tmp_path: Path, make_report: Make, uninterrupted: dict[str, bytes]
) -> None:
    study, data = _study()
    study_in_folder(study, data, tmp_path, make_report, threads=2)  # type: ignore[arg-type]
    (tmp_path / "report.html").unlink()
    page = report_anew(tmp_path, lambda outcome, findings: render(compose(outcome, findings)))
    assert page == tmp_path / "report.html"
    assert bits(tmp_path) == uninterrupted
