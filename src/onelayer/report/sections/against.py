"""Final numbers of runs against the option in which they differ, and their losses together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from onelayer.diagnosis.verdicts.numbers import NUMBERS, Number
from onelayer.diagnosis.verdicts.points import (
    Mean,
    Measure,
    Point,
    Series,
    Value,
    chance_in_words,
    series_of,
    settled,
    shown,
    word,
)
from onelayer.report.document import Alignment, Block, FigureBlock, Note, Paragraph, Section, Table
from onelayer.report.figure import file_stem
from onelayer.report.figures import against, losses_together
from onelayer.report.inline import literal
from onelayer.report.sections.material import Material
from onelayer.study import RunOutcome, SectionChoice
from onelayer.words import listed

MOST_ROWS = 16
"""A longer table says less than the figure."""

MOST_COLUMNS = 4
"""Of a table of one number with a column for each series."""

MOST_SEEN = 3
"""So many series a caption says something of."""


def final_against(material: Material, choice: SectionChoice) -> Section:
    """Draw numbers of the runs against an option."""
    runs = material.ended(choice)
    x, series = series_of(runs, choice.x)
    names = choice.numbers or ("val_accuracy",)
    numbers = [(NUMBERS[name], NUMBERS[name].of(runs)) for name in names]
    title = choice.title or f"{_first(numbers[0][0].title)} against the {word(x or 'runs')}"
    if x is None:
        note = Note("info", "All runs are alike: there is nothing to compare.")
        return Section(title, None, (note,))
    rows = [
        (
            _label(own.label, number, several=len(numbers) > 1),
            _place(x, point.x),
            *_drawn(point, number, of),
        )
        for number, of in numbers
        for own in series
        for point in own.points
    ]
    frame = _frame(rows)
    question = f"How does it change with the {word(x)}?"
    if frame.is_empty():
        return Section(title, question, (_unmeasured(numbers[0][0]),))
    is_text = frame.schema["x"] == pl.String
    figure = against(
        frame, x=word(x), y=_shared_title([n for n, _ in numbers]), title=title,
        name=file_stem(f"against-{names[0]}", *dict.fromkeys(run.run.base for run in runs)),
        logarithmic=all(n.logarithmic for n, _ in numbers),
        order=[] if not is_text else list(
            dict.fromkeys(shown(x, p.x) for s in series for p in s.points)
        ),
    )  # fmt: skip
    over = chance_in_words(runs)
    means = f"Means over {over}, with 95% intervals for the mean." if over else "A point a run."
    seen = [_seen(own, number, of) for number, of in numbers for own in series]
    caption = " ".join([*filter(None, seen[:MOST_SEEN]), means])
    blocks: list[Block] = [FigureBlock(figure, literal(caption))]
    if frame.height <= MOST_ROWS:
        blocks.append(_table(x, series, numbers))
    blocks += _without(series, numbers)
    blocks += _missing(runs)
    answers = tuple(
        Paragraph(literal(said)) for number, of in numbers if (said := _ends(x, series, number, of))
    )
    return Section(title, question, tuple(blocks), answers)


def losses(material: Material, choice: SectionChoice) -> Section:
    """Draw the losses of several runs over their steps."""
    runs = material.ended(choice)
    column = next(iter(choice.numbers), "val_loss")
    x, series = series_of(runs, choice.x)
    labels: dict[str, list[str]] = {}
    for own in series:
        for point in own.points:
            label = ", ".join(filter(None, [shown(x or "", point.x), own.label]))
            labels[label] = [run.name for run in point.runs]
    if not labels:
        labels = {runs[0].name: [run.name for run in runs]}
    name = "training loss" if column == "train_loss" else "validation loss"
    figure = losses_together(
        pl.concat([run.history for run in runs]), labels, column,
        title=choice.title or f"The {name} of the runs", y=name,
        name=file_stem(f"together-{column}", *dict.fromkeys(run.run.base for run in runs)),
    )  # fmt: skip
    over = chance_in_words(runs)
    each = f"; a line for each of {over}" if over else ""
    by = f", by {word(x)}" if x else ""
    caption = f"The {name} after so many steps{by}, both axes logarithmic{each}."
    ends = {
        label: [run.record.final.val_loss for run in runs if run.name in names and settled(run)]
        for label, names in labels.items()
    }
    kept = {
        label: sum(v for v in own if v is not None) / len(own)
        for label, own in ends.items()
        if own and None not in own
    }
    answer: tuple[Block, ...] = ()
    if len(kept) > 1:
        low, high = (f(kept, key=lambda label: kept[label]) for f in (min, max))
        text = (
            f"Of the weights that are kept the lowest validation loss is {kept[low]:.4g} "
            f"({word(x or '')}: {low}), the highest {kept[high]:.4g} ({high})."
        )
        answer = (Paragraph(literal(text)),)
    question = "Which runs come down quickly, and which do not come down at all?"
    blocks: list[Block] = [FigureBlock(figure, literal(caption)), *_missing(runs)]
    return Section(choice.title or f"The {name}, run by run", question, tuple(blocks), answer)


def _drawn(
    point: Point, number: Number, measure: Measure
) -> tuple[float | None, float | None, float | None]:
    mean = point.mean(measure)
    if mean is None:
        return None, None, None
    times = 100 if number.is_share else 1
    low, high = _interval(mean, number) or (None, None)
    return (
        times * mean.value,
        None if low is None else times * low,
        None if high is None else times * high,
    )


def _interval(mean: Mean, number: Number) -> tuple[float, float] | None:
    """Return the interval of a mean; that of shares does not leave them."""
    if mean.interval is None or not number.is_share:
        return mean.interval
    return max(mean.interval[0], 0.0), min(mean.interval[1], 1.0)


def _frame(
    rows: Sequence[tuple[str, Value, float | None, float | None, float | None]],
) -> pl.DataFrame:
    is_text = any(isinstance(row[1], str) for row in rows)
    rows = [(s, shown("", x) if is_text else float(x), *v) for s, x, *v in rows]  # type: ignore[misc]
    floats = dict.fromkeys(("value", "low", "high"), pl.Float64)
    schema = {"series": pl.String, "x": pl.String if is_text else pl.Float64, **floats}
    return pl.DataFrame(rows, schema, orient="row").drop_nulls("value")


def _seen(own: Series, number: Number, measure: Measure) -> str:
    """Say where a series begins and where it ends, where its places have an order."""
    points = [(p.x, mean.value) for p in own.points if (mean := p.mean(measure)) is not None]
    if len(points) < 2 or any(isinstance(x, str) for x, _ in points):
        return ""
    (first, begins), (last, ends) = points[0], points[-1]
    what = number.title.removesuffix(" (%)")
    of = f" ({own.label})" if own.label else ""
    return (
        f"{_first(what)}{of}: {number.spell(begins)} at {shown('', first)}, "
        f"{number.spell(ends)} at {shown('', last)}."
    )


def _side_by_side(x: str, series: Sequence[Series], number: Number, measure: Measure) -> Table:
    """Return a column for each series."""
    cells = {
        (own.label, point.x): _cell(point, number, measure)
        for own in series
        for point in own.points
    }
    places = dict.fromkeys(point.x for own in series for point in own.points)
    rows = tuple(
        (literal(shown(x, at)), *(cells.get((own.label, at), "–") for own in series))
        for at in places
    )
    columns = (word(x), *(literal(own.label) for own in series))
    return Table(columns, rows, f"{_first(number.title)}.", _aligned(places, len(series)))


def _aligned(places: Iterable[Value], others: int) -> tuple[Alignment, ...]:
    first: Alignment = "left" if any(isinstance(place, str) for place in places) else "right"
    right: tuple[Alignment, ...] = ("right",)
    return (first, *right * others)


def _table(x: str, series: Sequence[Series], numbers: Sequence[tuple[Number, Measure]]) -> Table:
    if len(numbers) == 1 and 1 < len(series) <= MOST_COLUMNS:
        return _side_by_side(x, series, *numbers[0])
    has_labels = any(own.label for own in series)
    rows = []
    for own in series:
        for point in own.points:
            head = [literal(own.label)] if has_labels else []
            cells = [_cell(point, number, measure) for number, measure in numbers]
            rows.append((*head, literal(shown(x, point.x)), *cells))
    columns = (*(["runs"] if has_labels else []), word(x), *(n.title for n, _ in numbers))
    places = _aligned([p.x for own in series for p in own.points], len(numbers))
    none = "–: has no such number." if any("–" in row for row in rows) else None
    return Table(columns, tuple(rows), none, ("left", *places) if has_labels else places)


def _cell(point: Point, number: Number, measure: Measure) -> str:
    mean = point.mean(measure)
    if mean is None:
        return "–"
    if mean.interval is None:
        return literal(number.spell(mean.value))
    low, high = _interval(mean, number) or (mean.value, mean.value)
    if low == high:
        return literal(number.spell(mean.value))
    return literal(f"{number.spell(mean.value)} ({number.spell(low)} to {number.spell(high)})")


def _ends(x: str, series: Sequence[Series], number: Number, measure: Measure) -> str:
    """Say where a number is lowest and highest."""
    means = {
        (own.label, point.x): mean.value
        for own in series
        for point in own.points
        if (mean := point.mean(measure)) is not None
    }
    if len(means) < 2:
        return ""
    low, high = (f(means, key=lambda key: means[key]) for f in (min, max))
    places = [
        f"{number.spell(means[key])} ({word(x)}: {shown(x, key[1])}"
        + (f"; {key[0]})" if key[0] else ")")
        for key in (low, high)
    ]
    what = number.title.removesuffix(" (%)")
    return f"{_first(what)}: the least is {places[0]}, the most {places[1]}."


def _missing(runs: Sequence[RunOutcome]) -> list[Block]:
    diverged = [run.called for run in runs if not settled(run)]
    if not diverged:
        return []
    text = f"Diverged, and without numbers: {listed(diverged, 8)}."
    return [Note("info", literal(text))]


def _without(series: Sequence[Series], numbers: Sequence[tuple[Number, Measure]]) -> list[Block]:
    """Say which series are in no figure, since none of their runs has the number."""
    notes: list[Block] = []
    for number, measure in numbers:
        empty = [
            own.label
            for own in series
            if own.label and not any(p.mean(measure) for p in own.points)
        ]
        if empty:
            text = f"In no run, and so not drawn: {number.title}, of {listed(empty)}."
            notes.append(Note("info", literal(text)))
    return notes


def _unmeasured(number: Number) -> Note:
    return Note("info", literal(f"No run has this number: {number.title}."))


def _label(label: str, number: Number, *, several: bool) -> str:
    what = number.title.removesuffix(" (%)")
    return ", ".join(filter(None, [what if several else "", label]))


def _shared_title(numbers: Sequence[Number]) -> str:
    if len(numbers) == 1:
        return numbers[0].title
    return "accuracy (%)" if all(n.is_share for n in numbers) else "loss"


def _place(x: str, value: Value) -> Value:
    return shown(x, value) if isinstance(value, str) else value


def _first(text: str) -> str:
    return text[0].upper() + text[1:]
