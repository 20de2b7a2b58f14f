"""`onelayer inspect` and `onelayer export`: what a model file holds, and other forms of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import fill

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from onelayer.cli.out import check_out
from onelayer.cli.progress import say
from onelayer.cli.terminal import Terminal, print_json, visible
from onelayer.errors import InputError
from onelayer.inference import Classifier, Description, describe
from onelayer.training import Minimum, TrainConfig, option_of
from onelayer.training.class_weights import class_weights_in_words
from onelayer.training.messages import as_toml
from onelayer.words import first_few

FORMATS = ("onnx", "skops")
LARGEST = 6


def run_inspect_command(model: Path, *, as_json: bool) -> None:
    """Run the command; see `onelayer inspect --help`."""
    description = describe(Classifier.load(model), LARGEST)
    if as_json:
        print_json(description.as_json())
        return
    console = Terminal(stderr=False)
    facts = Table(box=None, show_header=False, pad_edge=False)
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column()
    for name, value in _facts(description):
        facts.add_row(name, value)
    console.print(facts)
    console.print(_largest(description, console.width))


def run_export_command(model: Path, *, to: str, out: Path | None, force: bool) -> None:
    """Run the command; see `onelayer export --help`."""
    if to not in FORMATS:
        raise InputError(f"--format: {to!r} was given; allowed: {', '.join(FORMATS)}.")
    classifier = Classifier.load(model)
    out = check_out(out or model.with_suffix(f".{to}"), (f".{to}",), force=force, reads=(model,))
    if to == "onnx":
        from onelayer.inference.onnx import export_onnx  # an optional library

        export_onnx(classifier, out)
    else:
        from onelayer.inference.skops import export_skops  # an optional library

        export_skops(classifier, out)
    say(Terminal(), f"{to}: {out}")


def _facts(d: Description) -> Iterator[tuple[str, str]]:
    image = f", images of {d.image_shape[1]} × {d.image_shape[0]} pixels" if d.image_shape else ""
    yield "model", f"{d.model} regression, {d.dtype}"
    yield "predicts", f"{d.target or 'the class'}: {first_few(d.classes, str)}"
    yield "features", f"{d.n_features:,}{image}; scaling: {d.scaling}"
    if d.fills_missing:
        yield "missing values", "replaced with the means of the training examples"
    yield "weight norm", f"{d.weight_norm:.4g}"
    said = {"source": "trained on", "fingerprint": "data SHA-256", "groups": "groups by"}
    for key, words in said.items():
        if key in d.data:
            yield words, str(d.data[key])
    if not d.record:
        return
    record = d.record
    sizes = f"{record['n_train']:,} examples, {record['n_validation']:,} to validate"
    yield "training", f"{sizes}; {record['message']}"
    final, weights = record["final"], record.get("class_weights")
    if weights is not None:
        yield "class weights", class_weights_in_words(record["classes"], weights)
    how = ("", "") if weights is None else (" (not weighted)", " (both weighted by class)")
    for part, key, words in zip(("validation", "training"), ("val", "train"), how, strict=True):
        loss, accuracy = final[f"{key}_loss"], final[f"{key}_accuracy"]
        if loss is not None and accuracy is not None:
            yield f"{part} examples", f"loss {loss:.4f}, accuracy {accuracy:.2%}{words}"
    config = TrainConfig.model_validate(record["config"])
    if record.get("minimum") and config.solver == "sgd":
        yield "minimum", Minimum.from_json(record["minimum"]).message
    yield (
        "options",
        ", ".join(
            f"{key} {_option(value)}"
            for key, value in record["config"].items()
            if key != "model"
            and value is not None
            and not (config.solver == "optimum" and option_of(TrainConfig, key).of_steps)
        ),
    )


def _option(value: object) -> str:
    """Return an option's value; of a table what is set in it."""
    if isinstance(value, dict):
        return as_toml({key: part for key, part in value.items() if part is not None})
    return str(value)


def _largest(d: Description, width: int) -> Table:
    widest = width // 3
    shown = f"The {LARGEST} largest" if d.n_features > LARGEST else "The"
    table = Table(
        title=f"{shown} weights of each class, of scaled features",
        box=None, title_justify="left",
    )  # fmt: skip
    table.add_column("class", header_style="bold", no_wrap=True, max_width=widest)
    table.add_column("weights", header_style="bold")
    labels = ["class", *(visible(str(output.label)) for output in d.outputs)]
    room = width - min(widest, max(map(cell_len, labels))) - 4  # blanks around both columns
    for output in d.outputs:
        weights = (f"{visible(str(w.feature))} {w.scaled:+.3g}" for w in output.by_scaled)
        table.add_row(str(output.label), Text(_in_lines(weights, room)))
    return table


def _in_lines(entries: Iterable[str], width: int) -> str:
    """Return a list with commas whose lines end between entries, not within one as (14, 15)."""
    joined = ", ".join(entry.replace(" ", "\0") for entry in entries)
    return fill(joined, width, break_long_words=False, break_on_hyphens=False).replace("\0", " ")
