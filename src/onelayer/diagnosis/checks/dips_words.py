"""What OL102 says."""

from __future__ import annotations

from onelayer.diagnosis.measures.dips import AccuracyDips
from onelayer.diagnosis.words import count, number, percent, points, signed
from onelayer.study import RunOutcome
from onelayer.words import listed


def statement(run: RunOutcome, dips: AccuracyDips) -> str:
    """Say what follows the batch, and what removes it."""
    culprit = dips.culprit
    assert culprit is not None
    made = {each.change: each for each in dips.interventions}
    own, batches, once, anew, without = list(made.values())[:5]
    later = f" (taken {count(dips.lag, 'step')} later)" if dips.lag else ""
    said = (
        f"In {run.called} the validation accuracy falls by {points(culprit.fall)} (mean of "
        f"{dips.epochs - 1} epochs, standard error {100 * culprit.standard_error:.2f}) after the "
        f"step on batch {dips.batch} of the epoch, counted from 0{later}, where the loss lies "
        f"{percent(dips.rise, 0)} above its epoch's median, and comes back. Runs of "
        f"{dips.tried_epochs} epochs with one thing changed show why: there the fall is "
        f"{signed(own.fall)} as it was, and {signed(without.fall)} without that batch. "
    )
    if dips.verdict == "order":
        said += (
            "It is the order: after the same batch in another sequence the fall is "
            f"{signed(batches.fall)}."
        )
    elif dips.verdict == "composition":
        said += (
            f"It is the composition of the batch: its dip follows it to any place in the sequence "
            f"({signed(batches.fall)}), and not its examples into other batches "
            f"({signed(once.fall)} when shuffled once, {signed(anew.fall)} in each epoch)."
        )
    else:
        said += (
            f"It is single examples: the dip follows them in any order ({signed(once.fall)} when "
            f"shuffled once, {signed(anew.fall)} in each epoch)."
        )
    said += (
        " That rests on the validation loss at the same steps, which is less noisy: it lies "
        f"{number(own.loss)} above its epoch's median as it was, {number(batches.loss)} in another "
        f"sequence, {number((once.loss + anew.loss) / 2)} shuffled."
    )
    if culprit.carried_by is not None and dips.verdict != "order":
        few = dips.interventions[-1]
        which = count(culprit.carried_by, "example")
        said += (
            f" {which[0].upper()}{which[1:]} of the {sum(culprit.class_counts)} in the batch "
            f"{'carries' if culprit.carried_by == 1 else 'carry'} most of it: without "
            f"{'it' if culprit.carried_by == 1 else 'them'} the fall is {signed(few.fall)}."
        )
    met = dips.evaluation_meets_batch_every
    if dips.evaluation_every > 1:
        said += (
            f" With an evaluation every {dips.evaluation_every} steps and "
            f"{dips.batches_per_epoch} batches in an epoch, the run looks right after this batch "
            f"only every {met:,} steps: that is how often its curve shows a dip."
        )
    return said


def advice(dips: AccuracyDips) -> str:
    """Say what to do about it."""
    culprit = dips.culprit
    assert culprit is not None
    if dips.verdict == "order":
        return "Shuffle the examples, or the sequence of the batches."
    rows = listed([example.row for example in culprit.examples[: culprit.carried_by or 5]], 10)
    if dips.verdict == "composition":
        return f"Shuffle the examples. Look at the training examples {rows}, that lie together."
    return (
        f"Look at the training examples {rows}: their values or labels are out of the ordinary. "
        "Shuffling does not help; a smaller learning rate or leaving them out does."
    )
