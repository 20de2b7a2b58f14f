"""Defaults on real tables: the log loss on test examples, and the time, against scikit-learn's.

    python benchmarks/tables.py [--splits 10] [--threads N] [--out docs/tables.md] [NAME ...]

measures all tables, or those that are named ("scikit-learn wine"), and prints what docs/tables.md
shows; with `--out` it is put there, between the two lines that mark its place. Tables of more than
2,000 examples to train are split twice.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Collection, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.metrics import log_loss
from threadpoolctl import threadpool_limits

from measure import machine
from onelayer import SoftmaxRegressionCV
from onelayer.sweep import penalty_of
from real_tables import Table, tables

warnings.filterwarnings("ignore")

LARGE, SPLITS_OF_LARGE = 2000, 2

ALIKE = 0.0005
"""Log losses that differ by no more count as the same."""

BEGIN, END = "<!-- begin: benchmarks/tables.py -->", "<!-- end -->"


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


@dataclass(frozen=True)
class Row:
    """Both on all splits of a table."""

    table: Table
    splits: Sequence[Split]

    def differences(self, other: str = "theirs") -> Any:
        """Return ours minus the other log loss, of each split."""
        return np.array([split.ours - getattr(split, other) for split in self.splits])

    @property
    def seconds(self) -> Any:
        """Ours and theirs, medians of the splits."""
        return np.median([split.seconds for split in self.splits], axis=0)

    def __str__(self) -> str:
        """Return it as a row of the page."""
        table, splits = self.table, self.splits
        ours, theirs, refitted = np.mean([[s.ours, s.theirs, s.refitted] for s in splits], axis=0)
        cells = [
            table.name, f"{len(table.y):,}", table.X.shape[1], table.y.max() + 1,
            f"{ours:.4f}", f"{theirs:.4f}", _spread(self.differences()),
            f"{sum(split.same for split in splits)} of {len(splits)}",
            f"{refitted:.4f}", _spread(self.differences("refitted")),
            *(f"{seconds:.2f}" for seconds in self.seconds),
        ]  # fmt: skip
        return f"| {' | '.join(map(str, cells))} |"


HEAD = """\
| table | examples | features | classes | log loss, ours | theirs | difference | same C | \
theirs, tol=1e-9 | difference | s, ours | s, theirs |
|---|---|---|---|---|---|---|---|---|---|---|---|"""


def measured(names: Collection[str], splits: int, threads: int | None) -> Iterator[Row]:
    """Yield the row of each table."""
    for n_classes in (2, 3):  # compiles, or loads what is compiled; with many features, passes
        y = np.arange(300) % n_classes
        SoftmaxRegressionCV().fit(np.random.default_rng(0).normal(size=(300, 200)), y)
    for own in zip(*(tables(seed, names=names) for seed in range(splits)), strict=True):
        used = own[:SPLITS_OF_LARGE] if len(own[0].y) > LARGE else own
        with nullcontext() if threads is None else threadpool_limits(threads):
            yield Row(own[0], [_split(table, threads) for table in used])


def _split(table: Table, threads: int | None) -> Split:
    ours, own = _fitted(SoftmaxRegressionCV(n_jobs=threads), table)
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


def _spread(differences: Any) -> str:
    return f"{differences.min():+.5f} to {differences.max():+.5f}"


def summary(rows: Sequence[Row], threads: int | None) -> str:
    """Return what the rows show, and where they were measured."""
    differences = {row.table.name: row.differences() for row in rows}
    whole, faster = machine(), sum(bool(np.subtract(*row.seconds) < 0) for row in rows)
    cores = f"{whole['cores']} cores" if threads is None else f"threads of each: {threads}"
    return (
        f"On {len(rows)} tables, {sum(map(len, differences.values()))} splits in all: our log loss "
        f"is higher by more than {ALIKE} on {_above(differences)}, lower by more on "
        f"{_above({name: -own for name, own in differences.items()})}. The mean over the tables of "
        f"the difference is {np.mean([own.mean() for own in differences.values()]):+.5f}. Ours is "
        f"faster on {faster}. {whole['processor']}, {cores}, scikit-learn "
        f"{version('scikit-learn')}."
    )


def _above(differences: dict[str, Any]) -> str:
    """Say on how many splits they are larger than what counts as the same, and on which tables."""
    counts = {name: int((own > ALIKE).sum()) for name, own in differences.items()}
    named = [f"{name} {count}" for name, count in counts.items() if count]
    return f"{sum(counts.values())}" + f" ({', '.join(named)})" * bool(named)


def written(page: str, text: str) -> str:
    """Return the page with this text between the lines that mark its place."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"The page has no lines {BEGIN} and {END}.")
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--threads", type=int, help="of both; by default all")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    if arguments.out is not None:
        written(arguments.out.read_text(), "")  # not after all the work
    print(HEAD, flush=True)
    rows = []
    for row in measured(arguments.names, arguments.splits, arguments.threads):
        rows.append(row)
        print(row, flush=True)
    told = summary(rows, arguments.threads)
    print(f"\n{told}")
    if arguments.out is not None:
        text = "\n".join([told, "", HEAD, *map(str, rows)])
        arguments.out.write_text(written(arguments.out.read_text(), text))


if __name__ == "__main__":
    main()
