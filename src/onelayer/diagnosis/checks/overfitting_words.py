"""What OL103 says."""

from __future__ import annotations

import math

from onelayer.diagnosis.measures.loss_end import LossEnd
from onelayer.diagnosis.measures.overfitting import RISE, AtMinimum, Gap, OtherSeeds
from onelayer.diagnosis.words import number, percent, points, span
from onelayer.study import RunOutcome


def on_the_gap(run: RunOutcome, gap: Gap) -> str:
    """Say what the difference of both accuracies is made of."""
    said = (
        f"{run.called} has {percent(gap.train_accuracy)} of its training examples right and "
        f"{percent(gap.val_accuracy)} of the validation examples (95% interval for examples like "
        f"these: {span(gap.val_interval)}). Trained without a fifth of its examples, it "
        f"does {points(gap.memory)} worse on that fifth than on the others "
        f"({span(gap.memory_interval)})"
    )
    if gap.memory_interval[0] > 0:
        said += ": so much is memory. "
    else:
        said += ", which can be chance: no memory is seen. "
    low, high = gap.parts_interval
    by = f"(by {points(abs(gap.parts))}; {span(gap.parts_interval)})"
    if low > 0:
        said += f"The validation examples are harder than that fifth {by}."
    elif high < 0:
        said += f"The validation examples are easier than that fifth {by}."
    else:
        said += f"The validation examples cannot be told from that fifth {by}."
    return said


def on_the_end(end: LossEnd, others: OtherSeeds | None) -> str:
    """Say whether training did harm up to its end."""
    slope = end.slope
    over = f"over the last {end.evaluations} evaluations"
    height = "above zero"
    if end.rise < math.inf:
        height = f"{percent(end.rise, 1)} above its lowest value"
    if end.rose:
        return (
            f"Training did harm: the validation loss rose {over}, by {number(slope.slope)} an "
            f"epoch, and ends {height}, which it had at step {end.lowest_step:,}."
        )
    if others is not None:
        low, high = others.interval
        said = (
            f"its validation loss was level {over}; with {others.seeds} other seeds it ends "
            f"{percent(others.rise, 1)} above its lowest, which it has about step {others.step:,} "
            f"({percent(low, 1)} to {percent(high, 1)} is the 95% interval over seeds)."
        )
        if others.rose:
            return f"Training did harm: {said}"
        return f"No harm is seen up to its end: {said}"
    if slope.direction > 0:
        return f"The validation loss rose {over}, but ends only {height}."
    if slope.direction < 0:
        return (
            f"It did no harm up to its end: the validation loss was still falling {over}, by "
            f"{number(-slope.slope)} an epoch."
        )
    return f"It did no harm up to its end: the validation loss was level {over}."


def on_the_minimum(run: RunOutcome, minimum: AtMinimum) -> str:
    """Say whether going on would help or do harm."""
    what = "At the minimum of its objective" if minimum.certified else "Far on towards the minimum"
    low, high = minimum.against_end
    span = f"by {number(abs(low))} to {number(abs(high))}" if low * high > 0 else ""
    said = (
        f"{what} the validation loss is {number(minimum.val_loss)} and the accuracies "
        f"{percent(minimum.train_accuracy)} and {percent(minimum.val_accuracy)}"
    )
    if minimum.rise > RISE and low > 0:
        return f"{said}: there it would overfit, with a higher loss than at its end {span}."
    if high < 0:
        return f"{said}: a lower loss than at its end {span}, so going on helps {run.called}."
    return f"{said}: going on for ever changes the loss by no more than chance."
