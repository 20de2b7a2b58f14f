"""Penalties that keep a model from fitting, and steps that keep it from settling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from plant import Case, Plant, of, safe_rate
from sources import material

from onelayer.diagnosis import Finding
from onelayer.diagnosis.measures.curve_noise import CurveNoise


def strong_penalty(rng: np.random.Generator, l2: float, source: str) -> Case:
    """Return a run with a λ so strong that the minimum itself is poor."""
    return of(material(source, rng), rng, l2=l2, max_epochs=20)


def _names(*causes: str, findings: Sequence[Finding]) -> bool:
    measured = [f.measurement for f in findings if isinstance(f.measurement, CurveNoise)]
    return any({*causes} & {*m.causes} for m in measured)


def small_batches(rng: np.random.Generator, share: float, source: str) -> Case:
    """Return a run with batches of 4 at a rate that would do for all examples at once."""
    own = material(source, rng)
    rate = safe_rate(own.split()[0], share)
    case = of(
        own, rng, batch_size=4, learning_rate=rate, max_epochs=16, order="epoch",
        early_stopping=None,
    )  # fmt: skip
    return replace(case, is_right=lambda found: _names("batch", "rate", "slow", findings=found))


def off_centre(rng: np.random.Generator, shift: float, source: str) -> Case:
    """Return a run on features whose means lie so many of their standard deviations from zero.

    At a rate that is safe for the same features with means of zero.
    """
    own = material(source, rng)
    centred = own.X - own.X.mean(axis=0)
    rate = safe_rate(replace(own, X=centred).split()[0])
    own = replace(own, X=centred + shift * centred.std(axis=0))
    case = of(
        own, rng, learning_rate=rate, max_epochs=30, order="epoch", early_stopping=None
    )  # fmt: skip
    return replace(case, is_right=lambda found: _names("mean", findings=found))


PLANTS = [
    Plant("OL006", "a strong penalty", (0.1, 1.0, 10.0), 1.0, strong_penalty),
    Plant("OL108", "batches of 4 at a large rate",
          (0.1, 0.5, 2.0), 2.0, small_batches),
    Plant("OL108", "features off centre", (1.0, 3.0, 10.0), 3.0, off_centre),
]  # fmt: skip
