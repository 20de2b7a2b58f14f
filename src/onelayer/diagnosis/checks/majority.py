"""OL207: an accuracy that the commonest class alone would have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from onelayer.data.labels import Label
from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.exhibits import Exhibit, Span, Spans
from onelayer.diagnosis.finding import Finding, Severity
from onelayer.diagnosis.measurement import Measurement
from onelayer.diagnosis.statistics import wilson_interval
from onelayer.diagnosis.words import percent, points, span
from onelayer.study import RunOutcome

MIN_EXAMPLES = 30
HIGH = 0.8
"""An accuracy from here on looks like success."""

HARDLY = 0.1
"""A class of which fewer than this share is recognised is as good as ignored."""

RARE = 0.2
MIN_OF_CLASS = 10


@dataclass(frozen=True)
class MajorityComparison(Measurement):
    """A run's validation accuracy beside that of always answering the commonest class.

    Attributes
    ----------
    accuracy : float
    accuracy_interval : (float, float)
        Wilson's, of 95%, for the accuracy on new examples like those of validation.
    majority_class : int or str or bool
        The commonest in training.
    majority_share : float
        Of the validation examples.
    lead : float
        The accuracy less that share.
    lead_interval : (float, float)
        Of 95%, for that difference: of the examples that one of the two has right and the other has
        not (conditional on their number; Wilson's).
    loss_gain : float
        How far the validation loss is below that of the class shares of training.
    loss_gain_error : float
        Its standard error.
    rarest_class : int or str or bool
        The rarest in training of those with at least 10 validation examples.
    rarest_share : float
        Of the validation examples.
    rarest_recall : float
    rarest_recall_interval : (float, float)
        Wilson's, of 95%, for its recall.
    """

    code: ClassVar[str] = "OL207"
    check: ClassVar[str] = "majority"
    title: ClassVar[str] = "An accuracy that the commonest class alone would have"

    accuracy: float
    accuracy_interval: tuple[float, float]
    majority_class: Label
    majority_share: float
    lead: float
    lead_interval: tuple[float, float]
    loss_gain: float
    loss_gain_error: float
    rarest_class: Label
    rarest_share: float
    rarest_recall: float
    rarest_recall_interval: tuple[float, float]

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return the accuracy beside that of the commonest class alone, and the rarest's recall."""
        rows = (
            Span("accuracy", 100 * self.accuracy, *(100 * b for b in self.accuracy_interval)),
            Span(f"always {self.majority_class}", 100 * self.majority_share),
            Span(f"recall of {self.rarest_class}", 100 * self.rarest_recall,
                 *(100 * bound for bound in self.rarest_recall_interval)),
        )  # fmt: skip
        caption = (
            f"{percent(self.majority_share, 1)} of the validation examples are of the class "
            f"{self.majority_class}; intervals of 95%."
        )
        axis = "of the validation examples (%)"
        return (Spans("Accuracy beside the commonest class", caption, axis, rows),)


def look(context: Context) -> list[Finding]:
    """Compare each run whose model predicts one class an example."""
    return [
        _finding(context, run) for run in context.outcome.runs
        if run.record.config.model != "multilabel" and np.isfinite(run.model.weights).all()
    ]  # fmt: skip


def _finding(context: Context, run: RunOutcome) -> Finding:
    _, validation = context.parts(run)
    n = validation.n_examples
    if n < MIN_EXAMPLES:
        statement = f"The run {run.called} has {n} validation examples: too few to compare with."
        return CHECK.cant_tell((run.name,), statement)
    m = _measured(context, run)
    at_most = f"{points(m.lead)}, 95% interval {span(m.lead_interval)}"
    compared = (
        f"The validation accuracy of {run.called} is {percent(m.accuracy)} (95% interval "
        f"{span(m.accuracy_interval)}); always answering {m.majority_class}, the commonest class, "
        f"would have {percent(m.majority_share)} right"
    )
    leads = m.lead_interval[0] > 0
    informs = m.loss_gain > 2 * m.loss_gain_error
    if not leads and not informs:
        statement = (
            f"{compared}: no more than chance lies between them ({at_most}), and the loss is not "
            "below that of the class shares by more than chance, either. The model has learnt "
            "nothing that validation shows."
        )
        advice = "See whether the features hold anything about the classes, and whether it trained."
        return CHECK.found((run.name,), statement, m, advice=advice)
    ignored = m.rarest_recall_interval[1] < HARDLY and m.rarest_share < RARE and m.accuracy >= HIGH
    advice = (
        "Judge the model by balanced accuracy or the recall of each class; give rare classes more "
        "weight, or move the threshold."
    )
    if ignored:
        statement = (
            f"{compared}. Of class {m.rarest_class}, {percent(m.rarest_share, 1)} of the examples, "
            f"it recognises {percent(m.rarest_recall, 1)} (95% interval "
            f"{span(m.rarest_recall_interval)}): the accuracy hides that the class is ignored."
        )
        return CHECK.found((run.name,), statement, m, advice=advice)
    if not leads:
        statement = (
            f"{compared}: the accuracy does not show that the model is better ({at_most}). Its "
            f"loss does: it is {m.loss_gain:.3f} below that of the class shares (standard error "
            f"{m.loss_gain_error:.3f})."
        )
        return CHECK.found((run.name,), statement, m, severity=Severity.INFO, advice=advice)
    return CHECK.clear((run.name,), f"{compared}: the model leads by {at_most}.", m)


def _measured(context: Context, run: RunOutcome) -> MajorityComparison:
    train, _ = context.parts(run)
    targets, correct = context.targets(run), context.correct(run)
    n = len(targets)
    sizes = np.bincount(train.targets, minlength=train.n_classes)
    of_class = np.bincount(targets, minlength=train.n_classes)
    common = int(sizes.argmax())
    is_common = targets == common
    enough = np.flatnonzero(of_class >= MIN_OF_CLASS)
    rare = int(enough[sizes[enough].argmin()]) if len(enough) else common
    recall, members = float(correct[targets == rare].mean()), int(of_class[rare])
    gains = _loss_gains(context, run, sizes)
    accuracy = float(correct.mean())
    return MajorityComparison(
        accuracy,
        wilson_interval(accuracy, n),
        train.classes[common],
        float(is_common.mean()),
        accuracy - float(is_common.mean()),
        _lead_interval(correct, is_common),
        float(gains.mean()),
        float(gains.std(ddof=1) / np.sqrt(n)),
        train.classes[rare],
        members / n,
        recall,
        wilson_interval(recall, members),
    )


def _lead_interval(correct: NDArray[np.bool_], other: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the interval of a paired difference of accuracies, given how many examples differ."""
    ahead, behind = int((correct & ~other).sum()), int((other & ~correct).sum())
    differ = ahead + behind
    if differ == 0:
        return 0.0, 0.0
    low, high = wilson_interval(ahead / differ, differ)
    share = differ / len(correct)
    return (2 * low - 1) * share, (2 * high - 1) * share


def _loss_gains(context: Context, run: RunOutcome, sizes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return by how much the model's loss on each example is below that of the class shares."""
    targets = context.targets(run)
    p = context.probabilities(run)
    train, _ = context.parts(run)
    order = [list(run.model.classes).index(label) for label in train.classes]
    own = p[np.arange(len(targets)), np.array(order)[targets]]
    shares = (sizes + 1) / (sizes.sum() + len(sizes))
    return np.asarray(np.log(np.maximum(own, 1e-12)) - np.log(shares[targets]))


CHECK = Check(
    MajorityComparison,
    look,
    "Counted on the validation examples, example by example.",
    ("the validation examples are independent of each other and of training",),
    covers="95%, for accuracy, lead and recall over all examples of which the validation examples "
    "are a random sample",
)
