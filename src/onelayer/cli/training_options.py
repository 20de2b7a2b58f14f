"""The training options of a command: made from the fields of `TrainConfig`, their only home."""

from __future__ import annotations

from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer
from typer.core import TyperCommand

from onelayer.cli.options import TRAINING
from onelayer.errors import Argument

if TYPE_CHECKING:
    from onelayer.training import TrainConfig


class TrainingCommand(TyperCommand):
    """A command that takes training options beside those of its own signature.

    They are made when they are asked for, to parse a call or for its help: `onelayer --help` does
    not import the engine. The function finds those that were given in its context's `obj`.
    """

    left_out: tuple[str, ...] = ()
    """Options that it does not take, or has in its own signature."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the training options among the others, before the number of threads."""
        own = super().get_params(ctx)
        at = [parameter.name for parameter in own].index("threads")
        return [*own[:at], *_parameters(self.left_out), *own[at:]]

    def invoke(self, ctx: Any) -> Any:
        """Call the function, with the training options in `ctx.obj` as `TrainConfig` takes them."""
        names = [parameter.name for parameter in _parameters(self.left_out)]
        ctx.obj = _nested({name: ctx.params.pop(name) for name in names})
        return super().invoke(ctx)


class SweepCommand(TrainingCommand):
    """One that takes grids of penalties, learning rates and ranges of features."""

    left_out = ("l2", "learning_rate", "features")


def _parameters(left_out: tuple[str, ...]) -> list[Any]:
    """Return the options as Typer makes them of a signature."""

    def takes() -> None:
        pass

    takes.__signature__ = Signature(  # type: ignore[attr-defined]
        [option for option in _options() if option.name not in left_out]
    )
    app = typer.Typer(add_completion=False)
    app.command(add_help_option=False)(takes)
    return list(typer.main.get_command(app).params)


def _options() -> list[Parameter]:
    """Return a parameter for each field; a rule's first field has the name of the rule."""
    from onelayer.training import EarlyStopping, TrainConfig, option_of

    options = []
    for name, field in TrainConfig.model_fields.items():
        option = option_of(TrainConfig, name)
        said, kinds = option.help, get_args(field.annotation)
        if EarlyStopping not in kinds:
            kind, choices = type(field.default), option.spelled or "|".join(map(str, kinds)) or None
            if field.default is None:  # then it is a value of the other type, or spelled in words
                kind, choices = str if option.spelled else kinds[0], option.spelled
            options.append(_option(name, kind, said, field.default, choices))
            continue
        first, *others = EarlyStopping.model_fields.items()
        said += f": {option_of(EarlyStopping, first[0]).help}"
        options.append(_option(name, type(first[1].default), said, None, first[0].upper()))
        for other, part in others:
            said = option_of(EarlyStopping, other).help
            options.append(_option(other, type(part.default), said, part.default))
    return options


def _option(
    name: str, kind: type, said: str, default: Any, metavar: str | None = None
) -> Parameter:
    flag = name.replace("_", "-")
    words = (said[0].upper() if said[0].isascii() else said[0]) + said[1:] + "."  # not λ
    if default is not None:
        words += f" Default: {_in_words(default)}."
    option = typer.Option(
        f"--{flag}/--no-{flag}" if kind is bool else f"--{flag}",
        rich_help_panel=TRAINING,
        metavar=metavar,
        help=words,
        show_default=False,
    )
    annotation = Annotated[kind | None, option]  # type: ignore[valid-type]
    return Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _in_words(default: Any) -> str:
    if isinstance(default, bool):
        return "yes" if default else "no"
    return f"{default:g}" if isinstance(default, float) else str(default)


def _nested(values: dict[str, Any]) -> dict[str, Any]:
    """Return those that were given, with the fields of a rule in a table."""
    from onelayer.training import EarlyStopping

    given = {name: value for name, value in values.items() if value is not None}
    first, *others = EarlyStopping.model_fields
    rule = {name: given.pop(name) for name in others if name in given}
    if "early_stopping" in given:
        rule[first] = given.pop("early_stopping")
    return given | ({"early_stopping": rule} if rule else {})


def train_config(options: dict[str, Any]) -> TrainConfig:
    """Return the configuration that the options spell.

    Raises
    ------
    InputError
        That names the option.
    """
    from pydantic import ValidationError

    from onelayer.training import TrainConfig
    from onelayer.training.messages import as_toml, refuse

    try:
        return TrainConfig.model_validate(options)
    except ValidationError as error:
        raise refuse(error, "", "", as_toml, _argument) from None


def _argument(key: str) -> Argument:
    """Return the option that sets a key of the configuration."""
    from onelayer.training import EarlyStopping

    rule, _, part = key.partition(".")
    return Argument(rule if part in ("", next(iter(EarlyStopping.model_fields))) else part)
