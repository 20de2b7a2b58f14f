"""What a planted fault is, and what a run without one is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray
from sources import Material, material

from onelayer.data import Dataset
from onelayer.diagnosis import Answer, Finding, diagnose
from onelayer.model import Objective, Parameters
from onelayer.study import outcome_in_memory
from onelayer.training import (
    EarlyStopping,
    Evaluation,
    RunState,
    TrainConfig,
    train,
    train_many,
)


@dataclass(frozen=True)
class Case:
    """Data and configurations that are trained and diagnosed together.

    Attributes
    ----------
    train, validation : Dataset
    configs : dict of str to TrainConfig
        By the run's name.
    is_right : function
        Whether the findings of the check name what was planted, such as the batch.
    """

    train: Dataset
    validation: Dataset
    configs: dict[str, TrainConfig]
    is_right: Callable[[Sequence[Finding]], bool] = lambda _found: True

    def findings(self, only: Sequence[str] = ()) -> list[Finding]:
        """Train and diagnose, with one thread: cases are what is done side by side."""
        results = train_many(self.train, self.validation, list(self.configs.values()), 1)
        named = dict(zip(self.configs, results, strict=True))
        subject = outcome_in_memory(self.train, self.validation, named)
        return diagnose(*subject, only=only, threads=1)


@dataclass(frozen=True)
class Plant:
    """A fault that is put into healthy material at several strengths.

    Attributes
    ----------
    code : str
        Of the check that is to find it.
    name : str
        What is planted, for the table.
    strengths : tuple of float
        From weak to strong; strengths.py says them in words.
    matters : float
        The strength from which on a person would want to know of it, fixed beforehand.
    make : function
        From a generator, a strength and a source to a case.
    sources : tuple of str
        Where it can be planted.
    """

    code: str
    name: str
    strengths: tuple[float, ...]
    matters: float
    make: Callable[[np.random.Generator, float, str], Case]
    sources: tuple[str, ...] = ("digits", "mnist", "ISLR OJ", "DAAG spam7")


def answers(findings: Sequence[Finding], code: str) -> bool:
    """Whether a check found what it looks for."""
    return any(f.code == code and f.answer is Answer.FOUND for f in findings)


MOST_PATIENCE = 30
"""Evaluations, of which an epoch has five."""


def safe_rate(train: Dataset, share: float = 0.25) -> float:
    """Return a share of the rate at which plain gradient descent begins to oscillate."""
    X = np.hstack([train.scaling.apply(train.X, np.dtype(np.float64)), np.ones((len(train.X), 1))])
    largest = float(np.linalg.eigvalsh(X.T @ X / len(X))[-1])
    return share * 2 * train.n_classes / largest


def healthy(rng: np.random.Generator, source: str) -> Case:
    """Return a run that whoever knows the craft would make: nothing is planted.

    Examples in random order, a random split, a safe rate, a mild penalty, early stopping; some in
    the file's order and some shuffled.
    """
    return of(material(source, rng), rng)


def of(
    material: Material, rng: np.random.Generator, validation: float = 0.3, **options: object
) -> Case:
    """Return a healthy case of some material, with other options in place of its own."""
    first, second = material.split(validation)
    own = {
        "model": "softmax",
        "batch_size": 64,
        "max_epochs": 200,
        "l2": 1e-3,
        "order": str(rng.choice(["file", "epoch"])),
        "seed": int(rng.integers(1_000_000)),
        "early_stopping": EarlyStopping(patience=10),
    }
    if "learning_rate" not in options:
        own["learning_rate"] = safe_rate(first)
    return Case(first, second, {"run": TrainConfig.model_validate(own | options)})


def in_blocks_of_class(
    rng: np.random.Generator, y: NDArray[np.int64], length: int
) -> NDArray[np.int64]:
    """Return the numbers of examples in an order where blocks of one class are so long."""
    blocks: list[NDArray[np.int64]] = []
    for k in np.unique(y):
        own = np.flatnonzero(y == k)
        blocks += [own[i : i + length] for i in range(0, len(own), length)]
    return np.concatenate([blocks[i] for i in rng.permutation(len(blocks))])


def stopped_early(
    rng: np.random.Generator,
    source: str,
    *,
    lost: tuple[float, float],
    times: float,
) -> Case:
    """Return a run whose patience costs it a share of the validation loss between two limits.

    The share is that of examples that no check sees: of those that choose the patience it would be
    a share by luck, too. And it is no less on either half of them: of many patiences that are tried
    on few examples, one that costs enough by luck is soon found.

    Parameters
    ----------
    lost : tuple of float
        By how much the loss that is kept lies above the lowest of the run that goes on.
    times : float
        The run goes on to so many times its steps.
    """
    epochs = 20
    while True:
        some = material(source, rng, 3_000)  # on some examples no patience costs so much
        few = Material(some.X[:1160], some.y[:1160], some.image_shape)
        rest = Material(some.X[1160:], some.y[1160:], some.image_shape)
        greatest = safe_rate(few.split(600 / 1160)[0], 1.0)
        case = of(
            few, rng, validation=600 / 1160, batch_size=int(rng.choice([8, 16, 32, 64])),
            learning_rate=greatest * float(rng.uniform(0.1, 0.6)),
            max_epochs=round(times * epochs), early_stopping=None,
        )  # fmt: skip
        config = case.configs["run"]
        evaluations, models = _with_models(case.train, case.validation, config)
        own = np.array([e.val_loss for e in evaluations])
        losses = cache(partial(_losses, models, rest.split(0.5)))
        for patience in rng.permutation(MOST_PATIENCE) + 1:
            steps, kept = _patience_ends(evaluations, int(patience))
            if steps >= epochs * -(-case.train.n_examples // config.batch_size):
                continue
            later = [i for i, e in enumerate(evaluations) if e.step < times * steps]
            lowest = int(own[later].argmin())
            given_up = losses(kept) / losses(lowest) - 1
            if lost[0] <= given_up.min() and given_up.max() <= lost[1]:
                options = config.model_dump() | {"early_stopping": {"patience": int(patience)}}
                stopping = TrainConfig.model_validate(options)
                return Case(case.train, case.validation, {"run": stopping})


def _with_models(
    train_set: Dataset, validation: Dataset, config: TrainConfig
) -> tuple[Sequence[Evaluation], list[Parameters]]:
    """Return the evaluations of a run without an end by patience, and the model of each."""
    models: dict[int, Parameters] = {}

    def keep(states: Mapping[int, RunState]) -> None:
        state = states[0]
        if state.evaluations and state.kept is not None:
            models.setdefault(len(state.evaluations) - 1, state.kept)

    result = train(train_set, validation, config, 1, evaluate_train=False, keep=keep)
    evaluations = result.history.evaluations
    models.setdefault(len(evaluations) - 1, result.parameters)
    return evaluations, [models[i] for i in range(len(evaluations))]


def _losses(models: Sequence[Parameters], parts: Sequence[Dataset], i: int) -> NDArray[np.float64]:
    """Return the loss of one of several models on each part."""
    return np.array(
        [
            Objective("softmax").value(
                models[i], part.scaling.apply(part.X, np.dtype(np.float64)), part.targets
            )
            for part in parts
        ]
    )


def _patience_ends(evaluations: Sequence[Evaluation], patience: int) -> tuple[int, int]:
    """Return how many steps a run with such a patience makes, and the evaluation that it keeps."""
    best = last = 0
    for last, evaluation in enumerate(evaluations):
        best = last if evaluation.val_loss < evaluations[best].val_loss else best
        if last - best == patience:
            break
    return evaluations[last].step + 1, best
