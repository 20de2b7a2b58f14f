"""The loss and the accuracy of runs over their steps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from onelayer.diagnosis.words import count, percent, points
from onelayer.report.document import Block, FigureBlock, Paragraph, Section
from onelayer.report.figure import file_stem
from onelayer.report.figures import accuracy_curves, loss_curves, many_curves, replicate_curves
from onelayer.report.inline import literal
from onelayer.report.sections import charts
from onelayer.report.sections.charts import Shown
from onelayer.report.sections.material import (
    Material,
    kept_in_words,
    kept_step,
    spread_in_words,
)
from onelayer.study import RunOutcome, SectionChoice


def loss(material: Material, choice: SectionChoice) -> Section:
    """Draw the losses of each run, and say where they began and ended."""
    question = "How do the training and the validation loss go?"
    return _curves(material, choice, "Loss", question)


def accuracy(material: Material, choice: SectionChoice) -> Section:
    """Draw the accuracies of each run."""
    question = "How many examples does the model get right, on either set?"
    return _curves(material, choice, "Accuracy", question)


def _curves(material: Material, choice: SectionChoice, title: str, question: str) -> Section:
    kind = charts.KINDS[choice.kind]
    blocks: list[Block] = []
    answers: list[Block] = []
    for shown in charts.shown_in(material, choice):
        if shown.is_many and charts.shown_before(material, choice, shown) is None:
            first, last = shown.runs[0].called, shown.runs[-1].called
            text = f"{len(shown.runs):,} runs, from {first} to {last}."
            blocks.append(Paragraph(literal(text)))
        blocks.append(charts.curves(material, choice, shown, [_still(shown, kind)], SEEN))
        answers += _answers(shown, kind)
    return Section(choice.title or title, question, tuple(blocks), tuple(answers))


def _still(shown: Shown, kind: str) -> FigureBlock:
    """Return the drawing of a run's curves, or of those of several in one."""
    if not shown.is_many and shown.group is None:
        (run,) = shown.runs
        figure = (loss_curves if kind == "loss" else accuracy_curves)(
            run.history, run.name, best_step=kept_step(run),
            title=f"{kind.capitalize()} of {run.called}", name=file_stem(kind, run.name),
        )  # fmt: skip
        return FigureBlock(figure, literal(SEEN[kind](run)))
    history = pl.concat([run.history for run in shown.runs])
    if (group := shown.group) is not None:
        figure = replicate_curves(
            history, shown.names, kind, title=f"{kind.capitalize()} of {group.name}, {group.over}",
            name=file_stem(kind, group.name, "replicates"),
        )  # fmt: skip
    else:
        figure = many_curves(
            history, {name: name for name in shown.names}, kind,
            title=f"Validation {kind} of {len(shown.runs):,} runs",
            name=file_stem(kind, *shown.names),
        )  # fmt: skip
    return FigureBlock(figure, literal(_ends_in_words(shown, kind)))


def _answers(shown: Shown, kind: str) -> list[Block]:
    if shown.group is not None:
        return [Paragraph(literal(spread_in_words(shown.group)))]
    if shown.is_many:
        return [Paragraph(literal(_best_of_many(shown.runs)))]
    (run,) = shown.runs
    words = _loss_in_words if kind == "loss" else _accuracy_in_words
    return [Paragraph(literal(words(run)))]


def _ends_in_words(shown: Shown, kind: str) -> str:
    """Say between what the curves of several runs end."""
    column, spell = ("val_loss", _loss) if kind == "loss" else ("val_accuracy", percent)
    ends = [run.curve[column][-1] for run in shown.runs]
    finite = sorted(value for value in ends if np.isfinite(value))
    if not finite:
        return f"None of the {len(ends):,} ends with a finite validation {kind}."
    return (
        f"The {len(ends):,} end with a validation {kind} between {spell(finite[0])} and "
        f"{spell(finite[-1])}."
    )


def _best_of_many(runs: Sequence[RunOutcome]) -> str:
    bests = [(run.record.best, run.called) for run in runs]
    ranked = sorted((best.val_loss, name, best.step) for best, name in bests if best is not None)
    (low, first, step), (high, last, _) = ranked[0], ranked[-1]
    return (
        f"Of {len(runs):,} runs {first} reaches the lowest validation loss, {_loss(low)} after "
        f"step {step:,}; that of {last} never falls below {_loss(high)}, the highest of them. "
        "results.json has the numbers of all."
    )


def _loss_seen(run: RunOutcome) -> str:
    """Return what is seen in the losses of a run."""
    curve, best = run.curve, run.record.best
    assert best is not None
    tail = run.history["train_loss"].to_numpy()[-run.record.batches_per_epoch :]
    seen = (
        f"The validation loss goes from {_loss(curve['val_loss'][0])} to its lowest, "
        f"{_loss(best.val_loss)}, after step {best.step:,}"
    )
    if np.isfinite(tail).all() and len(tail) > 1:
        over = count(len(tail), "batch", "batches")
        seen += f"; over the last {over} the training loss lies between {tail.min():.4f} and "
        seen += f"{tail.max():.4f}"
    return f"{seen}."


def _accuracy_seen(run: RunOutcome) -> str:
    """Return what is seen in the accuracies of a run."""
    curve, last = run.curve, run.record.last
    assert last is not None
    ahead = last.train_accuracy - last.val_accuracy
    which = "ahead of" if ahead > 0 else "behind"
    seen = (
        f"At the end the validation accuracy is {percent(last.val_accuracy)}, the training "
        f"accuracy {points(abs(ahead))} {which} it"
    )
    later = curve.filter(pl.col("epoch") > 0)
    if later.height > 1:
        falls = -np.diff(later["val_accuracy"].to_numpy())
        deepest = int(np.argmax(falls))
        if falls[deepest] > 0:
            seen += (
                "; after the first epoch the validation accuracy never falls by more than "
                f"{points(falls[deepest])} from one evaluation to the next, at step "
                f"{later['step'][deepest + 1]:,}"
            )
    return f"{seen}."


SEEN = {"loss": _loss_seen, "accuracy": _accuracy_seen}


def _loss_in_words(run: RunOutcome) -> str:
    losses, curve, best = run.history["train_loss"].to_numpy(), run.curve, run.record.best
    assert best is not None
    ignorance = float(np.log(len(run.record.classes)))
    begins = f"The training loss of {run.called} begins at {losses[0]:.4f}"
    known = f"ln {len(run.record.classes)} = {ignorance:.4f}"
    if f"{losses[0]:.4f}" == f"{ignorance:.4f}":
        begins += f", the value of a model that knows nothing ({known})"
    else:
        begins += f"; a model that knows nothing has {known}"
    tail = losses[-run.record.batches_per_epoch :]
    low, mean, high = (float(f(tail)) for f in (np.min, np.mean, np.max))
    if np.isfinite(mean):
        over = f"over its last {count(len(tail), 'batch', 'batches')}"
        ends = f"{over} its mean is {mean:.4f}"
        ends += f", single batches lie between {low:.4f} and {high:.4f}." if high > low else "."
    else:
        ends = "it was no longer finite in the end."
    first, last = curve["val_loss"][0], curve["val_loss"][-1]
    return (
        f"{begins}; {ends} Its validation loss goes from {_loss(first)} after step "
        f"{curve['step'][0]:,} to {_loss(last)} after step {curve['step'][-1]:,}; the best is "
        f"{best.val_loss:.4f}, after step {best.step:,}."
    )


def _loss(value: float) -> str:
    return f"{value:.4f}" if np.isfinite(value) else "not finite"


def _accuracy_in_words(run: RunOutcome) -> str:
    curve, last = run.curve, run.record.last
    assert last is not None
    top = int(np.argmax(curve["val_accuracy"].to_numpy()))
    return (
        f"At the last of {count(curve.height, 'evaluation')} {run.called} has "
        f"{percent(last.train_accuracy)} of the training and "
        f"{percent(last.val_accuracy)} of the validation examples right. The "
        f"highest validation accuracy is {percent(curve['val_accuracy'][top])}, after step "
        f"{curve['step'][top]:,}. {kept_in_words(run)}"
    )
