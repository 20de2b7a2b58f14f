"""The command line."""


def main() -> None:
    """Run the command line; see :func:`onelayer.cli.app.main`."""
    # Here, so that the report's process, which imports this package, does not load the parser.
    from onelayer.cli.app import main as run

    run()


__all__ = ["main"]
