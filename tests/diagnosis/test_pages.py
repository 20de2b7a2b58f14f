"""Each check has a page, and the list of them has its title."""

from pathlib import Path

import pytest

from onelayer.diagnosis import Check, all_checks

PAGES = Path(__file__).parents[2] / "docs" / "findings"


@pytest.mark.parametrize("check", all_checks(), ids=lambda check: check.kind.code)
def test_each_check_has_a_page(check: Check) -> None:
    text = (PAGES / f"{check.kind.code}.md").read_text("utf-8")
    assert text.startswith(f"# {check.kind.code}: ")
    row = f"| [{check.kind.code}]({check.kind.code}.md) | {check.kind.title} |"
    assert row in (PAGES / "README.md").read_text("utf-8")


def test_there_are_no_other_pages() -> None:
    codes = {check.kind.code for check in all_checks()}
    assert {path.stem for path in PAGES.glob("OL*.md")} == codes
