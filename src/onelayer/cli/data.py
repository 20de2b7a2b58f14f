"""`onelayer data get`: download with a progress bar."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from onelayer.cli.terminal import Terminal
from onelayer.data import get_mnist
from onelayer.errors import InputError


def run_get_command(name: str) -> None:
    """Get the data set and print where it is; see `onelayer data get --help`."""
    if name != "mnist":
        raise InputError(f"{name}: no such data set to get; there is mnist. digits is built in.")
    console = Terminal()
    folder = download_mnist(console, quiet=False)
    console.print(f"MNIST is in {folder}", soft_wrap=True)


def download_mnist(console: Console, *, quiet: bool) -> Path:
    """Return the cache folder with MNIST, downloading what is not there with a bar a file."""
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}

        def show(file: str, received: int, total: int | None) -> None:
            if file not in tasks:
                tasks[file] = bars.add_task(file, total=total)
            bars.update(tasks[file], completed=received, total=total)

        return get_mnist(on_progress=show)
