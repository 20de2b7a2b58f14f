"""The map of a sweep, and the folds beside it."""

from typing import Any

import numpy as np
import polars as pl

from onelayer.report import drawings, style
from onelayer.report.figures import grid
from onelayer.report.svg import render
from onelayer.sweep.candidates import Candidate, results_table

PENALTIES, RATES = (1e-3, 0.1, 10.0), (0.01, 1.0)


def table() -> pl.DataFrame:
    """Losses that get worse with λ; at λ = 10 the large rate diverges, the small one is far off."""
    candidates = []
    for i, l2 in enumerate(PENALTIES):
        for j, rate in enumerate(RATES):
            scores = tuple(-0.1 * (i + 1) - 0.01 * j - 0.002 * k for k in range(3))
            if i == 2:
                scores = (np.nan,) * 3 if j else (-900.0,) * 3
            candidates.append(Candidate(l2, rate, scores, 0.1, 5, "max_epochs", 1 + 2 * i + j))
    names = [f"λ = {c.l2:g}, rate {c.learning_rate:g}" for c in candidates]
    left = [0.05, None, 0.2, 0.996, None, None]
    return results_table(candidates).with_columns(
        pl.Series("candidate", names), pl.Series("left", left, dtype=pl.Float64)
    )


def drawn(chart: Any) -> str:
    return render(chart, title="", description="")


def test_a_map_has_every_score_the_best_framed_and_who_had_not_arrived() -> None:
    svg = drawn(drawings.sweep(table(), "log loss", negated=True))
    for text in ("0.102", "0.112", "0.202", "900", "diverged", "−5%", "−20%", "−100%",
                 "log loss"):  # fmt: skip
        assert f">{text}</text>" in svg
    assert svg.count(f'stroke="{style.ORANGE.light}"') == 1
    # One that is far off does not take the shades from the others.
    cells = grid._cells(table(), grid.short_names(PENALTIES), grid.short_names(RATES), -1)
    shades = cells.sort("rank")["shade"].to_list()
    assert shades[0] == 1
    assert shades[5] is None
    assert shades[1] > shades[2] + 0.3 > shades[4]


def test_a_sweep_over_one_axis_is_a_line_and_one_that_is_far_off_does_not_press_it() -> None:
    one = table().filter(pl.col("learning_rate") == 0.01)
    svg = drawn(drawings.sweep(one.drop("left"), "log loss", negated=True))
    assert "log loss (logarithmic scale)" in svg
    assert not grid.is_map(one)
    near = one.filter(pl.col("l2") < 1)
    assert "logarithmic" not in drawn(drawings.sweep(near, "log loss", negated=True))


def test_folds_are_compared_with_the_best_on_the_same_fold() -> None:
    """Folds that are hard for all are no difference: each candidate's dots lie on one place."""
    svg = drawn(grid.fold_differences(table(), "log loss", negated=True))
    assert "log loss, difference to the best on the same fold" in svg
    assert svg.count(">λ = ") == 5  # not the one that diverged


def test_numbers_are_written_with_as_few_digits_as_keep_them_apart() -> None:
    assert grid.short_names([0.1, 0.0123456]) == {0.1: "0.1", 0.0123456: "0.012"}
    assert grid.short_names([1.23e-6, 18.0]) == {1.23e-6: "1.2 × 10⁻⁶", 18.0: "18"}
    assert grid.short_names([0.123, 0.124]) == {0.123: "0.123", 0.124: "0.124"}
