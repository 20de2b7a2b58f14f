"""The exact optimum against the solvers that people use, each at its best.

A peer is told the minimum, which it could not know by itself, and is stopped at the first value
within the tolerance of it. Ours must prove as much by its own certificate, and has no such help.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from unittest import mock

import numpy as np
import torch
from joblib import Parallel, delayed
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.linear_model._linear_loss import LinearModelLoss
from torch.nn.functional import cross_entropy

from onelayer.data import Dataset
from onelayer.model import Objective, Parameters
from onelayer.optimum import minimise

warnings.filterwarnings("ignore", category=ConvergenceWarning)

BEYOND = 1.2
"""A peer is given up after so many times what would meet the target; or after `MOST_TIMES` the best
peer so far."""

MOST_TIMES = 2

PROCESSES = 2
"""Of scikit-learn's cross-validation, one a core."""

KEPT, CHEAP = 2, 1.0
"""So many of the fastest peers are timed with repetitions, since only the best counts; and all that
took fewer seconds, whose first times tell little."""

Path = Callable[[Sequence[float]], list[Parameters]]
"""Fits one penalty after the other, each to its value of the objective."""


class _ReachedError(Exception):
    """The objective is low enough."""

    def __init__(self, coef: np.ndarray) -> None:
        self.coef = coef.copy()


class _GivenUpError(Exception):
    """A peer takes too long."""


@dataclass
class Clock:
    """When a peer is given up."""

    ends: float = float("inf")

    def allow(self, seconds: float) -> None:
        """Start to count."""
        self.ends = time.perf_counter() + seconds

    def check(self) -> None:
        """Raise `_GivenUpError` if the time is over."""
        if time.perf_counter() > self.ends:
            raise _GivenUpError


@contextmanager
def _stopping(goal: float, clock: Clock) -> Iterator[None]:
    """Make scikit-learn's solvers raise `_ReachedError` at the first value that is low enough.

    All of its solvers take the objective from one class. Its value is J itself: the mean loss and
    ½‖W‖²/(CN) with 1/(CN) = 2λ.
    """

    def watched(method: Callable) -> Callable:
        def called(self, coef, *arguments, **options):
            found = method(self, coef, *arguments, **options)
            value = found[0] if isinstance(found, tuple) else found
            if value <= goal:
                raise _ReachedError(coef)
            clock.check()
            return found

        return called

    with (
        mock.patch.object(LinearModelLoss, "loss", watched(LinearModelLoss.loss)),
        mock.patch.object(LinearModelLoss, "loss_gradient", watched(LinearModelLoss.loss_gradient)),
    ):
        yield


def scikit_learn(
    X: np.ndarray, y: np.ndarray, l2: Sequence[float], solver: str, clock: Clock,
    goals: Sequence[float], iterations: int = 100_000,
) -> list[Parameters]:  # fmt: skip
    """Fit one penalty after the other, each from the one before it."""
    found = []
    model = LogisticRegression(solver=solver, tol=1e-14, max_iter=iterations, warm_start=True)
    classes = np.unique(y)
    for value, goal in zip(l2, goals, strict=True):
        with _stopping(goal, clock), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                model.set_params(C=1 / (2 * value * len(y))).fit(X, y)
            except _ReachedError as reached:
                K = len(classes) if len(classes) > 2 else 1
                coef = reached.coef.reshape((K, -1), order="F")
                model.coef_, model.intercept_ = coef[:, :-1], coef[:, -1]
                model.classes_ = classes
        W, b = model.coef_.T.astype(float), model.intercept_.astype(float)
        if W.shape[1] == 1:  # its positive class is the second
            W, b = -W, -b
        found.append(Parameters(W, b))
    return found


def pytorch(
    X: np.ndarray, y: np.ndarray, l2: Sequence[float], threads: int, clock: Clock,
    goals: Sequence[float], iterations: int = 100_000,
) -> list[Parameters]:  # fmt: skip
    """Fit by L-BFGS with a strong Wolfe search, each penalty from the one before it."""
    torch.set_num_threads(threads)
    torch_X, torch_y = torch.from_numpy(X), torch.from_numpy(y).long()
    K = int(y.max()) + 1
    W = torch.zeros(X.shape[1], K, requires_grad=True)
    b = torch.zeros(K, requires_grad=True)
    found = []
    for value, goal in zip(l2, goals, strict=True):
        optimizer = torch.optim.LBFGS(
            [W, b], max_iter=iterations, max_eval=10 * iterations, history_size=10,
            tolerance_grad=0, tolerance_change=0, line_search_fn="strong_wolfe",
        )  # fmt: skip

        def closure(optimizer=optimizer, value=float(value), goal=goal):
            optimizer.zero_grad()
            loss = cross_entropy(torch.addmm(b, torch_X, W), torch_y) + value * W.square().sum()
            if float(loss.detach()) <= goal:
                raise _ReachedError(np.empty(0))
            clock.check()
            loss.backward()
            return loss

        with suppress(_ReachedError):  # the parameters are then those of the value
            optimizer.step(closure)
        found.append(Parameters(W.detach().double().numpy(), b.detach().double().numpy()))
    return found


def scaled(data: Dataset) -> dict[str, np.ndarray]:
    """Return the features as the peers take them."""
    return {t: np.array(data.scaling.apply(data.X, np.dtype(t))) for t in ("float32", "float64")}


@dataclass
class Task:
    """Some penalties on one data set, with a free bias as the peers have it."""

    data: Dataset
    l2: Sequence[float]
    tolerance: float
    model: str = "softmax"

    def __post_init__(self) -> None:
        """Find the minima to which contenders are held."""
        self.objectives = [Objective(self.model, float(value)) for value in self.l2]
        self.X, self.y = scaled(self.data), self.data.targets
        found = minimise(
            self.data, self.objectives, tolerance=self.tolerance / 30, max_passes=20_000
        )
        self.least = [o.value for o in found]

    def ours(self) -> object:
        """Find the minima; certified."""
        return minimise(self.data, self.objectives, tolerance=self.tolerance, max_passes=20_000)

    def excess(self, found: Sequence[Parameters]) -> float:
        """Return J above its minimum, as a share of it: the worst of the penalties."""
        X, y = self.X["float64"], self.data.targets
        return max(
            o.value(p, X, y) / least - 1
            for o, p, least in zip(self.objectives, found, self.least, strict=True)
        )

    def paths(self, clock: Clock) -> dict[str, Path]:
        """Return the peers."""
        X, y, l2 = self.X, self.y, self.l2
        small = self.data.n_features * self.data.n_classes <= 3000
        solvers = ("newton-cg", "lbfgs") + ("newton-cholesky",) * small
        paths: dict[str, Path] = {}
        if self.model == "softmax":
            for t in (2, 1):
                paths[f"torch L-BFGS {t}t"] = partial(pytorch, X["float32"], y, l2, t, clock)
        for solver in solvers:
            for t in ("float32", "float64"):
                paths[f"{solver} {t}"] = partial(scikit_learn, X[t], y, l2, solver, clock)
        return paths


STRICTER = (1, 0.5, 0.1)
"""Shares of the tolerance that a peer is held to in turn: its own value in float32 is rounded."""


def the_best(
    paths: dict[str, Path], least: Sequence[float], tolerance: float, clock: Clock,
    excess: Callable[[list[Parameters]], float], most_seconds: float,
) -> tuple[dict[str, Callable[[], object]], list[str]]:  # fmt: skip
    """Return the fastest peers, and which did not get there."""
    took: dict[str, tuple[float, Callable[[], object]]] = {}
    failed = []
    for name, path in paths.items():
        best = min((seconds for seconds, _ in took.values()), default=most_seconds)
        for share in STRICTER:
            goals = [value * (1 + share * tolerance) for value in least]
            clock.allow(min(most_seconds, max(1.0, MOST_TIMES * best)))
            start = time.perf_counter()
            try:
                found = path(goals)
            except _GivenUpError:
                seconds = time.perf_counter() - start
                failed.append(f"{name} not after {seconds:.0f} s")
                break
            finally:
                clock.allow(float("inf"))
            if excess(found) <= tolerance:
                took[name] = time.perf_counter() - start, partial(path, goals)
                break
        else:
            failed.append(f"{name} ended at {excess(found):.1e}")
    ranked = sorted(took.items(), key=lambda item: item[1][0])
    kept = [*ranked[:KEPT], *(item for item in ranked[KEPT:] if item[1][0] < CHEAP)]
    return {name: fit for name, (_, fit) in kept}, failed


def given_up_after(ours: Callable[[], object], target: float) -> float:
    """Return after how many seconds a peer has shown that the target is met."""
    ours()
    start = time.perf_counter()
    ours()
    return max(1.0, BEYOND * target * (time.perf_counter() - start))


def contenders(task: Task, target: float) -> tuple[dict[str, Callable[[], object]], str, float]:
    """Return what is timed; ours is the first. Then which peers did not get there, and in what."""
    clock, most = Clock(), given_up_after(task.ours, target)
    best, failed = the_best(task.paths(clock), task.least, task.tolerance, clock, task.excess, most)
    return {"onelayer": task.ours} | best, "; ".join(failed), most


def _path_of_fold(
    X: np.ndarray, y: np.ndarray, kept: np.ndarray, l2: Sequence[float], solver: str,
    goals: Sequence[float], most_seconds: float,
) -> list[Parameters] | None:  # fmt: skip
    """Return one fold's path, in a process of its own; None if it takes too long."""
    clock = Clock()
    clock.allow(most_seconds)
    try:
        return scikit_learn(X[kept], y[kept], l2, solver, clock, goals)
    except _GivenUpError:
        return None


def cross_validation(
    data: Dataset,
    l2: Sequence[float],
    folds: Sequence[np.ndarray],
    tolerance: float,
    target: float,
) -> tuple[dict[str, Callable[[], object]], str, float]:
    """Return what is timed for many penalties on each of some folds.

    The peer does what LogisticRegressionCV does, a path of penalties for each fold, with the folds
    over two processes; but it is stopped as soon as each minimum is near. It does two of the folds
    first, and is given up where these alone take so long that all of them must take too long.
    float64 is tried where float32 was too coarse: its passes take longer.
    """
    X, y = scaled(data), data.targets
    splits = [np.setdiff1d(np.arange(data.n_examples), held_out) for held_out in folds]
    weights, objectives = [], []
    for kept in splits:
        weight = np.zeros(data.n_examples)
        weight[kept] = 1
        weights += [weight] * len(l2)
        objectives += [Objective("softmax", float(value)) for value in l2]
    search = partial(minimise, data, objectives, weights=weights, max_passes=20_000)
    least = np.array([o.value for o in search(tolerance=tolerance / 10)])
    goals = least.reshape(len(folds), len(l2)) * (1 + tolerance)

    def excess(found: Sequence[list[Parameters]]) -> float:
        return max(
            Objective("softmax", float(value)).value(p, X["float64"][kept], y[kept]) / v - 1
            for kept, path, values in zip(splits, found, least.reshape(goals.shape), strict=True)
            for value, p, v in zip(l2, path, values, strict=True)
        )

    def some_folds(
        solver: str, dtype: str, most_seconds: float = float("inf"), count: int = len(folds)
    ) -> list:
        return Parallel(n_jobs=PROCESSES)(
            delayed(_path_of_fold)(X[dtype], y, kept, l2, solver, list(goal), most_seconds)
            for kept, goal in list(zip(splits, goals, strict=True))[:count]
        )

    timed: dict[str, Callable[[], object]] = {"onelayer": lambda: search(tolerance=tolerance)}
    most = given_up_after(timed["onelayer"], target)
    said, best = [], most
    for solver in ("newton-cg", "lbfgs"):
        for dtype in ("float32", "float64"):
            start = time.perf_counter()
            # Not faster together than one after the other in each process.
            found = some_folds(solver, dtype, best * PROCESSES / len(folds), PROCESSES)
            if None in found:
                seconds = time.perf_counter() - start
                said.append(f"{solver} {dtype}: {PROCESSES} folds not after {seconds:.0f} s")
                break
            start = time.perf_counter()
            found = some_folds(solver, dtype, best)
            seconds = time.perf_counter() - start
            if None in found:
                said.append(f"{solver} {dtype} not after {seconds:.0f} s")
                break
            if (above := excess(found)) > tolerance * 1.1:
                said.append(f"{solver} {dtype} ended at {above:.1e}")
                continue
            if seconds < best:
                best = seconds
                timed = {"onelayer": timed["onelayer"]} | {
                    f"{solver} {dtype}, two processes": partial(some_folds, solver, dtype)
                }
            break
    return timed, "; ".join(said), most
