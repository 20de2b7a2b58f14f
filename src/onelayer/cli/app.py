"""Parse the command line and call. The commands import what they need: `--help` stays quick."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from onelayer import __version__
from onelayer.cli import model_commands, terminal
from onelayer.cli.commands import Commands
from onelayer.cli.options import ClusterAt
from onelayer.cli.training_options import SweepCommand, TrainingCommand
from onelayer.errors import Argument, InputError, OnelayerError

# Typer has brought a copy of click since some version, and has used click itself before.
_UsageError: Any = typer.BadParameter.__mro__[1]


class _Commands(TyperGroup):
    """The commands; what is wrong with the words of a call is told visibly, as all else is."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Parse the words before the command."""
        with _visible_usage():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        """Parse the command's words, and call it."""
        with _visible_usage():
            return super().invoke(ctx)


@contextmanager
def _visible_usage() -> Iterator[None]:
    try:
        yield
    except _UsageError as error:
        error.message = terminal.message(error.message)
        raise


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

DataOption = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="DATA",
        help="digits, mnist, or a folder of IDX files. Default: what the study names.",
    ),
]


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


@app.command()
def study(
    study: Annotated[
        str, typer.Argument(metavar="[STUDY]", help="A built-in study's name, or a TOML file.")
    ] = "gradient-descent",
    data: DataOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="The run folder. Default: runs/<study>-<data>.",
            show_default=False,
        ),
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Override a key of the study: max_epochs=5, data.train=1000, runs.binary.l2=0.1.",
        ),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="How many threads work. Default: all cores.")
    ] = None,
    cluster: ClusterAt = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a finished run folder.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the results document on stdout.")
    ] = False,
    show: Annotated[
        bool,
        typer.Option(
            "--open",
            help="Open the page in the browser: the report, or with --live the one that grows into "
            "it.",
        ),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print errors only.")] = False,
    live: Annotated[
        bool,
        typer.Option(
            "--live",
            help="Serve a page on this machine that shows the study while it trains, can stop it, "
            "and turns into the report.",
        ),
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=65535,
            help="Of the live page. Default: any that is free.",
            show_default=False,
        ),
    ] = None,
    list_: Annotated[
        bool, typer.Option("--list", help="Print the built-in studies and their questions.")
    ] = False,
) -> None:
    """Run a study and write its report. An unfinished run folder is taken up again."""
    from onelayer.cli.extras import LIVE, STUDY, check_study

    if list_:
        from onelayer.cli.study import list_studies

        list_studies()
        return
    from onelayer.cli.report import ReportProcess

    check_study("A study, with its report,", STUDY + LIVE if live else STUDY)
    if port is not None and not live:
        raise InputError("--port: is that of the live page; give --live as well.")
    if live and quiet and not show:
        raise InputError("--live: with --quiet nobody is told its address; give --open as well.")
    with ReportProcess() as report, ExitStack() as stack:  # first: importing takes seconds, in both
        from onelayer.cli.study import run_study_command

        page = None
        if live:
            from onelayer.cli.live import LivePage

            page = stack.enter_context(LivePage(port or 0, opened=show))
        run_study_command(
            study,
            report,
            source=data,
            out=out,
            overrides=overrides or [],
            threads=threads,
            cluster=cluster,
            force=force,
            as_json=as_json,
            show=show and not live,
            quiet=quiet,
            page=page,
        )


@app.command()
def new(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="It must not be there yet.")],
) -> None:
    """Write a study file with comments, that runs as it is: a study of your own to begin with."""
    from onelayer.cli.study import new_study

    new_study(file)


@app.command()
def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A finished run folder.")],
    other: Annotated[
        Path | None,
        typer.Argument(metavar="[RUN2]", help="Another, to be set beside it.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE.html",
            help="The page of two; a PDF is written beside it. Default: beside RUN, named after "
            "both.",
            show_default=False,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the page of two.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print errors only.")] = False,
) -> None:
    """Write the report of a run folder anew, without training; or set two side by side."""
    from onelayer.cli.extras import check_study
    from onelayer.cli.report import ReportProcess

    check_study("A report")
    if other is not None:
        from onelayer.cli.compare import run_compare_command

        run_compare_command(run, other, out=out, force=force, quiet=quiet)
        return
    if out is not None or force:
        raise InputError(
            "--out and --force are for two run folders: the report of one is in the folder."
        )
    with ReportProcess() as process:
        from onelayer.cli.study import run_report_command

        run_report_command(run, process, quiet=quiet)


@app.command()
def diagnose(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A finished run folder.")],
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only", metavar="CODE", help="Make this check alone: OL102. May be repeated."
        ),
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="SECONDS",
            help="What experiments may take, by the count of their operations. Default: no limit.",
        ),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="How many threads work. Default: all cores.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print errors only.")] = False,
) -> None:
    """Look for faults and explanations in a run folder, by statistics and by experiment."""
    from onelayer.cli.diagnose import run_diagnose_command

    run_diagnose_command(
        run, only=only or [], budget=budget, threads=threads, as_json=as_json, quiet=quiet
    )


@app.command()
def gradcheck(data: DataOption = None) -> None:
    """Compare analytic with numeric gradients; exit with 1 above a relative error of 1e-6."""
    from onelayer.cli.gradcheck import run_gradcheck_command

    run_gradcheck_command(data or "digits")


@data_app.command("get")
def data_get(
    name: Annotated[str, typer.Argument(help="The data set; there is one to get: mnist.")],
) -> None:
    """Download a data set once into the user's cache, and verify its content."""
    from onelayer.cli.data import run_get_command

    run_get_command(name)


@data_app.command("pack")
def data_pack(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A file or a folder, as for fit.")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A folder that is new or empty.")],
    target: Annotated[
        str | None, typer.Option(metavar="NAME", help="The label column of a table.")
    ] = None,
    block_length: Annotated[
        int | None, typer.Option(min=1, help="Examples of a block. Default: about 64 MB.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the order.")] = 0,
    memory: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="What may be taken, such as 500MB. It does not change the result. Default: 1GB, "
            "or more where blocks need it.",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace what is there, finished or of other options.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what was packed on stdout.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print errors only.")] = False,
) -> None:
    """Shuffle data once on disk, into blocks that are read quickly. An unfinished folder goes on.

    The disk needs room for twice the data.
    """
    from onelayer.cli.pack import run_pack_command

    run_pack_command(
        source,
        out,
        target=target,
        block_length=block_length,
        seed=seed,
        memory=memory,
        force=force,
        as_json=as_json,
        quiet=quiet,
    )


app.command(cls=TrainingCommand)(model_commands.fit)
app.command(cls=SweepCommand)(model_commands.sweep)
for command in (
    model_commands.predict,
    model_commands.evaluate,
    model_commands.inspect,
    model_commands.export,
):
    app.command()(command)


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
