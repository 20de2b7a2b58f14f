"""The command line."""

import sys

INTERRUPTED = "Interrupted; the same command goes on where it was."


def main() -> None:
    """Run the command line; see :func:`onelayer.cli.app.main`."""
    # Here, so that the report's process, which imports this package, does not load the parser; and
    # signals first, since to load it takes a moment.
    try:
        from onelayer.cli import signals

        with signals.handled():
            from onelayer.cli.app import main as run

            run()
    except KeyboardInterrupt:
        sys.exit(f"onelayer: {INTERRUPTED}")
    finally:
        # Where the interrupt met a text that was executed, as dataclasses do, Python remembers it,
        # and would end `python -m onelayer` by the signal in place of the exit code.
        exec("")


__all__ = ["INTERRUPTED", "main"]
