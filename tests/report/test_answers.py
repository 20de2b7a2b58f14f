"""The page's words: answers, settings, lessons, how sure; and names that want to do harm."""

import re
from dataclasses import replace

import numpy as np
import pytest
from outcome_material import (
    diverged,
    falling,
    renamed,
    report_on,
    stopped,
    study_of,
    sweep,
    tables_of,
    words,
    wrong_batch,
)

from onelayer.diagnosis import Finding, diagnose
from onelayer.diagnosis.answers import answers
from onelayer.diagnosis.evidence import Evidence
from onelayer.report import compose
from onelayer.report.document import Answers, Card, Document, Fold, Paragraph, Section
from onelayer.report.html import to_html
from onelayer.report.pdf import to_pdf
from onelayer.report.sections.material import Material
from onelayer.report.sections.method import counting, settings
from onelayer.report.style import BLUE
from onelayer.report.thumbnails import bars, curves, dips
from onelayer.study import Outcome, RunOutcome


def labelled(run: RunOutcome, label: str) -> RunOutcome:
    return replace(run, run=run.run.model_copy(update={"label": label}))


def material(outcome: Outcome) -> Material:
    return Material(outcome, ())


@pytest.fixture(scope="module")
def real() -> Outcome:
    """Two runs that were really trained, with labels; one of the batches has the wrong labels."""
    outcome = wrong_batch()[0]
    file, mixed = outcome.runs
    runs = (labelled(file, "in <file> order"), labelled(mixed, "mixed up"))
    kinds = ["early-stopping", "shuffling", "overfitting"]
    study = study_of(runs, kinds).study
    return Outcome(study.model_copy(update={"data": outcome.study.data}), outcome.data, runs)


@pytest.fixture(scope="module")
def findings(real: Outcome) -> list[Finding]:
    return diagnose(real, wrong_batch()[1], only=["OL101", "OL102", "OL103", "OL107"])


@pytest.fixture(scope="module")
def document(real: Outcome, findings: list[Finding]) -> Document:
    return compose(real, findings)


def section(document: Document, title: str) -> Section:
    found = [s for chapter in document.chapters for s in chapter.sections if s.title == title]
    assert len(found) == 1, title
    return found[0]


def test_answers_are_the_same_in_the_terminal_and_on_the_page(
    real: Outcome, findings: list[Finding], document: Document
) -> None:
    told = answers(Evidence(real, tuple(findings)))
    assert [a.question for a in told][:2] == [
        "Does a batch cause the dips?", "Does shuffling speed convergence?",
    ]  # fmt: skip
    assert "After batch 4 of “in <file> order” the accuracy falls by" in told[0].sentence
    (cards,) = [block.cards for block in document.lead if isinstance(block, Answers)]
    assert [(c.question, c.verdict) for c in cards] == [(a.question, a.verdict) for a in told]
    assert cards[0].to == (1, 2)  # the section on shuffling
    page = to_html(document)
    assert page.count('<div class="picture"><svg') == sum(c.picture is not None for c in cards)
    assert '<a href="#section-1-2"' in page


def test_a_study_with_other_sections_says_which_run_is_best() -> None:
    runs = [falling("a", val_accuracy=0.9), falling("b", val_accuracy=0.95)]
    (answer,) = answers(Evidence(study_of(runs, ["accuracy-curves"]), ()))
    assert answer.sentence == (
        "Of 2 runs b keeps the weights with the highest validation accuracy, 95.00%; the lowest is "
        "90.00%."
    )
    (alone,) = answers(Evidence(study_of(runs[:1], ["accuracy-curves"]), ()))
    assert alone.sentence == "a has 90.00% of the validation examples right."
    assert answers(Evidence(study_of([]), ())) == ()


def test_an_answer_says_how_sure_it_is(document: Document, findings: list[Finding]) -> None:
    answer = section(document, "Shuffled against unshuffled").answer
    folds = [b for b in answer if isinstance(b, Fold) and b.title == "How sure?"]
    sure = next(f for f in findings if f.code == "OL102").how_sure
    said = words(folds[0].blocks)
    assert sure.tried
    assert f"Method: {sure.method}" in said
    assert all(text in said for text in (*sure.tried, *sure.assumptions))
    assert "onelayer diagnose RUN --only OL102" in said
    assert '<a href="findings.json">findings.json</a>' in to_html(document)


def test_what_is_taken_home_was_measured(document: Document, findings: list[Finding]) -> None:
    said = words(section(document, "What to take home").blocks)
    dips = next(f.measurement for f in findings if f.code == "OL102")
    assert f"{100 * dips.culprit.fall:.2f} percentage points" in said  # type: ignore[union-attr]
    assert "A gap between training and validation accuracy has two parts. Here it is" in said
    listed = section(document, "References").blocks
    works = words(listed)
    assert "Newcombe" in works
    surnames = [words((work,)).split(":")[0].split(",")[0].split()[-1] for work in listed]
    assert surnames == sorted(surnames)
    assert "Geary" not in works  # no picture of weights was looked at
    assert "MNIST" not in works
    fewer = report_on(study_of([falling("a")], ["loss-curves"]))
    titles = [s.title for chapter in fewer.chapters for s in chapter.sections]
    assert "The runs" in titles
    assert "What to take home" not in titles or "has two parts" in words(
        section(fewer, "What to take home").blocks
    )


def test_settings_are_one_table_of_what_differs() -> None:
    runs = [stopped("early"), *sweep("l2")]
    built = settings(material(study_of(runs, [])))
    (rows,) = tables_of(built)
    table = built.blocks[-1]
    assert "λ" in words([table])
    assert [row[-1] for row in rows] == ["early", *(f"l2[l2={v}]" for v in (1.0, 0.1, 0.01))]
    assert [row[-2] for row in rows] == ["3", "–", "–", "–"]  # patience
    common = words(built.blocks[:1])
    assert "batches of" in common
    assert "λ" not in common
    alone = settings(material(study_of([falling("a")], [])))
    assert tables_of(alone) == []
    assert words(alone.blocks).startswith("The run: the model is softmax regression;")


def test_counting_is_said_once() -> None:
    said = words(counting(material(study_of([falling("a")], []))).blocks)
    assert "Steps count from 0" in said
    assert "every 2 steps where an epoch has 10 batches" in said


def test_small_drawings_hold_what_is_not_finite_or_does_not_change() -> None:
    flat = dips([0.5] * 40, 10, 3)
    assert flat.count("<circle") == 4
    assert "nan" not in flat + curves((([(0, np.nan), (1, np.inf)], BLUE),)) + bars([0.2, 0.2])
    assert curves((([(0, 1), (1, 2)], BLUE),), marks=(0.5,)).count("<line") == 2


HARM = '<img src=x onerror="alert(1)">&amp;\u202egnp.exe\u2066\x1b[31m`$x$'


def test_names_from_outside_do_no_harm() -> None:
    runs = [
        labelled(renamed(falling("a"), HARM), HARM),
        labelled(diverged("bad"), f"{HARM} again"),
    ]
    outcome = study_of(runs, ["loss-curves", "accuracy-curves", "sweep-accuracy"])
    study = outcome.study.model_copy(update={"title": HARM})
    outcome = Outcome(study, outcome.data | {"source": HARM, "classes": [HARM, 1, 2]}, tuple(runs))
    made = report_on(outcome)
    card = Card(HARM, HARM, "x", None, None)
    made = replace(made, lead=(*made.lead, Answers((card,)), Fold(HARM, (Paragraph("y"),))))
    page = to_html(made)
    pictures = [figure.svg() for figure in made.figures()]
    for text in (page, *pictures):
        assert "<img src=x" not in text
        assert not re.search("[\u202a-\u202e\u2066-\u2069\x1b]", text)
    assert page.count("&lt;img src=x onerror=") > 5
    assert r"\u202egnp.exe\u2066\x1b[31m" in page
    assert to_pdf(made).startswith(b"%PDF-")
