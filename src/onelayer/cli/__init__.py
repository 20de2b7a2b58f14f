"""The command line."""

from onelayer.cli.app import main

__all__ = ["main"]
