"""What a live page shows: the runs as they are now. Training writes it, the server reads it.

Nothing of the past is queued: whoever reads late reads the latest, and training waits for nobody.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from onelayer.errors import InputError
from onelayer.live.curve import Curve
from onelayer.study import Run, RunOutcome, Study, StudyData
from onelayer.training import Began, Ended, Evaluated, Event, Schedule, Searched, Steps
from onelayer.training.draws import Draws

CURVES = ("train_loss", "val_loss", "val_accuracy", "train_accuracy")

_MOST_POINTS, _FEWEST, _MOST = 16_000, 32, 256
"""Of the curves of all runs together, and of one."""

End = Literal["report", "interrupted", "failed"]


def steps_planned(study: Study, data: StudyData) -> dict[str, int]:
    """Return how many steps each run makes if nothing ends it before; 0: none are made."""
    planned = {}
    for run in study.runs:
        try:
            train_set, _ = data.of(run)
            rows = Draws(train_set, None).rows(run.config, None)
            n = train_set.n_examples if rows is None else len(rows)
            planned[run.name] = Schedule.of(run.config, n).max_steps
        except InputError:  # the study itself refuses it, with its message
            planned[run.name] = 0
    return planned


@dataclass
class _Run:
    """One run as it is now."""

    place: int
    name: str
    steps: int  # that it makes at most
    curves: dict[str, Curve]
    state: str = "waiting"
    text: str = ""
    began: int = 0
    step: int = 0
    numbers: dict[str, float] = field(default_factory=dict)
    version: int = 0

    def copy(self) -> _Run:
        """Return what the reader may take its time over."""
        curves = {name: curve.copy() for name, curve in self.curves.items()}
        return replace(self, curves=curves, numbers=dict(self.numbers))

    def as_json(self) -> dict[str, Any]:
        return {
            "place": self.place,
            "name": self.name,
            "state": self.state,
            "text": self.text,
            "step": self.step,
            "steps": self.steps,
            **{name: _finite(value) for name, value in self.numbers.items()},
            "curves": {name: curve.as_json() for name, curve in self.curves.items()},
        }


class LiveState:
    """An observer of a study, from which a page is told what is new."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._version = 1
        self._head: dict[str, Any] = {"title": "", "source": "", "stage": "Starting"}
        self._head_version = 1
        self._runs: dict[str, _Run] = {}
        self._trains_since: float | None = None
        self.end: End | None = None

    def begins(self, study: Study, planned: Mapping[str, int]) -> None:
        """Say which study it is, and how many steps each of its runs makes at most."""
        most = max(_FEWEST, min(_MOST, _MOST_POINTS // len(study.runs)))
        with self._lock:
            self._runs = {
                run.name: _Run(
                    place,
                    run.label or run.name,
                    planned[run.name],
                    {name: Curve(most) for name in CURVES},
                )
                for place, run in enumerate(study.runs)
            }
            self._tell(title=study.title, source=study.data.source)
            for run in self._runs.values():
                run.version = self._version

    def take_up(self, runs: Sequence[RunOutcome]) -> None:
        """Show runs that had ended before."""
        with self._lock:
            for outcome in runs:
                if (run := self._runs.get(outcome.name)) is None:
                    continue
                rows = outcome.history
                run.curves["train_loss"].add(0, rows["train_loss"].to_numpy())
                for row in outcome.curve.iter_rows(named=True):
                    for name in CURVES[1:]:
                        run.curves[name].add(row["step"], np.array([row[name]]))
                run.step = run.began = run.steps = outcome.record.steps
                final = outcome.record.final
                self._ended(run, str(outcome.record.stop_reason), outcome.record.message)
                run.numbers |= {
                    name: value for name in CURVES if (value := getattr(final, name)) is not None
                }

    def __call__(self, of: Run, event: Event) -> None:
        """Take an event of a run."""
        with self._lock:
            run = self._runs.get(of.name)
            if run is None:
                return
            match event:
                case Searched():
                    run.state, run.text = "searching", f"{event.passes:,} passes"
                case Began():
                    run.state, run.text = "training", ""
                    run.began = run.step = event.step
                    run.steps = event.schedule.max_steps
                    self._trains_since = self._trains_since or time.monotonic()
                case Steps(first=first, losses=losses):
                    run.curves["train_loss"].add(first, losses)
                    run.step = first + len(losses)
                    run.numbers["train_loss"] = float(losses[-1])
                case Evaluated(evaluation=evaluation):
                    for name in CURVES[1:]:
                        value = float(getattr(evaluation, name))
                        run.curves[name].add(evaluation.step, np.array([value]))
                        run.numbers[name] = value
                case Ended(result=result):
                    run.step = result.history.steps
                    if str(result.stop_reason) != "interrupted":
                        run.steps = run.step
                    self._ended(run, str(result.stop_reason), result.message)
            self._version += 1
            run.version = self._version

    def _ended(self, run: _Run, reason: str, message: str) -> None:
        run.state, run.text = reason, message
        self._version += 1
        run.version = self._version

    @contextmanager
    def stage(self, text: str) -> Iterator[None]:
        """Show that something is going on that has no measure of progress."""
        before = self._head["stage"]
        self.says(text)
        try:
            yield
        finally:
            self.says(before)

    def says(self, stage: str) -> None:
        """Say what is going on."""
        with self._lock:
            self._tell(stage=stage)

    def stopping(self) -> None:
        """Say that somebody has asked the study to stop."""
        with self._lock:
            self._tell(stopping=True)

    def ends(self, how: End, text: str) -> None:
        """Say how the study ended; nothing comes after."""
        with self._lock:
            self.end = how
            self._tell(stage=text, end=how)

    def _tell(self, **values: Any) -> None:
        self._head |= values
        self._version += 1
        self._head_version = self._version

    def since(self, seen: int) -> tuple[int, dict[str, Any] | None]:
        """Return the version of now, and what is new since another; None if nothing is."""
        with self._lock:
            version = self._version
            if version == seen:
                return version, None
            head = dict(self._head) if self._head_version > seen else {}
            runs = [run.copy() for run in self._runs.values() if run.version > seen]
            progress = self._progress()
        # Spelling numbers out takes longest, and training need not wait for it.
        return version, {**head, **progress, "runs": [run.as_json() for run in runs]}

    def _progress(self) -> dict[str, Any]:
        """Return the share of all steps that is made, and the seconds that the rest takes at most.

        What early stopping saves is not known before.
        """
        runs = self._runs.values()
        planned, made = sum(run.steps for run in runs), sum(run.step for run in runs)
        left = None
        now_made = sum(run.step - run.began for run in runs)
        if self._trains_since is not None and now_made:
            seconds = time.monotonic() - self._trains_since
            left = seconds / now_made * (planned - made)
        return {"made": made, "planned": planned, "left": left}


def _finite(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None
