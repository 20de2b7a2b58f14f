"""The candidates of a sweep: their grid, their table, and what it says."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onelayer.errors import InputError
from onelayer.training import StopReason, TrainResult

Candidate = tuple[float, float]
"""l2 and learning rate."""

AXES = ("l2", "learning_rate")


@dataclass(frozen=True)
class Grid:
    """All combinations of some penalties and some learning rates, each in rising order."""

    l2: tuple[float, ...]
    learning_rate: tuple[float, ...]

    @classmethod
    def of(cls, l2: Any, learning_rate: Any) -> Grid:
        """Return the grid of numbers, lists or arrays.

        Raises
        ------
        InputError
            If one of them is empty, or holds something else than numbers.
        """
        return cls(_axis("l2", l2), _axis("learning_rate", learning_rate))

    def candidates(self) -> list[Candidate]:
        """Return the combinations, penalty after penalty."""
        return list(product(self.l2, self.learning_rate))

    def warn_of_edges(self, best: Candidate, stacklevel: int) -> None:
        """Warn where a better value may lie outside; a penalty of 0 has nothing below it."""
        for name, values, value in zip(AXES, (self.l2, self.learning_rate), best, strict=True):
            if len(values) == 1 or value == 0 or value not in (values[0], values[-1]):
                continue
            lowest = value == values[0]
            warnings.warn(
                f"The best {name}, {value:g}, is the {'lowest' if lowest else 'highest'} of the "
                f"{len(values)} given: a {'lower' if lowest else 'higher'} one may be better. "
                "Extend the grid there.",
                UserWarning,
                stacklevel=stacklevel,
            )


def _axis(name: str, given: Any) -> tuple[float, ...]:
    try:
        given = _spelled(given) if isinstance(given, str) else given
        values = np.unique(np.atleast_1d(np.asarray(given, np.float64)))
    except (TypeError, ValueError):
        values = np.array([])
    if values.ndim != 1 or not len(values):
        raise InputError(
            f"{name}: {given!r} was given; give a number, some in a list, or logspace(-6, 0, 7)."
        )
    return tuple(values.tolist())


def _spelled(text: str) -> NDArray[np.float64]:
    """Return the numbers of "0.01,0.1", or of "logspace(-6, 0, 7)": seven from 1e-6 to 1."""
    spaced = re.fullmatch(r"\s*logspace\(([^,]+),([^,]+),([^,]+)\)\s*", text)
    if spaced is None:
        return np.array([float(number) for number in text.split(",")])
    return np.logspace(float(spaced[1]), float(spaced[2]), int(spaced[3]))


def results_table(
    candidates: Sequence[Candidate],
    scores: NDArray[np.float64],
    results: Sequence[Sequence[TrainResult]],
) -> pl.DataFrame:
    """Return one row a candidate.

    Parameters
    ----------
    scores : array, shape (candidates, folds)
    results : sequence of sequences of TrainResult
        By candidate and fold.

    Returns
    -------
    pl.DataFrame
        ``l2, learning_rate, mean_score, std_score, standard_error, scores, train_loss, epochs,
        stop_reason, rank``. Spread is null where there is one fold. A candidate that diverged on a
        fold has no mean score and comes last in rank.
    """
    folds = scores.shape[1]
    diverged = [[r.stop_reason is StopReason.DIVERGED for r in row] for row in results]
    scores = np.where(diverged, np.nan, scores)
    with np.errstate(over="ignore"):  # of candidates on their way to divergence
        std = scores.std(axis=1, ddof=1) if folds > 1 else np.full(len(scores), np.nan)
    reasons = ["/".join(sorted({str(r.stop_reason) for r in row})) for row in results]
    losses = [[r.history.epoch_losses() for r in row] for row in results]
    table = pl.DataFrame(
        {
            "l2": [l2 for l2, _ in candidates],
            "learning_rate": [rate for _, rate in candidates],
            "mean_score": scores.mean(axis=1),
            "std_score": std,
            "standard_error": std / np.sqrt(folds),
            "scores": scores.tolist(),
            "train_loss": [float(np.mean([fold[-1] for fold in row])) for row in losses],
            "epochs": [float(np.mean([len(fold) for fold in row])) for row in losses],
            "stop_reason": reasons,
        }
    ).with_columns(pl.col("mean_score", "std_score", "standard_error").fill_nan(None))
    # Of equal candidates the one with the stronger penalty, then the smaller step, is first.
    order = table.with_row_index().sort(
        -pl.col("mean_score").fill_null(-np.inf), -pl.col("l2"), "learning_rate",
    )["index"]  # fmt: skip
    rank = np.empty(len(table), np.int64)
    rank[order.to_numpy()] = np.arange(1, len(table) + 1)
    return table.with_columns(rank=rank)


def summary(table: pl.DataFrame, score_name: str, scored_on: str) -> str:
    """Say in plain words which candidate is best, and by how much.

    Two candidates count as equally good if their mean scores differ by no more than the standard
    error of the best one's (Breiman et al., "Classification and Regression Trees", 1984, section
    3.4.3).
    """
    ranked = table.sort("rank").to_dicts()
    best, error = ranked[0], ranked[0]["standard_error"]
    if best["mean_score"] is None:
        return f"All {len(ranked)} diverged: take smaller learning rates."
    spread = "" if error is None else f" (standard error {error:.2g})"
    negated = score_name.startswith("neg_")
    text = [
        f"Best of {len(ranked)}: {_named(best)}, with a {plain_name(score_name)} of "
        f"{abs(best['mean_score']) if negated else best['mean_score']:.4g}{spread} on {scored_on}."
    ]
    if len(ranked) > 1 and ranked[1]["mean_score"] is not None:
        gap = best["mean_score"] - ranked[1]["mean_score"]
        text.append(f"Next: {_named(ranked[1])}, {'higher' if negated else 'lower'} by {gap:.2g}.")
        if error is not None and gap <= error:
            text.append("That is within one standard error: the two are about equally good.")
    diverged = sum(row["mean_score"] is None for row in ranked)
    if diverged:
        text.append(f"{diverged} diverged.")
    return " ".join(text)


def plain_name(score_name: str) -> str:
    """Return the name of a scorer in words, without the "neg" of those that count downwards."""
    return score_name.removeprefix("neg_").replace("_", " ")


def _named(row: dict[str, Any]) -> str:
    return f"l2 = {row['l2']:g} and learning_rate = {row['learning_rate']:g}"
