"""Defaults on real tables: the log loss on test examples, and the time, against scikit-learn's.

    python benchmarks/tables.py [SPLITS] [NAME]...

prints the tables of docs/tables.md: of all, or of those that are named ("scikit-learn wine").
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.metrics import log_loss

from onelayer import SoftmaxRegressionCV
from onelayer.sweep import penalty_of
from real_tables import Table, tables

warnings.filterwarnings("ignore")


@dataclass(frozen=True)
class Split:
    """Both on one split of a table.

    Attributes
    ----------
    ours, theirs : float
        Log losses on the test examples.
    refitted : float
        That of scikit-learn with the C that its search chose and a tolerance of 1e-9.
    same : bool
        Whether both chose the same C.
    seconds : (float, float)
        Ours and theirs.
    """

    ours: float
    theirs: float
    refitted: float
    same: bool
    seconds: tuple[float, float]


def main(splits: int, names: Collection[str]) -> None:
    """Print a row for each table."""
    print(
        "| table | examples | features | classes | log loss, ours | theirs | difference | same C | "
        "theirs, tol=1e-9 | difference | s, ours | s, theirs |"
    )
    print("|" + "---|" * 12)
    SoftmaxRegressionCV().fit(*load_iris(return_X_y=True))  # compiles, or loads what is compiled
    SoftmaxRegressionCV().fit(*load_breast_cancer(return_X_y=True))
    found = []
    for own in zip(*(tables(seed, names=names) for seed in range(splits)), strict=True):
        found.append([_measured(table) for table in own])
        print(_row(own[0], found[-1]), flush=True)
    worst = max(_differences(row).max() for row in found)
    better = sum(_differences(row).mean() < -1e-5 for row in found)
    faster = sum(bool(np.subtract(*_seconds(row)) < 0) for row in found)
    print(
        f"\n{len(found)} tables, {splits} splits: at most {worst:+.5f} worse on any split, better "
        f"on {better}, faster on {faster}."
    )


def _measured(table: Table) -> Split:
    ours, own = _fitted(SoftmaxRegressionCV(), table)
    theirs, others = _fitted(LogisticRegressionCV(Cs=10, cv=5, scoring="neg_log_loss"), table)
    C = float(np.ravel(theirs.C_)[0])
    refitted = LogisticRegression(C=C, tol=1e-9, max_iter=100_000).fit(table.X, table.y)
    same = np.isclose(ours.l2_, penalty_of(C, len(table.y), len(ours.classes_)))
    losses = (_log_loss(fitted, table) for fitted in (ours, theirs, refitted))
    return Split(*losses, same=bool(same), seconds=(own, others))


def _fitted(estimator: Any, table: Table) -> tuple[Any, float]:
    began = time.perf_counter()
    return estimator.fit(table.X, table.y), time.perf_counter() - began


def _log_loss(fitted: Any, table: Table) -> float:
    return float(log_loss(table.y_test, fitted.predict_proba(table.X_test)))


def _differences(row: Sequence[Split], other: str = "theirs") -> Any:
    return np.array([split.ours - getattr(split, other) for split in row])


def _seconds(row: Sequence[Split]) -> Any:
    return np.median([split.seconds for split in row], axis=0)


def _row(table: Table, row: Sequence[Split]) -> str:
    ours, theirs, refitted = np.mean([[s.ours, s.theirs, s.refitted] for s in row], axis=0)
    cells = [
        table.name, f"{len(table.y):,}", table.X.shape[1], table.y.max() + 1,
        f"{ours:.4f}", f"{theirs:.4f}", _spread(_differences(row)),
        f"{sum(split.same for split in row)} of {len(row)}",
        f"{refitted:.4f}", _spread(_differences(row, "refitted")),
        *(f"{seconds:.2f}" for seconds in _seconds(row)),
    ]  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


def _spread(differences: Any) -> str:
    return f"{differences.min():+.5f} to {differences.max():+.5f}"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1, sys.argv[2:])
