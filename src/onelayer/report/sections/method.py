"""How a study was made: the settings of its runs in one table, and how steps are counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from onelayer.diagnosis.words import count
from onelayer.report.document import Block, Fold, Paragraph, Section, Table
from onelayer.report.inline import code, literal
from onelayer.report.sections.material import Material
from onelayer.study import ORDERS, RunOutcome
from onelayer.training import TrainConfig
from onelayer.training.words import steps_in_words
from onelayer.words import listed

MOST_ROWS: Final = 100
"""More runs than this are in results.json alone."""

MOST_SEEN: Final = 20
"""A longer table is folded away."""


@dataclass(frozen=True)
class Setting:
    """Something that runs may differ in.

    Attributes
    ----------
    head : str
        Of its column.
    spell : function
        A run's value as a cell.
    common : str
        How it is said where all runs have the same, with {} for the value; empty: not at all.
    usual : str
        A value that goes without saying.
    """

    head: str
    spell: Callable[[RunOutcome], str]
    common: str = ""
    usual: str | None = None


def _option(spell: Callable[[TrainConfig], str]) -> Callable[[RunOutcome], str]:
    return lambda run: spell(run.record.config)


def _of_steps(spell: Callable[[TrainConfig], str]) -> Callable[[RunOutcome], str]:
    """Return what says nothing of a minimum that was found without steps."""
    return _option(lambda config: "–" if config.solver == "optimum" else spell(config))


def _classes(run: RunOutcome) -> str:
    classes = [str(each) for each in run.record.classes]
    return " against ".join(classes) if len(classes) == 2 else f"all {len(classes):,}"


def _patience(config: TrainConfig) -> str:
    rule = config.early_stopping
    return "–" if rule is None else f"{rule.patience:,}"


def _length(config: TrainConfig) -> str:
    steps = "" if config.max_steps is None else f", {config.max_steps:,} steps"
    return f"{config.max_epochs:,}{steps}"


SETTINGS: Final = (
    Setting("model", _option(lambda c: c.model), "the model is {} regression"),
    Setting("classes", _classes, "classes: {}"),
    Setting("training", lambda run: f"{run.record.n_train:,}", "{} training examples"),
    Setting(
        "wrong labels", lambda run: f"{run.run.selection.label_noise:.0%}",
        "{} of the training labels made wrong", "0%",
    ),
    Setting("validation", lambda run: f"{run.record.n_validation:,}", "{} for validation"),
    Setting(
        "solver", _option(lambda c: "minimum" if c.solver == "optimum" else "steps"), "solver: {}",
        "steps",
    ),
    Setting("order", _of_steps(lambda c: ORDERS[c.order]), "order: {}", "–"),
    Setting("learning rate", _of_steps(lambda c: f"{c.learning_rate:g}"), "learning rate {}", "–"),
    Setting("batch size", _of_steps(lambda c: f"{c.batch_size:,}"), "batches of {} examples", "–"),
    Setting("λ", _option(lambda c: f"{c.l2:g}"), "λ = {}"),
    Setting(
        "bias penalized", _option(lambda c: "yes" if c.penalize_bias else "no"),
        "bias penalized: {}",
    ),
    Setting("epochs at most", _of_steps(_length), "at most {} epochs", "–"),
    Setting("patience", _of_steps(_patience), "early stopping with a patience of {}", "–"),
    Setting("steps", _of_steps(lambda c: ", ".join(steps_in_words(c)) or "plain"), "{}", "plain"),
    Setting(
        "features",
        _option(lambda c: "all" if c.features is None else "{} to before {}".format(*c.features)),
        "features {}", "all",
    ),
    Setting(
        "of each class",
        _option(lambda c: "all" if c.examples_per_class is None else f"{c.examples_per_class:,}"),
        "{} examples of each class drawn", "all",
    ),
    Setting("seed", _option(lambda c: str(c.seed)), "seed {}"),
)  # fmt: skip


def settings(material: Material) -> Section:
    """Say what all runs have in common, and show what differs as one table."""
    runs = material.outcome.runs
    differ = [each for each in SETTINGS if len({each.spell(run) for run in runs}) > 1]
    alike = [
        each.common.format(value)
        for each in SETTINGS
        if each not in differ and (value := each.spell(runs[0])) != each.usual
    ]
    blocks: list[Block] = []
    if alike:
        who = "The run" if len(runs) == 1 else "All runs"
        blocks.append(Paragraph(literal(f"{who}: {'; '.join(alike)}.")))
    if len(runs) > 1:
        table = _table(runs[:MOST_ROWS], differ)
        is_long = len(runs) > MOST_SEEN
        blocks.append(Fold(f"All {len(runs):,} runs", (table,)) if is_long else table)
    if (more := len(runs) - MOST_ROWS) > 0:
        blocks.append(Paragraph(f"`results.json` has {more:,} more runs."))
    return Section("The runs", "What was trained?", tuple(blocks))


def _table(runs: Sequence[RunOutcome], differ: Sequence[Setting]) -> Table:
    rows = tuple(
        (literal(run.label), *(literal(each.spell(run)) for each in differ), code(run.name))
        for run in runs
    )
    heads = ("label", *(each.head for each in differ), "run")
    return Table(
        heads,
        rows,
        "What differs from run to run; training and validation are numbers of examples.",
    )


def counting(material: Material) -> Section:
    """Say once how steps, batches, epochs and evaluations are counted."""
    runs = material.outcome.runs
    text = (
        "A step is one update of the weights, by the gradient of one batch. Steps count from 0 "
        "over the whole run, batches from 0 in each epoch; the epoch of a step is the number of "
        "epochs that were completed before it. What is said of a step is true after its update; "
        "only the training loss is that of its batch before the update. Losses are mean "
        "cross-entropies with the natural logarithm, without the penalty, unless J is named."
    )
    blocks: list[Block] = [Paragraph(text)]
    lengths = dict.fromkeys(
        (run.record.batches_per_epoch, run.record.config.evaluations_per_epoch)
        for run in runs if run.record.config.solver == "sgd"
    )  # fmt: skip
    if lengths:
        said = listed([
            f"every {_steps(max(1, int(per_epoch // often)))} where an epoch has "
            f"{count(per_epoch, 'batch', 'batches')}"
            for per_epoch, often in lengths
        ], 6)  # fmt: skip
        blocks.append(Paragraph(f"Models were evaluated {said}."))
    return Section("How steps are counted", None, tuple(blocks))


def _steps(n: int) -> str:
    return "step" if n == 1 else f"{n:,} steps"
