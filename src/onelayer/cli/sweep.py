"""`onelayer sweep`: train a grid of models together, choose one, and show why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.table import Table

from onelayer.cli.extras import advice
from onelayer.cli.progress import say
from onelayer.cli.terminal import Terminal, print_json
from onelayer.cli.training_options import train_config
from onelayer.cli.watching import watched
from onelayer.sweep import Grid, SweepResult, is_negated, plain_name
from onelayer.words import fixed
from onelayer.workflow.files import TrainingFiles
from onelayer.workflow.splits import scored_on
from onelayer.workflow.sweep import FileSweep, MakePage, sweep_files
from onelayer.workflow.sweep_folder import MODEL, PAGE, TABLE
from onelayer.workflow.words import weights_in_words


def run_sweep_command(
    files: TrainingFiles,
    options: dict[str, Any],
    *,
    folds: int | None,
    score: str,
    out: Path,
    threads: int | None,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run the command; see `onelayer sweep --help`."""
    rate = 0.01 if options["learning_rate"] is None else options["learning_rate"]
    grid = Grid.of(options["l2"], rate, options["features"] or None)
    one = options | {"l2": 0.0, "features": None} | next(iter(grid.candidates()), {})
    if options["learning_rate"] is None:
        del one["learning_rate"]
    console = Terminal(quiet=quiet)
    no_page = advice("The page of a sweep")
    done = sweep_files(
        files, grid, train_config(one), out.expanduser(), folds=folds, score=score,
        threads=threads, force=force, make_page=None if no_page else _page(files, folds),
        watch=watched(console),
    )  # fmt: skip
    if not quiet:
        console.print_table(_table(done.result))
    for note in (done.result.summary, *done.notes):
        say(console, note)
    say(console, f"Table: {out / TABLE}")
    say(console, f"Model: {out / MODEL}")
    say(console, no_page or f"Report: {out / PAGE}")
    if as_json:
        print_json(done.as_json())


def _page(files: TrainingFiles, folds: int | None) -> MakePage:
    def make(done: FileSweep) -> str:
        from onelayer.report.sweep import sweep_page  # draws, and takes seconds to load

        facts = {"Scaling": done.data.scaling, "Scored on": scored_on(files, folds)}
        if weighted := weights_in_words(done.data):
            facts |= {"Weighted": weighted}
        return sweep_page(done.result, done.classifier, done.notes, facts)

    return make


def _table(result: SweepResult) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    folds = len(result.best.scores) > 1
    errors = ["± std. err."] if folds else []
    sign, name = -1 if is_negated(result.score_name) else 1, plain_name(result.score_name)
    read = ["features"] if any(c.features for c in result.candidates) else []
    steps = ["learning rate"] if result.best.learning_rate is not None else []
    for heading in ("rank", *read, "l2", *steps, name, *errors, "train loss"):
        table.add_column(heading, justify="right")
    table.add_column("ended", no_wrap=True)
    for candidate in sorted(result.candidates, key=lambda candidate: candidate.rank)[:20]:
        score, error = candidate.mean_score, candidate.standard_error
        table.add_row(
            str(candidate.rank), *([candidate.range] if read else []), f"{candidate.l2:g}",
            *([f"{candidate.learning_rate:g}"] if steps else []),
            fixed(None if score is None else sign * score),
            *(["" if error is None else fixed(error)] if folds else []),
            fixed(candidate.train_loss), candidate.stop_reason,
        )  # fmt: skip
    return table
