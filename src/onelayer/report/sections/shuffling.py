"""Shuffled against unshuffled batches."""

from __future__ import annotations

import numpy as np
import polars as pl

from onelayer.diagnosis import Finding
from onelayer.diagnosis.dips import NOISE_MULTIPLE, STANDARD_ERRORS, WINDOW
from onelayer.report.document import Block, FigureBlock, Paragraph, Section, Table
from onelayer.report.figures import accuracy_comparison
from onelayer.report.sections.material import Material, about, said, slug
from onelayer.study import Section as Choice


def shuffling(material: Material, choice: Choice) -> Section:
    """Draw shuffled and unshuffled runs together, and compare their dips."""
    runs = material.runs(choice)
    findings = material.findings_of("dips", runs)
    marks = pl.DataFrame(
        [
            {"run": f.runs[0], "step": dip["step"]}
            for f in findings
            for dip in f.evidence.get("dips", ())
        ],
        schema={"run": pl.String, "step": pl.Int64},
    )
    history = pl.concat([run.history for run in runs])
    marked = marks.join(history.select("run", "step", "val_accuracy"), on=["run", "step"])
    orders = {True: "shuffled", False: "not shuffled"}
    labels = {f"{run.name} ({orders[run.record.config.shuffle]})": run.name for run in runs}
    figure = accuracy_comparison(
        history, labels, dips=marked, name=f"shuffling-{slug(*choice.runs)}"
    )
    rows = tuple(_dips_row(f) for f in findings if f.evidence)
    blocks: list[Block] = [
        about(runs),
        FigureBlock(figure, "Validation accuracy with and without shuffling; dips are marked."),
    ]
    if rows:
        head = ("run", "dips", "median depth", "deepest", "median gap", "at the same batch")
        blocks.append(Table(head, rows, "Dips of the validation accuracy."))
    method = Paragraph(
        f"A dip is an evaluation after the first epoch whose accuracy lies below the running "
        f"median of {WINDOW} evaluations by more than {NOISE_MULTIPLE:g} robust standard "
        f"deviations of the curve about that median, and by more than {STANDARD_ERRORS:g} standard "
        "errors of the accuracy."
    )
    question = "What does shuffling the examples anew in each epoch change?"
    answer = (*said(findings), method)
    return Section(choice.title or "Shuffled against unshuffled", question, tuple(blocks), answer)


def _dips_row(finding: Finding) -> tuple[str, ...]:
    evidence = finding.evidence
    depths = [100 * dip["depth"] for dip in evidence["dips"]]
    gap = evidence.get("median_gap_steps")
    hits = evidence.get("dips_at_commonest_batch")
    return (
        f"`{finding.runs[0]}`",
        str(len(depths)),
        f"{np.median(depths):.2f} points" if depths else "–",
        f"{max(depths):.2f} points" if depths else "–",
        f"{gap:,.0f} steps" if gap else "–",
        f"{hits} of {len(depths)}" if hits else "–",
    )
