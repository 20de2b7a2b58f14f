"""OL305: which classes are taken for which, and the surest mistakes."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray

from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.finding import Finding, Severity
from onelayer.diagnosis.measures.mistakes import Mistakes, mistakes_of
from onelayer.diagnosis.statistics import wilson_interval
from onelayer.diagnosis.subjects.choices import candidates, grid_of
from onelayer.diagnosis.words import count, percent, span
from onelayer.study import RunOutcome

SECTION = "mistakes"


def look(context: Context) -> list[Finding]:
    """Report on the runs whose mistakes the study shows; of others on the best of each grid."""
    able = [run for runs in candidates(context.outcome) for run in runs]
    sections = [s for s in context.outcome.study.sections if s.kind == SECTION and s.runs]
    asked = {run.name for s in sections for run in context.outcome.named(s.runs)}
    if not asked:
        best: dict[Hashable, RunOutcome] = {}
        for run in able:
            known = best.setdefault(grid_of(run), run)
            if _loss(run) < _loss(known):
                best[grid_of(run)] = run
        asked = {run.name for run in best.values()}
    return [_finding(context, run) for run in able if run.name in asked]


def _loss(run: RunOutcome) -> float:
    assert run.record.final.val_loss is not None
    return run.record.final.val_loss


def _finding(context: Context, run: RunOutcome) -> Finding:
    _, validation = context.parts(run)
    classes = run.model.classes
    found = mistakes_of(
        context.probabilities(run), validation.encode(classes), _rows(context, run), classes,
        validation,
    )  # fmt: skip
    name = run.name
    if not found.wrong:
        said = f"{run.called} has all {count(found.examples, 'validation example')} right."
        return CHECK.clear((name,), said, found)
    share = found.wrong / found.examples
    first, surest = found.pairs[0], found.mistakes[0]
    of = found.sizes[first.label]
    said = (
        f"{run.called} has {found.wrong:,} of {count(found.examples, 'validation example')} wrong, "
        f"{percent(share)} (95% interval {span(wilson_interval(share, found.examples))}). Most "
        f"often {found.classes[first.label]} is taken for {found.classes[first.predicted]}: "
        f"{first.count:,} of its {of:,} examples. The surest mistake is example {surest.row:,}, "
        f"counted from 0: its label is {found.classes[surest.label]}, and "
        f"{found.classes[surest.predicted]} is given a probability of "
        f"{percent(surest.probability)}."
    )
    advice = "Look at the surest mistakes first: their labels may be wrong, or their features."
    return CHECK.found((name,), said, found, severity=Severity.INFO, advice=advice)


def _rows(context: Context, run: RunOutcome) -> NDArray[np.int64]:
    """Return where a run's validation examples stand among all."""
    validation = context.data.validation
    chosen = run.run.selection
    if chosen.class_shares is not None:  # they have numbers of their own
        return np.arange(run.record.n_validation)
    if chosen.classes is None:
        return np.arange(validation.n_examples)
    own = [validation.classes.index(label) for label in chosen.classes]
    return np.flatnonzero(np.isin(validation.targets, own))


CHECK = Check(
    Mistakes,
    look,
    "The class of the highest probability by the model that is kept, against the label, for every "
    "validation example; the interval is Wilson's.",
    ("the validation examples are a random sample of those that the model is for",),
    covers="95%, for the share of mistakes over all examples of which the validation examples are "
    "a random sample",
)
