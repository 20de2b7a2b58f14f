"""The exact optimum against the solvers that people use, each at its best.

A peer is stopped at the first iteration whose objective is within the tolerance of the minimum,
which it could not know by itself: the iterations that it needs are sought outside of the time. Ours
must prove as much by its own certificate, and has no such help.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.metrics import log_loss
from torch.nn.functional import cross_entropy

from onelayer.data import Dataset
from onelayer.model import Objective, Parameters
from onelayer.optimum import minimise
from onelayer.training import TrainConfig, train

warnings.filterwarnings("ignore", category=ConvergenceWarning)

MOST_SECONDS, MOST_ITERATIONS = 15, 4096
"""A peer whose fit takes longer or more, and is not there yet, is given up."""


@dataclass
class Task:
    """One data set and penalty, with a free bias as the peers have it."""

    data: Dataset
    l2: float
    model: str = "softmax"

    def __post_init__(self) -> None:
        """Find the minimum to which contenders are held."""
        self.objective = Objective(self.model, self.l2)
        self.X, self.y, self.n_classes = scaled(self.data), self.data.targets, self.data.n_classes
        (found,) = minimise(self.data, [self.objective], tolerance=1e-9, max_passes=10_000)
        if found.excess_bound > 1e-7 * found.value:
            raise RuntimeError(f"the minimum is only known to {found.excess_bound:g}")
        self.least = found.value

    def excess(self, parameters: Parameters) -> float:
        """Return J above its minimum, as a share of it."""
        value = self.objective.value(parameters, self.X["float64"], self.data.targets)
        return value / self.least - 1


def scaled(data: Dataset) -> dict[str, np.ndarray]:
    """Return the features as the peers take them."""
    return {t: np.array(data.scaling.apply(data.X, np.dtype(t))) for t in ("float32", "float64")}


def ours(task: Task, tolerance: float) -> Callable[[], object]:
    """Return our own contender."""
    return lambda: minimise(task.data, [task.objective], tolerance=tolerance)


def scikit_learn(task: Task, solver: str, dtype: str) -> Callable[[int], Parameters]:
    """Return a fit of so many iterations."""
    X, y = task.X[dtype], task.y

    def fit(iterations: int) -> Parameters:
        model = LogisticRegression(
            C=1 / (2 * task.l2 * len(y)), solver=solver, tol=1e-12, max_iter=iterations
        ).fit(X, y)
        W, b = model.coef_.T.astype(float), model.intercept_.astype(float)
        if task.model == "logistic":  # its positive class is the second
            W, b = -W, -b
        return Parameters(W, b)

    return fit


def pytorch(task: Task, threads: int) -> Callable[[int], Parameters]:
    """Return a fit by L-BFGS with a strong Wolfe search of so many iterations."""
    X, y = torch.from_numpy(task.X["float32"]), torch.from_numpy(task.y).long()
    n_classes = task.n_classes

    def fit(iterations: int) -> Parameters:
        torch.set_num_threads(threads)
        W = torch.zeros(X.shape[1], n_classes, requires_grad=True)
        b = torch.zeros(n_classes, requires_grad=True)
        optimizer = torch.optim.LBFGS(
            [W, b], max_iter=iterations, max_eval=10 * iterations, history_size=10,
            tolerance_grad=0, tolerance_change=0, line_search_fn="strong_wolfe",
        )  # fmt: skip

        def closure():
            optimizer.zero_grad()
            loss = cross_entropy(torch.addmm(b, X, W), y) + task.l2 * W.square().sum()
            loss.backward()
            return loss

        optimizer.step(closure)
        W_found, b_found = W.detach().double().numpy(), b.detach().double().numpy()
        if task.model == "logistic":
            # Two outputs share the penalty: half of the difference each; given double of it here.
            W_found, b_found = W_found[:, :1] - W_found[:, 1:], b_found[:1] - b_found[1:]
        return Parameters(W_found, b_found)

    return fit


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


KEPT = 2
"""So many of the fastest peers are timed with repetitions: only the best counts."""


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


def contenders(task: Task, tolerance: float) -> dict[str, Callable[[], object]]:
    """Return what is timed; ours is the first. Peers that do not get there are left out."""
    fits = {
        f"{solver} {dtype}": scikit_learn(task, solver, dtype)
        for solver in ("lbfgs", "newton-cg", "newton-cholesky")
        for dtype in ("float32", "float64")
        if not (solver == "newton-cholesky" and task.data.n_features * task.data.n_classes > 3000)
    }
    if task.model == "softmax":
        fits |= {f"torch {t}t": pytorch(task, t) for t in (1, 2)}
    is_there = lambda parameters: task.excess(parameters) <= tolerance  # noqa: E731
    return {"onelayer": ours(task, tolerance)} | the_best(fits, is_there)


GRADIENTS = (1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 1e-5, 1e-6)
"""Tolerances of a peer's gradient, of which the largest that is enough for all penalties counts."""

MOST_SECONDS_A_PATH = 60


def penalties(
    data: Dataset, l2: np.ndarray, tolerance: float
) -> tuple[dict[str, Callable[[], object]], str]:
    """Return what is timed for many penalties, and what the peers needed.

    scikit-learn and PyTorch go along the path of penalties, each fit from the one before it.
    """
    objectives = [Objective("softmax", float(value)) for value in l2]
    near = tolerance / 30
    least = [o.value for o in minimise(data, objectives, tolerance=near, max_passes=10_000)]
    X, y = scaled(data), data.targets
    torch_X = torch.from_numpy(X["float32"])
    torch_y = torch.from_numpy(y).long()

    def scikit_learn_path(dtype: str, tol: float) -> list[Parameters]:
        found = []
        model = LogisticRegression(tol=tol, max_iter=5000, warm_start=True)
        for value in l2:
            model.set_params(C=1 / (2 * value * len(y))).fit(X[dtype], y)
            found.append(Parameters(model.coef_.T.astype(float), model.intercept_.astype(float)))
        return found

    def torch_path(tol: float) -> list[Parameters]:
        torch.set_num_threads(2)
        W = torch.zeros(torch_X.shape[1], data.n_classes, requires_grad=True)
        b = torch.zeros(data.n_classes, requires_grad=True)
        found = []
        for value in l2:
            optimizer = torch.optim.LBFGS(
                [W, b], max_iter=5000, max_eval=50_000, history_size=10, tolerance_grad=tol,
                tolerance_change=0, line_search_fn="strong_wolfe",
            )  # fmt: skip

            def closure(optimizer=optimizer, value=float(value)):
                optimizer.zero_grad()
                loss = cross_entropy(torch.addmm(b, torch_X, W), torch_y)
                loss = loss + value * W.square().sum()
                loss.backward()
                return loss

            optimizer.step(closure)
            found.append(Parameters(W.detach().double().numpy(), b.detach().double().numpy()))
        return found

    def worst(found: list[Parameters]) -> float:
        return max(
            o.value(p, X["float64"], y) / v - 1
            for o, p, v in zip(objectives, found, least, strict=True)
        )

    peers = {
        "torch L-BFGS 2t": torch_path,
        "scikit-learn lbfgs float32": lambda tol: scikit_learn_path("float32", tol),
    }
    timed: dict[str, Callable[[], object]] = {
        "onelayer": lambda: minimise(data, objectives, tolerance=tolerance, max_passes=10_000)
    }
    needed = []
    for name, path in peers.items():
        for tol in GRADIENTS:
            start = time.perf_counter()
            found = path(tol)
            if worst(found) <= tolerance:
                timed[name] = lambda path=path, tol=tol: path(tol)
                needed.append(f"{name} with a gradient of {tol:.1g}")
                break
            if time.perf_counter() - start > MOST_SECONDS_A_PATH:
                break
    return timed, "; ".join(needed)


def cross_validation(
    data: Dataset, l2: np.ndarray, folds: list[np.ndarray], tolerance: float
) -> tuple[dict[str, Callable[[], object]], str]:
    """Return what is timed for many penalties on each of some folds, against scikit-learn's CV."""
    n = data.n_examples
    X, y = scaled(data), data.targets
    weights, objectives = [], []
    for held_out in folds:
        weight = np.ones(n)
        weight[held_out] = 0
        weights += [weight] * len(l2)
        objectives += [Objective("softmax", float(value)) for value in l2]
    least = [
        o.value for o in minimise(data, objectives, weights=weights, tolerance=tolerance / 30,
                                  max_passes=10_000)
    ]  # fmt: skip
    splits = [(np.setdiff1d(np.arange(n), held_out), held_out) for held_out in folds]
    # The penalty of a fold is over its own examples.
    Cs = 1 / (2 * l2 * len(splits[0][0]))

    def fit(dtype: str, tol: float) -> LogisticRegressionCV:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return LogisticRegressionCV(
                Cs=Cs, cv=splits, scoring="neg_log_loss", tol=tol, max_iter=5000, n_jobs=2,
                refit=False,
            ).fit(X[dtype], y)  # fmt: skip

    def worst(model: LogisticRegressionCV) -> float:
        paths = np.array([model.coefs_paths_[c] for c in range(data.n_classes)])
        excess = 0.0
        for f, (kept, _) in enumerate(splits):
            for i, value in enumerate(l2):
                W = paths[:, f, i].T.astype(float)
                reached = Objective("softmax", float(value)).value(
                    Parameters(W[:-1], W[-1]), X["float64"][kept], y[kept]
                )
                excess = max(excess, reached / least[f * len(l2) + i] - 1)
        return excess

    timed: dict[str, Callable[[], object]] = {
        "onelayer": lambda: minimise(
            data, objectives, weights=weights, tolerance=tolerance, max_passes=10_000
        )
    }
    for tol in GRADIENTS:
        if worst(fit("float32", tol)) <= tolerance:
            timed["LogisticRegressionCV float32"] = lambda tol=tol: fit("float32", tol)
            return timed, f"LogisticRegressionCV with a gradient of {tol:.1g}"
    return timed, "LogisticRegressionCV did not get there"


def quality(
    train_set: Dataset, validation: Dataset, goal: float
) -> tuple[dict[str, Callable[[], object]], str]:
    """Return what is timed to a validation loss: ours by steps and by the minimum, and the peers.

    All are stopped as soon as they are there; the penalty is each one's best of three.
    """
    X, y = scaled(train_set), train_set.targets
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
                if loss_of(train(train_set, validation, config)) <= goal:
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

    fits = {}
    for l2 in (1e-3, 3e-4, 1e-4):
        task = _Peers(X, y, train_set.n_classes, l2)
        fits |= {
            f"torch L-BFGS 2t, l2 {l2:g}": pytorch(task, 2),
            f"scikit-learn lbfgs float32, l2 {l2:g}": scikit_learn(task, "lbfgs", "float32"),
            f"scikit-learn newton-cg float32, l2 {l2:g}": scikit_learn(
                task, "newton-cg", "float32"
            ),
        }
    timed |= the_best(fits, lambda parameters: loss(parameters) <= goal)
    return timed, "; ".join(found)


def loss_of(result) -> float:
    """Return the validation loss of the weights that a run keeps."""
    return result.final.val_loss


@dataclass
class _Peers:
    """What the peers' fits need of a task."""

    X: dict[str, np.ndarray]
    y: np.ndarray
    n_classes: int
    l2: float
    model: str = "softmax"
