"""What a derivation is, and how SymPy verifies one."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import sympy
from sympy.core.function import Application
from sympy.polys.rings import PolyElement, PolyRing

DerivationName = Literal["logistic", "softmax", "l2"]


@dataclass(frozen=True)
class Identity:
    """Two expressions that a step claims to be equal for all values of their symbols.

    Attributes
    ----------
    left : sympy.Expr
        What the definitions give, usually by differentiation.
    right : sympy.Expr
        What the derivation states.
    case : str
        Where the identity is claimed, for example ``"K = 3, k = 2, i = 1"``.
    """

    left: sympy.Expr
    right: sympy.Expr
    case: str


@dataclass(frozen=True)
class Step:
    """One step of a derivation, with the code that verifies it.

    Attributes
    ----------
    formula : str
        The step in Typst's math notation, without dollar signs.
    reason : str
        Why the step holds, in one or two sentences.
    claim : callable
        Gives the identities that together make up the step, at small sizes.
    how : str
        A short phrase that says how the step is verified.
    """

    formula: str
    reason: str
    claim: Callable[[], Iterable[Identity]]
    how: str


def step(
    *, formula: str, reason: str, how: str
) -> Callable[[Callable[[], Iterable[Identity]]], Step]:
    """Turn the decorated claim into a `Step`, so that formula and claim stand together.

    Parameters
    ----------
    formula, reason, how : str
        As in `Step`.

    Returns
    -------
    callable
        A decorator that replaces a claim by its step.
    """

    def decorate(claim: Callable[[], Iterable[Identity]]) -> Step:
        return Step(formula, reason, claim, how)

    return decorate


@dataclass(frozen=True)
class Derivation:
    """A formula, and the steps that lead to it.

    Attributes
    ----------
    name : str
        ``"logistic"``, ``"softmax"`` or ``"l2"``.
    title : str
        A heading.
    statement : str
        The definition from which the derivation starts, in Typst's math notation.
    notation : tuple of (str, str)
        Pairs of a formula in Typst's math notation and what it means.
    steps : tuple of Step
        The steps in order.
    result : str
        What is derived, in Typst's math notation.
    sizes : str
        The sizes at which the steps are verified, to follow the word "for".
    """

    name: DerivationName
    title: str
    statement: str
    notation: tuple[tuple[str, str], ...]
    steps: tuple[Step, ...]
    result: str
    sizes: str


@dataclass(frozen=True)
class StepCheck:
    """What came out of verifying one step.

    Attributes
    ----------
    number : int
        Which step, counted from 1.
    passed : bool
        Whether the step claims at least one identity, and each holds.
    identities : int
        How many identities were confirmed.
    detail : str
        Empty when the step passed; otherwise the first identity that does not hold, both sides.
    """

    number: int
    passed: bool
    identities: int
    detail: str


@dataclass(frozen=True)
class Verification:
    """What came out of verifying a derivation.

    Attributes
    ----------
    derivation : Derivation
        What was verified.
    checks : tuple of StepCheck
        One check a step, in order.
    """

    derivation: Derivation
    checks: tuple[StepCheck, ...]

    @property
    def passed(self) -> bool:
        """Whether there are steps and every one of them passed."""
        return bool(self.checks) and all(check.passed for check in self.checks)

    @property
    def identities(self) -> int:
        """How many identities were confirmed in all steps together."""
        return sum(check.identities for check in self.checks)

    @property
    def summary(self) -> str:
        """One sentence when all is well; otherwise each failed step with both of its sides."""
        if self.passed:
            return (
                f"SymPy confirmed all {len(self.checks)} steps symbolically: "
                f"{self.identities} identities, for {self.derivation.sizes}."
            )
        name = self.derivation.name
        if not self.checks:
            return f"The {name} derivation has no steps."
        return "\n".join(
            f"Step {check.number} of the {name} derivation fails: {check.detail}"
            for check in self.checks
            if not check.passed
        )


def verify(derivation: Derivation) -> Verification:
    """Verify every step of a derivation symbolically.

    Parameters
    ----------
    derivation : Derivation
        What to verify.

    Returns
    -------
    Verification
        One check a step. A step fails when an identity does not hold, and when it claims none.
    """
    checks = (_check(number, step) for number, step in enumerate(derivation.steps, start=1))
    return Verification(derivation, tuple(checks))


def _check(number: int, step: Step) -> StepCheck:
    confirmed = 0
    for identity in step.claim():
        if not _equal(identity.left, identity.right):
            detail = (
                f"{identity.case}: the definitions give\n  {identity.left}\n"
                f"but the step states\n  {identity.right}"
            )
            return StepCheck(number, False, confirmed, detail)
        confirmed += 1
    detail = "" if confirmed else "it claims no identity, so there is nothing to verify."
    return StepCheck(number, confirmed > 0, confirmed, detail)


@cache
def _exponential(monomial: sympy.Expr) -> sympy.Symbol:
    """Give the positive symbol that stands for exp(monomial)."""
    return sympy.Dummy(f"exp({monomial})", positive=True)


@cache
def _reciprocal(expr: sympy.Expr) -> sympy.Symbol:
    """Give the symbol that stands for 1 / expr."""
    return sympy.Dummy(f"1/({expr})")


def _equal(left: sympy.Expr, right: sympy.Expr) -> bool:
    """Prove that two expressions built from +, *, /, exp and log of real symbols are equal.

    Exponentials of different monomials become independent positive symbols, and logarithms are
    split over their positive factors. What is left is a rational function. No number is ever put
    in for a symbol, so True is a proof.
    """
    bases: dict[sympy.Expr, sympy.Symbol] = {}

    def exp_as_powers(exponent: sympy.Expr) -> sympy.Expr:
        powers = []
        for term in sympy.Add.make_args(sympy.expand(exponent)):
            factor, monomial = term.as_coeff_Mul()
            base = bases.setdefault(monomial, _exponential(monomial))
            powers.append(base**factor)
        return sympy.Mul(*powers)

    def split_log(argument: sympy.Expr) -> sympy.Expr:
        logarithm = sympy.expand_log(sympy.log(sympy.factor(argument)))
        return logarithm.xreplace({sympy.log(base): power for power, base in bases.items()})

    expr = left - right
    expr = expr.xreplace({atom: exp_as_powers(atom.args[0]) for atom in expr.atoms(sympy.exp)})
    expr = expr.xreplace({atom: split_log(atom.args[0]) for atom in expr.atoms(sympy.log)})
    return _is_zero(expr)


def _is_zero(expr: sympy.Expr) -> bool:
    """Prove that a rational function is zero, by clearing its denominators one after another.

    This is what ``sympy.cancel(expr) == 0`` decides, without its costly common divisors.
    """
    reciprocals: dict[sympy.Expr, sympy.Symbol] = {}  # an inner denominator before an outer one

    def as_symbol(base: sympy.Expr, exponent: sympy.Expr) -> sympy.Expr:
        if not (exponent.is_Integer and exponent < 0):
            return base**exponent
        return reciprocals.setdefault(base, _reciprocal(base)) ** -exponent

    expr = expr.replace(sympy.Pow, as_symbol)
    atoms = set[sympy.Expr]().union(
        *(part.atoms(sympy.Symbol, Application) for part in (expr, *reciprocals)),
        reciprocals.values(),
    )
    ring = PolyRing(sorted(atoms, key=str), sympy.QQ, "lex")
    polynomial = ring.from_expr(expr)
    for base, reciprocal in reversed(reciprocals.items()):
        index = ring.symbols.index(reciprocal)
        by_power: dict[int, PolyElement] = {}
        for exponents, coefficient in polynomial.terms():
            rest = (*exponents[:index], 0, *exponents[index + 1 :])
            by_power.setdefault(exponents[index], ring.zero.copy())[rest] = coefficient
        denominator, highest = ring.from_expr(base), max(by_power, default=0)
        polynomial = sum(
            (part * denominator ** (highest - power) for power, part in by_power.items()), ring.zero
        )
    return not polynomial
