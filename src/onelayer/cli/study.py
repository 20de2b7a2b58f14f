"""`onelayer study`: resolve, train, diagnose, report, print."""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from onelayer.cli.data import download_mnist
from onelayer.cli.progress import StudyProgress, fixed
from onelayer.cli.report import ReportProcess
from onelayer.data.sources import FOLDER_VARIABLE
from onelayer.diagnosis import Severity, diagnose
from onelayer.errors import OnelayerError
from onelayer.study import (
    Outcome,
    RunFolder,
    environment,
    load_data,
    open_study,
    read_study_file,
    resolve,
    run_study,
)
from onelayer.training import StopReason, available_cores, warm_up


def run_study_command(
    study: str,
    report: ReportProcess,
    *,
    source: str | None,
    out: Path | None,
    overrides: list[str],
    threads: int | None,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run the command; see `onelayer study --help`."""
    started = datetime.now(UTC)
    clock = _Clock()
    console = Console(stderr=True)
    progress = StudyProgress(console, quiet=quiet)

    table, where = read_study_file(study)
    resolved = resolve(table, where, source=source, overrides=overrides)
    report.prepare(resolved)
    if resolved.data.source == "mnist" and not os.environ.get(FOLDER_VARIABLE):
        download_mnist(console, quiet=quiet)
    with progress.stage(f"Reading {resolved.data.source}"):
        data = load_data(resolved, limits=_limits(source, overrides))
    for note in data.notes:
        progress.say(f"Note: {note}")
    resolved = resolved.model_copy(update={"data": data.choice})
    folder = RunFolder(out or default_folder(resolved.name, data.choice.source))
    open_study(resolved, data, folder, force=force)
    clock.lap("data")

    with progress.stage(
        "Loading the kernels; the first use on a machine compiles them, in seconds"
    ):
        warm_up(data.train, [run.config for run in resolved.runs])
    clock.lap("kernels")

    with progress:
        outcome = run_study(resolved, data, folder, progress, threads=threads)
    clock.lap("training")
    files: dict[str, bytes] = {}
    if not outcome.missing:
        with progress.stage("Diagnosing"):
            findings = diagnose(outcome, data)
            folder.write_json("findings.json", [f.as_json() for f in findings])
        clock.lap("diagnosis")
        for finding in findings:
            if finding.severity is Severity.WARNING:
                progress.say(f"Warning: {finding.statement}")
        with progress.stage("Writing the report"):
            files = report.files(outcome, findings)
        clock.lap("report")
    used = threads or available_cores()
    folder.write_json("environment.json", environment(started, clock.seconds, used))
    for name, content in files.items():  # the page last: it marks the folder as finished
        folder.write_bytes(name, content)

    if not quiet:
        console.print(_table(outcome))
    if as_json:
        json.dump(folder.results, sys.stdout, indent=2, ensure_ascii=False, allow_nan=False)
        print()
    if outcome.missing:
        done = len(resolved.runs) - len(outcome.missing)
        raise OnelayerError(
            f"Interrupted: {done} of {len(resolved.runs)} runs are done and kept in {folder.path}. "
            "The same command goes on from there."
        )
    progress.say(f"Report: {folder.path / 'report.html'}")
    if all(run.stop_reason is StopReason.DIVERGED for run in outcome.runs):
        raise OnelayerError("Every run diverged. Take a smaller learning rate.")


def default_folder(study: str, source: str) -> Path:
    """Return where a study's results go when nothing is said: runs/<study>-<data>."""
    name = Path(source).expanduser().resolve().name if Path(source).exists() else source
    return Path("runs") / f"{study}-{name}"


def _limits(source: str | None, overrides: list[str]) -> set[str]:
    """Return which counts of the study were not chosen for this source."""
    if source is None:
        return set()
    chosen = {override.partition("=")[0].strip() for override in overrides}
    return {key for key in ("train", "validation") if f"data.{key}" not in chosen}


class _Clock:
    """How long each stage took, in seconds."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage] = now - self._last
        self._last = now


def _table(outcome: Outcome) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("run", no_wrap=True)
    table.add_column("ended", no_wrap=True)
    for heading in ("steps", "best step", "val. loss", "val. acc.", "train acc.", "norm"):
        table.add_column(heading, justify="right")
    for run in outcome.runs:
        best = f"{run.best.step:,}" if run.best else "–"
        last = run.last
        cells = (
            ("–",) * 4
            if last is None
            else (
                fixed(last.val_loss),
                f"{100 * last.val_accuracy:.2f}%",
                f"{100 * last.train_accuracy:.2f}%",
                fixed(last.weight_norm, 3),
            )
        )
        name = run.name.replace("[", r"\[")
        table.add_row(name, str(run.stop_reason), f"{run.steps:,}", best, *cells)
    return table
