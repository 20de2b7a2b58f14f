"""The page of a sweep: the candidates, and the model that was chosen."""

from __future__ import annotations

from typing import Any

import polars as pl

from onelayer.cli.progress import fixed
from onelayer.data.files import Examples
from onelayer.estimators import SoftmaxRegressionCV, SweepDisplay, WeightsDisplay, drawings
from onelayer.report.document import Chapter, Document, FigureBlock, Note, Paragraph, Section, Table
from onelayer.report.figure import Figure
from onelayer.report.html import to_html
from onelayer.report.inline import literal
from onelayer.training import EarlyStopping

MOST_OUTPUTS = 20
"""More weight pictures than this would not be looked at."""


def sweep_report(
    sweep: SoftmaxRegressionCV, examples: Examples, notes: list[str], facts: dict[str, str]
) -> str:
    """Return the report of a fitted sweep as one HTML page.

    Parameters
    ----------
    facts : dict
        What else is said of the data, by name.
    """
    sections = [_candidates(sweep), _curve(sweep)]
    if len(sweep.classes_) <= MOST_OUTPUTS:
        sections.append(_weights(sweep, examples))
    document = Document(
        title="A sweep over penalty and learning rate",
        subtitle=f"Softmax regression on {examples.source}",
        lead=(
            Paragraph(literal(sweep.summary_)),
            *(Note("warning", literal(note)) for note in notes),
        ),
        chapters=(Chapter("Results", tuple(sections)),),
        facts=(
            ("Data", literal(examples.source)),
            ("Examples", f"{examples.n_examples:,}"),
            ("Features", f"{examples.n_features:,}"),
            ("Classes", f"{len(sweep.classes_):,}"),
            *((name, literal(value)) for name, value in facts.items()),
            ("Batch size", f"{sweep.batch_size:,}"),
            ("Epochs", f"at most {sweep.max_epochs:,}"),
            ("Early stopping", _early_stopping(sweep.get_params()["early_stopping"])),
            ("Seed", str(sweep.random_state)),
        ),
        footer="Every number on this page was measured in the run that wrote it.",
    )
    return to_html(document)


def _early_stopping(rule: Any) -> str:
    if not rule:
        return "none"
    rule = EarlyStopping.model_validate(rule)
    least = f" by more than {rule.min_delta:g}" if rule.min_delta else ""
    return f"after {rule.patience:,} evaluations that were not better{least}"


def _candidates(sweep: SoftmaxRegressionCV) -> Section:
    display = SweepDisplay.from_estimator(sweep)
    rows = display.frame().sort("rank").drop("scores")
    bars = " Bars are standard errors over the folds." if sweep.cv else ""
    errors = ("standard error",) if sweep.cv else ()
    figure = Figure(
        "sweep", "Validation log loss of each candidate",
        "The validation log loss of each candidate against the penalty, a line a learning rate.",
        rows, display.chart(),
    )  # fmt: skip
    table = Table(
        ("rank", "λ", "learning rate", "log loss", *errors, "training loss", "ended"),
        tuple(_cells(row, with_error=bool(errors)) for row in rows.to_dicts()),
        caption="All candidates, the best first. The training loss is that of the last epoch.",
    )
    return Section(
        "Candidates",
        "Which penalty and which learning rate give the lowest log loss on examples that had no "
        "part in training?",
        (
            FigureBlock(figure, f"The ring marks the best.{bars}"),
            table,
        ),
        (Paragraph(literal(sweep.summary_)),),
    )


def _cells(row: dict[str, Any], *, with_error: bool) -> tuple[str, ...]:
    score, error = row["mean_score"], row["standard_error"]
    return (
        str(row["rank"]), f"{row['l2']:g}", f"{row['learning_rate']:g}",
        "–" if score is None else fixed(-score),
        *(["–" if error is None else fixed(error)] if with_error else []),
        fixed(row["train_loss"]), literal(str(row["stop_reason"])),
    )  # fmt: skip


def _curve(sweep: SoftmaxRegressionCV) -> Section:
    frame = sweep.history_.frame("the chosen model")
    best = sweep.best_.step if sweep.best_ else None
    figure = Figure(
        "loss", "Loss of the chosen model",
        "The training loss of each batch of the chosen model, and its validation loss if it has "
        "one, over the steps of training.",
        frame.select("step", "train_loss", "val_loss").filter(pl.col("train_loss").is_finite()),
        drawings.loss_curves(frame, best),
    )  # fmt: skip
    return Section(
        "Training of the chosen model",
        "Has training settled, or would more epochs help?",
        (FigureBlock(figure, "A curve that still falls at its end asks for more epochs."),),
    )


def _weights(sweep: SoftmaxRegressionCV, examples: Examples) -> Section:
    shape = examples.image_shape if examples.channels in (None, 1) else None
    display = WeightsDisplay.from_estimator(sweep, image_shape=shape)
    if shape is None and examples.feature_names is not None:
        names = {f"x{i}": name for i, name in enumerate(examples.feature_names)}
        renamed = display.frame().with_columns(pl.col("feature").replace(names))
        display = WeightsDisplay(renamed, None, 20, "")
    figure = Figure(
        "weights", "Weights of the chosen model",
        "The weights of each class: as pictures for images, otherwise those of the features that "
        "weigh most.",
        display.frame(), display.chart(),
    )  # fmt: skip
    return Section(
        "What the model looks at",
        "Which features speak for which class?",
        (FigureBlock(figure, "Weights are those of scaled features, which can be compared."),),
    )
