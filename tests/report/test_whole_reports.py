"""A report is made of whatever came of a study, and its parts can be told apart."""

import re
from collections.abc import Callable

import pytest
from outcome_material import (
    SMOOTH,
    diverged,
    falling,
    rates,
    renamed,
    report_on,
    stopped,
    study_of,
    sweep,
)

from onelayer.report import render
from onelayer.report.figure import file_stem
from onelayer.report.html import to_html
from onelayer.report.printable import printable, printable_json
from onelayer.study import Outcome

CONTROLS = "".join(map(chr, [*range(32), *range(127, 160), 0x2028, 0x2029, 0xFFFE, 0xFFFF]))
STRANGE = (f"all {CONTROLS}", "\"quoted\" 'too'", "smile \U0001f600", "\u202eright\u200f to left")

OUTCOMES: dict[str, Callable[[], Outcome]] = {
    "no run": lambda: study_of([], names=["a"], missing=[falling("a").run]),
    "no run at all": lambda: study_of([]),
    "one run": lambda: study_of([falling("a")]),
    "two runs": lambda: study_of([stopped("a"), falling("b", weights=SMOOTH)]),
    "seven runs": lambda: study_of(
        [falling(f"run-{i}", shuffle=i % 2 == 0, seed=i) for i in range(7)]
    ),
    "a diverged run": lambda: study_of([diverged("bad"), falling("good")]),
    "diverged runs alone": lambda: study_of([diverged("bad"), diverged("worse")]),
    "two sweeps": lambda: study_of([*sweep("a"), *sweep("b", learning_rate=0.5)]),
    "a sweep over the learning rate": lambda: study_of(rates()),
    "names that differ little": lambda: study_of(
        [falling(name, seed=i) for i, name in enumerate(["a_b", "a-b", "A.b", "a"])]
    ),
    "strange names": lambda: study_of(
        renamed(stopped("a", seed=i, classes=STRANGE[:3]), name) for i, name in enumerate(STRANGE)
    ),
    "long names": lambda: study_of([falling(letter * 119 + "x") for letter in "ab"]),
}


@pytest.mark.parametrize("make", OUTCOMES.values(), ids=OUTCOMES)
def test_page_and_paper_are_made(make: Callable[[], Outcome]) -> None:
    document = report_on(make())
    files = render(document)
    assert files["report.pdf"].startswith(b"%PDF-")
    page = files["report.html"].decode()
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    links = re.findall(r'\bhref="#([^"]*)"', page)
    assert len(links) > 1 + len(document.chapters)
    assert {*links} <= {*ids}
    assert {*re.findall(r"url\(#([^)]*)\)", page)} <= {*ids}
    figures = [name for name in files if name.startswith("figures/")]
    assert len(figures) == len(document.figures())
    assert len({name.casefold() for name in figures}) == len(figures)
    assert all(re.fullmatch(r"figures/[a-z0-9._-]{1,110}\.svg", name) for name in figures)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]", page)
    shown = re.sub(r"<style>.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL)
    assert not re.search(r"\b(nan|inf)\b", shown)


def test_a_figure_that_is_shown_twice_has_two_files() -> None:
    files = render(report_on(study_of([falling("a")], ["loss-curves", "loss-curves"])))
    assert [*files][:2] == ["figures/loss-a.svg", "figures/loss-a_2.svg"]


def test_names_of_figures_are_stable_and_differ() -> None:
    assert file_stem("loss", "binary") == "loss-binary"
    assert file_stem("loss", "l2-0.1") == "loss-l2-0.1"
    names = ("a-b", "a_b", "A-b", "a--b", "-a-b", "a-b-", "a b", "ab", "a", "A", "ä", "é", "", "日")
    stems = [file_stem("loss", name) for name in names]
    stems += [file_stem("loss", "a", "b"), file_stem("loss", "b", "a"), file_stem("loss")]
    stems += [file_stem("loss", "x" * 300), file_stem("loss", "x" * 301)]
    assert len({stem.casefold() for stem in stems}) == len(stems)
    assert max(map(len, stems)) < 100
    # Not by a hash of Python's, which another process has another seed for.
    assert file_stem("loss", "a_b") == "loss-a-b_e8aafcf29c1b"


def test_strange_names_are_shown_as_they_are_or_spelled_out() -> None:
    document = report_on(OUTCOMES["strange names"]())
    page = to_html(document)
    for text in (r"\x00\x01", r"\x1f", r"\x7f\x80", r"\u2028", r"\uffff", "smile \U0001f600"):
        assert text in page
        assert any(text in figure.svg() for figure in document.figures()), text
    assert "\\u202eright\u200f to left" in page


@pytest.mark.parametrize("character", CONTROLS + "\ud800\u202a\u202e\u2066\u2069")
def test_every_control_character_is_spelled_out(character: str) -> None:
    text = printable(f"a{character}b")
    assert text.isprintable()
    assert text != printable("ab")
    assert printable(f"a{character}b", keep=character) == f"a{character}b"


def test_what_can_be_printed_stays() -> None:
    text = "λ = −0.1, \"q\" 'a' \\ \\n \U0001f600 \u200f é"
    assert printable(text) == text


def test_escapes_of_json_are_spelled_out_and_others_stay() -> None:
    assert printable_json(r'"a\u0000\n\u2028\uD800' + '\x7f"') == r'"a\\x00\\n\\u2028\\ud800\\x7f"'
    same = r'{"a\\u0000": "\ud83d\ude00 \" \\ \/ \u00e9 é"}'
    assert printable_json(same) == same
