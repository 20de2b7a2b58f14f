"""OL106: whether the norm of the weights is inversely proportional to λ, and from which λ on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from onelayer.diagnosis.check import Check
from onelayer.diagnosis.checks.weight_norm_words import statement
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.experiments.optima import AtMinimum, at_minima
from onelayer.diagnosis.finding import Finding, Severity
from onelayer.diagnosis.measures.l2_norms import NEAR, LocalSlope, NormPoint, SweepNorms, crossing
from onelayer.diagnosis.measures.small_weights import gradient_at_zero, moments
from onelayer.diagnosis.measures.step_noise import Noise, settled
from onelayer.diagnosis.statistics.quantiles import z_two_sided
from onelayer.diagnosis.subjects.sweeps import penalty_sweeps
from onelayer.study import RunOutcome
from onelayer.words import listed

SMALL_SCORES = 0.1
"""Of scores so small the limit is good enough: so far the range of λ is extended upwards."""

DECADES_DOWN = 3
"""And so far downwards from there."""

PRECISE = 0.005
"""So near are the norms at strong penalties, whose minima take few passes."""


def look(context: Context) -> list[Finding]:
    """Report on each group of runs that differ in l2 alone."""
    return [_finding(context, runs) for runs in penalty_sweeps(context.outcome)]


def _finding(context: Context, runs: list[RunOutcome]) -> Finding:
    names = [run.name for run in runs]
    penalized = [run for run in runs if run.record.config.l2 > 0]
    if len(penalized) < 2:
        return CHECK.not_applicable(
            names,
            f"Of {listed([run.called for run in runs])} only one has a λ above zero: at least "
            "two are needed to say how "
            "the norm depends on λ.",
        )
    gradient = gradient_at_zero(context, runs[0])
    size = math.sqrt(gradient.squared_norm(include_bias=True))  # of a free bias: 0
    there = at_minima(context, runs[0], [run.record.config.l2 for run in runs], if_affordable=True)
    points = [_point(run, there.get(run.record.config.l2), size) for run in runs]
    beyond = _beyond(context, penalized, size) if there else []
    slopes = _slopes([p for p in points if p.l2 > 0])
    # Outside, the sweep's ends are sought anew, to the better tolerance.
    outside = [
        slope for slope in _slopes(sorted(beyond, key=lambda p: -p.l2))
        if not (slope.l2 <= penalized[0].record.config.l2
                and slope.smaller >= penalized[-1].record.config.l2)
    ]  # fmt: skip
    along = sorted([*slopes, *outside], key=lambda slope: -slope.l2)
    found = SweepNorms(
        points=tuple(points),
        beyond=tuple(p for p in beyond if p.l2 not in {q.l2 for q in points}),
        slopes=tuple(slopes),
        slopes_beyond=tuple(outside),
        proportional_from=crossing(along, -1 + NEAR),
        squared_proportional_at=crossing(along, -0.5),
        gradient_norm=size,
    )
    values = [f"λ = {p.l2:g}" for p in [*found.points, *found.beyond] if p.minimum is not None]
    tried = [f"the minimum with {listed(values)}"] if values else []
    text = statement(found)
    verdicts = [slope.is_inverse for slope in slopes]
    if any(verdicts):
        return CHECK.found(names, text, found, severity=Severity.INFO, tried=tried)
    if None in verdicts:
        return CHECK.cant_tell(names, text, found, tried=tried)
    return CHECK.clear(names, text, found, tried=tried)


def _point(run: RunOutcome, minimum: AtMinimum | None, size: float) -> NormPoint:
    tail, l2 = settled(run), run.record.config.l2
    certified = minimum if minimum is not None and minimum.is_certified else None
    return NormPoint(
        l2=l2,
        end=run.record.final.weight_norm,
        noise=None if tail is None else Noise.of(tail["weight_norm"]).deviation,
        minimum=None if certified is None else certified.norm,
        minimum_error=None if certified is None else certified.norm_error,
        limit_norm=size / (2 * l2) if l2 > 0 else None,
        run=run.name,
    )


def _beyond(context: Context, penalized: list[RunOutcome], size: float) -> list[NormPoint]:
    """Return minima with λ outside the sweep's, and with its ends."""
    high, low = (penalized[place].record.config.l2 for place in (0, -1))
    _, squared_length = moments(context, penalized[0])
    top = size * math.sqrt(squared_length) / (2 * SMALL_SCORES)
    if not 0 < top < math.inf:
        return []
    bottom = top / 10**DECADES_DOWN
    up = [high * 10 ** (k / 2) for k in range(1, 1 + _half_decades(top / high))]
    down = [low / 10 ** (k / 2) for k in range(1, 1 + _half_decades(low / bottom))]
    asked = [float(f"{l2:.3g}") for l2 in [*up[::-1], *down]]
    asked += [l2 for l2, more in ((high, up), (low, down)) if more]
    there = at_minima(
        context, penalized[0], list(dict.fromkeys(asked)), within=PRECISE, if_affordable=True
    )
    return [
        NormPoint(l2, None, None, at.norm, at.norm_error, size / (2 * l2))
        for l2, at in there.items()
        if at.is_certified
    ]


def _half_decades(ratio: float) -> int:
    return max(math.ceil(2 * math.log10(ratio)), 0)


def _slopes(points: Sequence[NormPoint]) -> list[LocalSlope]:
    """Return the slopes between neighbours, in falling order of λ."""
    z = z_two_sided()
    slopes = []
    for high, low in pairwise(points):
        at_end = _slope(high, low, high.end, low.end)
        noises = [
            noise / norm
            for norm, noise in ((high.end, high.noise), (low.end, low.noise))
            if norm and noise is not None
        ]
        at_minimum = _slope(high, low, high.minimum, low.minimum)
        errors = [
            error / norm
            for norm, error in (
                (high.minimum, high.minimum_error),
                (low.minimum, low.minimum_error),
            )
            if norm and error is not None
        ]
        slopes.append(
            LocalSlope(
                high.l2, low.l2,
                at_end, _around(at_end, z * math.hypot(*noises), high, low, len(noises)),
                at_minimum, _around(at_minimum, sum(errors), high, low, len(errors)),
            )
        )  # fmt: skip
    return slopes


def _slope(high: NormPoint, low: NormPoint, a: float | None, b: float | None) -> float | None:
    if a is None or b is None or not (0 < a < math.inf and 0 < b < math.inf):
        return None
    return float(np.log(a / b) / np.log(high.l2 / low.l2))


def _around(
    slope: float | None, error: float, high: NormPoint, low: NormPoint, known: int
) -> tuple[float, float] | None:
    if slope is None or known < 2:
        return None
    reach = error / math.log(high.l2 / low.l2)
    return slope - reach, slope + reach


CHECK = Check(
    SweepNorms,
    look,
    "Slopes on two logarithmic axes from λ to λ: of the norm at the ends of the runs, and at the "
    "minimum of the objective, whose norm is certified to within a bound.",
    covers="at the ends of the runs 95%, over the noise of the steps, for a run that had ended at "
    "another step; at the minimum bounds that hold for certain",
)
