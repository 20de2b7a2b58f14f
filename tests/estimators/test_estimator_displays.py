"""What the displays show, and how."""

import re
import subprocess
import sys
import warnings
from typing import Any

import altair as alt
import numpy as np
import polars as pl
import pytest
import vl_convert
from sklearn.datasets import load_breast_cancer, load_digits

from onelayer.errors import InputError
from onelayer.estimators import (
    LogisticRegression,
    LossCurveDisplay,
    SoftmaxRegression,
    SoftmaxRegressionCV,
    SweepDisplay,
    WeightsDisplay,
)
from onelayer.report import style
from onelayer.training import COLUMNS

X, y = load_digits(n_class=3, return_X_y=True)
DIGITS = SoftmaxRegression(scale="minmax", max_epochs=5, l2=0.01).fit(X, y)
CANCER = load_breast_cancer(as_frame=True)
BINARY = LogisticRegression(scale="standard", early_stopping=5, max_epochs=30)
BINARY.fit(CANCER.data, CANCER.target)


def drawn(chart: Any) -> str:
    """Return the chart as SVG, after Altair has checked it."""
    svg: str = vl_convert.vegalite_to_svg(chart.to_dict())
    return svg


@pytest.mark.parametrize(("model", "has"), [(BINARY, True), (DIGITS, False)])
def test_loss_curves(model: Any, has: bool) -> None:
    display = LossCurveDisplay.from_estimator(model)
    frame = display.frame()
    assert frame.columns == list(COLUMNS)
    assert frame["train_loss"].to_list() == model.history_.train_loss.tolist()
    svg = drawn(display.chart())
    assert "training loss" in svg
    assert ("validation loss" in svg) is has
    assert ("best: step" in svg) is has
    assert "Liberation Sans" in svg


def test_weights_as_pictures() -> None:
    display = WeightsDisplay.from_estimator(DIGITS, image_shape=(8, 8))
    frame = display.frame()
    assert frame.columns == ["class", "feature", "weight", "coef"]
    assert frame.height == 3 * 64
    weights = frame["weight"].to_numpy().reshape(3, 64)
    scale, _ = DIGITS.scaling_.per_feature(64)
    np.testing.assert_allclose(weights * scale, DIGITS.coef_)
    svg = drawn(display.chart())
    assert svg.count("<image") == 4  # three pictures and a scale
    assert "λ = 0.01" in svg


def test_largest_weights_as_bars() -> None:
    display = WeightsDisplay.from_estimator(BINARY, top=7)
    svg = drawn(display.chart())
    order = display.frame().sort(pl.col("weight").abs(), descending=True)["feature"]
    assert all(name in svg for name in order[:7])
    assert not any(f">{name}<" in svg for name in order[7:])
    assert display.frame()["class"].unique().to_list() == ["1"]


def test_largest_weights_as_a_heat_map() -> None:
    svg = drawn(WeightsDisplay.from_estimator(DIGITS, top=4).chart())
    assert sum(f">x{i}<" in svg for i in range(64)) == 4


@pytest.mark.filterwarnings("ignore:The best")
@pytest.mark.parametrize(
    "grid",
    [{"l2": [0, 0.1, 1]}, {"l2": 0.1, "learning_rate": [0.01, 0.1]},
     {"l2": [0, 0.1], "learning_rate": [0.01, 0.1]},
     {"l2": np.logspace(-4, 0, 9), "learning_rate": np.logspace(-3, -1, 8)},
     {"l2": [0, 1e5]}],
)  # fmt: skip
@pytest.mark.parametrize("scoring", [None, "accuracy"])
def test_sweeps(grid: dict[str, Any], scoring: Any) -> None:
    sweep = SoftmaxRegressionCV(**grid, cv=2, scale="minmax", max_epochs=30, scoring=scoring)
    sweep.fit(X, y)
    display = SweepDisplay.from_estimator(sweep)
    assert display.frame().equals(sweep.results_)
    chart = display.chart()
    svg = drawn(chart)
    assert (">accuracy<" if scoring else ">log loss<") in svg
    assert isinstance(chart, alt.LayerChart)


@pytest.mark.parametrize("names", [["a", "b", "c"], ["of the first kind", "second", "third"]])
def test_text_has_a_colour_of_both_themes_and_room(names: list[str]) -> None:
    labels = np.array(names)[y]
    sweep = SoftmaxRegressionCV(l2=[0, 1e-3, 0.1], learning_rate=[0.01, 0.1], cv=3, max_epochs=2)
    with warnings.catch_warnings(action="ignore"):
        sweep.fit(X, labels)
    colours = {colour.light for colour in style.PALETTE}
    for display in (SweepDisplay, WeightsDisplay, LossCurveDisplay):
        svg = drawn(display.from_estimator(sweep).chart())
        found = re.findall(r'<text[^>]* fill="([^"]+)"', svg)
        assert found
        assert set(found) <= colours
        if display is WeightsDisplay:
            assert all(f">{name}</text>" in svg for name in names)


def test_displays_show_in_notebooks() -> None:
    bundle = LossCurveDisplay.from_estimator(DIGITS)._repr_mimebundle_()
    assert bundle


def test_wrong_use_is_named() -> None:
    with pytest.raises(InputError, match="does not fit the 64 features"):
        WeightsDisplay.from_estimator(DIGITS, image_shape=(8, 9))
    with pytest.raises(InputError, match="top: 0"):
        WeightsDisplay.from_estimator(DIGITS, top=0)
    with pytest.raises(InputError, match="SweepDisplay shows"):
        SweepDisplay.from_estimator(DIGITS)


def test_heavy_libraries_wait_until_they_are_needed() -> None:
    code = """
import sys, onelayer
assert not {"numpy", "sklearn", "polars", "numba"} & set(sys.modules)
assert "SoftmaxRegression" in dir(onelayer)
from onelayer import SoftmaxRegression, WeightsDisplay
model = SoftmaxRegression(max_epochs=1).fit([[0.0], [1.0]], [0, 1])
WeightsDisplay.from_estimator(model).frame()
assert not {"altair", "typst", "sympy"} & set(sys.modules)
try:
    onelayer.Nothing
except AttributeError as error:
    assert "Nothing" in str(error)
else:
    raise SystemExit("no error")
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_control_characters_in_names_do_not_end_the_process() -> None:
    """The renderer aborts on them, and everything with it."""
    names = ["f\x001", "f\x1b[31m", "f\x7f", "f 3"]
    values = np.random.default_rng(0).normal(size=(30, 4))
    labels = np.array(["a\x00z", "b\x01", "c"])[np.arange(30) % 3]
    frame = pl.DataFrame(values, schema=names)
    for model in (
        SoftmaxRegression(max_epochs=2).fit(frame, labels),
        LogisticRegression(max_epochs=2).fit(frame, labels == "c"),
    ):
        display = WeightsDisplay.from_estimator(model)
        assert set(display.frame()["feature"]) == set(names)
        svg = drawn(display.chart())
        assert r"f\x1b[31m" in svg
        assert not re.search(r"[\x00-\x08\x7f]", svg)
    pictures = WeightsDisplay.from_estimator(
        SoftmaxRegression(max_epochs=2).fit(values, labels), image_shape=(2, 2)
    )
    assert r"a\x00z" in drawn(pictures.chart())
