"""A small study on the embedded digits, and what of its folder must not change between runs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from onelayer.storage import Folder
from onelayer.study import (
    Outcome,
    Run,
    RunFolderWriter,
    check_study,
    load_data,
    resolve,
    run_study,
)
from onelayer.training import Began, Ended, Evaluated, Event, TrainResult


def content(*runs: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a study file's content."""
    return {
        "name": "small",
        "data": {"source": "digits", "train": 200, "validation": 60},
        "defaults": {"batch_size": 20, "max_epochs": 2},
        "runs": list(runs) or [{"name": "a"}],
    } | more


THREE = content(
    {"name": "short", "max_epochs": 1},
    {"name": "long", "max_epochs": 60, "early_stopping": {"patience": 1000}},
    {"name": "pair", "model": "logistic", "classes": [2, 3], "max_epochs": 3},
)


class Watcher:
    """An observer that remembers what it saw, and calls back."""

    def __init__(
        self,
        on_evaluation: Callable[[str, int], None] = lambda _run, _step: None,
        on_end: Callable[[str], None] = lambda _run: None,
    ) -> None:
        self.begun: list[str] = []
        self.finished: dict[str, TrainResult] = {}
        self.evaluations: list[tuple[str, int]] = []
        self._on_evaluation = on_evaluation
        self._on_end = on_end

    def __call__(self, run: Run, event: Event) -> None:
        match event:
            case Began(schedule=schedule):
                assert schedule.max_steps > 0
                self.begun.append(run.name)
            case Evaluated(evaluation=evaluation):
                self.evaluations.append((run.name, evaluation.step))
                self._on_evaluation(run.name, evaluation.step)
            case Ended(result=result):
                self.finished[run.name] = result
                self._on_end(run.name)


def do(
    table: dict[str, Any],
    folder: Path,
    watcher: Watcher | None = None,
    *,
    force: bool = False,
    threads: int = 1,
) -> Outcome:
    """Resolve and run a study in a folder."""
    study = resolve(table, "small.toml")
    data = load_data(study)
    study = study.model_copy(update={"data": data.choice})
    check_study(study, data)
    with RunFolderWriter.open(folder, study, data.facts(), force=force) as writer:
        return run_study(study, data, writer, watcher or Watcher(), threads=threads)


def finish(folder: Path) -> None:
    """Put the files there that mark a folder as finished."""
    with Folder.lock(folder) as held:
        held.commit({"report.pdf": b"pdf", "report.html": b"html"})


def bits(folder: Path) -> dict[str, str]:
    """Return a digest of each file's content."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in (".lock", "checkpoint.safetensors")
    }
