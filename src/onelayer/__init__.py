"""Train single-layer networks by mini-batch gradient descent, and explain what happened."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # not of typing: until the command line listens to signals, little is loaded
if TYPE_CHECKING:
    from typing import Any

    from onelayer.estimators import LogisticRegression as LogisticRegression
    from onelayer.estimators import LossCurveDisplay as LossCurveDisplay
    from onelayer.estimators import MultilabelRegression as MultilabelRegression
    from onelayer.estimators import SoftmaxRegression as SoftmaxRegression
    from onelayer.estimators import SoftmaxRegressionCV as SoftmaxRegressionCV
    from onelayer.estimators import SweepDisplay as SweepDisplay
    from onelayer.estimators import WeightsDisplay as WeightsDisplay

__version__ = "0.1.0"

__all__ = [
    "LogisticRegression",
    "LossCurveDisplay",
    "MultilabelRegression",
    "SoftmaxRegression",
    "SoftmaxRegressionCV",
    "SweepDisplay",
    "WeightsDisplay",
]


def __getattr__(name: str) -> Any:
    """Load the estimators when one is asked for: the command line starts without them."""
    if name in __all__:
        return getattr(import_module("onelayer.estimators"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
