"""How a study was made: the settings of its runs in one table, and how steps are counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from onelayer.report.document import Block, Paragraph, Section, Table
from onelayer.report.inline import code, literal
from onelayer.report.sections.material import Material
from onelayer.study import ORDERS, RunOutcome
from onelayer.training import TrainConfig
from onelayer.training.words import length_in_words, steps_in_words
from onelayer.words import listed

MOST_ROWS: Final = 100
"""More runs than this are in results.json alone."""

Column = tuple[str, Callable[[RunOutcome], str]]


def _of_config(spell: Callable[[TrainConfig], str]) -> Callable[[RunOutcome], str]:
    return lambda run: spell(run.record.config)


def _classes(run: RunOutcome) -> str:
    classes = [str(each) for each in run.record.classes]
    return " against ".join(classes) if len(classes) == 2 else f"{len(classes):,} classes"


def _patience(config: TrainConfig) -> str:
    rule = config.early_stopping
    return "none" if rule is None else f"patience {rule.patience:,}"


def _by_steps(spell: Callable[[TrainConfig], str]) -> Callable[[RunOutcome], str]:
    """A column that says nothing of a minimum that was found without steps."""
    return _of_config(lambda config: "–" if config.solver == "optimum" else spell(config))


COLUMNS: Final[tuple[Column, ...]] = (
    ("model", _of_config(lambda config: config.model)),
    ("classes", _classes),
    ("training examples", lambda run: f"{run.record.n_train:,}"),
    ("validation examples", lambda run: f"{run.record.n_validation:,}"),
    ("solver", _of_config(
        lambda c: "exact minimum" if c.solver == "optimum" else "gradient descent")),
    ("order", _by_steps(lambda config: ORDERS[config.order])),
    ("learning rate", _by_steps(lambda config: f"{config.learning_rate:g}")),
    ("batch size", _by_steps(lambda config: f"{config.batch_size:,}")),
    ("λ", _of_config(lambda config: f"{config.l2:g}")),
    ("bias penalized", _of_config(lambda config: "yes" if config.penalize_bias else "no")),
    ("length", _by_steps(length_in_words)),
    ("early stopping", _by_steps(_patience)),
    ("steps by", _by_steps(lambda config: ", ".join(steps_in_words(config)) or "plain steps")),
    ("features", _of_config(
        lambda c: "all" if c.features is None else "{} to before {}".format(*c.features))),
    ("of each class", _of_config(
        lambda c: "all" if c.examples_per_class is None else f"{c.examples_per_class:,} drawn")),
    ("seed", _of_config(lambda config: str(config.seed))),
)  # fmt: skip


def settings(material: Material) -> Section:
    """Say what all runs have in common, and show what differs as one table."""
    runs = material.outcome.runs
    differ = [column for column in COLUMNS if len({column[1](run) for run in runs}) > 1]
    alike = [(name, spell(runs[0])) for name, spell in COLUMNS if (name, spell) not in differ]
    blocks: list[Block] = []
    if alike:
        common = "; ".join(f"{name}: {value}" for name, value in alike)
        who = "The run has" if len(runs) == 1 else "All runs have in common"
        blocks.append(Paragraph(literal(f"{who} – {common}.")))
    if len(runs) > 1:
        blocks.append(_table(runs[:MOST_ROWS], differ))
    if more := len(runs) - MOST_ROWS:
        if more > 0:
            blocks.append(Paragraph(f"`results.json` has {more:,} runs more."))
    return Section("The runs", "What was trained?", tuple(blocks))


def _table(runs: Sequence[RunOutcome], differ: Sequence[Column]) -> Table:
    rows = tuple(
        (literal(run.label), code(run.name), *(literal(spell(run)) for _, spell in differ))
        for run in runs
    )
    heads = ("run", "in files", *(name for name, _ in differ))
    return Table(heads, rows, "What differs from run to run.")


def counting(material: Material) -> Section:
    """Say once how steps, batches, epochs and evaluations are counted."""
    runs = material.outcome.runs
    text = (
        "A step is one update of the weights, by the gradient of one batch. Steps count from 0 "
        "over the whole run, batches from 0 in each epoch; the epoch of a step is the number of "
        "epochs that were completed before it. What is said of a step is true after its update, "
        "but for the training loss, which is that of its batch before it. Losses are mean "
        "cross-entropies with the natural logarithm, without the penalty, unless J is named."
    )
    blocks: list[Block] = [Paragraph(text)]
    lengths = dict.fromkeys(
        (run.record.batches_per_epoch, run.record.config.evaluations_per_epoch)
        for run in runs if run.record.config.solver == "sgd"
    )  # fmt: skip
    if lengths:
        said = listed([
            f"every {max(1, per_epoch // often):,} steps where an epoch has {per_epoch:,} batches"
            for per_epoch, often in lengths
        ], 6)  # fmt: skip
        blocks.append(Paragraph(f"Models were evaluated {said}."))
    return Section("How steps are counted", None, tuple(blocks))
