"""The report of a study: figures, document, page and paper."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onelayer.report.write import compose, prepare, render

__all__ = ["compose", "prepare", "render"]


def __getattr__(name: str) -> Any:
    """Load what writes reports when it is asked for: the style alone needs no library."""
    if name in __all__:
        return getattr(import_module("onelayer.report.write"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
