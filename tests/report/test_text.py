"""Inline text, the breaking of derivations into lines, and the alignment of tables."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onelayer.diagnosis.verdicts.numbers import digits
from onelayer.diagnosis.words import number
from onelayer.report.alignment import lines_of
from onelayer.report.document import Document, Paragraph, Table
from onelayer.report.inline import Span, literal, parse, plain
from onelayer.report.sections.material import LEAD, leading
from onelayer.report.view import math_nodes, view


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("plain", [("text", "plain")]),
        ("", []),
        ("a `b` c", [("text", "a "), ("code", "b"), ("text", " c")]),
        ("$x$", [("math", "x")]),
        ("$lambda = 1$, so", [("math", "lambda = 1"), ("text", ", so")]),
        ("`$x$`", [("code", "$x$")]),
        ("from $5 to $6", [("text", "from $5 to $6")]),
        ("$ 5 $", [("text", "$ 5 $")]),
        (r"\$x$ \`y`", [("text", "$x$ `y`")]),
        (r"C:\data", [("text", r"C:\data")]),
        ("one ` alone", [("text", "one ` alone")]),
    ],
)
def test_inline_text(text: str, spans: list[tuple[str, str]]) -> None:
    assert [(span.kind, span.text) for span in parse(text)] == spans


@given(st.text())
def test_literal_text_comes_through_unchanged(text: str) -> None:
    assert plain(literal(text)) == text
    assert all(span.kind == "text" for span in parse(literal(text)))


@given(st.text(alphabet="ab `$\\1"))
def test_parsing_never_fails_and_spans_of_text_are_joined(text: str) -> None:
    spans = parse(text)
    assert all(isinstance(span, Span) and span.text for span in spans)
    kinds = [span.kind for span in spans]
    assert all(pair != ("text", "text") for pair in itertools.pairwise(kinds))


@pytest.mark.parametrize(
    ("math", "lines"),
    [
        ("a = b", [("a", "= b")]),
        ("= b", [("", "= b")]),
        ("a = b = c", [("a", "= b"), ("", "= c")]),
        ("a = b, quad c = d", [("a", "= b,"), ("c", "= d")]),
        ("sum_(i=1)^N x", [("sum_(i=1)^N x", "")]),
        ("a <= b", [("a <= b", "")]),
        ('f "where x = 1"', [('f "where x = 1"', "")]),
        ("a &approx b = c", [("a", "approx b = c")]),
        ('y = cases(1 &"if" k = i, 0 &"else")', [("y", '= cases(1 &"if" k = i, 0 &"else")')]),
        (r"a &= b \ &= c", [(r"a &= b \ &= c", "")]),
        ("a = b quad (k != i)", [("a", "= b quad (k != i)")]),
        (
            "a = 0 quad <==> quad b = c, quad d = e",
            [("a = 0 quad", "<==> quad b = c,"), ("d", "= e")],
        ),
    ],
)
def test_a_derivation_step_is_broken_where_it_aligns(
    math: str, lines: list[tuple[str, str]]
) -> None:
    assert lines_of(math) == lines


def test_no_line_ends_within_a_short_formula() -> None:
    text = "From λ = 0.01 to −1, `l2 = 1` of N × d, y − ŷ, 1 / λ and 2 to 3; a = b."
    page = view(Document("t", "", (Paragraph(text),), ()))
    spans = page["lead"][0]["spans"]
    assert "".join(span["text"] for span in spans).replace("\u00a0", "~") == (
        "From λ~=~0.01 to −1, l2 = 1 of N~×~d, y~−~ŷ, 1~/~λ and 2 to 3; a = b."
    )


def test_columns_of_numbers_are_set_right() -> None:
    table = Table(
        ("run", "steps", "λ", "share", "note"),
        (("a", "1,039", "1e-3", "96.5 %", "3 times"), ("b", "–", "−0.1", "0.1 %", "")),
    )
    page = view(Document("t", "s", (table,), ()))
    assert page["lead"][0]["align"] == ["left", "right", "right", "right", "left"]


def test_a_table_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="row 1 has 1 cells for 2 columns"):
        Table(("a", "b"), (("1", "2"), ("3",)))
    with pytest.raises(ValueError, match="1 alignments for 2 columns"):
        Table(("a", "b"), (), align=("left",))


def test_math_is_found_wherever_it_is() -> None:
    table = Table(("$a$",), (("$b$",),), "$c$")
    page = view(Document("t", "s", (Paragraph("$d$"), table), (), (("n", "$e$"),), "$f$"))
    assert sorted(node["math"] for node in math_nodes(page)) == list("abcdef")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0652341, "0.06523"), (6.444e-5, "6.444 × 10⁻⁵"), (-3e-9, "−3 × 10⁻⁹"),
        (12345.6, "12,346"), (2.5e20, "2.5 × 10²⁰"), (0.0, "0"),
    ],
)  # fmt: skip
def test_numbers_have_powers_of_ten_as_people_have_them(value: float, text: str) -> None:
    assert number(value) == text


def test_numbers_that_stand_together_have_as_many_digits() -> None:
    assert [digits(value) for value in (0.148, 1.08, 0.1242, -20.0)] == [
        "0.1480", "1.080", "0.1242", "−20.00",
    ]  # fmt: skip


def test_a_long_statement_begins_with_what_matters() -> None:
    first, *others = (f"Sentence {i} says {'much ' * 20}and ends." for i in range(8))
    lead, rest = leading(" ".join([first, *others]))
    assert lead.startswith(first)
    assert len(lead) <= LEAD
    assert f"{lead} {rest}" == " ".join([first, *others])
    assert leading(first) == (first, "")
