"""What sections are made of, and how they name runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from onelayer.diagnosis import Answer, Finding
from onelayer.diagnosis.evidence import Evidence, measured
from onelayer.diagnosis.words import percent
from onelayer.report.document import Block, Fold, Note, Paragraph
from onelayer.report.inline import code, literal
from onelayer.study import Replicates, RunOutcome, SectionChoice
from onelayer.training import StopReason
from onelayer.words import first_sentence, fixed


@dataclass(frozen=True, eq=False)
class Material(Evidence):
    """What sections are made of."""

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
        f"The weights that {group.called} keeps have a validation loss of "
        f"{group.in_words('val_loss', fixed)}, {group.in_words('train_accuracy', percent)} of the "
        f"training and {group.in_words('val_accuracy', percent)} of the validation examples right "
        f"(mean ± standard deviation of {group.over})."
    )


def l2_labels(runs: Iterable[RunOutcome]) -> dict[str, str]:
    """Return 'λ = 0.1' for each run's name; the labels where two would be alike."""
    runs = tuple(runs)
    labels = {run.name: f"λ = {run.record.config.l2:g}" for run in runs}
    alike = len({*labels.values()}) < len(labels)
    return {run.name: run.label for run in runs} if alike else labels


MOST_SAID, MOST_TOLD = 3, 2
"""Of more findings than the first, those that found nothing are folded away; and of those that
found something all but so many of each check, which differ in their numbers."""


def said(findings: Iterable[Finding]) -> tuple[Block, ...]:
    """Return findings as the blocks of an answer: what was found, and folded away, how sure."""
    every = sorted(findings, key=lambda finding: not _is_found(finding))
    found = [finding for finding in every if _is_found(finding)] if len(every) > MOST_SAID else []
    first = _few_of_each(found or every[:MOST_SAID])
    told = {id(finding) for finding in first}
    rest = tuple(_statement(finding) for finding in every if id(finding) not in told)
    sure = each_sure(first)
    blocks = tuple(block for finding in first for block in (*_told(finding), *next(sure)))
    return (*blocks, Fold("And of the others", rest)) if rest else blocks


def _few_of_each(findings: Iterable[Finding]) -> list[Finding]:
    counts: Counter[str] = Counter()
    few = []
    for finding in findings:
        counts[finding.code] += 1
        if counts[finding.code] <= MOST_TOLD:
            few.append(finding)
    return few


def _is_found(finding: Finding) -> bool:
    return finding.answer is Answer.FOUND or finding.is_warning


def _told(finding: Finding) -> tuple[Block, ...]:
    lead, rest = leading(finding.statement)
    more = (Fold("In full", (Paragraph(literal(rest)),)),) if rest else ()
    return (_set(finding, lead), *more)


def _statement(finding: Finding) -> Block:
    return _set(finding, finding.statement)


def _set(finding: Finding, statement: str) -> Block:
    text = literal(statement)
    return Note("warning", text) if finding.is_warning else Paragraph(text)


LONG, LEAD = 620, 330
"""Characters: a statement that is longer than the first is folded from about the second on."""


def leading(statement: str) -> tuple[str, str]:
    """Return the sentences that a statement begins with, and the others; none where it is short."""
    if len(statement) <= LONG:
        return statement, ""
    lead = first_sentence(statement)
    while rest := statement[len(lead) :].lstrip():
        longer = f"{lead} {first_sentence(rest)}"
        if len(longer) > LEAD:
            return lead, rest
        lead = longer
    return statement, ""


def each_sure(findings: Iterable[Finding]) -> Iterator[tuple[Fold, ...]]:
    """Yield how sure each finding is; nothing where one of its check before it has said it all."""
    told: dict[str, set[Block]] = {}
    for finding in findings:
        fold, before = how_sure(finding), told.setdefault(finding.code, set())
        yield () if before.issuperset(fold.blocks) else (fold,)
        before.update(fold.blocks)


def how_sure(finding: Finding) -> Fold:
    """Return what a finding rests on: method, assumptions, experiments, how to make it again."""
    sure = finding.how_sure
    told = [("Method", sure.method), ("Intervals", sure.covers),
            ("Tried", "; ".join(sure.tried)), ("Assumed", "; ".join(sure.assumptions))]  # fmt: skip
    blocks = [Paragraph(literal(f"{name}: {text.rstrip('.')}.")) for name, text in told if text]
    again = f"To make it again: {code(f'onelayer diagnose RUN --only {finding.code}')}."
    return Fold("How sure?", (*blocks, Paragraph(again)), "findings.json")


__all__ = [
    "Material",
    "each_sure",
    "how_sure",
    "kept_in_words",
    "kept_step",
    "l2_labels",
    "leading",
    "measured",
    "said",
    "spread_in_words",
]
