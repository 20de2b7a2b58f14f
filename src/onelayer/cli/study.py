"""`onelayer study`: resolve, train, diagnose, report, print."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from onelayer.cli import signals
from onelayer.cli.answers import print_answers
from onelayer.cli.browser import open_page
from onelayer.cli.cluster import on_cluster
from onelayer.cli.data import download_mnist
from onelayer.cli.progress import StudyProgress
from onelayer.cli.report import ReportProcess
from onelayer.cli.terminal import Terminal, print_json
from onelayer.data.sources import FOLDER_VARIABLE
from onelayer.errors import InputError, OnelayerError
from onelayer.storage import write_file
from onelayer.study import (
    PAGE,
    STUDY,
    Outcome,
    Replicates,
    RunFolderReader,
    built_in_studies,
    load_data,
    read_study_file,
    resolve,
    template,
)
from onelayer.training import RunRecord
from onelayer.words import first_few, first_sentence, fixed
from onelayer.workflow.cluster import workers_of
from onelayer.workflow.study import Clock, check_orders, report_anew, study_in_folder
from onelayer.workflow.sweep_folder import refuse_sweep

if TYPE_CHECKING:
    from onelayer.cli.live import LivePage


def run_study_command(
    study: str,
    report: ReportProcess,
    *,
    source: str | None,
    out: Path | None,
    overrides: list[str],
    threads: int | None,
    cluster: str | None,
    force: bool,
    as_json: bool,
    show: bool,
    quiet: bool,
    page: LivePage | None = None,
) -> None:
    """Run the command; see `onelayer study --help`."""
    clock = Clock()
    console = Terminal()
    if page is None:
        progress = StudyProgress(console, quiet=quiet)
    else:
        progress = page.progress(console, quiet=quiet)

    table, where = read_study_file(study, _asked_source(source, overrides))
    resolved = resolve(table, where, source=source, overrides=overrides)
    if cluster is not None:  # what is wrong with it is said before anything is read or started
        workers_of(cluster)
        check_orders(resolved)
    report.prepare(resolved)
    if resolved.data.source == "mnist" and not os.environ.get(FOLDER_VARIABLE):
        download_mnist(console, quiet=quiet)
    with progress.stage(f"Reading {resolved.data.source}"):
        data = load_data(resolved, limits=_limits(source, overrides))
    for note in data.notes:
        progress.say(f"Note: {note}")
    resolved = resolved.model_copy(update={"data": data.choice})
    path = out or default_folder(resolved.name, data.choice.source)
    _check_not_in_folder(study, path)
    clock.lap("data")

    if page is not None:
        page.begins(resolved, data, path, force=force)

    with on_cluster(cluster, quiet=quiet) as there, progress:
        outcome, findings = study_in_folder(
            resolved, data, path, report.files, observer=progress, stage=progress.stage,
            clock=clock, threads=threads, force=force,
            stoppable=signals.listening, cluster=there,
        )  # fmt: skip
    for finding in findings:
        if finding.is_warning:
            progress.say(f"Warning: {first_sentence(finding.statement)}")
    if not quiet and outcome.runs:
        console.print_table(_table(outcome))
    if far := _far_from_minimum(outcome):
        progress.say(far)
    if as_json:
        print_json(RunFolderReader.load(path).results())
    if outcome.missing:
        done = len(resolved.runs) - len(outcome.missing)
        raise OnelayerError(
            f"Interrupted: {done} of {len(resolved.runs)} runs are done and kept in {path}. "
            "The same command goes on where it was."
        )
    if not quiet:
        print_answers(console, outcome, findings)
    if page is not None:
        page.has_report(path)
    progress.say(f"Report: {path / PAGE}")
    if show:
        open_page((path / PAGE).resolve().as_uri())
    if why := outcome.why_none:
        raise OnelayerError(why)


def list_studies() -> None:
    """Print the built-in studies; see `onelayer study --list`."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("study", no_wrap=True)
    table.add_column("about", justify="right", no_wrap=True)
    table.add_column("question")
    for study in built_in_studies():
        table.add_row(study.name, f"{study.seconds} s", study.question)
    table.caption = (
        "The time is that on the digits with two cores; with --data mnist it is longer. "
        "onelayer new FILE.toml begins one of your own."
    )
    table.caption_justify = "left"
    Terminal().print_table(table)


def new_study(path: Path) -> None:
    """Write a commented study file; see `onelayer new --help`."""
    if path.suffix != ".toml":
        raise InputError(f"{path}: a study file's name ends with .toml.")
    if path.exists():
        raise InputError(f"{path}: is there already; give another name.")
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}; make it first.")
    write_file(path, template().encode())
    StudyProgress(Terminal(), quiet=False).say(f"Written: {path}. Run it: onelayer study {path}")


def _asked_source(source: str | None, overrides: list[str]) -> str | None:
    """Return the data that was asked for on the command line."""
    for override in overrides:
        key, _, value = override.partition("=")
        if key.strip() == "data.source":
            source = value.strip().strip("\"'")
    return source


def _far_from_minimum(outcome: Outcome) -> str | None:
    """Name the runs that ran out of epochs or steps far from their minima, if there are any."""
    measured = [(run.called, run.record.convergence) for run in outcome.runs]
    far = [name for name, found in measured if found is not None and not found.reached]
    if not far:
        return None
    return (
        f"Ended before they had converged: {first_few(far, str)}. results.json says by how much J "
        "could still fall."
    )


def run_report_command(path: Path, report: ReportProcess, *, quiet: bool) -> None:
    """Write a folder's report anew; see `onelayer report --help`."""
    progress = StudyProgress(Terminal(), quiet=quiet)
    refuse_sweep(path)
    report.prepare(RunFolderReader.load(path).study)
    with progress.stage("Writing the report"):
        page = report_anew(path, report.files)
    progress.say(f"Report: {page}")


def _check_not_in_folder(study: str, path: Path) -> None:
    """Refuse to write the resolved study over the file that it came from."""
    if (path / STUDY).exists() and Path(study).exists() and (path / STUDY).samefile(study):
        raise InputError(
            f"--out {path}: holds the study file itself, {study}, which would be overwritten; name "
            "another folder."
        )


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


def _table(outcome: Outcome) -> Table:
    # One blank between columns: with two the names of runs are cut off on 80 columns.
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    groups = outcome.replicates
    group_of = {name: group for group in groups for name in group.members}
    alone = [run for run in outcome.runs if run.name not in group_of]
    # Numbers with their spread are wide: what says nothing leaves room for names, which may break.
    ends = dict.fromkeys(str(run.record.stop_reason) for run in outcome.runs)
    in_common = " or ".join(ends) if groups and (len(ends) == 1 or not alone) else None
    minima = any(run.record.minimum for run in alone)
    table.add_column("run", no_wrap=not groups, overflow="fold" if groups else "ellipsis")
    if in_common is None:
        table.add_column("ended", no_wrap=True)
    for heading in (
        "steps", *(["best step"] if alone else []), "val. loss", "val. acc.", "train acc.", "norm",
        *(["above min."] if minima else []),
    ):  # fmt: skip
        table.add_column(heading, justify="right")
    for run in outcome.runs:
        if (group := group_of.get(run.name)) is not None:
            if run.name == group.members[0]:
                name, ended, steps, *numbers = _replicated(group)
                table.add_row(
                    name, *([] if in_common else [ended]), steps, *(["–"] if alone else []),
                    *numbers, *(["–"] if minima else []),
                )  # fmt: skip
            continue
        record, final = run.record, run.record.final
        table.add_row(
            run.label, *([] if in_common else [str(record.stop_reason)]), f"{record.steps:,}",
            f"{record.best.step:,}" if record.best else "–",
            _shown(final.val_loss, fixed), _shown(final.val_accuracy, _percent),
            _shown(final.train_accuracy, _percent), fixed(final.weight_norm, 3),
            *([_above(record)] if minima else []),
        )  # fmt: skip
    table.caption = "Loss, accuracies and norm are those of the weights that are kept."
    if in_common is not None:
        table.caption += f" All runs ended by {in_common}."
    if minima:
        table.caption += " The last column: how far J is above its minimum."
    if groups:
        table.caption += (
            " With ±: mean and standard deviation of runs that differ in seed or draw alone; "
            "their norm is the mean."
        )
    table.caption_justify = "left"
    return table


def _replicated(group: Replicates) -> tuple[str, ...]:
    """Return the cells of runs that differ in seed or draw alone."""
    ends = dict.fromkeys(str(record.stop_reason) for record in group.records)
    steps = sorted(record.steps for record in group.records)
    return (
        f"{group.label}: {group.over}", "/".join(ends),
        "–".join(f"{count:,}" for count in dict.fromkeys((steps[0], steps[-1]))),
        group.in_words("val_loss", fixed), group.in_words("val_accuracy", _percent),
        group.in_words("train_accuracy", _percent),
        _shown(group.mean("weight_norm"), lambda norm: fixed(norm, 3)),
    )  # fmt: skip


def _above(record: RunRecord) -> str:
    """Return by how much J exceeds its minimum: that of the search, with what it left open."""
    minimum = record.minimum
    if record.config.solver == "optimum":  # what the search itself left open
        known = minimum is not None and minimum.bound is not None
        return f"≤ {minimum.bound:.1g}" if minimum is not None and known else "–"
    if minimum is None or minimum.excess is None:
        return "–"
    return f"{minimum.excess:.2g}" if minimum.bound is not None else f"≥ {minimum.excess:.2g}"


def _shown(value: float | None, spell: Callable[[float], str]) -> str:
    return "–" if value is None else spell(value)


def _percent(share: float) -> str:
    return f"{100 * share:.2f}%"
