"""From a history frame to the numbers that a figure draws."""

from collections.abc import Mapping

import polars as pl

from onelayer.diagnosis.statistics import extremes

#: A curve of more points than this shows no more, it only gets heavier.
MOST_GROUPS = 800
#: So many points has a drawing of curves at most, shared among them.
MOST_POINTS = 20_000
LEAST_POINTS = 20
_GROUP_SIZES = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)


def of_run(history: pl.DataFrame, run: str) -> pl.DataFrame:
    """Return the rows of one run in step order.

    Raises
    ------
    ValueError
        If the history holds no such run.
    """
    rows = history.filter(pl.col("run") == run).sort("step")
    if rows.is_empty():
        known = ", ".join(history["run"].unique(maintain_order=True).cast(pl.String))
        raise ValueError(f"the history has no run {run!r}; it has: {known}")
    return rows


def training_loss(rows: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Sum up the training loss over groups of consecutive steps.

    Returns
    -------
    frame
        ``step`` (middle of the group), ``value`` (mean), ``lowest``, ``highest``; one row a group.
        Losses that are not finite are left out.
    group_size
        Steps a group: 10, or more for runs so long that groups of 10 could not be told apart; 1
        for runs too short for groups.
    """
    group_size = next(
        (size for size in _GROUP_SIZES if rows.height <= size * MOST_GROUPS), _GROUP_SIZES[-1]
    )
    if rows.height < LEAST_POINTS * _GROUP_SIZES[0]:
        group_size = 1
    loss = pl.col("train_loss")
    frame = (
        rows.filter(loss.is_finite())
        .group_by(pl.col("step") // group_size, maintain_order=True)
        .agg(
            ((pl.col("step").min() + pl.col("step").max()) / 2).alias("middle"),
            loss.mean().alias("value"),
            loss.min().alias("lowest"),
            loss.max().alias("highest"),
        )
        .select(pl.col("middle").alias("step"), "value", "lowest", "highest")
    )
    return frame, group_size


def evaluations(rows: pl.DataFrame, columns: Mapping[str, str]) -> pl.DataFrame:
    """Return the evaluations of one run in long form.

    Parameters
    ----------
    rows
        The history of one run.
    columns
        Series label to history column.

    Returns
    -------
    pl.DataFrame
        ``step``, ``series``, ``value``; missing values and values that are not finite left out.
    """
    parts = [
        rows.select(
            "step",
            pl.lit(label).alias("series"),
            pl.col(column).cast(pl.Float64).alias("value"),
        )
        for label, column in columns.items()
    ]
    return pl.concat(parts).filter(pl.col("value").is_finite())


def thinned(series: pl.DataFrame, curves: int) -> pl.DataFrame:
    """Return a one-series long frame with its share of the points of so many curves.

    Its extremes are among them.
    """
    most = max(MOST_POINTS // max(1, curves), LEAST_POINTS)
    return series[extremes(series["value"].to_numpy(), most)] if series.height > most else series


def value_at(series: pl.DataFrame, step: int) -> float | None:
    """Return the value of a one-series long frame at a step, None where it has none."""
    values = series.filter(pl.col("step") == step)["value"]
    return None if values.is_empty() else float(values[0])


def step_range(history: pl.DataFrame) -> tuple[int, int]:
    """Return the first and the last step, at least one apart."""
    steps = history["step"].to_list()
    return min(steps), max(max(steps), min(steps) + 1)


def settled(series: pl.DataFrame, history: pl.DataFrame, share: float) -> pl.DataFrame:
    """Return the rows of ``series`` after the first ``share`` of the history's steps."""
    first, last = step_range(history)
    return series.filter(pl.col("step") > first + share * (last - first))


def percent(series: pl.DataFrame) -> pl.DataFrame:
    """Return a long frame of shares with its values in percent."""
    return series.with_columns(pl.col("value") * 100)


def last_values(series: pl.DataFrame) -> str:
    """Say in words where each curve of a long frame in percent ends."""
    ends = series.group_by("series", maintain_order=True).agg(pl.col("value").last())
    return ", ".join(f"{label} ends at {value:.1f} %" for label, value in ends.iter_rows())
