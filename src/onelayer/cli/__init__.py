"""The command line."""

import sys


def main() -> None:
    """Run the command line; see :func:`onelayer.cli.app.main`."""
    # Here, so that the report's process, which imports this package, does not load the parser; and
    # signals first, since to load it takes a moment.
    from onelayer.cli import signals

    try:
        with signals.handled():
            from onelayer.cli.app import main as run

            run()
    except KeyboardInterrupt:
        sys.exit("onelayer: Interrupted; the same command goes on where it was.")


__all__ = ["main"]
