"""Defaults on real tables: the log loss on test examples, and the time, against scikit-learn's.

    python benchmarks/tables.py [SEEDS]

prints the table of docs/tables.md.
"""

from __future__ import annotations

import sys
import time
import warnings

import numpy as np
from sklearn.linear_model import LogisticRegressionCV
from sklearn.metrics import log_loss

from onelayer import SoftmaxRegressionCV
from real_tables import tables

warnings.filterwarnings("ignore")
REPETITIONS = 1
"""Of each split; times are medians over the splits."""


def main(seeds: int) -> None:
    """Print a row for each table: medians of the times, means over the seeds of the losses."""
    print("| table | examples | features | classes | ours | theirs | difference | s | s, theirs |")
    print("|---|---|---|---|---|---|---|---|---|")
    worst, faster, better, rows = -np.inf, 0, 0, 0
    for split in zip(*(tables(seed) for seed in range(seeds)), strict=True):
        losses, times = [], []
        for table in split:
            makers = {
                "ours": lambda: SoftmaxRegressionCV(),
                "theirs": lambda: LogisticRegressionCV(Cs=10, cv=5, scoring="neg_log_loss"),
            }
            taken: dict[str, list[float]] = {name: [] for name in makers}
            for _ in range(REPETITIONS):
                for name, make in makers.items():
                    began = time.perf_counter()
                    fitted = make().fit(table.X, table.y)
                    taken[name].append(time.perf_counter() - began)
                    makers[name] = make
                    if len(taken[name]) == REPETITIONS:
                        losses.append(log_loss(table.y_test, fitted.predict_proba(table.X_test)))
            times.append([np.median(t) for t in taken.values()])
        ours, theirs = np.reshape(losses, (-1, 2)).T
        seconds = np.median(times, axis=0)
        difference = (ours - theirs).max()
        worst, faster = max(worst, difference), faster + (seconds[0] < seconds[1])
        better, rows = better + (ours.mean() < theirs.mean() - 1e-5), rows + 1
        print(
            f"| {table.name} | {len(table.y):,} | {table.X.shape[1]} | {table.y.max() + 1} | "
            f"{ours.mean():.4f} | {theirs.mean():.4f} | {difference:+.5f} | {seconds[0]:.2f} | "
            f"{seconds[1]:.2f} |",
            flush=True,
        )
    print(
        f"\n{rows} tables, {seeds} splits: at most {worst:+.5f} worse on any split, better on "
        f"{better}, faster on {faster}."
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
