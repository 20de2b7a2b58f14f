"""Libraries that a plain installation does not bring."""

from __future__ import annotations

from importlib.util import find_spec

from onelayer.errors import OnelayerError

STUDY = ("altair", "vl_convert", "jinja2", "typst", "sympy")
"""What studies and reports need."""


def advice(what: str) -> str | None:
    """Return a line on what to install for a report; None where all is there."""
    missing = [library for library in STUDY if find_spec(library) is None]
    if not missing:
        return None
    return f"{what} needs {', '.join(missing)}: pip install 'onelayer[study]'."


def check_study(what: str) -> None:
    """Refuse what cannot be done without these libraries.

    Raises
    ------
    OnelayerError
        That says what to install.
    """
    if said := advice(what):
        raise OnelayerError(said)
