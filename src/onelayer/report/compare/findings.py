"""The findings that differ between two studies."""

from __future__ import annotations

from onelayer.report.compare.changes import Changed
from onelayer.report.compare.side import Sides
from onelayer.report.document import Block, Fold, Paragraph, Section, Table
from onelayer.report.inline import literal
from onelayer.words import first_few

MOST_SEEN = 6
"""A longer table is folded away."""


def findings_that_changed(sides: Sides, changed: Changed) -> Section:
    """Set beside each other what either study says of the same runs."""
    blocks: list[Block] = []
    for title, pairs in changed.kinds(sides[0].name, sides[1].name):
        if not pairs:
            continue
        rows: list[tuple[str, ...]] = []
        for finding in pairs:
            of = f" ({first_few(finding.runs, str)})" if finding.runs else ""
            rows.append((
                literal(f"{finding.code} {finding.title}{of}"),
                *(literal(said) for said in finding.said),
            ))  # fmt: skip
        table = Table(
            ("looked for", *(literal(side.name) for side in sides)), tuple(rows), literal(title),
            ("left",) * 3,
        )  # fmt: skip
        is_long = len(rows) > MOST_SEEN
        blocks.append(Fold(f"{title.rstrip('.')}: {len(rows)}", (table,)) if is_long else table)
    answer = Paragraph(literal(f"Of the findings {changed.in_words}."))
    return Section(
        "Findings that changed", "What was found in one study and not in the other?",
        tuple(blocks), (answer,),
    )  # fmt: skip
