"""Parse the command line and call. The commands import what they need: `--help` stays quick."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from onelayer import __version__
from onelayer.cli import INTERRUPTED, data_commands, model_commands, study_commands, terminal
from onelayer.cli.commands import Commands
from onelayer.cli.training_options import SweepCommand, TrainingCommand
from onelayer.errors import Argument, InputError, OnelayerError

# Typer has brought a copy of click since some version, and has used click itself before.
_UsageError: Any = typer.BadParameter.__mro__[1]


class _Commands(TyperGroup):
    """The commands; wrong words of a call are told visibly, and so is an interrupt."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Parse the words before the command."""
        with _told():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        """Parse the command's words, and call it."""
        with _told():
            return super().invoke(ctx)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except _UsageError as error:
        error.message = terminal.message(error.message)
        raise
    except KeyboardInterrupt:  # of which typer makes an exit without a word
        raise OnelayerError(INTERRUPTED) from None


app = Commands(
    name="onelayer",
    cls=_Commands,
    help="Train single-layer networks by mini-batch gradient descent, and explain what happened.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
data_app = Commands(help="Get data sets, and pack your own.", no_args_is_help=True)
app.add_typer(data_app, name="data")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"onelayer {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    pass


app.command()(study_commands.study)
app.command()(study_commands.new)
app.command()(study_commands.report)
app.command()(study_commands.diagnose)
app.command()(study_commands.gradcheck)
app.command(cls=TrainingCommand)(model_commands.fit)
app.command(cls=SweepCommand)(model_commands.sweep)
app.command()(model_commands.predict)
app.command()(model_commands.evaluate)
app.command()(model_commands.inspect)
app.command()(model_commands.export)
data_app.command()(data_commands.get)
data_app.command()(data_commands.pack)


def main() -> None:
    """Run the command line: 0 done, 1 the run failed, 2 wrong usage or input."""
    terminal.open_streams()
    sys.exit(terminal.close_streams(_run()))


def _run() -> int:
    try:
        app(prog_name="onelayer")  # also as `python -m onelayer`
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except InputError as error:
        return _failed(error.worded(Argument.flag), 2)
    except OnelayerError as error:
        return _failed(error.worded(Argument.flag), 1)
    except MemoryError:
        return _failed("Out of memory. Take fewer examples, or fewer threads.", 1)
    except PermissionError as error:
        where = error.filename or "A file or folder"
        return _failed(
            f"{where}: permission denied; check its permissions and those of the folders that it "
            "is in, or name another.",
            2,
        )
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _failed(f"{where}{error.strerror or error}", 1)
    except Exception as error:  # a fault of ours: still one message, the traceback on request
        if os.environ.get("ONELAYER_TRACEBACK"):
            raise
        return _failed(
            f"Internal error, {type(error).__name__}: {error}\n"
            "This is a fault of onelayer. ONELAYER_TRACEBACK=1 shows where it happened.",
            1,
        )
    return 0


def _failed(message: str, code: int) -> int:
    terminal.complain(message)
    return code
