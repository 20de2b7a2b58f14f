"""A training option has one home, the field of `TrainConfig`: what else lists it follows."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest
import typer.main

from onelayer.cli.app import app
from onelayer.estimators import (
    LogisticRegression,
    MultilabelRegression,
    SoftmaxRegression,
    SoftmaxRegressionCV,
)
from onelayer.training import Averaging, EarlyStopping, RateSchedule, TrainConfig, option_of

PROJECT = Path(__file__).parents[1]
FIELDS = tuple(TrainConfig.model_fields)


def spelled(value: Any) -> str:
    """Return a default as the table of docs/study-files.md spells it."""
    if value is None:
        return "none"
    return f'`"{value}"`' if isinstance(value, str) else str(value).lower()


def in_words(default: Any) -> str:
    """Return a default as the command line says it."""
    if isinstance(default, bool):
        return "yes" if default else "no"
    return f"{default:g}" if isinstance(default, float) else str(default)


@pytest.mark.parametrize("settings", [TrainConfig, EarlyStopping, Averaging, RateSchedule])
def test_every_option_says_what_it_is(settings: Any) -> None:
    for name in settings.model_fields:
        assert len(option_of(settings, name).help) > 10


def test_models_share_a_pass_by_what_may_vary() -> None:
    varies = {name for name in FIELDS if option_of(TrainConfig, name).varies}
    assert varies == {
        "learning_rate", "l2", "penalize_bias", "early_stopping", "momentum", "nesterov",
        "averaging", "schedule", "warmup_steps", "max_steps", "initial_std", "optimum",
        "tolerance", "features", "draw",
    }  # fmt: skip
    base = TrainConfig()
    other = TrainConfig(
        learning_rate=1.0, l2=1.0, penalize_bias=True, early_stopping=EarlyStopping(patience=1),
        momentum=0.9, nesterov=True, averaging=Averaging(kind="mean"), warmup_steps=2, max_steps=3,
        schedule=RateSchedule(kind="cosine"), initial_std=1.0,
    )  # fmt: skip
    assert base.shared == other.shared
    for name, value in {
        "seed": 1,
        "batch_size": 1,
        "dtype": "float64",
        "model": "logistic",
    }.items():
        assert base.model_copy(update={name: value}).shared != base.shared


def test_the_table_of_the_options() -> None:
    text = (PROJECT / "docs/study-files.md").read_text("utf-8")
    table = text[text.index("| option | default | meaning |") :].split("\n\n")[0]
    rows = {
        name: (default, meaning)
        for name, default, meaning in re.findall(r"\| `(\w+)` \| (.+?) \| (.+?) \|", table)
    }
    assert tuple(rows) == FIELDS
    for name, (default, meaning) in rows.items():
        assert default == spelled(TrainConfig.model_fields[name].default)
        assert meaning.startswith(option_of(TrainConfig, name).help)


@pytest.mark.parametrize("name", ["fit", "sweep"])
def test_the_options_of_the_command_line(name: str) -> None:
    """Each option, by its name, with its default and what it is; a sweep has grids of some."""
    commands: Any = typer.main.get_command(app)
    command = commands.commands[name]
    options = {
        parameter.name: parameter
        for parameter in command.get_params(typer.Context(command))
        if parameter.param_type_name == "option"
    }
    grids = {"fit": set(), "sweep": {"l2", "learning_rate"}}[name]
    for name, field in TrainConfig.model_fields.items():
        if name in grids:
            continue
        assert f"--{name.replace('_', '-')}" in options[name].opts
        said = options[name].help
        assert option_of(TrainConfig, name).help.casefold() in said.casefold()
        if field.default is not None:
            assert f"Default: {in_words(field.default)}." in said
    rule = EarlyStopping.model_fields["min_delta"]
    assert f"Default: {in_words(rule.default)}." in options["min_delta"].help
    assert "--min-delta" in options["min_delta"].opts
    tables: dict[str, Any] = {"averaging": Averaging, "schedule": RateSchedule}
    for table, settings in tables.items():
        for part in tuple(settings.model_fields)[1:]:
            said = options[f"{table}_{part}"].help
            assert option_of(settings, part).help.casefold() in said.casefold()
            for takes in settings.takes.values():  # which default a kind has, if it has one
                assert takes.get(part) is None or f"{takes[part]:g}" in said


@pytest.mark.parametrize(
    "estimator",
    [LogisticRegression, MultilabelRegression, SoftmaxRegression, SoftmaxRegressionCV],
)
def test_the_parameters_of_estimators(estimator: Any) -> None:
    """Each option but those that scikit-learn names otherwise; defaults but the documented ones."""
    parameters = inspect.signature(estimator).parameters
    own = {"seed": "random_state", "model": None, "optimum": None}
    other_defaults = {
        "solver": "auto", "learning_rate": None, "l2": None, "max_epochs": 200, "dtype": None,
        "order": None,
    }  # fmt: skip
    for name, field in TrainConfig.model_fields.items():
        theirs = own.get(name, name)
        if theirs is None:
            continue
        assert theirs in parameters
        assert parameters[theirs].default == other_defaults.get(name, field.default)
