"""The page needs nothing from outside, shows text as text and formulas as MathML."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from report_material import DERIVATION, history, table

from onelayer.errors import OnelayerError
from onelayer.report import style
from onelayer.report.document import (
    Block,
    Chapter,
    Document,
    FigureBlock,
    Fold,
    Formula,
    Interactive,
    Note,
    Paragraph,
    Section,
    Table,
)
from onelayer.report.figures import loss_curves
from onelayer.report.html import to_html
from onelayer.report.numbering import figure_labels
from onelayer.report.view import math_nodes, view

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """Checks that tags nest, and gathers elements and text."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(source)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] not in (["style"], ["script"]):
            self.text.append(data)

    def attributes(self, *names: str) -> list[str]:
        return [str(a[name]) for _, a in self.elements for name in names if name in a]


def test_the_page_is_the_same_every_time(document: Document) -> None:
    assert to_html(document) == to_html(document)


def test_the_page_refers_to_nothing_outside(document: Document) -> None:
    source = to_html(document)
    page = Page(source)
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    for link in page.attributes("href", "src", "xlink:href", "srcset", "action", "data", "poster"):
        # A finding's numbers lie beside the page.
        assert link.startswith(("#", "data:")) or link == "findings.json", link
        assert not link.startswith("#") or link[1:] in ids
    assert set(re.findall(r"url\((#|data:font/woff2;|.)", source)) == {"#", "data:font/woff2;"}
    assert "@import" not in source
    assert set(re.findall(r"https?://[^\"'\s<]+", source)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


def test_every_formula_becomes_mathml(document: Document) -> None:
    source = to_html(document)
    assert source.count("<math") == len(list(math_nodes(view(document))))
    assert "<mfrac>" in source
    assert "$" not in "".join(Page(source).text)


def test_a_broken_formula_is_named(document: Document) -> None:
    broken = replace(document, lead=(Formula("x + y"), Formula("frac(1, ")))
    with pytest.raises(OnelayerError, match=r"the formula `frac\(1, ` is no Typst math: unclosed"):
        to_html(broken)


def test_markup_in_any_text_is_shown_as_text() -> None:
    bad = '<script>alert(1)</script> & "<b>" {{ 7 * 7 }}'
    code = f"`{bad}`"
    figure = replace(loss_curves(history("a"), "a"), title=bad, alt=bad)
    block = replace(
        DERIVATION, title=bad, statement=bad, notation=(("x", bad),), steps=(("x", bad, bad),),
        verified=bad,
    )  # fmt: skip
    blocks = (
        Paragraph(bad),
        Paragraph(code),
        FigureBlock(figure, bad),
        Table((bad, code), ((bad, code),), bad),
        Note("info", bad),
        block,
        Formula('x "</math><script>alert(1)</script>"'),
    )
    section = Section(bad, bad, blocks, blocks)
    source = to_html(Document(bad, bad, blocks, (Chapter(bad, (section,)),), ((bad, bad),), bad))
    page = Page(source)
    # Those with a type hold data.
    assert [a for tag, a in page.elements if tag == "script" and "type" not in a] == [{}, {}]
    assert "alert" not in "".join(re.findall(r"<script>(.*?)</script>", source, re.DOTALL))
    assert "".join(page.text).count(bad) > 20


def test_figures_follow_the_theme(document: Document) -> None:
    source = to_html(document)
    body = source[source.index("<body>") :]
    for colour in style.PALETTE:
        assert colour.light not in body
        assert f"{colour.variable}: {colour.dark};" in source
    assert "var(--fig-ink)" in body


def test_figures_and_tables_speak(document: Document) -> None:
    page = Page(to_html(document))
    labels = [a["aria-label"] for tag, a in page.elements if a.get("role") == "img"]
    assert labels == [figure.alt for figure in document.figures()]
    assert {a["scope"] for tag, a in page.elements if tag == "th"} == {"col", "row"}
    assert ("html", {"lang": "en"}) in page.elements
    assert "#main" in page.attributes("href")
    text = " ".join(" ".join(page.text).split())
    assert "Figure 3. Weights as pictures." in text


def test_figures_of_one_interactive_share_its_number() -> None:
    figure = FigureBlock(loss_curves(history("a"), "a"), "Seen.")
    linked = Interactive("curves", {}, (figure,), "curves-a")
    pair = Interactive("dips", {}, (figure, replace(figure)))
    leads = Interactive("elsewhere", {"anchor": "curves-a"}, (replace(figure),))
    lone = Interactive("draw", {}, (replace(figure),))
    each: list[Block] = [
        replace(figure),
        pair,
        replace(linked, still=(replace(figure),)),
        leads,
        lone,
    ]
    blocks = (*each, Fold("More", (replace(figure),)))
    page = Document("Title", "", blocks, ())
    assert figure_labels(page) == ["1", "2a", "2b", "3a", "3b", "4", "5"]


def test_a_document_of_nothing_but_a_title_is_a_page() -> None:
    page = Page(to_html(Document("Title", "", (), ())))
    assert "Title" in page.text


def test_table_cells_are_aligned() -> None:
    page = Page(to_html(Document("t", "s", (table(),), ())))
    classes = [a["class"] for tag, a in page.elements if tag == "th" and a["scope"] == "col"]
    assert [(each or "").split()[0] for each in classes] == [
        "left", "left", "right", "right", "right", "left",
    ]  # fmt: skip
