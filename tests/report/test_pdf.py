"""The PDF: the same bytes every time, text as text, formulas as mathematics."""

import shutil
import subprocess
from dataclasses import replace

import pytest
from report_material import DERIVATION

from onelayer.errors import OnelayerError
from onelayer.report import typesetting
from onelayer.report.document import (
    Chapter,
    Document,
    Formula,
    Note,
    Paragraph,
    Section,
    Table,
)
from onelayer.report.pdf import to_pdf

# Each of these would be an error or vanish if Typst read it as markup.
SIGNS = r"#panic() @nowhere *bold* _low_ <label> = // gone ~ \ $5 [x] {y} `"


def document_of(text: str) -> Document:
    blocks = (
        Paragraph(text),
        Table((text, "b"), ((text, "1"),), text),
        Note("warning", text),
        replace(DERIVATION, title=text, statement=text, verified=text),
    )
    chapters = (Chapter(text, (Section(text, text, blocks, blocks),)),)
    return Document(text, text, blocks, chapters, ((text, text),), text)


def test_a_document_gives_the_same_pdf_every_time(document: Document) -> None:
    first = to_pdf(document)
    assert first.startswith(b"%PDF-")
    assert first == to_pdf(document)


def test_signs_of_typst_are_not_read() -> None:
    assert to_pdf(document_of(SIGNS)).startswith(b"%PDF-")


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="reads the PDF with pdftotext")
def test_signs_of_typst_are_on_the_page() -> None:
    shown = subprocess.run(
        ["pdftotext", "-layout", "-", "-"],
        input=to_pdf(Document("t", "s", (Paragraph(SIGNS),), ())),
        capture_output=True,
        check=True,
    ).stdout.decode()
    assert SIGNS in shown


def test_a_broken_formula_is_named(document: Document) -> None:
    broken = replace(document, lead=(Formula("x + y"), Formula("hello x")))
    with pytest.raises(OnelayerError, match="the formula `hello x` is no Typst math: unknown var"):
        to_pdf(broken)


def test_other_failures_keep_their_message() -> None:
    with pytest.raises(OnelayerError, match=r"typesetting formulas.typ failed: .*formulas"):
        typesetting.compile_mathematics("formulas.typ", {}, "html", ["x"])


def test_a_document_of_nothing_but_a_title_is_a_pdf() -> None:
    assert to_pdf(Document("Title", "", (), ())).startswith(b"%PDF-")
