"""The commands of data sets. Like all, they import what they need when called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def get(
    name: Annotated[str, typer.Argument(help="The data set; there is one to get: mnist.")],
) -> None:
    """Download a data set once into the user's cache, and verify its content."""
    from onelayer.cli.data import run_get_command

    run_get_command(name)


def pack(
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
