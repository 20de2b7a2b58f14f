"""The gradients of the study, derived step by step; SymPy verifies every step.

`DERIVATIONS` maps a name (``"logistic"``, ``"softmax"``, ``"l2"``) to its derivation, and `verify`
carries out the checks. Formulas are strings in Typst's math notation.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from onelayer.model.derivations import l2, logistic, softmax
from onelayer.model.derivations.derivation import (
    Derivation,
    DerivationName,
    Identity,
    Step,
    StepCheck,
    Verification,
    verify,
)

DERIVATIONS: Final[Mapping[DerivationName, Derivation]] = MappingProxyType(
    {
        derivation.name: derivation
        for derivation in (logistic.DERIVATION, softmax.DERIVATION, l2.DERIVATION)
    }
)
"""The derivations by name, in the order in which they build on one another."""

__all__ = [
    "DERIVATIONS",
    "Derivation",
    "DerivationName",
    "Identity",
    "Step",
    "StepCheck",
    "Verification",
    "verify",
]
