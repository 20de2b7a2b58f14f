"""How early wrong labels come in the ranking of OL210, beside cleanlab's rankings.

    python benchmarks/faults/labels.py [--share 0.05]

Labels of MNIST and the digits are flipped at random, each to another class. All rankings rest on
the same out-of-sample probabilities, those of the check. Needs MNIST; cleanlab is left out where it
is not installed.
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
from numpy.typing import NDArray
from sources import load

from onelayer.data import Dataset
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.experiments.crossfit import cross_fit, log_probabilities
from onelayer.diagnosis.measures.wrong_labels import ranking, share_of_wrong_labels
from onelayer.study import outcome_in_memory

try:
    from cleanlab.count import num_label_issues
    from cleanlab.rank import get_label_quality_scores
except ImportError:
    get_label_quality_scores = num_label_issues = None

FIRST = 0.1
SEEDS = 3


def recall(order: NDArray[np.int64], wrong: NDArray[np.bool_]) -> float:
    """Return which share of the wrong labels is among the first tenth of an order."""
    return float(wrong[order[: round(FIRST * len(order))]].sum() / wrong.sum())


def compare(name: str, data: Dataset, share: float, seed: int) -> None:
    """Flip labels, rank, and print."""
    rng = np.random.default_rng(seed)
    wrong = rng.random(data.n_examples) < share
    y = np.asarray(data.targets)
    y = np.where(wrong, (y + rng.integers(1, data.n_classes, len(y))) % data.n_classes, y)
    flipped = Dataset(data.X, y, range(data.n_classes), data.image_shape)
    context = Context(*outcome_in_memory(flipped, flipped, {}))
    fit = cross_fit(context, flipped)
    estimate, low, high = share_of_wrong_labels(fit.scores, fit.targets)
    said = [f"onelayer {100 * recall(ranking(fit), wrong):.1f}%"]
    shares = [f"onelayer {100 * estimate:.1f}% ({100 * low:.1f} to {100 * high:.1f})"]
    if get_label_quality_scores is not None:
        p = np.exp(log_probabilities(fit.scores))
        for method in ("self_confidence", "normalized_margin"):
            scores = get_label_quality_scores(fit.targets, p, method=method)
            order = np.argsort(scores, kind="stable")
            said.append(f"cleanlab {method} {100 * recall(order, wrong):.1f}%")
        count = num_label_issues(fit.targets, p)
        shares.append(f"cleanlab {100 * count / len(y):.1f}%")
    print(f"{name}, seed {seed}: {100 * wrong.mean():.1f}% wrong", flush=True)
    print(f"  among the first {100 * FIRST:.0f}%: {', '.join(said)}")
    print(f"  estimated: {', '.join(shares)}")


def main() -> None:
    """Compare on the digits and on two sizes of MNIST."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=0.05)
    share = parser.parse_args().share
    warnings.simplefilter("ignore")
    mnist = load("mnist")[0]
    for name, data in (
        ("digits", load("digits")[0]),
        ("MNIST 4,000", mnist.first(4000)),
        ("MNIST 20,000", mnist.first(20_000)),
    ):
        for seed in range(SEEDS):
            compare(name, data, share, seed)


if __name__ == "__main__":
    main()
