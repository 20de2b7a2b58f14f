"""The derivations verify, and the verifier finds planted errors."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import pytest
import sympy
import typst

from onelayer.model.derivations import (
    DERIVATIONS,
    Derivation,
    DerivationName,
    Identity,
    Step,
    Verification,
    verify,
)

NAMES: tuple[DerivationName, ...] = ("logistic", "softmax", "l2")


@pytest.fixture(scope="module")
def verifications() -> dict[str, Verification]:
    return {name: verify(derivation) for name, derivation in DERIVATIONS.items()}


def with_claim(
    derivation: Derivation, number: int, claim: Callable[[], Iterable[Identity]]
) -> Derivation:
    steps = list(derivation.steps)
    steps[number - 1] = replace(steps[number - 1], claim=claim)
    return replace(derivation, steps=tuple(steps))


def one_claim(left: sympy.Expr, right: sympy.Expr) -> Derivation:
    step = Step("", "", lambda: [Identity(left, right, "here")], "")
    return replace(DERIVATIONS["logistic"], steps=(step,))


def formulas() -> Iterator[str]:
    for derivation in DERIVATIONS.values():
        yield derivation.statement
        yield derivation.result
        yield from (formula for formula, _ in derivation.notation)
        yield from (step.formula for step in derivation.steps)


def test_there_are_three_derivations_under_their_own_names() -> None:
    assert tuple(DERIVATIONS) == NAMES
    assert all(derivation.name == name for name, derivation in DERIVATIONS.items())


@pytest.mark.parametrize("name", NAMES)
def test_every_step_is_verified(name: str, verifications: dict[str, Verification]) -> None:
    verification = verifications[name]
    assert verification.passed, verification.summary
    assert [c.number for c in verification.checks] == [
        *range(1, len(verification.derivation.steps) + 1)
    ]
    assert all(check.identities > 0 and check.detail == "" for check in verification.checks)


@pytest.mark.parametrize("name", NAMES)
def test_summary_counts_steps_and_identities_and_names_the_sizes(
    name: str, verifications: dict[str, Verification]
) -> None:
    verification = verifications[name]
    derivation = verification.derivation
    identities = sum(len([*step.claim()]) for step in derivation.steps)
    assert verification.identities == identities
    assert verification.summary == (
        f"SymPy confirmed all {len(derivation.steps)} steps symbolically: "
        f"{identities} identities, for {derivation.sizes}."
    )


def test_every_softmax_step_covers_two_three_and_four_outputs() -> None:
    assert "K = 2, 3 and 4" in DERIVATIONS["softmax"].sizes
    for step in DERIVATIONS["softmax"].steps:
        assert {identity.case[:5] for identity in step.claim()} == {"K = 2", "K = 3", "K = 4"}


@pytest.mark.parametrize("n_outputs", [2, 3, 4])
def test_score_gradient_covers_general_targets_and_every_one_hot(n_outputs: int) -> None:
    cases = {identity.case for identity in DERIVATIONS["softmax"].steps[6].claim()}
    targets = ["general y", *(f"y one-hot in class {k + 1}" for k in range(n_outputs))]
    assert {c for c in cases if c.startswith(f"K = {n_outputs}")} == {
        f"K = {n_outputs}, i = {i + 1}, {target}" for target in targets for i in range(n_outputs)
    }


@pytest.mark.parametrize(
    ("name", "number", "factor"),
    [
        pytest.param("logistic", 6, -1, id="logistic: sign of the gradient flipped"),
        pytest.param("logistic", 10, 2, id="logistic: safe loss doubled"),
        pytest.param("softmax", 4, -1, id="softmax: case k != i without its minus"),
        pytest.param("softmax", 7, -1, id="softmax: sign of y - y_hat flipped"),
        pytest.param("softmax", 9, 2, id="softmax: a factor 2 too many"),
        pytest.param("l2", 1, sympy.Rational(1, 2), id="l2: factor 2 missing"),
    ],
)
def test_a_planted_error_is_found_and_both_sides_are_printed(
    name: DerivationName, number: int, factor: sympy.Expr
) -> None:
    derivation = DERIVATIONS[name]
    right_claim = derivation.steps[number - 1].claim

    def wrong_claim() -> Iterator[Identity]:
        for identity in right_claim():
            yield replace(identity, right=factor * identity.right)

    first = next(wrong_claim())
    verification = verify(with_claim(derivation, number, wrong_claim))

    assert not verification.passed
    assert [check.number for check in verification.checks if not check.passed] == [number]
    assert f"Step {number} of the {name} derivation fails: {first.case}" in verification.summary
    assert str(first.left) in verification.summary
    assert str(first.right) in verification.summary


def test_one_wrong_identity_among_right_ones_is_found() -> None:
    derivation = DERIVATIONS["l2"]
    identities = [*derivation.steps[1].claim()]
    *right, last = identities
    wrong = replace(last, right=last.right + sympy.Symbol("w_11", real=True))
    verification = verify(with_claim(derivation, 2, lambda: [*right, wrong]))
    check = verification.checks[1]
    assert (check.passed, check.identities) == (False, len(right))
    assert last.case in check.detail


def test_a_step_that_claims_nothing_fails() -> None:
    verification = verify(with_claim(DERIVATIONS["logistic"], 3, lambda: ()))
    check = verification.checks[2]
    assert (check.passed, check.identities) == (False, 0)
    assert not verification.passed
    assert verification.summary == (
        "Step 3 of the logistic derivation fails: "
        "it claims no identity, so there is nothing to verify."
    )


def test_a_derivation_without_steps_fails() -> None:
    verification = verify(replace(DERIVATIONS["softmax"], steps=()))
    assert not verification.passed
    assert verification.summary == "The softmax derivation has no steps."


a, b, c = sympy.symbols("a b c", real=True)
exp, log = sympy.exp, sympy.log


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (exp(a + b), exp(a) * exp(b)),
        (exp(2 * a), exp(a) ** 2),
        (1 / (1 + exp(-a)), exp(a) / (1 + exp(a))),
        (1 / (a + 1 / b), b / (a * b + 1)),
        (log(exp(a) / (exp(a) + exp(b))), a - log(exp(a) + exp(b))),
        (log(exp(a + c) + exp(b + c)), c + log(exp(a) + exp(b))),
        (log(1 + exp(a)), a + log(1 + exp(-a))),
        ((a**2 - b**2) / (a - b), a + b),
    ],
)
def test_equal_expressions_are_confirmed(left: sympy.Expr, right: sympy.Expr) -> None:
    verification = verify(one_claim(left, right))
    assert verification.passed, verification.summary


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (exp(a + b), exp(a) + exp(b)),
        (exp(2 * a), exp(a)),
        (1 / (1 + exp(-a)), 1 / (1 + exp(a))),
        (1 / (a + 1 / b), 1 / a + b),
        (log(exp(a) + exp(b)), a + b),
        (log(1 + exp(a)), a - log(1 + exp(-a))),
        (log(a**2), 2 * log(a)),  # for a < 0 the right side is not real
        (sympy.Abs(a), a),
        (sympy.Max(a, 0), a),
        (a, a + sympy.Rational(1, 10**30)),
    ],
)
def test_different_expressions_are_not_confirmed(left: sympy.Expr, right: sympy.Expr) -> None:
    assert not verify(one_claim(left, right)).passed


@pytest.mark.parametrize("formula", sorted(set(formulas())))
def test_formulas_compile_to_pdf_and_to_mathml(formula: str) -> None:
    source = f"$ {formula} $".encode()
    assert typst.compile(source, format="pdf").startswith(b"%PDF")
    html, warnings = typst.compile_with_warnings(source, format="html")
    assert b"<math" in html
    assert [w.message for w in warnings if "html export is under" not in w.message] == []


def test_a_broken_formula_does_not_compile() -> None:
    with pytest.raises(typst.TypstError):
        typst.compile(b"$ partial C / (partial w_j = unknownname $", format="pdf")


@pytest.mark.parametrize("name", NAMES)
def test_reasons_are_sentences_and_symbols_have_meanings(name: DerivationName) -> None:
    derivation = DERIVATIONS[name]
    for step in derivation.steps:
        assert step.reason.endswith(".")
        assert step.how.startswith("SymPy ")
        assert not step.how.endswith(".")
    assert all(meaning for _, meaning in derivation.notation)
