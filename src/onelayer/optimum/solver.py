"""Minimise many objectives on the same data, each pass over it serving all of them.

The passes are made in float32, until a model's bound is within its tolerance, whatever rounding has
done; where that cannot be had, float64 certifies it, and goes on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from onelayer.data import Dataset, Rows
from onelayer.engines import Engine, EngineName, WeightedRows, one_blas_thread, open_engine
from onelayer.errors import InputError
from onelayer.model import Objective
from onelayer.optimum.by_label import check_labels, minimise_labels
from onelayer.optimum.newton_way import NewtonSearches
from onelayer.optimum.passes import Passes
from onelayer.optimum.result import Optimum, Reason
from onelayer.optimum.setting import Setting, class_shares
from onelayer.optimum.whole import is_few

MOST_PENALTY = 1e40
"""Of larger ones steps are no numbers of float32."""

Watch = Callable[[int, Sequence[float]], None]


def minimise(
    data: Dataset,
    objectives: Sequence[Objective],
    *,
    rows: Rows | None = None,
    weights: Sequence[ArrayLike | None] | None = None,
    tolerance: float = 1e-6,
    max_passes: int = 3000,
    threads: int | None = None,
    engine: EngineName = "auto",
    watch: Watch = lambda _passes, _bounds: None,
    stop: threading.Event | None = None,
) -> list[Optimum]:
    """Minimise objectives over the same examples.

    A model's bits depend neither on the number of threads nor on the other objectives.

    Parameters
    ----------
    data : Dataset
        Uses memory maps and integers as they are; no float copy of it is made.
    objectives : sequence of Objective
        All of one model. Multilabel ones are minimised label after label.
    rows : int array, optional
        The examples that take part.
    weights : sequence of array (n,) or None, optional
        For each objective, how much each example counts, such as 0 and 1 for a fold.
    tolerance : float
        The bound on J - min J that is enough, as a share of J.
    max_passes : int
        Over the examples.
    threads : int, optional
    engine : "auto", "compiled" or "reference"
    watch : function, optional
        Called after each pass with its number and every objective's bound as a share of J.
    stop : threading.Event, optional
        Once set, the search ends.

    Returns
    -------
    list of Optimum
        In the order of the objectives.

    Raises
    ------
    InputError
        If objectives are of two models or do not fit the data, a penalty is below 0, or a class has
        no example that counts.
    """
    _check_kinds(data, objectives)
    given = [None] * len(objectives) if weights is None else list(weights)
    if not objectives:
        return []
    if not 0 < tolerance < 1:
        raise InputError(f"tolerance: {tolerance:g} was given; it must be above 0 and below 1.")
    _check(data, objectives)
    if objectives[0].model == "multilabel":
        return minimise_labels(
            minimise, data, objectives, rows=rows, weights=given, tolerance=tolerance,
            max_passes=max_passes, threads=threads, engine=engine, watch=watch, stop=stop,
        )  # fmt: skip
    with one_blas_thread(), open_engine(engine, threads) as opened:
        setting = Setting(data, objectives, rows, given, tolerance, opened)
        kinds = _searches(opened, setting, threads)
        searches = {number: search for kind in kinds for number, search in kind.searches.items()}
        count, numbers = 0, range(len(objectives))
        while count < max_passes and not (stop is not None and stop.is_set()):
            active = [kind for kind in kinds if kind.active]
            if not active:
                break
            for kind in active:
                kind.make_pass()
            count += 1
            watch(count, [searches[number].share for number in numbers])
        left: Reason = "passes" if count >= max_passes else "interrupted"
        found = {number: one for kind in kinds for number, one in kind.found(left).items()}
        return [found[number] for number in numbers]


def check_minimum(data: Dataset, objective: Objective, rows: Rows | None = None) -> None:
    """Refuse what `minimise` would refuse of an objective, without a pass over the values.

    Raises
    ------
    InputError
    """
    _check(data, [objective])
    examples = WeightedRows.of(data.targets, rows, [None])
    if objective.model == "multilabel":
        check_labels(data, examples)
    else:
        class_shares(data, examples, 0)


def _searches(
    engine: Engine, setting: Setting, threads: int | None
) -> list[Passes | NewtonSearches]:
    """Return the searches: by Newton's steps those with few parameters and a penalty."""
    numbers = range(len(setting.objectives))
    few = is_few(len(setting.examples.rows), setting.data.n_features, setting.outputs)
    by_newton = [n for n in numbers if few and setting.objectives[n].l2 > 0]
    others = [n for n in numbers if n not in by_newton]
    found: list[Passes | NewtonSearches] = []
    if by_newton:
        found.append(NewtonSearches(setting, by_newton, threads))
    if others:
        found.append(Passes(engine, setting, others, threads))
    return found


def _check_kinds(data: Any, objectives: Any) -> None:
    if not isinstance(data, Dataset):
        raise InputError(
            f"data: a {type(data).__name__} was given; give a Dataset: Dataset(X, y) of "
            "onelayer.data takes arrays."
        )
    if not isinstance(objectives, Sequence) or not all(
        isinstance(objective, Objective) for objective in objectives
    ):
        raise InputError("objectives: give a list of Objective.")
    for objective in objectives:
        if not 0 <= objective.l2 < np.inf:
            raise InputError(
                f"objectives: l2 {objective.l2:g} was given; it must be a finite number of at "
                "least 0."
            )


def _check(data: Dataset, objectives: Sequence[Objective]) -> None:
    largest = max(objective.l2 for objective in objectives)
    if largest > MOST_PENALTY:
        raise InputError(
            f"l2: {largest:g} was given; the minimum is found for penalties of at most "
            f"{MOST_PENALTY:g}, and weights are nearly 0 long before."
        )
    models = {objective.model for objective in objectives}
    if len(models) > 1:
        raise InputError("objectives: they must all be of one model.")
    if data.has_label_matrix != (models == {"multilabel"}):
        raise InputError("objectives: multilabel ones take a matrix of labels, the others do not.")
    if models == {"logistic"} and data.n_classes != 2:
        raise InputError(
            f"objectives: logistic regression needs two classes, there are {data.n_classes}."
        )
