"""Shuffled against unshuffled batches."""

from __future__ import annotations

import numpy as np
import polars as pl

from onelayer.diagnosis.checks.dips import AccuracyDips
from onelayer.diagnosis.dips import NOISE_MULTIPLE, STANDARD_ERRORS, WINDOW
from onelayer.report.document import Block, FigureBlock, Note, Paragraph, Section, Table
from onelayer.report.figure import file_stem
from onelayer.report.figures import accuracy_comparison
from onelayer.report.inline import code
from onelayer.report.sections.material import ORDERS, Material, about, measured, said
from onelayer.study import SectionChoice


def shuffling(material: Material, choice: SectionChoice) -> Section:
    """Draw shuffled and unshuffled runs together, and compare their dips."""
    runs = material.runs(choice)
    findings = material.findings_of(AccuracyDips, runs)
    found = [(f.runs[0], dips) for f, dips in measured(findings, AccuracyDips)]
    marks = pl.DataFrame(
        [{"run": name, "step": dip.step} for name, dips in found for dip in dips.dips],
        schema={"run": pl.String, "step": pl.Int64},
    )
    history = pl.concat([run.history for run in runs])
    marked = marks.join(history.select("run", "step", "val_accuracy"), on=["run", "step"])
    orders = {run.record.config.order for run in runs}
    labels = {f"{run.name} ({ORDERS[run.record.config.order]})": run.name for run in runs}
    name = file_stem("shuffling", *(run.name for run in runs))
    figure = accuracy_comparison(history, labels, dips=marked, name=name)
    caption = "Validation accuracy over steps; dips are marked."
    blocks: list[Block] = [about(runs), FigureBlock(figure, caption)]
    if found:
        head = ("run", "dips", "median depth", "deepest", "median gap", "at the same batch")
        rows = tuple(_row(name, dips) for name, dips in found)
        blocks.append(Table(head, rows, "Dips of the validation accuracy."))
    method = Paragraph(
        f"A dip is an evaluation after the first epoch whose accuracy lies below the running "
        f"median of {WINDOW} evaluations by more than {NOISE_MULTIPLE:g} robust standard "
        f"deviations of the curve about that median, and by more than {STANDARD_ERRORS:g} standard "
        "errors of the accuracy."
    )
    answer: list[Block] = [*said(findings), method]
    if len(orders) == 1:
        only = f"Only runs that are {ORDERS[orders.pop()]} are here: there is nothing to compare."
        answer.insert(0, Note("info", only))
    question = "What does shuffling the examples anew in each epoch change?"
    title = choice.title or "Shuffled against unshuffled"
    return Section(title, question, tuple(blocks), tuple(answer))


def _row(run: str, dips: AccuracyDips) -> tuple[str, ...]:
    depths = [100 * dip.depth for dip in dips.dips]
    rhythm = dips.rhythm
    return (
        code(run),
        str(len(depths)),
        f"{np.median(depths):.2f} points" if depths else "–",
        f"{max(depths):.2f} points" if depths else "–",
        f"{rhythm.median_gap_steps:,.0f} steps" if rhythm else "–",
        f"{rhythm.dips_at_commonest_batch} of {len(depths)}" if rhythm else "–",
    )
