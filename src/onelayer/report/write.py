"""Make the report of a study: HTML, PDF, and each figure as SVG."""

from __future__ import annotations

import polars as pl

from onelayer.diagnosis import Finding, Severity
from onelayer.report.document import Block, Chapter, Document, Note, Paragraph, Section
from onelayer.report.figures import loss_curves
from onelayer.report.html import to_html
from onelayer.report.inline import literal
from onelayer.report.pdf import to_pdf
from onelayer.report.sections import Material, build
from onelayer.report.sections.gradients import verify_derivations
from onelayer.study import Outcome, Study
from onelayer.training import history_schema

_EVALUATION = {"run": "", "step": 0, "train_loss": 1.0, "val_loss": 1.0}


def compose(outcome: Outcome, findings: list[Finding]) -> Document:
    """Return the report as a document."""
    material = Material(outcome, tuple(findings))
    chapters: list[tuple[str, list[Section]]] = []
    for choice in outcome.study.sections:
        if choice.chapter is not None or not chapters:
            chapters.append((choice.chapter or "Results", []))
        chapters[-1][1].append(build(material, choice))
    data = outcome.data
    return Document(
        title=outcome.study.title,
        subtitle=f"A study of single-layer networks on {data['source']}",
        lead=_lead(outcome, findings),
        chapters=tuple(Chapter(title, tuple(sections)) for title, sections in chapters),
        facts=_facts(outcome),
        footer="Every number in this report was measured in the run that wrote it.",
    )


def render(document: Document) -> dict[str, bytes]:
    """Return the files of a report by their paths in the run folder, report.html last."""
    files = {f"figures/{f.name}.svg": f.svg().encode() for f in document.figures()}
    files["report.pdf"] = to_pdf(document)
    files["report.html"] = to_html(document).encode()
    return files


def prepare(study: Study) -> None:
    """Do what `compose` and `render` will need for this study whatever its results are.

    They do it themselves where this was not called, and then take seconds longer.
    """
    for choice in study.sections:
        if choice.kind == "derivation":
            verify_derivations(choice)
    # The first drawing takes seconds: the renderer starts, and its compiler is still cold.
    loss_curves(pl.DataFrame([_EVALUATION], history_schema()), "", best_step=0).svg()


def _lead(outcome: Outcome, findings: list[Finding]) -> tuple[Block, ...]:
    warnings = [f for f in findings if f.severity is Severity.WARNING]
    by_check = {f.check: f for f in reversed(findings)}
    blocks: list[Block] = [Note("warning", literal(f.statement)) for f in warnings]
    if missing := [name for name in outcome.missing if name not in {r.name for r in outcome.runs}]:
        blocks.append(Note("warning", literal(f"Not trained yet: {', '.join(missing)}.")))
    blocks.append(
        Paragraph(literal(
            f"{len(outcome.runs)} models with a single layer were trained by mini-batch gradient "
            f"descent on {outcome.data['train']:,} examples of {outcome.data['source']} and "
            f"evaluated on {outcome.data['validation']:,} others."
        ))
    )  # fmt: skip
    for check in ("early-stopping", "l2-accuracy"):
        if check in by_check and by_check[check].severity is Severity.INFO:
            blocks.append(Paragraph(literal(by_check[check].statement)))
    return tuple(blocks)


def _facts(outcome: Outcome) -> tuple[tuple[str, str], ...]:
    data = outcome.data
    shape = data["image_shape"]
    size = f", {shape[0]} × {shape[1]} pixels" if shape else ""
    return (
        ("Data", literal(f"{data['source']}: {data['n_features']} features{size}, "
                         f"{len(data['classes'])} classes")),
        ("Training examples", f"{data['train']:,}"),
        ("Validation examples", f"{data['validation']:,}"),
        ("Features", "pixels mapped to [−1, 1]" if data["scaling"]["offset"] else "as given"),
        ("Seed", str(outcome.study.seed)),
        ("SHA-256 of the data", f"`{data['sha256'][:16]}…`"),
    )  # fmt: skip
