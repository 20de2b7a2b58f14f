"""What a chart for the hand holds: every value to five digits, or the extremes among fewer."""

import base64
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from onelayer.report import style
from onelayer.report.linked import Chart, Line, Pane


def unpacked(packed: dict[str, Any]) -> np.ndarray[Any, Any]:
    return np.frombuffer(base64.b64decode(packed["data"]), packed["dtype"])


def chart_of(values: Any, most: int, batches: int = 10) -> dict[str, Any]:
    steps = 3 * np.arange(len(values))
    line = Line("a", style.BLUE, "run", batches, steps, np.asarray(values))
    return Chart("name", "", (Pane("accuracy (%)", (line,)),)).as_values(most)


def test_values_keep_five_digits_and_gaps_stay_gaps() -> None:
    values = np.array([0.123456789, 97.8943, np.nan, np.inf, 3.3e-9, 0.0, -2.5])
    (pane,) = chart_of(values, 100)["panes"]
    (line,) = pane["lines"]
    np.testing.assert_allclose(unpacked(line["values"]), values, rtol=1e-5)
    np.testing.assert_array_equal(np.cumsum(unpacked(line["steps"])), 3 * np.arange(7))
    assert pane["percent"]


@given(st.lists(st.floats(0, 1e3, width=16), min_size=1, max_size=200), st.integers(4, 50))
def test_fewer_points_hold_the_extremes(values: list[float], most: int) -> None:
    chart = chart_of(values, most)
    line = chart["panes"][0]["lines"][0]
    kept = unpacked(line["values"])
    assert len(kept) <= max(most, 4)
    assert chart["thinned"] == (len(kept) < len(values))
    np.testing.assert_allclose([kept.min(), kept.max()], [min(values), max(values)], rtol=1e-5)
    assert np.cumsum(unpacked(line["steps"]))[-1] == 3 * (len(values) - 1)


def test_views_are_of_whole_epochs() -> None:
    names = [zoom["text"] for zoom in chart_of(np.ones(61), 100)["zooms"]]
    assert names == ["Whole run", "First 5 epochs", "Last 5 epochs"]
    (_, first, last) = chart_of(np.ones(61), 100)["zooms"]
    assert (first["from"], first["to"], last["from"], last["to"]) == (0, 50, 130, 180)
    assert len(chart_of(np.ones(5), 100)["zooms"]) == 1
    assert chart_of(np.ones(11), 100)["zooms"][1]["text"] == "First epoch"
