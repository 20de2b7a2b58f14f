"""OL106 in words."""

from __future__ import annotations

import math

from onelayer.diagnosis.measures.l2_norms import NEAR, LocalSlope, SweepNorms
from onelayer.diagnosis.words import decimals, percent
from onelayer.words import listed

APART = 0.05
"""Slopes of ends and minima that differ by more are spoken of."""


def statement(found: SweepNorms) -> str:
    """Return what was measured, in sentences that call runs by these words."""
    sentences = [_of_ends(found), _of_slopes(found), _verdict(found), _of_range(found)]
    return " ".join(filter(None, sentences))


def _of_ends(found: SweepNorms) -> str:
    penalized = [p for p in found.points if p.l2 > 0]
    high, low = penalized[0], penalized[-1]
    text = (
        f"From λ = {low.l2:g} to λ = {high.l2:g} the "
        f"norm goes from {_rounded(low.end or 0.0)} to {_rounded(high.end or 0.0)} at the ends "
        "of the runs"
    )
    if low.minimum is not None and high.minimum is not None:
        text += f", and from {_rounded(low.minimum)} to {_rounded(high.minimum)} at the minimum"
    return f"{text}."


def _of_slopes(found: SweepNorms) -> str:
    ends = [s.at_end for s in found.slopes if s.at_end is not None]
    minima = [s.at_minimum for s in found.slopes if s.at_minimum is not None]
    text = (
        "Were it inversely proportional to λ, each tenfold λ would divide it by 10, a slope of −1 "
        "on two logarithmic axes. "
    )
    parts = [
        f"{_range(slopes)} {where}"
        for slopes, where in ((minima, "at the minimum"), (ends, "at the ends of the runs"))
        if slopes
    ]
    if not parts:
        return f"{text}No slope is known: a norm is zero or not finite."
    text += f"From one λ to the next the slope is {', and '.join(parts)}"
    squares = [2 * slope for slope in minima or ends]
    text += f" (of the squared norm twice that: {_range(squares)})."
    off = [s for s in found.slopes if _differ(s)]
    if off:
        places = listed([f"λ = {s.smaller:g} and λ = {s.l2:g}" for s in off])
        text += f" Between {places} the ends differ from the minima by more than their intervals."
        shares = {p.l2: p.end / p.minimum for p in found.points if p.l2 > 0 and p.end and p.minimum}
        l2 = max(shares, key=lambda l2: abs(math.log(shares[l2])))
        text += (
            f" Farthest from its minimum is the run with λ = {l2:g}, whose norm is "
            f"{percent(shares[l2], 0)} of that there."
        )
    return text


def _differ(slope: LocalSlope) -> bool:
    """Whether ends and minima differ by more than the intervals of both."""
    ends, minima = slope.at_end_interval, slope.at_minimum_interval
    if slope.at_end is None or slope.at_minimum is None or ends is None or minima is None:
        return False
    apart = max(ends[0] - minima[1], minima[0] - ends[1])
    return apart > 0 and abs(slope.at_end - slope.at_minimum) > APART


def _range(slopes: list[float]) -> str:
    low, high = (decimals(value) for value in (max(slopes), min(slopes)))
    return low if low == high else f"between {low} and {high}"


def _verdict(found: SweepNorms) -> str:
    verdicts = [s.is_inverse for s in found.slopes]
    where = (
        "" if any(s.at_minimum is not None for s in found.slopes) else " at the ends of the runs"
    )
    if all(verdicts):
        return f"So the norm is inversely proportional to λ over the whole sweep{where}."
    if any(verdicts):
        parts = [f"from λ = {s.smaller:g} to λ = {s.l2:g}" for s in found.slopes if s.is_inverse]
        return (
            f"So the norm is inversely proportional to λ {listed(parts)}{where}, and not elsewhere."
        )
    if None in verdicts:
        return f"Whether a slope is within {NEAR:g} of −1 cannot be told."
    slopes = [s.slope for s in found.slopes if s.slope is not None]
    if any(slope > 0 for slope in slopes):
        return f"So the norm does not even fall throughout{where}."
    return f"So the norm falls as λ grows, but nowhere in the sweep in inverse proportion{where}."


def _of_range(found: SweepNorms) -> str:
    text = ""
    if found.proportional_from is not None:
        text += (
            f"Inverse proportion (a slope within {NEAR:g} of −1) begins at about λ = "
            f"{_rounded(found.proportional_from, 2)}; there the weights near their limit, "
            f"−∇C(0) / (2λ), with the norm {_rounded(found.gradient_norm / 2)} / λ. "
        )
    if found.squared_proportional_at is not None:
        text += (
            "The squared norm has the slope −1 around λ = "
            f"{_rounded(found.squared_proportional_at, 2)} alone: below that it falls slower, "
            "above faster."
        )
    return text.strip()


def _rounded(value: float, digits: int = 4) -> str:
    return f"{value:.{digits}g}"
