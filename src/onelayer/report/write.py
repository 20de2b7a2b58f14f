"""Make the report of a study: HTML, PDF, and each figure as SVG."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import polars as pl

from onelayer.diagnosis import Finding
from onelayer.diagnosis.image_shape import ImageShape
from onelayer.diagnosis.words import count
from onelayer.report.document import (
    Block,
    Chapter,
    Document,
    Fold,
    Note,
    Paragraph,
    Section,
    unfolded,
)
from onelayer.report.figures import loss_curves
from onelayer.report.html import to_html
from onelayer.report.inline import literal
from onelayer.report.pdf import to_pdf
from onelayer.report.sections import Material, build
from onelayer.report.sections.abstract import abstract
from onelayer.report.sections.dips import hero
from onelayer.report.sections.findings import findings as all_findings
from onelayer.report.sections.gradients import verify_derivations
from onelayer.report.sections.learned import learned, references
from onelayer.report.sections.material import spread_in_words
from onelayer.report.sections.method import counting, settings
from onelayer.study import Outcome, Study
from onelayer.training import history_schema
from onelayer.words import listed, name_of_source

MOST_IN_LEAD = 3
"""So many findings of a check stand at the head of the report; the others are named."""

MOST_NAMED, MOST_WARNED = 20, 6

_EVALUATION = {"run": "", "step": 0, "train_loss": 1.0, "val_loss": 1.0}


def compose(outcome: Outcome, findings: list[Finding]) -> Document:
    """Return the report as a document."""
    material = Material(outcome, tuple(findings))
    chapters: list[tuple[str, list[Section]]] = []
    for choice in outcome.study.sections:
        if choice.chapter is not None or not chapters:
            chapters.append((choice.chapter or "Results", []))
        chapters[-1][1].append(build(material, choice))
    places = _places(outcome.study, chapters)
    if material.findings:
        chapters.append(("What was looked for", [all_findings(material, _told(chapters))]))
        places["findings"] = (len(chapters), 1)
    if outcome.runs:
        chapters.append(("How it was done", [settings(material), counting(material)]))
    ends = [each for each in (learned(material), references(material)) if each is not None]
    if ends:
        chapters.append(("What was learned", ends))
    data = outcome.data
    return Document(
        title=outcome.study.title,
        subtitle=outcome.study.question or f"Single-layer networks on {_known_as(data)}",
        lead=_lead(material, places),
        chapters=tuple(Chapter(title, tuple(sections)) for title, sections in chapters),
        facts=_facts(outcome),
        footer="Every number in this report was measured in the run that wrote it.",
    )


def _told(chapters: Sequence[tuple[str, Sequence[Section]]]) -> dict[str, str]:
    """Return the texts of the answers, each to the number of its section."""
    texts: dict[str, str] = {}
    for chapter, (_, sections) in enumerate(chapters, start=1):
        for place, section in enumerate(sections, start=1):
            for block in unfolded(section.answer):
                if isinstance(block, Paragraph | Note):
                    texts.setdefault(block.text, f"{chapter}.{place}")
    return texts


def _places(
    study: Study, chapters: Sequence[tuple[str, Sequence[Section]]]
) -> dict[str, tuple[int, int]]:
    """Return chapter and section, from 1, where each kind of section first stands."""
    numbers = (
        (chapter, section)
        for chapter, (_, sections) in enumerate(chapters, start=1)
        for section in range(1, len(sections) + 1)
    )
    places: dict[str, tuple[int, int]] = {}
    for choice, place in zip(study.sections, numbers, strict=True):
        places.setdefault(choice.kind, place)
    return places


def render(document: Document) -> dict[str, bytes]:
    """Return the files of a report by their paths in the run folder, report.html last."""
    files: dict[str, bytes] = {}
    for figure in document.figures():
        files[_free(f"figures/{figure.name}", files)] = figure.svg().encode()
    files["report.pdf"] = to_pdf(document)
    files["report.html"] = to_html(document).encode()
    return files


def _free(stem: str, taken: Collection[str]) -> str:
    """Return a file name that is not taken; a study may show a figure twice."""
    names = (f"{stem}{'' if n == 1 else f'_{n}'}.svg" for n in itertools.count(1))
    return next(name for name in names if name not in taken)


def prepare(study: Study) -> None:
    """Do what `compose` and `render` will need for this study whatever its results are.

    They do it themselves where this was not called, and then take seconds longer.
    """
    for choice in study.sections:
        if choice.kind == "derivation":
            verify_derivations(choice)
    # The first drawing takes seconds: the renderer starts, and its compiler is still cold.
    loss_curves(pl.DataFrame([_EVALUATION], history_schema()), "", best_step=0).svg()


def _lead(material: Material, places: Mapping[str, tuple[int, int]]) -> tuple[Block, ...]:
    outcome, blocks = material.outcome, list[Block]()
    if missing := [name for name in outcome.missing if name not in {r.name for r in outcome.runs}]:
        blocks.append(Note("warning", literal(f"Not trained yet: {listed(missing)}.")))
    blocks.append(Paragraph(literal(_scope(outcome))))
    # A study of claims says in its answers what its replicates show.
    claims = any(section.kind == "verdicts" for section in outcome.study.sections)
    groups = () if claims else outcome.replicates
    blocks += [Paragraph(literal(spread_in_words(group))) for group in groups[:MOST_IN_LEAD]]
    if more := [group.called for group in groups[MOST_IN_LEAD:]]:
        text = f"results.json says the same of {listed(more, MOST_NAMED)}."
        blocks.append(Paragraph(literal(text)))
    return (*blocks, *hero(material), *abstract(material, places), *_warnings(material))


def _warnings(material: Material) -> tuple[Block, ...]:
    """Return what asks to be put right, folded away: sections and findings say it in full."""
    alike: dict[tuple[str, str], list[str]] = {}
    for finding in material.findings:
        if finding.is_warning:
            called = alike.setdefault((finding.title, finding.advice or finding.statement), [])
            called += [material.called(name) for name in finding.runs]
    notes = []
    for (title, todo), called in alike.items():
        of = f" ({listed(list(dict.fromkeys(called)), MOST_WARNED)})" if called else ""
        notes.append(Note("warning", literal(f"{title}{of}. {todo}")))
    if not notes:
        return ()
    return (Fold(f"{count(len(notes), 'thing')} to put right", tuple(notes)),)


_SOURCES = {"mnist": "MNIST’s handwritten digits", "digits": "scikit-learn’s small digits"}


def _known_as(data: Mapping[str, Any]) -> str:
    return _SOURCES.get(data["source"], name_of_source(data["source"]))


def _scope(outcome: Outcome) -> str:
    data, runs = outcome.data, outcome.runs
    if not runs:
        return f"No model has been trained yet on the examples of {_known_as(data)}."
    models = "1 model with a single layer was" if len(runs) == 1 else (
        f"{len(runs)} models with a single layer were"
    )  # fmt: skip
    solvers = {r.record.config.solver for r in runs}
    trained = "trained by mini-batch gradient descent"
    if "optimum" in solvers:
        exact = "to the exact minimum of the objective"
        trained = f"{trained}, or fitted {exact}," if "sgd" in solvers else f"fitted {exact}"
    # Runs on a subset of the classes have fewer.
    up_to = {True: "", False: "up to "}
    train = up_to[all(r.record.n_train == data["train"] for r in runs)]
    others = up_to[all(r.record.n_validation == data["validation"] for r in runs)]
    return (
        f"{models} {trained} on {train}{data['train']:,} examples of "
        f"{_known_as(data)} and evaluated on {others}{data['validation']:,} others."
    )


def _facts(outcome: Outcome) -> tuple[tuple[str, str], ...]:
    data = outcome.data
    shape = ImageShape.of(data)
    size = "" if shape is None else f", {shape}"
    return (
        ("Data", literal(f"{name_of_source(data['source'])}: {data['n_features']} features{size}, "
                         f"{len(data['classes'])} classes")),
        ("Training examples", f"{data['train']:,}"),
        ("Validation examples", f"{data['validation']:,}"),
        ("Features", "pixels mapped to [−1, 1]" if data["scaling"]["offset"] else "as given"),
        ("Seed", listed(dict.fromkeys(run.config.seed for run in outcome.study.runs), MOST_NAMED)),
        ("SHA-256 of the data", f"`{data['sha256'][:16]}…`"),
    )  # fmt: skip
