"""Studies without the slow part, where a test asks nothing of it."""

from collections.abc import Iterator
from contextlib import nullcontext

import pytest

import onelayer.cli.report
from onelayer.study import Study


class NoReport(nullcontext["NoReport"]):
    """In the place of the process that makes a report."""

    def __enter__(self) -> "NoReport":
        return self

    def prepare(self, study: Study) -> None:
        assert study.sections

    def files(self, *_results: object) -> dict[str, bytes]:
        return {"report.pdf": b"", "report.html": b""}


@pytest.fixture
def no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """No report is made: its process takes as long to start as most studies here to train."""
    monkeypatch.setattr(onelayer.cli.report, "ReportProcess", NoReport)


@pytest.fixture(scope="module")
def never_a_report() -> Iterator[None]:
    """The same for whole modules, and for what is made once in them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onelayer.cli.report, "ReportProcess", NoReport)
        yield
