"""The candidates of a sweep: a map over penalty and rate, and how they differ from fold to fold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import altair as alt
import polars as pl

from onelayer.report import style
from onelayer.report.figures import base
from onelayer.words import fixed, in_powers

MOST_COLUMNS, MOST_ROWS = 14, 40
"""Of a map with its numbers written in it."""

MOST_COMPARED = 12
"""Candidates whose folds are shown: the best."""

_CELL = 42


def is_map(results: pl.DataFrame) -> bool:
    """Tell whether candidates differ in both penalty and learning rate, and fit on a map."""
    columns, rows = results["l2"].n_unique(), results["learning_rate"].n_unique()
    return (
        "features" not in results.columns
        and 1 < columns <= MOST_COLUMNS
        and 1 < rows <= MOST_ROWS
        and results.height <= columns * rows
    )


def score_map(results: pl.DataFrame, score: str, *, negated: bool) -> alt.LayerChart:
    """Draw the scores of a grid as a map, penalty by learning rate, the best one framed.

    Parameters
    ----------
    results
        As of :func:`onelayer.sweep.candidates.results_table`; and ``left``, by which share the
        objective could still fall, null where that is not known or next to nothing.
    score
        In plain words.
    negated
        Whether the scores count downwards.
    """
    penalties, rates = short_names(results["l2"]), short_names(results["learning_rate"])
    columns = [penalties[value] for value in sorted(penalties)]
    lines = [rates[value] for value in sorted(rates, reverse=True)]
    rows = _cells(results, penalties, rates, -1 if negated else 1)
    x = alt.X("l2:O", sort=columns, title="penalty λ", axis=_axis())
    y = alt.Y("rate:O", sort=lines, title="learning rate", axis=_axis())
    chart = alt.Chart(base.inline_data(rows))
    found = alt.Chart(base.inline_data(rows.filter(pl.col("shade").is_not_null())))
    # The hue lies over the paper, so that a dark page has dark cells, and text of either theme.
    shade = alt.FillOpacity("shade:Q", scale=None, legend=None)
    layers = [
        chart.mark_rect(color=style.GRID.light, stroke=style.PAPER.light, strokeWidth=2).encode(
            x=x, y=y
        ),
        found.mark_rect(color=style.PAPER.light).encode(x=x, y=y),
        found.mark_rect(color=style.BLUE.light, stroke=style.PAPER.light, strokeWidth=2).encode(
            x=x, y=y, fillOpacity=shade
        ),
    ]
    best = alt.Chart(base.inline_data(rows.filter(pl.col("rank") == 1)))
    layers.append(
        best.mark_rect(filled=False, stroke=style.ORANGE.light, strokeWidth=3.5).encode(x=x, y=y)
    )
    for dark, colour in ((True, style.PAPER.light), (False, style.INK.light)):
        own = alt.Chart(base.inline_data(rows.filter(pl.col("dark") == dark)))
        layers += [
            own.mark_text(color=colour, dy=offset, fontSize=size).encode(
                x=x, y=y, text=alt.Text(f"{field}:N")
            )
            for field, offset, size in (("score", -6, 13), ("left", 9, 11))
        ]
    diverged = alt.Chart(base.inline_data(rows.filter(pl.col("shade").is_null())))
    layers.append(
        diverged.mark_text(color=style.MUTED.light, fontSize=10, text="diverged").encode(x=x, y=y)
    )
    width = max(min(style.WIDTH, 74 * len(columns)), 200)
    drawn = base.finish(layers, width=width, height=_CELL * len(lines))
    drawn.title = alt.TitleParams(
        text=score, anchor="start", color=style.INK.light, font=style.FONT, fontWeight="normal",
        fontSize=style.FONT_SIZE, offset=10,
    )  # fmt: skip
    return drawn


def _shade(share: float) -> float:
    """Return how much of the hue a cell has, from 1 for the best score to 0 for the worst.

    A gap in the middle keeps text readable, which is light on the one side and dark on the other.
    """
    return 1 - 0.45 * share if share < _DARK else 0.55 * (1 - share) / (1 - _DARK)


_DARK = 1 / 3


def _axis() -> alt.Axis:
    return alt.Axis(labelAngle=0, ticks=False, domain=False)


def short_names(values: Iterable[float]) -> dict[float, str]:
    """Return numbers with as few digits as keep them apart, two at least."""
    different = set(values)
    for digits in (2, 3, 6):
        names = {value: in_powers(f"{value:.{digits}g}") for value in different}
        if len({*names.values()}) == len(names):
            return names
    return {value: repr(value) for value in different}


def _cells(
    results: pl.DataFrame, penalties: Mapping[float, str], rates: Mapping[float, str], sign: int
) -> pl.DataFrame:
    """Return the cells: their place, their shade, and what stands there."""
    known = results.filter(pl.col("mean_score").is_finite())
    scores = known.sort("rank")["mean_score"].to_list()
    # Those far behind would take all shades.
    best, far = (scores[0], scores[(3 * len(scores)) // 4]) if scores else (0.0, 0.0)
    span = best - far or 1.0
    left = results["left"] if "left" in results.columns else [None] * results.height
    cells = []
    for row, share_left in zip(results.iter_rows(named=True), left, strict=True):
        value = row["mean_score"]
        finite = value is not None and abs(value) < float("inf")
        share = min(max((best - value) / span, 0.0), 1.0) if finite else None
        cells.append(
            {
                "l2": penalties[row["l2"]], "rate": rates[row["learning_rate"]],
                "rank": row["rank"], "shade": None if share is None else _shade(share),
                "dark": share is not None and share < _DARK,
                "score": _short(sign * value) if finite else "",
                "left": "" if share_left is None or not finite else _left(share_left),
            }
        )  # fmt: skip
    kinds = {"shade": pl.Float64, "left": pl.String, "score": pl.String}
    return pl.DataFrame(cells, schema_overrides=kinds)


def _short(value: float) -> str:
    if abs(value) < 100:
        return fixed(value, 3)
    return f"{value:,.0f}" if abs(value) < 1e4 else in_powers(f"{value:.2g}")


def _left(share: float) -> str:
    percent = min(100 * share, 100.0)
    return f"−{percent:.0f}%" if percent >= 10 else f"−{percent:.2g}%"


def fold_differences(results: pl.DataFrame, score: str, *, negated: bool) -> alt.LayerChart:
    """Draw how much the candidates next to the best are behind it, fold by fold.

    Parameters
    ----------
    results
        As of :func:`onelayer.sweep.candidates.results_table`, with their ``scores`` and names in
        ``candidate``.
    """
    ranked = results.filter(pl.col("mean_score").is_finite()).sort("rank").head(MOST_COMPARED)
    best = ranked["scores"][0]
    sign = -1 if negated else 1
    points = [
        {"candidate": name, "difference": sign * (own - first)}
        for name, scores in ranked.select("candidate", "scores").iter_rows()
        for own, first in zip(scores, best, strict=True)
    ]
    rows = pl.DataFrame(points)
    means = rows.group_by("candidate", maintain_order=True).agg(pl.col("difference").mean())
    names: Sequence[str] = ranked["candidate"].to_list()
    title = f"{score}, difference to the best on the same fold"
    x = alt.X("difference:Q", title=title, axis=alt.Axis(tickCount=6))
    zero = alt.Chart(base.inline_data(pl.DataFrame({"difference": [0.0]})))
    y = alt.Y("candidate:N", sort=list(names), title=None, axis=alt.Axis(
        labelLimit=320, domain=False, ticks=False, grid=True,
    ))  # fmt: skip
    dots = alt.Chart(base.inline_data(rows)).mark_point(
        filled=True, size=45, opacity=0.65, color=style.BLUE.light
    )
    ticks = alt.Chart(base.inline_data(means)).mark_tick(
        thickness=3, size=18, color=style.ORANGE.light
    )
    rule = zero.mark_rule(color=style.MUTED.light, strokeDash=[4, 4], strokeWidth=1.5)
    layers = [rule.encode(x=x), dots.encode(x=x, y=y), ticks.encode(x=x, y=y)]
    return base.finish(layers, width=520, height=26 * len(names))
