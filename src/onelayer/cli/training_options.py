"""The training options of a command: made from the fields of `TrainConfig`, their only home."""

from __future__ import annotations

from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

import typer

from onelayer.cli.commands import Command
from onelayer.cli.options import TRAINING
from onelayer.errors import Argument

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from onelayer.training import TrainConfig


class TrainingCommand(Command):
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
    """Return a parameter for each field; a table's first field has the name of the table."""
    from onelayer.training import TrainConfig, option_of, table_of

    options = []
    for name, field in TrainConfig.model_fields.items():
        option, table = option_of(TrainConfig, name), table_of(name)
        said = option.help
        if table is None:
            options.append(_option(name, field, said, field.default, option.spelled))
            continue
        for part, (flag, inner) in _flags(name).items():
            own = option_of(table, part).help
            if flag == name:  # which has no default: without it there is no table
                options.append(_option(flag, inner, f"{said}: {own}", None, part.upper()))
            else:
                options.append(_option(flag, inner, own, inner.default))
    return options


def _flags(name: str) -> dict[str, tuple[str, FieldInfo]]:
    """Return, for each part of an option that is a table, the parameter that sets it."""
    from onelayer.training import option_of, table_of

    table = table_of(name)
    assert table is not None
    first = next(iter(table.model_fields))
    return {
        part: (name if part == first else option_of(table, part).flag or f"{name}_{part}", field)
        for part, field in table.model_fields.items()
    }


def _option(
    name: str, field: FieldInfo, said: str, default: Any, metavar: str | None = None
) -> Parameter:
    flag = name.replace("_", "-")
    words = (said[0].upper() if said[0].isascii() else said[0]) + said[1:] + "."  # not λ
    if default is not None:
        words += f" Default: {_in_words(default)}."
    if metavar is not None and field.default is None:  # spelled in words
        kind: Any = str
    elif get_origin(field.annotation) is Literal:
        kind = str
        metavar = "|".join(get_args(field.annotation))
    else:  # a type, or that type or None
        kind = (get_args(field.annotation) or (field.annotation,))[0]
        kind = kind.__origin__ if get_origin(kind) is Annotated else kind
    option = typer.Option(
        f"--{flag}/--no-{flag}" if kind is bool else f"--{flag}",
        rich_help_panel=TRAINING,
        metavar=metavar,
        help=words,
        show_default=False,
    )
    annotation = Annotated[kind | None, option]
    return Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _in_words(default: Any) -> str:
    if isinstance(default, bool):
        return "yes" if default else "no"
    return f"{default:g}" if isinstance(default, float) else str(default)


def _nested(values: dict[str, Any]) -> dict[str, Any]:
    """Return those that were given, with the fields of a table in it."""
    from onelayer.training import TrainConfig, table_of

    given = {name: value for name, value in values.items() if value is not None}
    for name in filter(table_of, TrainConfig.model_fields):
        flags = {part: flag for part, (flag, _) in _flags(name).items()}
        table = {part: given.pop(flag) for part, flag in flags.items() if flag in given}
        if table:
            given[name] = table
    return given


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
    name, _, part = key.partition(".")
    return Argument(_flags(name)[part][0] if part else name)
