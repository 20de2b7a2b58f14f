"""From an estimator's parameters to the settings of training."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np
from joblib import effective_n_jobs
from joblib.parallel import get_active_backend
from pydantic import ValidationError
from sklearn.utils import check_random_state

from onelayer.errors import InputError
from onelayer.threads import available_cores
from onelayer.training import EarlyStopping, TrainConfig, fitting_solver
from onelayer.training.messages import refuse

SHARED = (
    "tolerance",
    "batch_size",
    "max_epochs",
    "penalize_bias",
    "order",
    "window",
    "block_size",
    "shuffle",
    "drop_last",
    "evaluations_per_epoch",
    "momentum",
    "nesterov",
    "averaging",
    "schedule",
    "warmup_steps",
    "max_steps",
    "initial_std",
    "features",
    "examples_per_class",
    "draw",
)
"""Parameters that go into a `TrainConfig` as they are."""


SOLVERS = ("auto", "optimum", "sgd")

LEARNING_RATE = 0.1
"""Ten times that of `TrainConfig`, which suits the many features of images."""


def chosen_solver(estimator: Any) -> str:
    """Return the solver; "auto" makes steps where one of their options is not at its default.

    Raises
    ------
    InputError
        If there is no such solver.
    """
    if estimator.solver not in SOLVERS:
        raise InputError(
            f"{type(estimator).__name__}: solver: {estimator.solver!r} was given; must be "
            "'optimum', which finds the minimum of the objective as scikit-learn's solvers do, "
            "'sgd', or 'auto': steps if one of their options is set, otherwise the optimum."
        )
    if estimator.solver != "auto":
        return str(estimator.solver)
    given = set()
    for name, parameter in inspect.signature(type(estimator)).parameters.items():
        value = getattr(estimator, name)
        plain = isinstance(value, int | float | np.number | str)  # the others are compared as one
        if value is not parameter.default and not (plain and value == parameter.default):
            given.add(name)
    return fitting_solver(given)


def train_config(owner: str, options: Mapping[str, Any]) -> TrainConfig:
    """Return the settings of one training run.

    Parameters
    ----------
    owner : str
        The estimator's name, for messages.
    options : mapping
        Options of `TrainConfig`.

    Raises
    ------
    InputError
        That names the parameter, for a wrong type or an impossible value.
    """
    try:
        return TrainConfig.model_validate(dict(options))
    except ValidationError as error:
        raise refuse(error, owner, "", name=_parameter) from None


def _parameter(key: str) -> str:
    """Return what an estimator calls an option."""
    return "random_state" if key == "seed" else key


def as_early_stopping(owner: str, given: Any) -> EarlyStopping | None:
    """Return the rule that None, a truth value, a patience, a dict or a rule stands for."""
    if given is None or isinstance(given, EarlyStopping):
        return given
    if isinstance(given, bool | np.bool_):
        return EarlyStopping() if given else None
    options = given if isinstance(given, Mapping) else {"patience": given}
    try:
        return EarlyStopping.model_validate(dict(options))
    except ValidationError as error:
        raise refuse(error, owner, "early_stopping") from None


def computing_dtype(asked: str | None, stored: np.dtype[Any]) -> str:
    """Return the type of the arithmetic: the one asked for, or the one that suits the values."""
    if asked is not None:
        return asked
    light = stored.itemsize == 1 or stored in (np.float16, np.float32)
    return "float32" if light else "float64"


def coefficient_dtype(stored: np.dtype[Any]) -> type[np.floating]:
    """Return the type of `coef_` for values of a type, as scikit-learn's linear models have it."""
    return np.float32 if stored == np.float32 else np.float64


def as_seed(random_state: Any) -> int:
    """Return the seed that a `random_state` stands for; an int is the seed itself."""
    if isinstance(random_state, int | np.integer):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31))


def as_threads(n_jobs: Any) -> int:
    """Return how many threads may work: all cores, but one inside a parallel job of joblib."""
    if n_jobs is None:
        backend, _ = get_active_backend()
        return 1 if backend.nesting_level else available_cores()
    if isinstance(n_jobs, bool) or not isinstance(n_jobs, int | np.integer) or not n_jobs:
        raise InputError(
            f"n_jobs: {n_jobs!r} was given; give a whole number of threads, -1 for all cores, or "
            "None."
        )
    return int(effective_n_jobs(n_jobs))
