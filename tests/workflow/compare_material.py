"""Two finished run folders of a small study, with findings that are planted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from onelayer.study import (
    FINDINGS,
    PAGE,
    RunFolderWriter,
    json_bytes,
    load_data,
    resolve,
    run_study,
)


def table(**changes: Any) -> dict[str, Any]:
    """Return a study file's content."""
    return {
        "name": "small",
        "title": "Small",
        "data": {"source": "digits", "train": 200, "validation": 60},
        "defaults": {"batch_size": 20, "max_epochs": 2},
        "runs": [{"name": "same"}, {"name": "rate"}, {"name": "pair", "classes": [2, 3]}],
    } | changes


FIRST = table()
SECOND = table(
    title="Other",
    runs=[
        {"name": "same"}, {"name": "rate", "learning_rate": 0.5},
        {"name": "pair", "classes": [2, 3], "model": "logistic", "l2": 0.25},
        {"name": "more", "max_epochs": 1},
    ],
)  # fmt: skip


def finding(code: str, run: str, answer: str, number: float, **changes: Any) -> dict[str, Any]:
    """Return a finding as findings.json has it."""
    sure = {
        "method": "Counted.", "covers": "", "assumptions": [], "tried": [], "seconds": 0.0,
    }  # fmt: skip
    return {
        "code": code, "check": "planted", "title": f"Planted {code}", "runs": [run],
        "answer": answer, "severity": "info", "statement": f"The number of {run} is {number}.",
        "advice": "", "how_sure": sure, "evidence": {"number": number},
    } | changes  # fmt: skip


FOUND_FIRST = [
    finding("XX1", "same", "clear", 1.0), finding("XX2", "same", "found", 2.0),
    finding("XX3", "same", "found", 3.0), finding("XX4", "same", "found", 4.0),
    finding("XX5", "same", "clear", 5.0), finding("XX6", "same", "found", 6.0),
    finding("XX7", "gone-run", "found", 7.0),
]  # fmt: skip
NAMED_OTHERWISE = finding("XX4", "same", "found", 4.0) | {"statement": "That of “it” is 4.0."}
"""The same measurement of a run that the second study calls otherwise."""

FOUND_SECOND = [
    finding("XX1", "same", "found", 1.5), finding("XX2", "same", "clear", 2.5),
    finding("XX3", "same", "found", 3.5), NAMED_OTHERWISE,
    finding("XX5", "same", "can't tell", 5.0), finding("XX7", "more", "found", 7.0),
]  # fmt: skip


def make(
    path: Path, content: dict[str, Any], found: list[dict[str, Any]], *, finished: bool = True
) -> Path:
    """Run a study in a folder, and finish it with planted findings and no report."""
    study = resolve(content, "small.toml")
    data = load_data(study)
    study = study.model_copy(update={"data": data.choice})
    with RunFolderWriter.open(path, study, data.facts()) as folder:
        run_study(study, data, folder, lambda _run, _event: None, threads=1)
        if finished:
            folder.finish({FINDINGS: json_bytes(found), PAGE: b"<!DOCTYPE html>"})
    return path
