"""Formulas as LaTeX: every one of the project has its translation, sign by sign."""

import re
import unicodedata
from xml.etree import ElementTree as ET

import pytest

from onelayer.model.derivations import DERIVATIONS
from onelayer.report.latex import latex
from onelayer.report.mathml import MathML
from onelayer.report.typesetting import font, template

FORMULAS = list(
    dict.fromkeys(
        formula
        for derivation in DERIVATIONS.values()
        for formula in (
            derivation.statement, derivation.result,
            *(sign for sign, _ in derivation.notation),
            *(step.formula for step in derivation.steps),
        )
    )
)  # fmt: skip


@pytest.fixture(scope="module")
def mathml() -> dict[str, str]:
    made = MathML({"math": formula, "display": True} for formula in FORMULAS)
    return {formula: str(made({"math": formula, "display": True})) for formula in FORMULAS}


def letters(text: str) -> str:
    """The Latin letters and digits of a text, in order."""
    return "".join(re.findall("[A-Za-z0-9]", unicodedata.normalize("NFKC", text)))


def test_every_formula_has_its_letters_in_order_and_its_braces_closed(
    mathml: dict[str, str],
) -> None:
    assert len(FORMULAS) > 50
    for formula, made in mathml.items():
        tex = latex(made)
        depth = 0
        for sign in tex.replace(r"\{", "").replace(r"\}", ""):
            depth += (sign == "{") - (sign == "}")
            assert depth >= 0, formula
        assert depth == 0, formula
        assert tex.isascii(), formula
        assert tex.count(r"\left") - tex.count(r"\leftarrow") == tex.count(r"\right")
        words = "".join(ET.fromstring(made).itertext()).replace("∑", "").replace("lim", "")
        plain = re.sub(r"\\text\{(\w+)\}|\\(ln|max)\b", r"\1\2", tex)
        plain = re.sub(r"\\(begin|end)\{\w+\}|\\[a-z]+", "", plain, flags=re.IGNORECASE)
        if "_" not in tex or "^" not in tex:  # with both, limits come in another order
            assert letters(plain) == letters(words), formula


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("nabla_w C = -1/N X^top (y - hat(y))",
         r"\nabla_{w} C = - \frac{1}{N} X^{\top} ( y - \hat{y} )"),
        ("sigma'(z) (1/2)", r"\sigma' ( z ) \left( \frac{1}{2} \right)"),
        ("sum_(n=1)^N 2 lambda norm(W)^2", r"\sum_{n = 1}^{N} 2 \lambda {\| W \|}^{2}"),
        ('cases(a &"if" k != i, b)',
         r"\begin{cases} a \; & \text{if} \; k \ne i \\ b & \end{cases}"),
    ],
)  # fmt: skip
def test_what_a_formula_becomes(formula: str, expected: str) -> None:
    node = {"math": formula, "display": True}
    tex = latex(str(MathML([node])(node)))
    assert re.sub(r"\s|\\;|& \\end", "", tex) == re.sub(r"\s|\\;|& \\end", "", expected)


def test_what_has_no_translation_is_refused() -> None:
    with pytest.raises(ValueError, match="U\\+2603"):
        latex("<math><mi>☃</mi></math>")
    with pytest.raises(ValueError, match="<maction>"):
        latex("<math><maction>x</maction></math>")


def test_steps_of_several_lines_are_aligned() -> None:
    sides = [{"math": text, "display": True} for text in ("a", "= b", "= c")]
    made = MathML(sides)
    one = made.latex([{"left": sides[0], "right": sides[1]}])
    assert one == "a = b"
    several = made.latex([{"left": sides[0], "right": sides[1]}, {"left": None, "right": sides[2]}])
    assert several == "\\begin{aligned}\na & = b \\\\\n& = c\n\\end{aligned}"


def test_the_embedded_font_has_every_sign_and_is_small(mathml: dict[str, str]) -> None:
    known = set(template("fonts/characters.txt"))
    used = {sign for made in mathml.values() for sign in "".join(ET.fromstring(made).itertext())}
    assert used - known - {"\u2061", "\u00a0", " "} == set()
    assert len(font("mathematics.woff2")) < 60_000


def test_brackets_grow_around_what_is_tall_alone() -> None:
    small = {"math": "C(w)", "display": True}
    tall = {"math": "(a/b)", "display": True}
    made = MathML([small, tall])
    assert str(made(small)).count('stretchy="false"') == 2
    assert "stretchy" not in made(tall)
