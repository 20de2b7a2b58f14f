"""The page of a sweep: the candidates, and the model that was chosen."""

from __future__ import annotations

from typing import Any

import polars as pl

from onelayer.diagnosis.image_shape import ImageShape
from onelayer.inference import Classifier, weights_table
from onelayer.report import drawings
from onelayer.report.document import Chapter, Document, FigureBlock, Note, Paragraph, Section, Table
from onelayer.report.figure import Figure
from onelayer.report.html import to_html
from onelayer.report.inline import literal
from onelayer.sweep import SweepResult, is_negated, plain_name
from onelayer.training import EarlyStopping, TrainConfig
from onelayer.training.words import length_in_words, steps_in_words
from onelayer.words import fixed

MOST_OUTPUTS = 20
"""More weight pictures than this would not be looked at."""

MOST_FEATURES = 20
"""So many features are shown, those that weigh most, where they are no image."""


def sweep_page(
    result: SweepResult, classifier: Classifier, notes: list[str], facts: dict[str, str]
) -> str:
    """Return the report of a sweep as one HTML page.

    Parameters
    ----------
    classifier : Classifier
        The final model, with the facts of its data.
    facts : dict
        What else is said of the data, by name.
    """
    source, config = str(classifier.data["source"]), result.configs[0]
    sections = [_candidates(result)]
    if result.final.history.steps:
        sections.append(_curve(result))
    if len(classifier.classes) <= MOST_OUTPUTS:
        sections.append(_weights(result, classifier))
    document = Document(
        title="A sweep over the penalty"
        if config.solver == "optimum"
        else "A sweep over penalty and learning rate",
        subtitle=f"{classifier.model.capitalize()} regression on {source}",
        lead=(
            Paragraph(literal(result.summary)),
            *(Note("warning", literal(note)) for note in notes),
        ),
        chapters=(Chapter("Results", tuple(sections)),),
        facts=(
            ("Data", literal(source)),
            ("Examples", f"{classifier.data['examples']:,}"),
            ("Features", f"{classifier.n_features:,}"),
            ("Classes", f"{len(classifier.classes):,}{_positive(classifier)}"),
            *((name, literal(value)) for name, value in facts.items()),
            *_trained_by(config),
            ("Seed", str(config.seed)),
        ),
        footer="Every number on this page was measured in the run that wrote it.",
    )
    return to_html(document)


def _trained_by(config: TrainConfig) -> tuple[tuple[str, str], ...]:
    """Return what the candidates were trained by."""
    if config.solver == "optimum":
        return (("Solver", "the exact minimum of each candidate's objective"),)
    return (
        ("Batch size", f"{config.batch_size:,}"),
        ("Length", length_in_words(config)),
        ("Steps", ", ".join(steps_in_words(config)) or "plain"),
        ("Early stopping", _early_stopping(config.early_stopping)),
    )


def _positive(classifier: Classifier) -> str:
    return f", positive: {literal(str(classifier.classes[0]))}" if _is_logistic(classifier) else ""


def _is_logistic(classifier: Classifier) -> bool:
    return classifier.model == "logistic"


def _early_stopping(rule: EarlyStopping | None) -> str:
    if rule is None:
        return "none"
    least = f" by more than {rule.min_delta:g}" if rule.min_delta else ""
    return f"after {rule.patience:,} evaluations that were not better{least}"


def _candidates(result: SweepResult) -> Section:
    rows = result.table().sort("rank").drop("scores")
    folds = len(result.best.scores) > 1
    bars = " Bars are standard errors over the folds." if folds else ""
    errors = ("standard error",) if folds else ()
    name, negated = plain_name(result.score_name), is_negated(result.score_name)
    figure = Figure(
        "sweep", f"Validation {name} of each candidate",
        f"The validation {name} of each candidate over its penalty and its learning rate.",
        rows, drawings.sweep(rows, name, negated=negated),
    )  # fmt: skip
    read = ("features",) if "features" in rows.columns else ()
    steps = ("learning rate",) if result.best.learning_rate is not None else ()
    asked = "Which penalty and which learning rate give" if steps else "Which penalty gives"
    table = Table(
        ("rank", *read, "λ", *steps, name, *errors, "training loss", "ended"),
        tuple(
            _cells(row, -1 if negated else 1, with_error=bool(errors)) for row in rows.to_dicts()
        ),
        caption=f"All candidates of {result.configs[0].model} regression, the best first. The "
        f"training loss is that of the {'last epoch' if steps else 'minimum'}.",
    )
    return Section(
        "Candidates",
        f"{asked} the {'lowest' if negated else 'highest'} "
        f"{name} on examples that had no part in training?",
        (
            FigureBlock(figure, f"The ring marks the best.{bars}"),
            table,
        ),
        (Paragraph(literal(result.summary)),),
    )


def _cells(row: dict[str, Any], sign: int, *, with_error: bool) -> tuple[str, ...]:
    score, error = row["mean_score"], row["standard_error"]
    return (
        str(row["rank"]), *([row["features"]] if "features" in row else []), f"{row['l2']:g}",
        *([] if row["learning_rate"] is None else [f"{row['learning_rate']:g}"]),
        "–" if score is None else fixed(sign * score),
        *(["–" if error is None else fixed(error)] if with_error else []),
        fixed(row["train_loss"]), literal(str(row["stop_reason"])),
    )  # fmt: skip


def _curve(result: SweepResult) -> Section:
    final = result.final
    frame = final.history.frame("the chosen model")
    figure = Figure(
        "loss", "Loss of the chosen model",
        "The training loss of each batch of the chosen model, and its validation loss if it has "
        "one, over the steps of training.",
        frame.select("step", "train_loss", "val_loss").filter(pl.col("train_loss").is_finite()),
        drawings.loss_curves(frame, final.best.step if final.best else None),
    )  # fmt: skip
    return Section(
        "Training of the chosen model",
        "Has training settled, or would more epochs help?",
        (FigureBlock(figure, "A curve that still falls at its end asks for more epochs."),),
    )


def _weights(result: SweepResult, classifier: Classifier) -> Section:
    table = weights_table(classifier)
    facts = {"image_shape": classifier.image_shape, "n_features": classifier.n_features}
    if (shape := ImageShape.of_grey(facts)) is not None:
        drawn = drawings.weight_pictures(table, shape, f"λ = {result.final.config.l2:g}")
    else:
        drawn = drawings.largest_weights(table, MOST_FEATURES)
    figure = Figure(
        "weights", "Weights of the chosen model",
        f"The weights of {'the positive' if _is_logistic(classifier) else 'each'} class: as "
        "pictures for images, otherwise those of the features that weigh most.",
        table, drawn,
    )  # fmt: skip
    return Section(
        "What the model looks at",
        "Which features speak for which class?",
        (FigureBlock(figure, "Weights are those of scaled features, which can be compared."),),
    )
