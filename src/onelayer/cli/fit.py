"""`onelayer fit`: train one model on a file, and keep it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from onelayer.cli.out import check_out
from onelayer.cli.progress import say
from onelayer.cli.terminal import Terminal, print_json
from onelayer.cli.training_options import train_config
from onelayer.cli.watching import watched
from onelayer.training import Final
from onelayer.training.result import worse_than_equal
from onelayer.words import fixed
from onelayer.workflow.files import TrainingFiles
from onelayer.workflow.fit import fit_files
from onelayer.workflow.words import far_from_minimum


def run_fit_command(
    files: TrainingFiles,
    options: dict[str, Any],
    *,
    chooses: bool,
    out: Path,
    threads: int | None,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run the command; see `onelayer fit --help`."""
    out = check_out(out, (".safetensors",), force=force, reads=files.paths)
    console = Terminal(quiet=quiet)
    result, model = fit_files(
        files, train_config(options), out, chooses=chooses, threads=threads, watch=watched(console)
    )
    say(console, f"{result.message[0].upper()}{result.message[1:]}.")
    say(console, _figures(result.final, weighted="class_weights" in model.record))
    if result.minimum is not None and result.config.solver == "sgd":
        say(console, f"{result.minimum.message[0].upper()}{result.minimum.message[1:]}.")
    if result.convergence is not None and not result.convergence.reached:
        say(console, far_from_minimum(result.stop_reason, result.convergence))
    if worse := worse_than_equal(result.final.train_loss or 0.0, model.model, len(model.classes)):
        advice = ", or --scale standard" if files.scale in ("none", "minmax") else ""
        say(
            console,
            f"Warning: the training loss is {worse}. Take a smaller --learning-rate{advice}.",
        )
    say(console, f"Model: {out}")
    if as_json:
        print_json({"file": str(out), **model.record})


def _figures(final: Final, *, weighted: bool) -> str:
    text = f"training loss {fixed(final.train_loss)}, accuracy {final.train_accuracy or 0:.2%}"
    text += " (both weighted by class)" if weighted else ""
    if final.val_loss is not None and final.val_accuracy is not None:
        text += f"; validation loss {fixed(final.val_loss)}, accuracy {final.val_accuracy:.2%}"
        text += " (not weighted)" if weighted else ""
    return f"The model has {text}."
