"""A page in the reader's browser."""

from __future__ import annotations

import webbrowser

from onelayer.cli.terminal import Terminal


def open_page(address: str) -> None:
    """Open a page, or say where it is, also where nothing else is said.

    Parameters
    ----------
    address : str
        A URL.
    """
    try:
        opened = webbrowser.open(address)
    except webbrowser.Error:
        opened = False
    if not opened:
        Terminal().print(f"No browser could be opened; open {address} by hand.", soft_wrap=True)
