"""`onelayer sweep`: train a grid of models together, choose one, and show why."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from onelayer.cli.bar import TrainingBar
from onelayer.cli.extras import advice
from onelayer.cli.fit import train_config
from onelayer.cli.material import (
    Reading,
    choose_scaling,
    read_training,
    read_validation,
    what_prediction_needs,
)
from onelayer.cli.progress import fixed, say
from onelayer.data import Dataset
from onelayer.data.files import Examples
from onelayer.errors import InputError, OnelayerError
from onelayer.estimators import SoftmaxRegressionCV
from onelayer.storage import make_folder, write_file
from onelayer.sweep import Grid, SweepResult
from onelayer.threads import available_cores
from onelayer.training import Schedule, as_classifier, warm_up

FILES = ("results.csv", "results.json", "model.safetensors", "report.html")


def run_sweep_command(
    reading: Reading,
    options: dict[str, Any],
    *,
    folds: int | None,
    out: Path,
    threads: int | None,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run the command; see `onelayer sweep --help`."""
    _check_folder(out, force=force)
    share = None if folds else reading.share()
    if folds is None and share == 0:
        raise InputError(
            "--validation: a sweep needs examples to choose by; give some, or --folds."
        )
    grid = Grid.of(options["l2"], options["learning_rate"])
    one = options | {"l2": grid.l2[0], "learning_rate": grid.learning_rate[0]}
    config = train_config({"max_epochs": 50} | one)

    console = Console(stderr=True, quiet=quiet)
    with console.status(escape(f"Reading {reading.train}")):
        examples, _, _ = read_training(reading, share, config.seed)
        if folds is not None:
            _check_folds(folds, examples)
        scale, words = choose_scaling(reading.scale, examples)
        assert examples.y is not None  # they were asked for
        validation: dict[str, Any] = {}
        if folds is None and share is None:
            classes = tuple(np.unique(examples.y).tolist())
            X, labels = read_validation(reading, examples, classes)
            validation = {"X_val": X, "y_val": labels}
    with console.status("Loading the kernels; the first use on a machine compiles them"):
        data = Dataset(examples.X, examples.y)
        warm_up(data, data, [config])
    candidates = len(grid.combinations())
    say(
        console,
        f"{examples.n_examples:,} examples, {examples.n_features:,} features, {words}; "
        f"{candidates} candidates" + (f" on {folds} folds." if folds else "."),
    )
    named = config.model_dump(exclude={"model", "seed", "l2", "learning_rate"})
    sweep = SoftmaxRegressionCV(
        **named | {"l2": options["l2"], "learning_rate": options["learning_rate"]},
        cv=folds, validation_fraction=share or 0.1, random_state=config.seed, scale=scale,
        n_jobs=threads or available_cores(),
    )  # fmt: skip
    n_train = round(examples.n_examples * (1 - (share or 0)))
    bar = TrainingBar(console, candidates * (folds or 1), Schedule.of(config, n_train).max_steps)
    notes, result = _fit(sweep, examples, validation, bar)
    sweep.summary_ = sweep.summary_.replace(" on X_val", f" on {reading.validation}")
    if not np.isfinite(sweep.best_score_):
        raise OnelayerError(f"{sweep.summary_} Nothing was written.")

    make_folder(out)
    on = f"{folds} folds" if folds else reading.validation
    model = as_classifier(
        result.final, name=out.name, classes=tuple(sweep.classes_.tolist()),
        **what_prediction_needs(examples, reading, on),
    )  # fmt: skip
    model.save(out / "model.safetensors")
    table = sweep.results_
    write_file(out / "results.csv", table.drop("scores").write_csv().encode())
    document = {
        "best": sweep.best_params_,
        "best_score": sweep.best_score_,
        "score": sweep.score_name_,
        "summary": sweep.summary_,
        "notes": notes,
        "candidates": _finite(table.to_dicts()),
    }
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    write_file(out / "results.json", f"{text}\n".encode())
    no_page = advice("The page of a sweep")
    if no_page is None:
        with console.status("Writing the report"):
            from onelayer.cli.sweep_report import sweep_report  # draws, and takes seconds to load

            facts = {"Scaling": words, "Scored on": _scored_on(folds, share, reading)}
            page = sweep_report(sweep, examples, notes, facts)
            write_file(out / "report.html", page.encode())
    if not quiet:
        console.print(_table(sweep))
    for note in (sweep.summary_, *notes):
        say(console, note)
    say(console, f"Table: {out / 'results.csv'}")
    say(console, f"Model: {out / 'model.safetensors'}")
    say(console, no_page or f"Report: {out / 'report.html'}")
    if as_json:
        print(text)


def _scored_on(folds: int | None, share: float | None, reading: Reading) -> str:
    if folds is not None:
        return f"{folds} folds"
    return reading.validation if share is None else f"{100 * share:.3g}% of the examples, held out"


def _check_folder(out: Path, *, force: bool) -> None:
    if out.exists() and not out.is_dir():
        raise InputError(f"--out {out}: is a file; name a folder.")
    if not out.is_dir():
        return
    if (out / "manifest.json").exists():
        raise InputError(f"--out {out}: holds a study; name another folder.")
    if force:
        return
    there = [name for name in FILES if (out / name).exists()]
    if there:
        raise InputError(f"--out {out}: holds {there[0]}. Name another folder, or use --force.")
    if any(out.iterdir()):
        raise InputError(f"--out {out}: is not empty; name another folder.")


def _check_folds(folds: int, examples: Examples) -> None:
    _, counts = np.unique(np.asarray(examples.y), return_counts=True)
    if folds > counts.max():
        raise InputError(
            f"--folds: {folds} was given, and no class has more than {counts.max()} examples; take "
            "fewer folds."
        )


def _fit(
    sweep: SoftmaxRegressionCV,
    examples: Examples,
    validation: dict[str, Any],
    bar: TrainingBar,
) -> tuple[list[str], SweepResult]:
    """Fit with a bar; return the warnings and the result."""
    results: list[SweepResult] = []
    with warnings.catch_warnings(record=True) as caught, bar:
        warnings.simplefilter("always")
        sweep._listen, sweep._ended = bar, results.append
        try:
            sweep.fit(examples.X, examples.y, **validation)
        except KeyboardInterrupt:
            raise OnelayerError("Interrupted: nothing was written.") from None
        finally:
            del sweep._listen, sweep._ended
    return [str(warning.message) for warning in caught], results[0]


def _finite(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows for JSON, which knows neither NaN nor infinity: they become null."""

    def plain(value: Any) -> Any:
        if isinstance(value, list):
            return [plain(part) for part in value]
        return None if isinstance(value, float) and not np.isfinite(value) else value

    return [{key: plain(value) for key, value in row.items()} for row in rows]


def _table(sweep: SoftmaxRegressionCV) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    errors = ["± std. err."] if sweep.cv else []
    for heading in ("rank", "l2", "learning rate", "log loss", *errors, "train loss"):
        # In a narrow terminal a heading is broken between words, and no number is cut off.
        table.add_column(heading, justify="right", min_width=max(map(len, heading.split())))
    table.add_column("ended", no_wrap=True)
    for row in sweep.results_.sort("rank").head(20).to_dicts():
        score, error = row["mean_score"], row["standard_error"]
        table.add_row(
            str(row["rank"]), f"{row['l2']:g}", f"{row['learning_rate']:g}",
            "–" if score is None else fixed(-score),
            *(["" if error is None else fixed(error)] if errors else []),
            fixed(row["train_loss"]), row["stop_reason"],
        )  # fmt: skip
    return table
