"""One document with every kind of block."""

import pytest
from report_material import full_document

from onelayer.report.document import Document


@pytest.fixture(scope="session")
def document() -> Document:
    return full_document()
