"""Run a study in a folder: train, diagnose, write the report; and write the report anew."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from onelayer.diagnosis import Finding, check_codes, diagnose, finding_from_json
from onelayer.engines.cluster import Cluster, on_cluster
from onelayer.errors import Argument, InputError
from onelayer.storage import Folder
from onelayer.study import (
    FINDINGS,
    PAGE,
    Observer,
    Outcome,
    RunFolderReader,
    RunFolderWriter,
    Study,
    StudyData,
    check_study,
    environment,
    json_bytes,
    run_study,
)
from onelayer.threads import available_cores
from onelayer.training import warm_up
from onelayer.workflow.watch import KERNELS, Stage, Stoppable

MakeReport = Callable[[Outcome, list[Finding]], Mapping[str, bytes]]
"""Returns the report's files by their names in the folder, the page last."""


@dataclass
class Clock:
    """How long each stage took, in seconds."""

    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds: dict[str, float] = field(default_factory=dict)
    _last: float = field(default_factory=time.perf_counter)

    def lap(self, stage: str) -> None:
        """End a stage."""
        now = time.perf_counter()
        self.seconds[stage] = now - self._last
        self._last = now


def study_in_folder(
    study: Study,
    data: StudyData,
    path: Path,
    make_report: MakeReport,
    *,
    observer: Observer = lambda _run, _event: None,
    stage: Stage = lambda _text: nullcontext(),
    clock: Clock | None = None,
    threads: int | None = None,
    force: bool = False,
    stoppable: Stoppable = nullcontext,
    cluster: Cluster | None = None,
) -> tuple[Outcome, list[Finding]]:
    """Run a study in a folder, or take it up there, up to the report.

    On a cluster, where there is one, the runs are trained; all else is done here.

    Where it is stopped while it trains, by the event that `stoppable` gives or by Ctrl-C,
    `Outcome.missing` names what is left, and the same call goes on.

    Raises
    ------
    InputError
        If study and data do not fit together, or the folder cannot be used.
    OnelayerError
        If something cannot be written; what was done is kept, and the same call goes on.
    """
    clock = clock or Clock()
    check_study(study, data)
    check_codes(study.mute)
    place = None if cluster is None else partial(on_cluster, cluster=cluster)
    if place is not None:
        check_orders(study)
    with stage(KERNELS):
        warm_up(data.train, data.validation, [run.config for run in study.runs], threads)
    clock.lap("kernels")
    with RunFolderWriter.open(path, study, data.facts(), force=force) as folder:
        with stoppable() as stop:
            outcome = run_study(
                study, data, folder, observer, threads=threads, stop=stop, place=place
            )
        clock.lap("training")
        if outcome.missing:
            return outcome, []
        found = diagnose(
            outcome, data, mute=study.mute, threads=threads,
            watch=lambda check: stage(f"Diagnosing: {check.kind.title}"),
        )  # fmt: skip
        written = json_bytes([finding.as_json() for finding in found])
        findings = _findings(written)  # as whoever reads the folder has them
        clock.lap("diagnosis")
        with stage("Writing the report"):
            report = make_report(outcome, findings)
        clock.lap("report")
        facts = environment(clock.started, clock.seconds, threads or available_cores())
        folder.finish(
            {
                FINDINGS: written,
                "environment.json": json_bytes(facts),
                **report,
            }
        )
    return outcome, findings


def check_orders(study: Study) -> None:
    """Refuse runs that a cluster cannot train.

    Raises
    ------
    InputError
    """
    for run in study.runs:
        if run.config.solver == "sgd" and run.config.order != "blocks":
            raise InputError(
                Argument("cluster"), f": runs.{run.name} has the order {run.config.order}, and "
                "runs on a cluster have the order blocks alone; say so in the study, or with "
                "--set order=blocks.",
            )  # fmt: skip


def report_anew(path: Path, make_report: MakeReport) -> Path:
    """Write the report of a finished run folder again, without training; return its page.

    Raises
    ------
    InputError
        If the folder is none, is not finished, or a file in it was changed.
    """
    reader = RunFolderReader.load(path)
    if not reader.is_finished:
        raise InputError(
            f"{path}: the study is not finished; the command that began it goes on with it."
        )
    files = make_report(reader.outcome(), _findings(reader.folder.read(FINDINGS)))
    with Folder.lock(path) as folder:
        folder.commit(files)
    return path / PAGE


def _findings(content: bytes) -> list[Finding]:
    return [finding_from_json(values) for values in json.loads(content)]
