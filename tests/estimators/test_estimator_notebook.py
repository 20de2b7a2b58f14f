"""The loss curve beside an estimator in a notebook."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
import sklearn

from onelayer.estimators import LogisticRegression
from onelayer.estimators.notebook import BOTTOM, HEIGHT, TOP, TRAINING, VALIDATION, loss_curve_svg
from onelayer.training import Evaluation, History

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 3))
y = (X[:, 0] > 0).astype(int)


def svg_of(html: str) -> str:
    found = re.search(r"<svg xmlns.*?</svg>", html[html.index('aria-label="Loss') - 300 :], re.S)
    assert found is not None
    return found[0]


def points(svg: str) -> list[list[tuple[float, float]]]:
    lines = re.findall(r'points="([^"]+)"', svg)
    return [[tuple(map(float, p.split(","))) for p in line.split()] for line in lines]  # type: ignore[misc]


def test_fitted_estimator_shows_its_curves() -> None:
    unfitted = LogisticRegression(early_stopping=3, max_epochs=9)
    assert 'aria-label="Loss' not in unfitted._repr_html_()
    model = unfitted.fit(X, y)
    for html in (model._repr_html_(), model._repr_mimebundle_()["text/html"]):
        assert "LogisticRegression" in html
        svg = svg_of(html)
        ElementTree.fromstring(svg)
        assert "<script" not in svg
        assert {"loss", "epoch", "training", "validation"} <= set(re.findall(r">([a-z]+)<", svg))
        assert len(points(svg)) == 2


def test_text_display_has_no_html() -> None:
    with sklearn.config_context(display="text"):
        model = LogisticRegression(max_epochs=2).fit(X, y)
        assert "text/html" not in model._repr_mimebundle_()
        assert not hasattr(model, "_repr_html_")


def test_points_lie_where_their_values_are() -> None:
    evaluations = tuple(Evaluation(s, 0, 0.6, 0, 0, 0) for s in (1, 3))
    history = History(2, np.array([0.8, 0.6, 0.5, 0.3]), evaluations)
    training, validation = points(loss_curve_svg([0.7, 0.4], history))
    (x0, y0), (x1, y1) = training
    assert y0 < y1  # a higher loss is higher up
    assert [x for x, _ in validation] == pytest.approx([(x0 + x1) / 2, x1 + (x1 - x0) / 2])
    assert validation[0][1] == pytest.approx(y0 + (y1 - y0) / 3, abs=0.1)


def test_a_long_fall_is_drawn_on_a_logarithmic_axis() -> None:
    curve = [1000.0, *np.linspace(1, 0.1, 50)]
    svg = loss_curve_svg(curve, History(1, np.array(curve), ()))
    assert "loss (log scale)" in svg
    heights = [height for _, height in points(svg)[0]]
    assert heights[0] == TOP
    assert heights[-1] == HEIGHT - BOTTOM
    assert "loss (log scale)" not in loss_curve_svg(curve[1:], History(1, np.array(curve[1:]), ()))


@pytest.mark.parametrize(
    "curve", [[0.5], [0.5, 0.5], [0.0, 0.0], [1.0, np.inf], [2.0, np.nan, 1.0]]
)
def test_any_curve_can_be_drawn(curve: list[float]) -> None:
    svg = loss_curve_svg(curve, History(1, np.array(curve), ()))
    ElementTree.fromstring(svg)
    assert "nan" not in svg
    assert "inf" not in svg
    assert loss_curve_svg([np.inf], History(1, np.array([np.inf]), ())) == ""


def test_long_curves_are_thinned() -> None:
    curve = np.linspace(1, 0.5, 5000).tolist()
    assert len(loss_curve_svg(curve, History(1, np.array(curve), ()))) < 6000


@pytest.mark.parametrize("page", ["#ffffff", "#111111", "#15181c"])
@pytest.mark.parametrize("colour", [TRAINING, VALIDATION])
def test_curves_are_seen_on_light_and_dark_pages(colour: str, page: str) -> None:
    def luminance(code: str) -> float:
        parts = [int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return float(np.dot([0.2126, 0.7152, 0.0722], linear))

    low, high = sorted([luminance(colour), luminance(page)])
    assert (high + 0.05) / (low + 0.05) >= 3
