"""Each figure draws the numbers it was given, the same way every time."""

import re
from collections.abc import Callable
from typing import Any

import altair as alt
import numpy as np
import polars as pl
import pytest
from report_material import history, weight_rows, weights

from onelayer.diagnosis.image_shape import ImageShape
from onelayer.report import png, style, svg
from onelayer.report.figure import Figure
from onelayer.report.figures import (
    WeightRow,
    accuracy_against_l2,
    accuracy_comparison,
    accuracy_curves,
    difference_against_l2,
    frames,
    loss_curves,
    norm_against_l2,
    replicate_curves,
    sweep_accuracy,
    weight_pictures,
)
from onelayer.report.figures.penalty_axis import PenaltyAxis

HISTORY = pl.concat(
    [history("plain"), history("shuffled", seed=1), history("file order", dip_every=31, seed=2)]
)
NORMS = pl.DataFrame(
    {
        "l2": [10.0, 1.0, 0.1, 0.01, 0.0],
        "weight_norm": [None, 0.3, 0.9, 2.1, 4.2],
        "minimum": [0.045, 0.3, 1.0, 4.0, None],
        "limit": [0.05, 0.5, 5.0, 50.0, None],
    }
)
ACCURACIES = pl.DataFrame(
    {
        "l2": [1.0, 0.1, 0.01],
        "train_end": [0.8, 0.9, None],
        "val_end": [0.79, 0.88, 0.9],
        "train_minimum": [0.8, 0.91, 0.95],
        "val_minimum": [0.79, 0.89, 0.91],
    }
)
DIFFERENCES = pl.DataFrame(
    {
        "l2": [1.0, 0.01, 1.0],
        "least": [0.0, 0.0, 0.01],
        "where": ["end", "end", "minimum"],
        "difference": [-0.12, 0.001, -0.1],
        "low": [-0.13, -0.002, -0.11],
        "high": [-0.11, 0.004, -0.09],
    }
)
DIPS = HISTORY.filter(
    (pl.col("run") == "file order")
    & (pl.col("step") % 31 < 6)
    & pl.col("val_accuracy").is_not_null()
)
DIGITS = list("0123456789")

FIGURES: dict[str, Callable[[], Figure]] = {
    "loss": lambda: loss_curves(HISTORY, "plain", best_step=978),
    "accuracy": lambda: accuracy_curves(HISTORY, "plain", best_step=30),
    "comparison": lambda: accuracy_comparison(
        HISTORY, {"shuffled": "shuffled", "in file order": "file order"}, dips=DIPS
    ),
    "sweep": lambda: sweep_accuracy(HISTORY, {"λ = 1": "plain", "λ = 0.1": "shuffled"}),
    "replicated sweep": lambda: sweep_accuracy(
        HISTORY, {"λ = 1": ["plain", "shuffled"], "λ = 0.1": ["file order"]}
    ),
    "replicated loss": lambda: replicate_curves(
        HISTORY, ["plain", "shuffled"], "loss", title="Loss, 2 seeds", name="loss-replicates"
    ),
    "replicated accuracy": lambda: replicate_curves(
        HISTORY, ["plain", "shuffled"], "accuracy", title="Accuracy", name="accuracy-replicates"
    ),
    "norm": lambda: norm_against_l2(NORMS),
    "accuracy against l2": lambda: accuracy_against_l2(ACCURACIES),
    "difference against l2": lambda: difference_against_l2(DIFFERENCES),
    "colours": lambda: weight_pictures(
        [WeightRow("λ = 1", weights(8, 3, roughness=0.1)[:48], 0.5)],
        ImageShape(4, 4, 3),
        list("abc"),
    ),
    "weights": lambda: weight_pictures(weight_rows(), ImageShape(28, 28), DIGITS),
    "small weights": lambda: weight_pictures(weight_rows(8, 1), ImageShape(8, 8), ["2 against 3"]),
}


def colours_of(drawing: str) -> set[str]:
    return set(re.findall(r'(?:fill|stroke|stop-color)="([^"]+)"', drawing))


@pytest.mark.parametrize("make", FIGURES.values(), ids=FIGURES)
def test_a_figure_is_the_same_bytes_every_time(make: Callable[[], Figure]) -> None:
    first, second = make(), make()
    assert first.svg() == second.svg()
    assert first.data.equals(second.data)
    assert svg.inline(first.svg(), "a-") == svg.inline(second.svg(), "a-")


@pytest.mark.parametrize("make", FIGURES.values(), ids=FIGURES)
def test_a_drawing_uses_the_house_colours_and_a_page_may_replace_them_all(
    make: Callable[[], Figure],
) -> None:
    drawing = make().svg()
    named = {colour.light for colour in style.PALETTE}
    assert colours_of(drawing) - {"none", "transparent"} <= named
    themed = colours_of(svg.inline(drawing, "a-"))
    assert "var(--fig-ink)" in themed
    assert not themed & named


@pytest.mark.parametrize("make", FIGURES.values(), ids=FIGURES)
def test_a_drawing_says_what_it_shows_and_loads_nothing(make: Callable[[], Figure]) -> None:
    figure = make()
    assert f'<title id="title">{figure.title}</title>' in figure.svg()
    assert figure.alt.endswith(".")
    links = re.findall(r'href="([^"]*)"', figure.svg())
    assert all(link.startswith("data:image/png;base64,") for link in links)


def test_ids_of_two_drawings_on_one_page_differ() -> None:
    drawing = FIGURES["loss"]().svg()
    ids = [set(re.findall(r'\bid="([^"]+)"', svg.inline(drawing, p))) for p in ("f1-", "f2-")]
    assert ids[0]
    assert not ids[0] & ids[1]
    for prefix, names in zip(("f1-", "f2-"), ids, strict=True):
        assert set(re.findall(r"url\(#([^)]+)\)", svg.inline(drawing, prefix))) <= names


def test_loss_data_are_means_over_ten_steps_and_the_evaluations() -> None:
    rows = HISTORY.filter(pl.col("run") == "plain")
    data = FIGURES["loss"]().data
    validation = data.filter(pl.col("series") == "validation loss")
    assert validation["value"].to_list() == rows["val_loss"].drop_nulls().to_list()
    training = data.filter(pl.col("series") != "validation loss")
    groups = rows["train_loss"].to_numpy().reshape(-1, 10)
    np.testing.assert_allclose(training["value"], groups.mean(axis=1))
    np.testing.assert_array_equal(training["lowest"], groups.min(axis=1))
    np.testing.assert_array_equal(training["highest"], groups.max(axis=1))


def test_accuracy_data_are_the_evaluations_in_percent() -> None:
    rows = HISTORY.filter(pl.col("run") == "plain").drop_nulls()
    data = FIGURES["accuracy"]().data
    for label, column in (("training", "train_accuracy"), ("validation", "val_accuracy")):
        drawn = data.filter(pl.col("series") == f"{label} accuracy")
        assert drawn["step"].to_list() == rows["step"].to_list()
        np.testing.assert_allclose(drawn["value"], 100 * rows[column])


def test_comparison_marks_the_dips_and_only_those() -> None:
    data = FIGURES["comparison"]().data
    assert data.filter("dip")["step"].to_list() == DIPS["step"].to_list()
    assert data.filter("dip")["series"].unique().to_list() == ["in file order"]


def test_no_penalty_stands_behind_a_break_of_the_axis() -> None:
    """The axis is logarithmic: λ = 0 has a tick of its own, and no line leads there."""
    broken = FIGURES["norm"]().svg()
    assert ">0<" in broken
    assert ">//<" in broken
    whole = norm_against_l2(NORMS.filter(pl.col("l2") > 0)).svg()
    assert ">//<" not in whole
    assert ">slope −1<" in whole
    axis = PenaltyAxis.over([0.0, 1.0, 0.1, 0.01])
    assert axis.zero == pytest.approx(0.001)
    placed = axis.placed(pl.DataFrame({"l2": [0.0, 0.1]}))["place"].to_list()
    assert placed == pytest.approx([0.001, 0.1])


def test_differences_of_accuracies_are_in_points_with_their_intervals() -> None:
    figure = FIGURES["difference against l2"]()
    assert "end of the run at λ = 1 -12.00 (-13.00 to -11.00)" in figure.alt
    assert figure.data["low"].to_list() == pytest.approx([-0.2, -13, -11])


def test_pictures_of_three_channels_have_their_colours() -> None:
    figure = FIGURES["colours"]()
    assert figure.data.height == 3 * 48
    assert figure.data["channel"].to_list()[:4] == [0, 1, 2, 0]
    pixels = png.colours(np.array([[[-1.0, 0.0, 1.0]]]))
    np.testing.assert_array_equal(pixels, [[[0, 128, 255]]])


def test_norms_of_runs_minima_and_the_limit_are_told_apart() -> None:
    figure = FIGURES["norm"]()
    drawing = figure.svg()
    for label in ("end of the run", "minimum", "limit of strong penalties"):
        assert f"{label}<" in drawing
    assert "minimum: 4 at λ = 0.01, 1 at λ = 0.1" in figure.alt
    alone = norm_against_l2(NORMS.select("l2", "weight_norm"))
    assert "minimum" not in alone.alt


def test_accuracies_against_l2_are_in_percent() -> None:
    figure = FIGURES["accuracy against l2"]()
    rows = figure.data.filter(pl.col("series") == "training, end of the run")
    assert rows["l2"].to_list() == [0.1, 1.0]
    np.testing.assert_allclose(rows["value"], [90, 80])
    assert "validation, minimum: 91.0 at λ = 0.01" in figure.alt


def test_weights_data_are_the_weights() -> None:
    row = weight_rows()[0]
    data = weight_pictures([row], ImageShape(28, 28), DIGITS).data
    pixel = data.filter((pl.col("class") == "3") & (pl.col("row") == 5) & (pl.col("column") == 9))
    assert pixel["weight"].item() == row.weights[5 * 28 + 9, 3]
    assert data.height == 7840


def test_a_huge_first_loss_makes_the_scale_logarithmic() -> None:
    assert "logarithmic" not in FIGURES["loss"]().svg()
    assert "logarithmic" in loss_curves(history("huge", start=90.0), "huge").svg()


def test_low_first_accuracies_are_cut_off_and_the_figure_says_so() -> None:
    assert "not shown: lower values in the first steps" in FIGURES["accuracy"]().svg()


def test_long_runs_are_drawn_in_larger_groups() -> None:
    figure = loss_curves(history("long", steps=20_000), "long")
    assert "mean of 50 steps" in figure.svg()
    assert figure.data.filter(pl.col("series").str.starts_with("training")).height == 400


def test_short_runs_are_drawn_step_by_step_and_one_step_is_seen() -> None:
    figure = loss_curves(history("short", steps=3), "short")
    assert "mean of" not in figure.svg()
    training = figure.data.filter(pl.col("series") == "training loss")
    assert training["step"].to_list() == [0, 1, 2]
    (line,) = [
        layer for layer in figure.chart.to_dict()["layer"] if layer["mark"]["type"] == "line"
    ]
    assert line["mark"]["point"]
    labels = re.findall(r"<text[^>]*>(\d+)</text>", loss_curves(history("a", steps=2), "a").svg())
    assert labels.count("1") == 1


def test_a_diverged_run_is_drawn_as_far_as_it_goes() -> None:
    diverged = history("diverged", steps=60).with_columns(
        pl.when(pl.col("step") > 30).then(float("inf")).otherwise("train_loss").alias("train_loss"),
        pl.when(pl.col("step") > 30).then(float("nan")).otherwise("val_loss").alias("val_loss"),
    )
    figure = loss_curves(diverged, "diverged")
    assert figure.data["value"].is_finite().all()
    assert "NaN" not in figure.svg()


def test_a_run_without_evaluations_and_of_one_step_can_be_drawn() -> None:
    empty = history("short", steps=1).with_columns(
        pl.lit(None, dtype=pl.Float64).alias(column)
        for column in ("val_loss", "val_accuracy", "train_accuracy")
    )
    assert "NaN" not in loss_curves(empty, "short").svg()
    assert "NaN" not in accuracy_curves(empty, "short").svg()
    assert "NaN" not in sweep_accuracy(empty, {"one": "short"}).svg()


def test_names_with_markup_are_shown_as_they_are() -> None:
    name = '<script>alert("1 > 0")</script>'
    figure = accuracy_comparison(history(name), {name: name})
    for drawing in (figure.svg(), svg.inline(figure.svg(), "f1-")):
        assert "<script" not in drawing
        assert "&lt;script&gt;" in drawing


@pytest.mark.parametrize("values", [[{"a": "x\x00y"}], '[{"a": "x\\u0000y"}]'])
def test_characters_that_would_end_the_process_are_spelled_out(values: Any) -> None:
    data = alt.InlineData(values=values, format=alt.JsonDataFormat(type="json"))
    title = alt.Axis(title="t\uffff\n")
    chart = alt.Chart(data).mark_text().encode(text="a:N", x=alt.X("a:N", axis=title))
    drawing = svg.render(chart, title="\x01", description="\x02")
    for text in (r"x\x00y", r"t\uffff\n", r"\x01</title>", r"\x02</desc>"):
        assert text in drawing


@pytest.mark.parametrize("count", [1, 6, 7, 12])
def test_a_sweep_of_any_length_is_drawn(count: int) -> None:
    drawing = sweep_accuracy(HISTORY, {f"λ = {n}": "plain" for n in range(count)}).svg()
    assert all(f"λ = {n}<" in drawing for n in range(count))
    looks = {*zip(style.series(count), map(tuple, style.dashes(count)), strict=True)}
    assert len(looks) == count  # told apart by colour and dash


def test_many_runs_are_a_band_and_its_two_ends() -> None:
    names = [f"run {i}" for i in range(20)]
    rows = pl.concat(
        [history(name, seed=i, accuracy=0.9 + i / 400) for i, name in enumerate(names)]
    )
    figure = sweep_accuracy(rows, {name: name for name in names})
    last = 100 * rows.filter(pl.col("step") == 996)["val_accuracy"].to_numpy()
    band = figure.data.filter(pl.col("lowest").is_not_null()).filter(pl.col("step") <= 996)[-1]
    values = band.select("value", "lowest", "highest").row(0)
    np.testing.assert_allclose(values, [np.median(last), last.min(), last.max()])
    assert "highest at the end: run 19" in figure.alt
    assert len(figure.svg()) < 40_000


def test_a_legend_stays_inside_its_drawing() -> None:
    """A drawing grows where its legend does not fit."""

    def width(labels: list[str]) -> float:
        drawing = sweep_accuracy(HISTORY, dict.fromkeys(labels, "plain")).svg()
        return float(re.findall(r'width="([\d.]+)"', drawing)[0])

    short = width(["a"])
    for length in (10, 20, 40, 80):
        labels = [f"{n}{'n' * length}" for n in range(5)]
        assert width(labels) <= short


def test_a_dip_of_one_evaluation_is_kept_where_many_curves_are_thinned() -> None:
    rows = history("a", steps=20_000)
    dip = pl.when(pl.col("step") == 9_000).then(0.123).otherwise(pl.col("val_accuracy"))
    rows = rows.with_columns(val_accuracy=dip)
    curve = frames.evaluations(rows, {"x": "val_accuracy"})
    thin = frames.thinned(curve, 200)
    assert thin.height <= 100
    assert thin["value"].min() == 0.123


def test_refusals_say_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="no run 'x'; it has: plain, shuffled, file order"):
        loss_curves(HISTORY, "x")
    with pytest.raises(ValueError, match="at least one run"):
        sweep_accuracy(HISTORY, {})
    with pytest.raises(ValueError, match="values of l2 above 0"):
        norm_against_l2(pl.DataFrame({"l2": [0.0], "weight_norm": [1.0]}))
    with pytest.raises(ValueError, match="values of l2 above 0"):
        accuracy_against_l2(pl.DataFrame({"l2": [0.0], "val_end": [1.0]}))
    rows = [WeightRow("a", weights(8, 3, roughness=0.0), 0.0)]
    with pytest.raises(ValueError, match=r"'a' have shape \(64, 3\), not \(784, 10\)"):
        weight_pictures(rows, ImageShape(28, 28), DIGITS)


def test_replicates_are_a_line_each_in_one_colour() -> None:
    """Each run's own evaluations are drawn, and the legend has one entry for all of them."""
    figure = FIGURES["replicated sweep"]()
    for run in ("plain", "shuffled", "file order"):
        drawn = figure.data.filter(pl.col("run") == run)
        rows = HISTORY.filter(pl.col("run") == run).drop_nulls()
        assert drawn["step"].to_list() == rows["step"].to_list()
        np.testing.assert_allclose(drawn["value"], 100 * rows["val_accuracy"])
        assert drawn["series"].n_unique() == 1
    drawing = figure.svg()
    blue, orange = (drawing.count(f'stroke="{c.light}"') for c in (style.BLUE, style.ORANGE))
    assert blue == orange + 1  # two lines against one, beside an entry of the legend for each
    assert drawing.count(">λ = 1</text>") == 1
