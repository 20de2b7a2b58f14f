"""Libraries that a plain installation does not bring."""

from __future__ import annotations

from importlib.util import find_spec

from onelayer.errors import OnelayerError

STUDY = ("altair", "vl_convert", "jinja2", "typst", "sympy")
"""What studies and reports need."""

LIVE = ("tornado",)
"""What the live page needs besides."""


def advice(what: str, libraries: tuple[str, ...] = STUDY) -> str | None:
    """Return a line on what to install for a report; None where all is there."""
    missing = [library for library in libraries if find_spec(library) is None]
    if not missing:
        return None
    return f"{what} needs {', '.join(missing)}: pip install 'onelayer[study]'."


def check_study(what: str, libraries: tuple[str, ...] = STUDY) -> None:
    """Refuse what cannot be done without these libraries.

    Raises
    ------
    OnelayerError
        That says what to install.
    """
    if said := advice(what, libraries):
        raise OnelayerError(said)
