"""The commands of studies and their runs. Like all, they import what they need when called."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from onelayer.cli.options import ClusterAt
from onelayer.errors import InputError

DataOption = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="DATA",
        help="digits, mnist, or a folder of IDX files. Default: what the study names.",
    ),
]


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


def new(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="It must not be there yet.")],
) -> None:
    """Write a study file with comments, that runs as it is: a study of your own to begin with."""
    from onelayer.cli.study import new_study

    new_study(file)


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


def gradcheck(data: DataOption = None) -> None:
    """Compare analytic with numeric gradients; exit with 1 above a relative error of 1e-6."""
    from onelayer.cli.gradcheck import run_gradcheck_command

    run_gradcheck_command(data or "digits")
