"""The page of a sweep: the candidates, and the model that was chosen."""

from __future__ import annotations

from typing import Any

import polars as pl

from onelayer.diagnosis.image_shape import ImageShape
from onelayer.diagnosis.words import percent
from onelayer.inference import Classifier, weights_table
from onelayer.report import drawings
from onelayer.report.document import (
    Block,
    Chapter,
    Document,
    FigureBlock,
    Note,
    Paragraph,
    Section,
    Table,
)
from onelayer.report.figure import Figure
from onelayer.report.figures import grid
from onelayer.report.html import to_html
from onelayer.report.inline import literal
from onelayer.sweep import Candidate, SweepResult, is_negated, plain_name, summary
from onelayer.training import EarlyStopping, TrainConfig
from onelayer.training.words import length_in_words, steps_in_words
from onelayer.words import fixed, in_powers, listed

MOST_OUTPUTS = 20
"""More weight pictures than this would not be looked at."""

MOST_CANDIDATES = 20
"""Rows of the table on the page; the file has all of them."""

MOST_OPERATIONS = 3e10
"""That it may take to see which candidates have arrived: a second or so."""

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
        title=f"A sweep over {_swept(result, 'the penalty')}",
        subtitle=f"{classifier.model.capitalize()} regression on {source}",
        lead=(
            Paragraph(literal(_summary(result))),
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
    rows = _rows(result)
    folds = len(result.best.scores) > 1
    name, negated = plain_name(result.score_name), is_negated(result.score_name)
    asked = f"Which {_swept(result, 'penalty')} give{'' if len(_axes(result)) > 1 else 's'}"
    blocks: list[Block] = []
    if rows.height > 1:
        figure = Figure(
            "sweep", f"Validation {name} of each candidate",
            f"The validation {name} of each candidate over its penalty and its learning rate.",
            rows.drop("scores"), drawings.sweep(rows, name, negated=negated),
        )  # fmt: skip
        blocks.append(FigureBlock(figure, literal(_caption(result, rows))))
        scored = rows.filter(pl.col("mean_score").is_finite())
        if folds and scored.height > 1:
            blocks.append(_folds(scored, name, negated=negated))
        blocks.append(_table(result, rows, name, negated=negated))
    return Section(
        "Candidates",
        f"{asked} the {'lowest' if negated else 'highest'} "
        f"{name} on examples that had no part in training?",
        tuple(blocks),
        (Paragraph(literal(_summary(result))),),
    )


def _axes(result: SweepResult) -> list[str]:
    """Return in what the candidates may differ."""
    rate = [] if result.best.learning_rate is None else ["learning rate"]
    return ["penalty", *rate, *([] if result.best.features is None else ["features"])]


def _swept(result: SweepResult, alone: str) -> str:
    axes = _axes(result)
    return listed(axes) if len(axes) > 1 else alone


def _summary(result: SweepResult) -> str:
    """Return what the sweep showed, with λ and rate as this page calls them."""
    return summary(result.candidates, result.score_name, result.scored_on, named=_in_words)


def _in_words(candidate: Candidate) -> str:
    rate = candidate.learning_rate
    steps = "" if rate is None else f" and the learning rate {rate:g}"
    read = "" if candidate.features is None else f" on the features {candidate.range}"
    return f"λ = {in_powers(f'{candidate.l2:.3g}')}{steps}{read}"


def _rows(result: SweepResult) -> pl.DataFrame:
    """Return the table by rank, with the candidates' names and how far each is from its minimum."""
    left = _left(result)
    penalties = grid.short_names([candidate.l2 for candidate in result.candidates])
    names = [_name(candidate, penalties[candidate.l2]) for candidate in result.candidates]
    table = result.table().with_columns(
        pl.Series("candidate", names),
        pl.Series("left", left, dtype=pl.Float64),
    )
    return table.sort("rank")


def _name(candidate: Candidate, penalty: str) -> str:
    rate = "" if candidate.learning_rate is None else f", rate {candidate.learning_rate:.6g}"
    read = "" if candidate.features is None else f", features {candidate.range}"
    return f"λ = {penalty}{rate}{read}"


def _left(result: SweepResult) -> list[float | None]:
    """Return by which share the objective of each candidate's first fold could still fall.

    None where it arrived, where that is not known, and everywhere if it would take too long to
    look.
    """
    data = result.task.train.data
    outputs = result.results[0][0].weights.shape[1]
    passes = 4.0 * data.n_examples * data.n_features * outputs * len(result.candidates)
    if data.block_lengths is not None or passes > MOST_OPERATIONS:
        return [None] * len(result.candidates)
    found = [results[0].convergence for results in result.results]
    return [None if c is None or c.reached else min(c.share, 1.0) for c in found]


def _caption(result: SweepResult, rows: pl.DataFrame) -> str:
    """Return what the figure shows: the best, those as good, and those that had not arrived."""
    diverged = rows["mean_score"].is_null().sum()
    late = rows["left"].is_not_null().sum()
    error = result.best.standard_error
    text = f"The best is {rows['candidate'][0]}"
    if error is not None and result.best.mean_score is not None:
        near = rows.filter(pl.col("mean_score") >= result.best.mean_score - error).height - 1
        others = "one other is" if near == 1 else f"{near or 'no'} others are"
        text += f"; {others} within one standard error of it"
    text += "."
    if grid.is_map(rows):
        text += " It is framed; the stronger the colour, the better."
        if late:
            text += (
                f" {late} of {rows.height} had not converged: −5% says that the objective J could "
                "still fall by that share (of the first fold)."
            )
    else:
        bars = " Bars are standard errors over the folds." if error is not None else ""
        text += f" The ring marks it.{bars}"
        if late:
            text += f" {late} of {rows.height} had not converged."
    return text + (f" {diverged} diverged." if diverged else "")


def _folds(rows: pl.DataFrame, name: str, *, negated: bool) -> FigureBlock:
    """Return how the leading candidates do against the best, fold by fold."""
    best, second = rows["scores"][0], rows["scores"][1]
    wins = sum(own > other for own, other in zip(best, second, strict=True))
    sign = -1 if negated else 1
    spread = [in_powers(f"{sign * score:.4g}") for score in (min(best), max(best))]
    low, high = spread if sign > 0 else spread[::-1]
    figure = Figure(
        "folds", f"The {name} fold by fold",
        f"A dot a fold: the {name} of each of the leading candidates less that of the best on the "
        "same fold; the mean of each is marked.",
        rows.select("candidate", "scores").explode("scores"),
        drawings.fold_differences(rows, name, negated=negated),
    )  # fmt: skip
    return FigureBlock(
        figure,
        literal(
            f"The best is ahead of the next on {wins} of {len(best)} folds; its own {name} goes "
            f"from {low} to {high} between folds, which says how hard a fold is. Each dot is a "
            "fold, the mean is marked; "
            f"{'right' if negated else 'left'} of 0 is worse than the best."
        ),
    )


def _table(result: SweepResult, rows: pl.DataFrame, name: str, *, negated: bool) -> Table:
    errors = ("standard error",) if len(result.best.scores) > 1 else ()
    read = ("features",) if "features" in rows.columns else ()
    steps = ("learning rate",) if result.best.learning_rate is not None else ()
    late = ("J could fall by",) if rows["left"].is_not_null().any() else ()
    shown = rows.head(MOST_CANDIDATES)
    all_of = "All" if shown.height == rows.height else f"The best {shown.height} of {rows.height}"
    return Table(
        ("rank", *read, "λ", *steps, name, *errors, "training loss", *late, "ended"),
        tuple(
            _cells(row, -1 if negated else 1, with_error=bool(errors), with_left=bool(late))
            for row in shown.to_dicts()
        ),
        caption=f"{all_of} candidates of {result.configs[0].model} regression, the best first"
        f"{'' if shown.height == rows.height else '; results.csv has all of them'}. The "
        f"training loss is that of the {'last epoch' if steps else 'minimum'}.",
    )


def _cells(row: dict[str, Any], sign: int, *, with_error: bool, with_left: bool) -> tuple[str, ...]:
    score, error, left = row["mean_score"], row["standard_error"], row["left"]
    return (
        str(row["rank"]), *([row["features"]] if "features" in row else []),
        in_powers(f"{row['l2']:.4g}"),
        *([] if row["learning_rate"] is None else [f"{row['learning_rate']:g}"]),
        fixed(None if score is None else sign * score),
        *([fixed(error)] if with_error else []),
        fixed(row["train_loss"]),
        *(["–" if left is None else percent(left, 1)] if with_left else []),
        literal(str(row["stop_reason"])),
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
    shape = ImageShape.of(facts)
    if shape is not None and shape.channels in (1, 3):
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
