"""The commands on your own files. Like all commands, they import what they need when called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from onelayer.cli import options as o
from onelayer.errors import InputError


def fit(
    ctx: typer.Context,
    train: o.Train,
    out: Annotated[
        Path, typer.Option("--out", metavar="MODEL", help="Where to write it: .safetensors.")
    ],
    target: o.Target = None,
    labels: o.Labels = None,
    validation: o.Validation = None,
    validation_labels: o.ValidationLabels = None,
    scale: o.Scale = None,
    size: o.Size = None,
    drop: o.Drop = None,
    impute: o.Impute = None,
    groups: o.Groups = None,
    class_weight: o.ClassWeight = None,
    memory: o.Memory = None,
    cluster: o.ClusterAt = None,
    threads: o.Threads = None,
    force: o.Force = False,
    as_json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Train a model on a file, and keep it."""
    from onelayer.cli.cluster import on_cluster
    from onelayer.cli.fit import run_fit_command

    options = o.with_solver(ctx.obj)
    chooses = "l2" not in options and options["solver"] == "optimum"
    with on_cluster(cluster, quiet=quiet) as there:
        files = o.training_files(
            train, target=target, labels=labels,
            validation=validation or ("0" if chooses else "0.2"),
            validation_labels=validation_labels, size=size, drop=drop, impute=impute, scale=scale,
            class_weight=class_weight, groups=groups, memory=o.bytes_of(memory), cluster=there,
        )  # fmt: skip
        run_fit_command(
            files,
            options,
            chooses=chooses,
            out=out,
            threads=threads,
            force=force,
            as_json=as_json,
            quiet=quiet,
        )


def sweep(
    ctx: typer.Context,
    train: o.Train,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="The folder for table, model and report.")
    ],
    folds: o.Folds = None,
    target: o.Target = None,
    labels: o.Labels = None,
    validation: o.Validation = None,
    validation_labels: o.ValidationLabels = None,
    scale: o.Scale = None,
    l2: o.L2Grid = None,
    learning_rate: o.LearningRateGrid = None,
    score: o.Score = "neg_log_loss",
    features: o.FeatureRanges = None,
    size: o.Size = None,
    drop: o.Drop = None,
    impute: o.Impute = None,
    groups: o.Groups = None,
    class_weight: o.ClassWeight = None,
    memory: o.Memory = None,
    cluster: o.ClusterAt = None,
    threads: o.Threads = None,
    force: o.Force = False,
    as_json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Train a model for each penalty and learning rate, all together; keep the best."""
    from onelayer.cli.cluster import on_cluster
    from onelayer.cli.sweep import run_sweep_command

    grid = {"l2": l2 or None, "learning_rate": learning_rate or None, "features": features or None}
    options = o.with_solver(ctx.obj | {name: v for name, v in grid.items() if v is not None}) | grid
    if options["solver"] == "sgd":
        options |= {"l2": l2 or o.STEPS_L2, "learning_rate": learning_rate or o.STEPS_RATE}
    elif learning_rate:
        raise InputError("--learning-rate: --solver optimum makes no steps; leave one of them out.")
    elif folds is None and validation is None:
        folds = 5
    with on_cluster(cluster, quiet=quiet) as there:
        files = o.training_files(
            train, target=target, labels=labels, validation=validation or "0.2",
            validation_labels=validation_labels, size=size, drop=drop, impute=impute, scale=scale,
            class_weight=class_weight, groups=groups, memory=o.bytes_of(memory), cluster=there,
        )  # fmt: skip
        run_sweep_command(
            files, options, folds=folds, score=score, out=out, threads=threads, force=force,
            as_json=as_json, quiet=quiet,
        )  # fmt: skip


def predict(
    model: o.Model,
    data: o.Data,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Where to write them: .csv or .parquet.")
    ],
    proba: Annotated[
        bool, typer.Option("--proba", help="Add a column with each class's probability.")
    ] = False,
    labels: o.Labels = None,
    key: o.Key = None,
    memory: o.Memory = None,
    cluster: o.ClusterAt = None,
    force: o.Force = False,
    quiet: o.Quiet = False,
) -> None:
    """Predict the classes of a file's examples."""
    from onelayer.cli.cluster import on_cluster
    from onelayer.cli.use import run_predict_command

    with on_cluster(cluster, quiet=quiet) as there:
        run_predict_command(
            model, data, labels=labels, key=key or [], memory=o.bytes_of(memory),
            cluster=there, out=out, proba=proba, force=force, quiet=quiet,
        )  # fmt: skip


def evaluate(
    model: o.Model,
    data: o.Data,
    target: o.Target = None,
    labels: o.Labels = None,
    top_k: o.TopK = None,
    memory: o.Memory = None,
    cluster: o.ClusterAt = None,
    as_json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Compare a model's predictions with a file's labels."""
    from onelayer.cli.cluster import on_cluster
    from onelayer.cli.use import run_evaluate_command

    with on_cluster(cluster, quiet=quiet) as there:
        run_evaluate_command(
            model, data, target=target, labels=labels, top_k=top_k, memory=o.bytes_of(memory),
            cluster=there, as_json=as_json, quiet=quiet,
        )  # fmt: skip


def inspect(model: o.Model, as_json: o.Json = False) -> None:
    """Show what a model file holds: how it was trained, and its largest weights."""
    from onelayer.cli.inspect import run_inspect_command

    run_inspect_command(model, as_json=as_json)


def export(
    model: o.Model,
    to: Annotated[
        str, typer.Option("--format", metavar="onnx|skops", help="skops: for scikit-learn.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Default: the model's name with that ending."),
    ] = None,
    force: o.Force = False,
) -> None:
    """Write a model for other programs; it gives the same probabilities there."""
    from onelayer.cli.inspect import run_export_command

    run_export_command(model, to=to, out=out, force=force)
