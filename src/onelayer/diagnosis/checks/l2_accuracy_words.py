"""OL105 in words."""

from __future__ import annotations

from onelayer.diagnosis.measures.l2_accuracies import Minimum, SweepAccuracies, SweptRun
from onelayer.diagnosis.words import percent, points, span
from onelayer.words import listed

ARRIVED = 0.95
"""Weights that have come so much of the way to the minimum have arrived."""


def statement(found: SweepAccuracies) -> str:
    """Return what was measured, in sentences that call runs by these words."""
    sentences = [_of_ends(found)]
    known = [(run, run.certified) for run in found.runs if run.certified is not None]
    if len(known) < 2:
        sentences.append("What λ itself does cannot be told: fewer than two minima are known.")
    else:
        sentences += [_of_minima(found), _of_training(found)]
    sentences += [_of_shortfall(run, at) for run, at in known if _is_off(at)]
    unknown = [run for run in found.runs if run.certified is None]
    if unknown:
        values = listed([f"λ = {run.l2:g}" for run in unknown])
        sentences.append(f"For {values} no minimum could be certified; its end alone is compared.")
    return " ".join(filter(None, sentences))


def _of_ends(found: SweepAccuracies) -> str:
    best = next(run for run in found.runs if run.run == found.best)
    others = [run for run in found.runs if run.run in found.may_be_best and run is not best]
    values = listed([f"{run.l2:g}" for run in found.runs])
    text = (
        f"Of the runs with λ = {values} the best validation accuracy of the weights "
        f"that are kept is {percent(best.val_accuracy)}, with λ = {best.l2:g}, picked by looking; "
    )
    if not others:
        return text + "the others are behind it by more than chance."
    return text + f"chance may have put it before {listed([f'λ = {run.l2:g}' for run in others])}."


def _of_minima(found: SweepAccuracies) -> str:
    known = [(run, run.certified) for run in found.runs if run.certified is not None]
    values = listed([f"{percent(at.val_accuracy)} at λ = {run.l2:g}" for run, at in known])
    text = f"At the minimum of each objective, where training would end, it is {values}. "
    best = next(run for run, _ in known if run.run == found.best_minimum)
    ties = [r for r, _ in known if r.run in found.minima_that_may_be_best and r is not best]
    falls = [s for s in found.from_largest if s.p_value <= 0.05 and s.at_minimum > 0]
    if falls:
        most = max(falls, key=lambda step: step.at_minimum)
        text += (
            f"So it falls with λ: from λ = {most.smaller:g} to λ = {most.l2:g} by "
            f"{points(most.at_minimum)}, 95% interval over examples like these "
            f"{span(most.at_minimum_interval)}. "
        )
        level = [s for s in found.steps if s.p_value > 0.05]
        rises = [s for s in found.steps if s.p_value <= 0.05 and s.at_minimum < 0]
        text += "".join(
            f"Between λ = {s.smaller:g} and λ = {s.l2:g} no change can be told. " for s in level
        )
        text += "".join(f"From λ = {s.smaller:g} to λ = {s.l2:g} it rises. " for s in rises)
        if not level and not rises:
            text += "It falls from each λ to the next. "
    else:
        high = max(s.at_minimum_interval[1] for s in found.from_largest)
        text += (
            f"That it falls with λ cannot be told from chance; if it does, then by at most "
            f"{points(max(high, 0.0))} (upper end of the 95% intervals). "
        )
    if ties:
        text += f"The best, λ = {best.l2:g}, may not be better than "
        return text + f"{listed([f'λ = {run.l2:g}' for run in ties])}."
    return text + f"The best is λ = {best.l2:g}, by more than chance."


def _of_training(found: SweepAccuracies) -> str:
    falls = [s for s in found.from_largest if s.p_value <= 0.05 and s.at_minimum > 0]
    if not falls:
        return ""
    most = max(falls, key=lambda step: step.at_minimum)
    low, _ = most.train_at_minimum_interval
    fall = f"by {points(most.train_at_minimum)} from λ = {most.smaller:g} to λ = {most.l2:g}"
    if low > 0:
        return f"The training accuracy falls there too, {fall}: the strong penalty underfits."
    return "The training accuracy does not fall there: the model still fits, and is not better."


def _is_off(at: Minimum) -> bool:
    low, high = at.shortfall_interval
    return low > 0 or high < 0


def _of_shortfall(run: SweptRun, at: Minimum) -> str:
    low, high = at.shortfall_interval
    side = "below" if at.shortfall > 0 else "above"
    limits = min(abs(low), abs(high)), max(abs(low), abs(high))
    text = (
        f"The end of the run with λ = {run.l2:g} is {points(abs(at.shortfall))} {side} its "
        f"minimum (95% interval {span(limits)}), "
    )
    if at.way < ARRIVED:
        return text + f"since training had not arrived: {percent(at.way, 0)} of the way was made."
    if run.noise is not None and run.noise > abs(at.shortfall) / 3:
        return text + (
            "since its steps are noisy: the accuracy has a standard deviation of "
            f"{points(run.noise)} from evaluation to evaluation."
        )
    return text + "though its weights are nearly those of the minimum."
