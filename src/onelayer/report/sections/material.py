"""What sections are made of, and how they name runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from onelayer.diagnosis import Finding, Measurement
from onelayer.diagnosis.words import percent
from onelayer.report.document import Block, Note, Paragraph
from onelayer.report.inline import code, literal
from onelayer.study import Outcome, Replicates, RunOutcome, SectionChoice
from onelayer.training import StopReason
from onelayer.training.words import length_in_words, steps_in_words
from onelayer.words import fixed

M = TypeVar("M", bound=Measurement)


@dataclass(frozen=True, eq=False)
class Material:
    """What sections are made of."""

    outcome: Outcome
    findings: tuple[Finding, ...]

    def runs(self, choice: SectionChoice) -> tuple[RunOutcome, ...]:
        """Return the runs of a section that have an evaluation with a finite loss, each once."""
        named = dict.fromkeys(self.outcome.named(choice.runs))
        return tuple(run for run in named if run.record.best is not None)

    def ended(self, choice: SectionChoice) -> tuple[RunOutcome, ...]:
        """Return those of `runs`, and minima that were found, which have no evaluations."""
        evaluated = set(self.runs(choice))
        named = dict.fromkeys(self.outcome.named(choice.runs))
        return tuple(
            run for run in named
            if run in evaluated or run.record.stop_reason is StopReason.CONVERGED
        )  # fmt: skip

    def settled(self, choice: SectionChoice) -> tuple[RunOutcome, ...]:
        """Return those of `ended` that did not diverge, whose weights therefore mean something."""
        runs = self.ended(choice)
        return tuple(run for run in runs if run.record.stop_reason is not StopReason.DIVERGED)

    def together(
        self, runs: Iterable[RunOutcome]
    ) -> list[tuple[Replicates | None, tuple[RunOutcome, ...]]]:
        """Return the runs with their replicates beside them; those that have none stand alone."""
        group_of = {name: group for group in self.outcome.replicates for name in group.members}
        groups: dict[str, list[RunOutcome]] = {}
        for run in runs:
            group = group_of.get(run.name)
            groups.setdefault(run.name if group is None else f"{group.name}*", []).append(run)
        return [
            (group_of[own[0].name] if len(own) > 1 else None, tuple(own)) for own in groups.values()
        ]

    def findings_of(self, kind: type[Measurement], runs: Iterable[RunOutcome]) -> list[Finding]:
        """Return the findings of a check that speak of any of these runs."""
        names = {run.name for run in runs}
        return [f for f in self.findings if f.kind is kind and names & {*f.runs}]


def measured(findings: Iterable[Finding], kind: type[M]) -> list[tuple[Finding, M]]:
    """Return findings with what they measured, without those of other kinds or no measurement."""
    return [(f, f.measurement) for f in findings if isinstance(f.measurement, kind)]


ORDERS = {
    "file": "in file order",
    "class": "sorted by class",
    "once": "shuffled once",
    "batches": "in file order, their sequence shuffled",
    "epoch": "shuffled",
    "blocks": "block by block, shuffled",
}


def describe(run: RunOutcome) -> str:
    """Return a run in words: 'logistic regression, 2 against 3, learning rate 0.05, ...'."""
    config = run.record.config
    classes = [str(c) for c in run.record.classes]
    what = " against ".join(classes) if len(classes) == 2 else f"{len(classes)} classes"
    order = ORDERS[config.order]
    penalty = f", λ = {config.l2:g}" if config.l2 else ""
    read = "" if config.features is None else (
        ", features {} to before {}".format(*config.features)
    )  # fmt: skip
    drawn = "" if config.examples_per_class is None else (
        f", {config.examples_per_class:,} of each class drawn"
    )  # fmt: skip
    return (
        f"{config.model} regression, {what}, {run.record.n_train:,} training and "
        f"{run.record.n_validation:,} validation examples, learning rate "
        f"{config.learning_rate:g}, batches of {config.batch_size} {order}, "
        f"{', '.join([length_in_words(config), *steps_in_words(config)])}{penalty}{read}{drawn}"
    )


def kept_step(run: RunOutcome) -> int | None:
    """Return the step whose weights early stopping keeps; None without early stopping."""
    best = run.record.best
    return best.step if best is not None and run.record.config.early_stopping else None


def kept_in_words(run: RunOutcome) -> str:
    """Return a sentence with the accuracies of the weights that are kept."""
    final = run.record.final
    if final.train_accuracy is None or final.val_accuracy is None:
        return "The weights that are kept have no finite scores."
    return (
        f"The weights that are kept have {percent(final.train_accuracy)} and "
        f"{percent(final.val_accuracy)}."
    )


def spread_in_words(group: Replicates) -> str:
    """Return a sentence with the numbers of the weights that replicates keep."""
    return (
        f"The weights that {group.name} keeps have a validation loss of "
        f"{group.in_words('val_loss', fixed)}, {group.in_words('train_accuracy', percent)} of the "
        f"training and {group.in_words('val_accuracy', percent)} of the validation examples right "
        f"(mean ± standard deviation of {group.over})."
    )


def l2_labels(runs: Iterable[RunOutcome]) -> dict[str, str]:
    """Return 'λ = 0.1' for each run's name; the names where two would be alike."""
    labels = {run.name: f"λ = {run.record.config.l2:g}" for run in runs}
    return labels if len({*labels.values()}) == len(labels) else {name: name for name in labels}


def said(findings: Iterable[Finding]) -> tuple[Block, ...]:
    """Return findings as the blocks of an answer."""
    return tuple(
        Note("warning", literal(f.statement)) if f.is_warning else Paragraph(literal(f.statement))
        for f in findings
    )


def about(runs: Iterable[RunOutcome], group: Replicates | None = None) -> Paragraph:
    """Return a paragraph that says what each run is; or what replicates are, by one of them."""
    if group is not None:
        (run,) = runs
        return Paragraph(f"{code(group.name)}: {literal(describe(run))}; {literal(group.over)}.")
    return Paragraph("; ".join(f"{code(run.name)}: {literal(describe(run))}" for run in runs) + ".")
