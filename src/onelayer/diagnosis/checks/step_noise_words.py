"""OL108 in words."""

from __future__ import annotations

import math

from onelayer.diagnosis.measures.curve_noise import CHANGED, FACTOR, STEPS, Change, CurveNoise
from onelayer.diagnosis.words import percent, points
from onelayer.words import listed


def in_words(found: CurveNoise) -> str:
    """Return what became of the noise with each change."""
    parts = [
        f"{CHANGED[v.change]}: {v.ratio:.2f} of it ({v.ratio_interval[0]:.2f} to "
        f"{v.ratio_interval[1]:.2f})"
        for v in sorted(found.variants, key=lambda v: v.ratio)
    ]
    control = found.control_noise if found.control_noise is not None else math.nan
    return (
        f"Going on from its weights as before, it is {points(control)}; with "
        f"{'; with '.join(parts)} (95% intervals over other orders)."
    )


def why(found: CurveNoise) -> str:
    """Return what the noise comes of, a sentence or some."""
    causes = found.causes
    if not causes:
        return "None of these removes it: its cause is something else."
    if {*causes} <= {"rate", "slow"}:
        larger = f"batches {FACTOR} times as large"
        return f"So the steps are too long, and {larger} do not mend it: the rate is at fault."
    if {*causes} <= {*STEPS}:
        return "So it is the noise of the batches, for which the steps are too long."
    reasons = []
    if "order" in causes:
        reasons.append("the order of the examples (the same in all epochs)")
    if "mean" in causes:
        assert found.mean_share is not None
        reasons.append(
            f"the mean of the features (it has {percent(found.mean_share, 0)} of their mean "
            "squared length)"
        )
    if "classes" in causes:
        reasons.append("the counts of the classes (they differ from batch to batch)")
    if "bias" in causes:
        reasons.append("the penalty on the bias")
    text = f"So it comes of {listed(reasons)}."
    if {*STEPS} & {*causes}:
        text += " Larger batches or shorter steps lessen it, as they do all noise of steps."
    if {"classes", "mean"} <= {*causes}:
        text += (
            " Each surplus of a class in a batch moves the class's score along that mean, and so "
            "on all examples at once."
        )
        if found.margin is not None:
            text += (
                f" Half of the validation examples have their two largest scores within "
                f"{found.margin:.2g} of each other, so that many predictions change."
            )
    return text


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
