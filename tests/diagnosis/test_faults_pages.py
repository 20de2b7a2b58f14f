"""What pages say of error rates is what the benchmark of planted faults wrote down."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from benchmark_modules import load

from onelayer.diagnosis import all_checks

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


PAGES, JOURNAL = load("faults/pages.py"), load("faults/journal.py")
RESULTS = PAGES.Results.read(DOCS / "faults.md")
CODES = [check.kind.code for check in all_checks()]


def test_the_table_is_that_of_the_numbers() -> None:
    assert (DOCS / "faults.md").read_text("utf-8") == RESULTS.markdown()


@pytest.mark.parametrize("code", CODES)
def test_a_page_has_the_error_rates_of_its_check(code: str) -> None:
    text = (DOCS / "findings" / f"{code}.md").read_text("utf-8")
    assert PAGES.with_section(text, RESULTS.section(code)) == text
    assert text.count(PAGES.BEGIN) == 1


def test_each_check_is_planted_or_says_why_not() -> None:
    planted = {row.code for row in RESULTS.planted}
    assert planted.isdisjoint(PAGES.NOT_PLANTED)
    assert planted | set(PAGES.NOT_PLANTED) == set(CODES)


def test_rows_of_some_checks_leave_the_others_as_they_are(tmp_path: Path) -> None:
    new = tuple(replace(row, found=0) for row in RESULTS.planted if row.code == "OL102")
    both = PAGES.Results(new, PAGES.Healthy()).over(RESULTS)
    assert both.healthy == RESULTS.healthy
    assert {r.code for r in both.planted if r.found} == {
        r.code for r in RESULTS.planted if r.found and r.code != "OL102"
    }
    assert len(both.planted) == len(RESULTS.planted)
    PAGES.write(both, tmp_path / "faults.md")
    assert PAGES.Results.read(tmp_path / "faults.md") == both


def test_strengths_read_as_english() -> None:
    said = [row.words for row in RESULTS.planted]
    assert {"2% of the validation loss given up", "1 standard deviation", "40 candidates"} <= {
        *said
    }
    assert not [words for words in said if re.search(r"^1 \w+s\b|0\.\d+ times|\d \d", words)]


def test_numbers_with_other_fields_can_be_read(tmp_path: Path) -> None:
    values = json.loads((DOCS / "faults.json").read_text("utf-8"))
    rows = [row | {"unit": "of it"} for row in values["planted"]]
    (tmp_path / "faults.json").write_text(json.dumps(values | {"planted": rows}))
    assert PAGES.Results.read(tmp_path / "faults.md") == RESULTS


def test_what_is_interrupted_is_not_made_again(tmp_path: Path) -> None:
    path = tmp_path / "faults.journal"
    place = JOURNAL.Place("OL102", "wrong labels", 0.8, 3, 1)
    case = JOURNAL.Made(place, "digits", True, True, False, [], 1.5)
    JOURNAL.Journal(path).add(case)
    other = json.loads(path.read_text()) | {"version": 0}  # of other checks
    other["place"]["run"] = 4
    path.write_text(path.read_text() + json.dumps(other) + '\n{"version": 1, "pla')
    journal = JOURNAL.Journal(path)
    assert journal.made == {place: case}
    journal.remove()
    assert not path.exists()
