"""The options that several commands share. Training options have their names everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

# What a file is read by -----------------------------------------------------------------------

FILES = (
    "A table (.csv, .tsv, .parquet, .arrow), arrays (.npy, .npz, .safetensors), IDX images, a "
    "folder with one subfolder of images a class, a folder of IDX files, digits, or mnist."
)

Train = Annotated[str, typer.Argument(metavar="TRAIN", help=FILES)]
Data = Annotated[str, typer.Argument(metavar="DATA", help=FILES)]
Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A model file (.safetensors).")]
Target = Annotated[
    str | None,
    typer.Option(
        "--target",
        metavar="NAME",
        help="The label column of a table. Default: target, label, class or y.",
        show_default=False,
    ),
]
Labels = Annotated[
    str | None,
    typer.Option(
        "--labels",
        metavar="FILE",
        help="The labels, where they are not in the file itself: .npy, .txt, a table, IDX.",
        show_default=False,
    ),
]
Validation = Annotated[
    str,
    typer.Option(
        "--validation",
        metavar="FILE|SHARE",
        help="A file, or the share of TRAIN to hold out; 0 for no validation.",
    ),
]
ValidationLabels = Annotated[
    str | None,
    typer.Option(
        "--validation-labels",
        metavar="FILE",
        help="The labels of the validation file, where they are not in it.",
        show_default=False,
    ),
]
Size = Annotated[
    str | None,
    typer.Option(
        "--size",
        metavar="WIDTHxHEIGHT",
        help="Resize the images of a folder.",
        show_default=False,
    ),
]
Drop = Annotated[
    list[str] | None,
    typer.Option("--drop", metavar="NAME", help="Leave out a column; may be repeated."),
]
Impute = Annotated[
    str | None,
    typer.Option(
        "--impute",
        metavar="mean",
        help="Replace missing values with the mean of their column in TRAIN.",
        show_default=False,
    ),
]
Scale = Annotated[
    str | None,
    typer.Option(
        "--scale",
        metavar="none|standard|minmax",
        help="What features are scaled by, fitted to the training examples. Default: pixels to "
        "[-1, 1], all else standard (mean 0, standard deviation 1).",
        show_default=False,
    ),
]

# Training -------------------------------------------------------------------------------------

ModelName = Annotated[
    str, typer.Option("--model", metavar="softmax|logistic", help="logistic: two classes.")
]
BatchSize = Annotated[int | None, typer.Option("--batch-size", help="Examples in a batch. [128]")]
MaxEpochs = Annotated[
    int | None, typer.Option("--max-epochs", help="Passes over the training examples. [50]")
]
LearningRate = Annotated[float | None, typer.Option("--learning-rate", help="Step size. [0.01]")]
L2 = Annotated[float | None, typer.Option("--l2", help="λ of the penalty λ‖W‖². [0]")]
PenalizeBias = Annotated[
    bool | None,
    typer.Option("--penalize-bias/--no-penalize-bias", help="Whether the penalty covers it. [no]"),
]
Shuffle = Annotated[
    bool | None,
    typer.Option("--shuffle/--no-shuffle", help="A new order in each epoch. [yes]"),
]
Seed = Annotated[int | None, typer.Option("--seed", help="Of the order and of the split. [0]")]
DropLast = Annotated[
    bool | None,
    typer.Option("--drop-last/--keep-last", help="Leave out a last, short batch. [keep]"),
]
EvaluationsPerEpoch = Annotated[
    int | None, typer.Option("--evaluations-per-epoch", help="How often to evaluate. [5]")
]
EarlyStopping = Annotated[
    int | None,
    typer.Option(
        "--early-stopping",
        metavar="PATIENCE",
        help="Stop when so many evaluations in a row were not better; the best weights are kept.",
    ),
]
MinDelta = Annotated[
    float | None,
    typer.Option("--min-delta", help="How much better an evaluation must be to count. [0]"),
]
Dtype = Annotated[
    str | None,
    typer.Option("--dtype", metavar="float32|float64", help="Of the arithmetic. [float32]"),
]
Threads = Annotated[
    int | None, typer.Option("--threads", min=1, help="How many threads work. Default: all cores.")
]

# Output ---------------------------------------------------------------------------------------

Force = Annotated[bool, typer.Option("--force", help="Replace what is there.")]
Json = Annotated[bool, typer.Option("--json", help="Print the results as JSON on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print errors only.")]


def training_options(given: dict[str, Any]) -> dict[str, Any]:
    """Return the training options that were given, as `TrainConfig` takes them."""
    options = {key: value for key, value in given.items() if value is not None}
    patience, min_delta = options.pop("early_stopping", None), options.pop("min_delta", None)
    if patience is not None or min_delta is not None:
        rule = {"patience": patience, "min_delta": min_delta}
        options["early_stopping"] = {k: v for k, v in rule.items() if v is not None}
    return options
