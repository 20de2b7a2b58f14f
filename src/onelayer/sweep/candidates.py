"""The candidates of a sweep as they came out: their order, their table, and what it says."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from onelayer.sweep.task import Floats
from onelayer.training import StopReason, TrainConfig, TrainResult
from onelayer.training.feature_ranges import FeatureRange
from onelayer.words import in_powers

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Candidate:
    """One configuration, and how its models on all folds came out.

    Attributes
    ----------
    l2 : float
    learning_rate : float or None
        None where the minimum was found without steps.
    scores : tuple of float
        One a fold; NaN where training diverged, or ended at a loss that tells nothing
        (`TrainResult.blew_up`).
    train_loss, epochs : float
        Means over the folds of the last epoch's training loss, and of the epochs begun; of the
        loss at the minimum, and of the passes over the examples that it took.
    stop_reason : str
        The folds' reasons, "a/b" where they differ.
    rank : int
        1 for the best. One that diverged on a fold has no mean score and comes last. Of equals
        the one with the stronger penalty, then the smaller step, comes first.
    features : (int, int) or None
        Which it reads; None: all.
    of_penalty : bool
        Whether it diverged by the penalty alone.
    """

    l2: float
    learning_rate: float | None
    scores: tuple[float, ...]
    train_loss: float
    epochs: float
    stop_reason: str
    rank: int
    features: FeatureRange | None = None
    of_penalty: bool = False

    @property
    def mean_score(self) -> float | None:
        """The mean over the folds; None if training diverged on one of them."""
        return _number(np.mean(self.scores))

    @property
    def std_score(self) -> float | None:
        """The standard deviation over the folds; None where there is one fold."""
        if len(self.scores) == 1:
            return None
        with np.errstate(over="ignore"):  # of candidates on their way to divergence
            return _number(np.std(self.scores, ddof=1))

    @property
    def standard_error(self) -> float | None:
        """The standard error of the mean score; None where there is one fold."""
        std = self.std_score
        return None if std is None else std / math.sqrt(len(self.scores))

    def __str__(self) -> str:
        """Name it by what sets it apart."""
        rate = "" if self.learning_rate is None else f" and learning_rate = {self.learning_rate:g}"
        read = "" if self.features is None else f" on the features {self.range}"
        return f"l2 = {self.l2:g}{rate}{read}"

    @property
    def range(self) -> str:
        """The features that it reads, as text: 0:384."""
        return "all" if self.features is None else "{}:{}".format(*self.features)


def _number(value: np.floating) -> float | None:
    return None if math.isnan(value) else float(value)


def ranked_candidates(
    configs: Sequence[TrainConfig],
    scores: Floats,
    results: Sequence[Sequence[TrainResult]],
) -> list[Candidate]:
    """Return the candidates in the order of their configurations.

    Parameters
    ----------
    scores : array, shape (candidates, folds)
    results : sequence of sequences of TrainResult
        By candidate and fold.
    """
    diverged = [[r.blew_up for r in row] for row in results]
    scores = np.where(diverged, np.nan, scores)
    means = np.nan_to_num(scores.mean(axis=1), nan=-np.inf, neginf=-np.inf)
    l2, rates = (np.array([getattr(c, name) for c in configs]) for name in ("l2", "learning_rate"))
    ranks = np.empty(len(configs), np.int64)
    ranks[np.lexsort((rates, -l2, -means))] = np.arange(1, len(configs) + 1)
    candidates = []
    for i, config in enumerate(configs):
        candidates.append(
            Candidate(
                l2=config.l2,
                learning_rate=None if config.solver == "optimum" else config.learning_rate,
                scores=tuple(scores[i].tolist()),
                train_loss=float(np.mean([r.train_loss for r in results[i]])),
                epochs=float(np.mean([r.passes for r in results[i]])),
                stop_reason="/".join(sorted(set(map(_ending, results[i])))),
                rank=int(ranks[i]),
                features=config.features,
                of_penalty=any(r.blew_up and r.penalty_diverges for r in results[i]),
            )
        )
    return candidates


def _ending(result: TrainResult) -> str:
    return str(StopReason.DIVERGED if result.blew_up else result.stop_reason)


def results_table(candidates: Sequence[Candidate]) -> pl.DataFrame:
    """Return one row a candidate.

    Its columns are ``l2, learning_rate, mean_score, std_score, standard_error, scores, train_loss,
    epochs, stop_reason, rank``, as in `Candidate`, and before them ``features``, as text, where
    some candidates read some features alone.
    """
    import polars as pl  # loads slowly

    columns: dict[str, pl.DataType | type[pl.DataType]] = {
        "l2": pl.Float64, "learning_rate": pl.Float64, "mean_score": pl.Float64,
        "std_score": pl.Float64, "standard_error": pl.Float64, "scores": pl.List(pl.Float64),
        "train_loss": pl.Float64, "epochs": pl.Float64, "stop_reason": pl.String, "rank": pl.Int64,
    }  # fmt: skip
    ranges = {}
    if any(candidate.features is not None for candidate in candidates):
        ranges = {"features": pl.Series([c.range for c in candidates], dtype=pl.String)}
    values = {name: [getattr(c, name) for c in candidates] for name in columns}
    table = pl.DataFrame(values | {"scores": [list(c.scores) for c in candidates]}, schema=columns)
    return pl.DataFrame([*(s.alias(name) for name, s in ranges.items()), *table.get_columns()])


def summary(
    candidates: Sequence[Candidate],
    score_name: str,
    scored_on: str,
    named: Callable[[Candidate], str] = str,
) -> str:
    """Say in plain words which candidate is best, and by how much; `named` names a candidate.

    Two candidates count as equally good if their mean scores differ by no more than the standard
    error of the best one's (Breiman et al., "Classification and Regression Trees", 1984, section
    3.4.3).
    """
    ranked = sorted(candidates, key=lambda candidate: candidate.rank)
    best, score, error = ranked[0], ranked[0].mean_score, ranked[0].standard_error
    if score is None:
        return _all_diverged(ranked)
    spread = "" if error is None else f" (standard error {error:.2g})"
    negated, name = is_negated(score_name), plain_name(score_name)
    text = [
        f"Best of {len(ranked)}: {named(best)}, with {_article(name)} {name} of "
        f"{abs(score) if negated else score:.4g}{spread} on {scored_on}."
    ]
    following = ranked[1].mean_score if len(ranked) > 1 else None
    if following is not None:
        gap = score - following
        apart = (
            f"{'higher' if negated else 'lower'} by {in_powers(f'{gap:.2g}')}"
            if gap
            else "the same"
        )
        text.append(f"Next: {named(ranked[1])}, {apart}.")
        if error is not None and gap <= error:
            text.append("That is within one standard error: the two are about equally good.")
    diverged = sum(candidate.mean_score is None for candidate in ranked)
    if diverged:
        text.append(f"{diverged} diverged.")
    return " ".join(text)


def _all_diverged(candidates: Sequence[Candidate]) -> str:
    n, of_penalty = len(candidates), sum(candidate.of_penalty for candidate in candidates)
    if of_penalty == 0:
        return f"All {n} diverged: take smaller learning rates."
    many = "" if of_penalty == n else f"{of_penalty} "
    return (
        f"All {n} diverged, {many}by the penalty alone, which makes the weights grow: take a "
        "smaller l2, or smaller learning rates."
    )


def _article(name: str) -> str:
    return "an" if name[0] in "aeiou" else "a"


def is_negated(score_name: str) -> bool:
    """Return whether a score is minus what its `plain_name` says, which is better the lower."""
    return score_name.startswith("neg_")


def plain_name(score_name: str) -> str:
    """Return the name of a scorer in words, without the "neg" of those that count downwards."""
    return score_name.removeprefix("neg_").replace("_", " ")
