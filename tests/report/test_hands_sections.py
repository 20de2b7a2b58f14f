"""What drawing and mistakes say on paper, and where they cannot be."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hands_material import colours, digits, document_of, study_of
from outcome_material import words

from onelayer.data import Dataset
from onelayer.report import packed, render
from onelayer.report.document import FigureBlock, Interactive, Note, Section, Table
from onelayer.report.sections import drawing


def sections(made: tuple[Any, ...]) -> list[Section]:
    outcome, findings = made[:2]
    return list(document_of(outcome, findings).chapters[0].sections)


def test_on_paper_there_are_figures_and_the_measured_accuracies() -> None:
    draw, mistakes = sections(digits())
    hand = draw.blocks[0]
    assert isinstance(hand, Interactive)
    assert [type(block) for block in hand.still] == [FigureBlock]
    table = draw.blocks[-1]
    assert isinstance(table, Table)
    assert [row[0] for row in table.rows] == ["softmax", "two"]
    assert all("%" in cell for row in table.rows for cell in row[1:])
    assert len(mistakes.blocks) == 2
    for block in mistakes.blocks:
        assert isinstance(block, Interactive)
        assert [type(each) for each in block.still] == [FigureBlock, FigureBlock]
    assert draw.answer
    assert mistakes.answer


def test_the_same_results_give_the_same_bytes() -> None:
    outcome, findings, _ = digits()
    first, second = (render(document_of(outcome, findings)) for _ in range(2))
    assert first == second
    assert "figures/confusion-softmax.svg" in first


def test_rows_of_a_table_have_no_canvas_and_are_listed_by_number() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 25, 300)
    X = rng.normal(size=(300, 5))
    train, validation = (
        Dataset(X[rows], y[rows], classes=range(25)) for rows in (slice(200), slice(200, 300))
    )
    draw, mistakes = sections(study_of(train, validation, "softmax"))
    (note,) = draw.blocks
    assert isinstance(note, Note)
    assert "no images" in note.text
    (block,) = mistakes.blocks
    assert isinstance(block, Interactive)
    assert [type(each) for each in block.still] == [Table, Table]
    assert block.data["images"] is None
    assert not block.data["is_matrix"]


def test_in_colour_one_paints() -> None:
    draw, _ = sections(colours())
    hand = draw.blocks[0]
    assert isinstance(hand, Interactive)
    assert hand.data["frame"] is None
    assert "paint" in hand.data["how"]
    assert "then prepared" not in words(draw.blocks)


def test_models_that_are_too_large_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome, findings, _ = digits()
    monkeypatch.setattr(drawing, "MOST_WEIGHTS", 650)
    draw, _ = sections((outcome, findings))
    assert "Too large to answer in a page: two." in words(draw.blocks)


def test_weights_too_large_for_the_step_are_kept_as_floats() -> None:
    outcome, findings, _ = digits()
    run = outcome.runs[0]
    large = replace(run, model=replace(run.model, weights=run.model.weights * 1e4))
    for one, kind in ((run, "int16"), (large, "float32")):
        changed = replace(outcome, runs=(one, outcome.runs[1]))
        hand = sections((changed, findings))[0].blocks[0]
        assert isinstance(hand, Interactive)
        model = hand.data["models"][0]
        assert model["weights"]["dtype"] == kind
        assert packed.values(hand.data)
