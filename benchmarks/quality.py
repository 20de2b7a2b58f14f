"""The time to a validation loss: every contender at its best, stopped as soon as it is there.

The iterations that a peer needs are sought outside of the time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import numpy as np
from sklearn.metrics import log_loss

from onelayer.data import Dataset
from onelayer.model import Objective, Parameters
from onelayer.optimum import minimise
from onelayer.training import TrainConfig, train
from optima import KEPT, Clock, pytorch, scaled, scikit_learn

MOST_SECONDS, MOST_ITERATIONS = 15, 4096
"""A peer whose fit takes longer or more, and is not there yet, is given up."""

NEVER = [-float("inf")]
"""The value of the objective at which a peer stops here: iterations count."""


def fewest(
    is_there: Callable[[int], bool], most_seconds: float = MOST_SECONDS
) -> tuple[int, float] | None:
    """Return the fewest iterations, to a tenth, that are enough, and their seconds; None if none.

    A peer that takes more than `most_seconds` without being there is given up.
    """
    reached, least, seconds = 4, 1, 0.0
    while True:
        start = time.perf_counter()
        there = is_there(reached)
        seconds = time.perf_counter() - start
        if there:
            break
        # One that ends by itself before it is there does not take longer with more iterations.
        if seconds > most_seconds or reached >= MOST_ITERATIONS:
            return None
        least, reached = reached, reached * 2
    while reached - least > max(1, reached // 10):
        middle = (reached + least) // 2
        start = time.perf_counter()
        if is_there(middle):
            reached, seconds = middle, time.perf_counter() - start
        else:
            least = middle
    return reached, seconds


def the_best(
    fits: dict[str, Callable[[int], Parameters]], is_there: Callable[[Parameters], bool]
) -> dict[str, Callable[[], object]]:
    """Return the fastest peers, each with the iterations that it needs."""
    found: dict[str, tuple[float, Callable[[], object]]] = {}
    for name, fit in fits.items():
        best = min((seconds for seconds, _ in found.values()), default=MOST_SECONDS / 3)
        needed = fewest(lambda count, fit=fit: is_there(fit(count)), 3 * best)
        if needed is not None:
            count, seconds = needed
            label = f"{name}, {count} iterations"
            found[label] = seconds, lambda fit=fit, count=count: fit(count)
    ranked = sorted(found.items(), key=lambda item: item[1][0])
    return {name: fit for name, (_, fit) in ranked[:KEPT]}


def contenders(
    train_set: Dataset, validation: Dataset, goal: float
) -> tuple[dict[str, Callable[[], object]], str]:
    """Return what is timed to a validation loss: ours by steps and by the minimum, and the peers.

    All are stopped as soon as they are there; the penalty is each one's best of three.
    """
    X, y = scaled(train_set)["float32"], train_set.targets
    vX, vy = scaled(validation)["float64"], validation.targets
    timed: dict[str, Callable[[], object]] = {}
    found = []

    def loss(parameters: Parameters) -> float:
        scores = vX @ parameters.weights + parameters.bias
        scores -= scores.max(axis=1, keepdims=True)
        chances = np.exp(scores)
        return float(log_loss(vy, chances / chances.sum(axis=1, keepdims=True)))

    def fastest(options: dict[str, Callable[[], object]]) -> str | None:
        """Return which of some ways is the fastest, by one call each after a first."""
        seconds = {}
        for name, way in options.items():
            way()
            start = time.perf_counter()
            way()
            seconds[name] = time.perf_counter() - start
        return min(seconds, key=seconds.__getitem__) if seconds else None

    by_steps, by_minimum = {}, {}
    for l2 in (1e-3, 3e-4, 1e-4):
        for rate in (0.01, 0.03):
            for epochs in (2, 3, 5, 8, 12, 20, 40):
                config = TrainConfig(
                    learning_rate=rate, max_epochs=epochs, l2=l2, evaluations_per_epoch=1,
                    momentum=0.9, schedule="cosine", warmup_steps=50,
                )  # fmt: skip
                # Its own numbers at the end say whether it got there.
                if train(train_set, validation, config).final.val_loss <= goal:
                    by_steps[f"steps, l2 {l2:g}, rate {rate:g}, {epochs} epochs"] = (
                        lambda config=config: train(train_set, validation, config)
                    )
                    break
        for tolerance in (0.3, 0.1, 0.03, 0.01, 1e-3):
            (optimum,) = minimise(
                train_set, [Objective("softmax", l2)], tolerance=tolerance, max_passes=5000
            )
            if loss(optimum.parameters) <= goal:
                by_minimum[f"minimum, l2 {l2:g}, to {tolerance:g}"] = (
                    lambda l2=l2, tolerance=tolerance: minimise(
                        train_set, [Objective("softmax", l2)], tolerance=tolerance
                    )
                )
                break
    ways = by_steps | by_minimum
    best = fastest(ways)
    if best is None:
        raise RuntimeError(f"no way of ours reaches {goal}")
    timed["onelayer"] = ways[best]
    found.append(f"onelayer by {best}")

    fits: dict[str, Callable[[int], Parameters]] = {}
    for l2 in (1e-3, 3e-4, 1e-4):
        peers = {"torch L-BFGS 2t": partial(pytorch, X, y, [l2], 2, Clock(), NEVER)}
        for solver in ("lbfgs", "newton-cg"):
            peers[f"scikit-learn {solver} float32"] = partial(
                scikit_learn, X, y, [l2], solver, Clock(), NEVER
            )
        for name, fit in peers.items():
            fits[f"{name}, l2 {l2:g}"] = lambda count, fit=fit: fit(count)[0]
    timed |= the_best(fits, lambda parameters: loss(parameters) <= goal)
    return timed, "; ".join(found)
