"""Figures on a phone: a form of their own, no wider than it, with all the words of the wide one."""

import re
from typing import Any

import numpy as np
import polars as pl
from report_material import history

from onelayer.diagnosis.exhibits import Span, Spans
from onelayer.report import style
from onelayer.report.document import Chapter, Document, FigureBlock, Interactive, Section
from onelayer.report.figure import Figure
from onelayer.report.figures import accuracy_against_l2, sweep_accuracy
from onelayer.report.figures.examples import Picture, example_pictures
from onelayer.report.figures.exhibits import exhibit_figure
from onelayer.report.html import to_html
from onelayer.report.narrow import WIDTH, narrowed

LABEL = "each class equally often in all batches"


def width_of(drawing: str) -> float:
    return float(re.findall(r'<svg[^>]*\bwidth="([^"]+)"', drawing)[0])


def narrow_of(figure: Figure) -> str:
    drawing = figure.narrow_svg()
    assert drawing is not None
    return drawing


def test_a_chart_is_as_wide_as_a_phone_and_keeps_its_words() -> None:
    penalties = [1.0, 0.1, 0.01, 0.0]
    figure = accuracy_against_l2(pl.DataFrame({
        "l2": penalties, "train_end": [0.7, 0.8, 0.9, 0.95], "val_end": [0.7, 0.8, 0.85, 0.84],
        "train_minimum": [0.7, 0.81, 0.92, None], "val_minimum": [0.7, 0.8, 0.86, None],
    }))  # fmt: skip
    narrow = narrow_of(figure)
    assert width_of(narrow) <= WIDTH + 1
    for words in ("training, minimum", "validation, end of the run", "penalty λ"):
        assert words in narrow
    assert narrow == narrow_of(figure)


def test_names_of_many_columns_stand_askew_and_a_map_of_too_many_stays_wide() -> None:
    def of(columns: int, mark: str) -> dict[str, Any] | None:
        names = [f"{column}.5 × 10⁻⁶" for column in range(columns)]
        text = {"text": {"field": "score"}} if mark == "text" else {}
        return narrowed({
            "mark": {"type": mark}, "data": {"name": "d"}, "datasets": {}, "height": 100,
            "encoding": {"x": {"field": "x", "sort": names, "axis": {}}, **text},
        })  # fmt: skip

    few, many = of(3, "point"), of(8, "text")
    assert few is not None
    assert many is not None
    assert "labelAngle" not in few["encoding"]["x"]["axis"]
    assert many["encoding"]["x"]["axis"]["labelAngle"] == -50
    assert of(12, "text") is None
    assert of(12, "point") is not None


def test_a_title_of_two_lines_stands_above_the_plot() -> None:
    title = "validation accuracy, difference in points (logarithmic far from 0)"
    y = {"field": "y", "title": title, "axis": {"values": [0]}}
    colour = {"field": "c", "legend": {"columns": 1}, "scale": {"domain": ["a"]}}
    narrow = narrowed({"encoding": {"y": y, "color": colour}, "height": 100})
    assert narrow is not None
    y, colour = (narrow["encoding"][name] for name in ("y", "color"))
    assert len(y["title"]) == 2
    assert y["axis"]["titleY"] < style.TITLE_Y - 12
    assert colour["legend"]["offset"] > style.LEGEND_OFFSET + 12


def test_long_names_of_rows_are_broken_into_lines() -> None:
    rows = tuple(Span(name, value, value - 1, value + 1) for name, value in ((LABEL, 3), ("b", 5)))
    figure = exhibit_figure(Spans("Noise", "Seen.", "noise left (%)", rows, 0.0), "spans")
    narrow = narrow_of(figure)
    assert f">{LABEL}</text>" in figure.svg()
    assert f">{LABEL}</text>" not in narrow
    assert ">each class equally</tspan>" in narrow


def test_thinning_for_few_pixels_keeps_a_dip_of_one_step() -> None:
    rows = pl.DataFrame({"step": np.arange(5000), "series": "a", "value": 50.0})
    rows = rows.with_columns(
        pl.when(pl.col("step") == 3210).then(3.0).otherwise(pl.col("value")).alias("value")
    )
    specification = {
        "mark": {"type": "line"}, "data": {"name": "d"}, "datasets": {"d": rows.write_json()},
        "encoding": {"x": {"field": "step"}, "y": {"field": "value"}},
    }  # fmt: skip
    narrow = narrowed(specification)
    assert narrow is not None
    kept = pl.read_json(narrow["datasets"]["d"].encode())
    assert kept.height <= 402
    assert kept.filter(pl.col("value") == 3.0)["step"].to_list() == [3210]
    assert specification["datasets"]["d"] == rows.write_json()  # type: ignore[index]


def test_pictures_stand_three_in_a_row() -> None:
    pictures = [Picture(np.zeros((4, 4), np.uint8), f"{i}") for i in range(7)]
    figure = example_pictures(pictures)
    assert width_of(narrow_of(figure)) < 0.6 * width_of(figure.svg())
    assert narrow_of(figure).count("<image") == 7


def test_the_page_holds_both_forms_but_behind_an_interactive() -> None:
    figure = sweep_accuracy(history("a"), {"λ = 1": "a"})
    block, still = FigureBlock(figure, "Seen."), FigureBlock(figure, "Seen.")
    behind = Interactive("elsewhere", {"before": "", "link": "", "anchor": ""}, (still,))
    for blocks, forms in (((block,), 1), ((behind,), 0), ((block, behind), 1)):
        section = Section("s", None, blocks)
        page = to_html(Document("t", "", (), (Chapter("c", (section,)),)))
        assert page.count('<div class="narrow">') == forms
        assert page.count('class="canvas"') == len(blocks)
