"""OL108 in words."""

from __future__ import annotations

import math

from onelayer.diagnosis.measures.curve_noise import CHANGED, FACTOR, STEPS, Change, CurveNoise
from onelayer.diagnosis.words import percent, points
from onelayer.words import listed


def jumps(called: str, found: CurveNoise) -> str:
    """Return what was found of a run: the sentence that a list of findings shows."""
    return (
        f"At the end of {called} the validation accuracy jumps from evaluation to evaluation, with "
        f"a standard deviation of {points(found.accuracy_noise)}: which step is the last is luck."
    )


def why(found: CurveNoise) -> str:
    """Return what the noise comes of, a sentence."""
    causes = found.causes
    if not causes:
        return "No change that was tried removes it: its cause is something else."
    if {*causes} <= {"rate", "slow"}:
        larger = f"batches {FACTOR} times as large"
        return f"The steps are too long, and {larger} do not mend it: the rate is at fault."
    if {*causes} <= {*STEPS}:
        return "It is the noise of the batches, for which the steps are too long."
    names: dict[Change, str] = {
        "order": "the order of the examples",
        "mean": "the mean of the features",
        "classes": "the counts of the classes in the batches",
        "bias": "the penalty on the bias",
    }
    return f"It comes of {listed([name for cause, name in names.items() if cause in causes])}."


def measured_over(found: CurveNoise) -> str:
    """Return what the noise was measured on, and how uncertain the accuracy is without it."""
    return (
        f"That is over the last {found.evaluations} evaluations. By the number of validation "
        f"examples alone the accuracy is uncertain by {points(found.sampling_error)}."
    )


def details(found: CurveNoise) -> str:
    """Return what became of the noise with each change, and how its causes work; sentences."""
    control = found.control_noise if found.control_noise is not None else math.nan
    left = "; ".join(
        f"{percent(v.ratio, 0)} ({100 * v.ratio_interval[0]:.0f} to "
        f"{100 * v.ratio_interval[1]:.0f}) with {CHANGED[v.change]}"
        for v in sorted(found.variants, key=lambda v: v.ratio)
    )
    said = [
        f"Going on from the weights unchanged, the noise is {points(control)}.",
        f"Of it is left, with 95% intervals over other orders: {left}.",
    ]
    own = {*found.causes} - {*STEPS}
    if own and len(own) < len(found.causes):
        said.append("Larger batches or shorter steps lessen it, as they do all noise of steps.")
    if "order" in own:
        said.append("The order is the same in all epochs.")
    if "mean" in own:
        assert found.mean_share is not None
        share = percent(found.mean_share, 0)
        said.append(f"The mean of the features has {share} of their mean squared length.")
    if {"classes", "mean"} <= own:
        said.append(
            "A class that a batch has more of than its share moves its score along that mean, and "
            "so on all examples at once."
        )
        if found.margin is not None:
            said.append(
                "Half of the validation examples have their two largest scores within "
                f"{found.margin:.2g} of each other: many predictions change."
            )
    return " ".join(said)


def advice_for(causes: tuple[Change, ...]) -> str:
    """Return what to do about these causes, a sentence."""
    ways: dict[Change, str] = {
        "mean": "centre the features",
        "classes": "make batches of equal class counts",
        "order": "shuffle the examples in each epoch (order = epoch)",
        "bias": "leave the bias out of the penalty",
    }
    own = [ways[cause] for cause in causes if cause in ways]
    more = "take larger batches, let the learning rate fall, or average the last weights"
    text = " or ".join(own) or more
    return f"{text[0].upper()}{text[1:]}" + (f"; or {more}." if own else ".")
