"""A document as PDF."""

from onelayer.report.document import Document
from onelayer.report.typesetting import compile_mathematics
from onelayer.report.view import math_nodes, view


def to_pdf(document: Document) -> bytes:
    """Return the document typeset on A4, the same bytes for the same document.

    Raises
    ------
    OnelayerError
        If a formula of the document is no Typst math; the message names it.
    """
    page = view(document)
    drawings = [figure.svg() for figure in document.figures()]
    pictures = list(document.pictures())
    formulas = [node["math"] for node in math_nodes(page)]
    inputs = {"page": page, "drawings": drawings, "pictures": pictures}
    return compile_mathematics("report.typ", inputs, "pdf", formulas)
