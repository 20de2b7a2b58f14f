"""The derivations and the gradient check."""

from __future__ import annotations

from functools import cache

from onelayer.diagnosis.checks.gradients import GradientErrors
from onelayer.diagnosis.words import count
from onelayer.model.derivations import (
    DERIVATIONS,
    DerivationName,
    Step,
    StepCheck,
    Verification,
    verify,
)
from onelayer.report.document import Block, DerivationBlock, Note, Section, Table
from onelayer.report.inline import literal
from onelayer.report.sections.material import Material, measured, said
from onelayer.study import SectionChoice
from onelayer.words import in_powers


def derivation(_material: Material, choice: SectionChoice) -> Section:
    """Print each derivation of which every step was verified just now."""
    return Section(
        choice.title or "Derivation",
        "What is the gradient that each step follows, and how do we know that it is right?",
        tuple(map(_derivation_block, verify_derivations(choice))),
    )


def verify_derivations(choice: SectionChoice) -> tuple[Verification, ...]:
    """Verify the derivations of a section, each once in the life of the process."""
    return tuple(_verify(name) for name in choice.derivations or tuple(DERIVATIONS))


@cache
def _verify(name: DerivationName) -> Verification:
    return verify(DERIVATIONS[name])


def _derivation_block(verification: Verification) -> Block:
    derivation = verification.derivation
    if not verification.passed:
        text = (
            f"{derivation.title} is left out: not every step was verified. {verification.summary}"
        )
        return Note("warning", literal(text))
    return DerivationBlock(
        derivation.title,
        # Each of its formulas may begin a line.
        "\u2003".join(f"${formula}$" for formula in derivation.statement.split(" quad ")),
        derivation.notation,
        tuple(
            (step.formula, step.reason, _checked(step, check))
            for step, check in zip(derivation.steps, verification.checks, strict=True)
        ),
        derivation.result,
        verification.summary,
    )


def _checked(step: Step, check: StepCheck) -> str:
    confirmed = count(check.identities, "identity", "identities")
    return literal(f"{step.how[0].upper()}{step.how[1:]}: {confirmed} confirmed.")


def gradient_check(material: Material, choice: SectionChoice) -> Section:
    """Show the gradient check's errors."""
    findings = [f for f in material.findings if f.kind is GradientErrors]
    checked = [own for _, errors in measured(findings, GradientErrors) for own in errors.objectives]
    known = [own.worst_error for own in checked if own.worst_error is not None]
    worst = (
        f": they differ by {in_powers(f'{max(known):.0e}')} of its size at most" if known else ""
    )
    rows = tuple(
        (
            error.model,
            f"{error.l2:g}",
            "yes" if error.penalize_bias else "no",
            "not finite" if error.worst_error is None else in_powers(f"{error.worst_error:.1e}"),
        )
        for error in checked
    )
    table = Table(
        ("model", "λ", "bias penalized", "worst relative error"), rows,
        f"The gradients against central differences of the objective{worst}.",
        ("left", "right", "left", "right"),
    )  # fmt: skip
    question = "Does the code compute the gradients that were derived?"
    return Section(choice.title or "Gradient check", question, (table,), said(findings))
