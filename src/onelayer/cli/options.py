"""The options that several commands share, but for those of training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from onelayer.errors import Argument, InputError

if TYPE_CHECKING:
    from onelayer.workflow.files import File, Share, TrainingFiles

# What a file is read by -----------------------------------------------------------------------

DATA, TRAINING = "Data", "Training"
"""Headings of the help."""

FILES = (
    "A table (.csv, .tsv, .parquet, .arrow), arrays (.npy; .npz or .safetensors with X and y, or "
    "features and labels), IDX images, a folder with one subfolder of images a class, a folder of "
    "IDX files, digits, or mnist. Or what is read block by block: a packed folder, a folder of "
    ".npz, .npy, .parquet or .arrow files, an address such as s3://bucket/folder."
)

Train = Annotated[str, typer.Argument(metavar="TRAIN", help=FILES)]
Data = Annotated[str, typer.Argument(metavar="DATA", help=FILES)]
Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A model file (.safetensors).")]
Target = Annotated[
    str | None,
    typer.Option(
        "--target",
        rich_help_panel=DATA,
        metavar="NAME",
        help="The label column of a table. Default: target, label, class or y.",
        show_default=False,
    ),
]
Labels = Annotated[
    str | None,
    typer.Option(
        "--labels",
        rich_help_panel=DATA,
        metavar="FILE",
        help="The labels, where they are not in the file itself: .npy, .txt, a table, IDX.",
        show_default=False,
    ),
]
Validation = Annotated[
    str | None,
    typer.Option(
        "--validation",
        rich_help_panel=DATA,
        metavar="FILE|SHARE",
        help="A file, or the share of TRAIN to hold out, drawn by --seed: 0.2; 0 for no "
        "validation. Default: 0.2, and none where 5 folds choose the penalty.",
        show_default=False,
    ),
]
ValidationLabels = Annotated[
    str | None,
    typer.Option(
        "--validation-labels",
        rich_help_panel=DATA,
        metavar="FILE",
        help="The labels of the validation file, where they are not in it.",
        show_default=False,
    ),
]
Size = Annotated[
    str | None,
    typer.Option(
        "--size",
        rich_help_panel=DATA,
        metavar="WIDTHxHEIGHT",
        help="Resize the images of a folder.",
        show_default=False,
    ),
]
Drop = Annotated[
    list[str] | None,
    typer.Option(
        "--drop", rich_help_panel=DATA, metavar="NAME", help="Leave out a column; may be repeated."
    ),
]
Groups = Annotated[
    str | None,
    typer.Option(
        "--groups",
        rich_help_panel=DATA,
        metavar="COLUMN",
        help="Examples with the same value in this column stay together: all in one fold, all held "
        "out or none. It is no feature.",
        show_default=False,
    ),
]
Memory = Annotated[
    str | None,
    typer.Option(
        "--memory",
        rich_help_panel=DATA,
        metavar="SIZE",
        help="Read the data block by block, with at most about so much of it in memory: 500MB, "
        "1GB. Packed folders, folders of shards, addresses, and Parquet and Arrow files that are "
        "larger than the memory are read so in any case. Default: half of what is free.",
        show_default=False,
    ),
]
ClusterAt = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        rich_help_panel=DATA,
        metavar="ADDRESS",
        help="Do the work on a Dask cluster: the address of its scheduler, tcp://host:8786, or "
        "local:2 for two worker processes on this machine. The workers read the data, which must "
        "be where they find it too; the order of the examples is then blocks.",
        show_default=False,
    ),
]
Key = Annotated[
    list[str] | None,
    typer.Option(
        "--key",
        metavar="NAME",
        help="A column of DATA to write in front of the predictions; may be repeated. It is no "
        "feature.",
    ),
]
TopK = Annotated[
    int | None,
    typer.Option(
        "--top-k",
        metavar="K",
        help="Also the share of examples whose class is among the K most probable.",
        show_default=False,
    ),
]
Impute = Annotated[
    str | None,
    typer.Option(
        "--impute",
        rich_help_panel=DATA,
        metavar="mean",
        help="Replace missing values with the mean of their column in the training examples; those "
        "held out have no part in it.",
        show_default=False,
    ),
]
ClassWeight = Annotated[
    list[str] | None,
    typer.Option(
        "--class-weight",
        rich_help_panel=TRAINING,
        metavar="WEIGHT",
        help="How much examples count in training: balanced, so that all classes count the same in "
        "sum, or NAME=NUMBER for a class; may be repeated. Other classes have 1. Validation does "
        "not take them into account.",
        show_default=False,
    ),
]
Scale = Annotated[
    str | None,
    typer.Option(
        "--scale",
        rich_help_panel=DATA,
        metavar="KIND",
        help="none, standard (mean 0, standard deviation 1) or minmax (to [-1, 1]), fitted to the "
        "training examples. Default: pixels to [-1, 1], all else standard.",
        show_default=False,
    ),
]

# Training -------------------------------------------------------------------------------------

STEPS_L2, STEPS_RATE = "logspace(-6, -1, 6)", "0.1"
"""What a sweep by steps tries where nothing is said."""

Values = (
    "One number, some with commas, or 'logspace(-6, 0, 7)': seven from 1e-6 to 1; may be repeated."
)
L2Grid = Annotated[
    list[str] | None,
    typer.Option(
        "--l2",
        rich_help_panel=TRAINING,
        metavar="GRID",
        help=f"λ to try. {Values} Default: ten that suit the number of examples; with steps "
        f"{STEPS_L2}.",
        show_default=False,
    ),
]
LearningRateGrid = Annotated[
    list[str] | None,
    typer.Option(
        "--learning-rate",
        rich_help_panel=TRAINING,
        metavar="GRID",
        help=f"Step sizes of --solver sgd. Default: {STEPS_RATE}.",
        show_default=False,
    ),
]
FeatureRanges = Annotated[
    list[str] | None,
    typer.Option(
        "--features",
        rich_help_panel=TRAINING,
        metavar="BEGIN:END",
        help="The features that are read, from the first number to before the second, counted "
        "from 0; repeated, each is tried.",
        show_default=False,
    ),
]
Folds = Annotated[
    int | None,
    typer.Option(
        "--folds",
        rich_help_panel=DATA,
        min=2,
        help="Score on so many folds of TRAIN, in place of --validation.",
    ),
]
Score = Annotated[
    str,
    typer.Option(
        "--score",
        rich_help_panel=TRAINING,
        metavar="NAME",
        help="By what the best is chosen: neg_log_loss, accuracy, balanced_accuracy (the mean over "
        "the classes), or top_5_accuracy with any number.",
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        rich_help_panel=TRAINING,
        min=1,
        help="How many threads work. Default: all cores.",
    ),
]

# Output ---------------------------------------------------------------------------------------

Force = Annotated[bool, typer.Option("--force", help="Replace what is there.")]
Json = Annotated[bool, typer.Option("--json", help="Print the results as JSON on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print errors only.")]


def bytes_of(memory: str | None) -> int | None:
    """Return how many bytes a size such as 1GB is."""
    from onelayer.words import parse_bytes

    return None if memory is None else parse_bytes(memory, "memory")


def with_solver(options: dict[str, Any]) -> dict[str, Any]:
    """Return training options with the solver: steps if one of their options was given."""
    from onelayer.training import fitting_solver

    return {"solver": fitting_solver(options)} | options


def training_files(
    train: str,
    *,
    validation: str,
    validation_labels: str | None,
    drop: list[str] | None,
    class_weight: list[str] | None,
    **how: Any,
) -> TrainingFiles:
    """Return the files that the options name."""
    from onelayer.workflow.files import TrainingFiles

    chosen = _validation(validation, validation_labels)
    weights = _class_weight(class_weight or [])
    return TrainingFiles(
        train, validation=chosen, drop=tuple(drop or ()), class_weight=weights, **how
    )


def _class_weight(given: list[str]) -> str | dict[str, float] | None:
    """Return what "balanced", or "NAME=NUMBER" for some classes, mean."""
    if given in ([], ["balanced"]):
        return given[0] if given else None
    weights: dict[str, float] = {}
    for text in given:
        name, _, number = text.rpartition("=")
        try:
            weight = float(number)
        except ValueError:
            name = ""
        if not name or name in weights:
            raise InputError(
                Argument("class_weight"), f": {text!r} was given; give balanced alone, or "
                "NAME=NUMBER once for a class.",
            )  # fmt: skip
        weights[name] = weight
    return weights


def _validation(text: str, labels: str | None) -> Share | File | None:
    """Return what "0.2", "0" or a file's name mean."""
    from onelayer.workflow.files import File, Share

    try:
        share = float(text)
    except ValueError:
        return File(text, labels)
    return None if share == 0 else Share(share)
